"""What is CloudEvents' own, beyond the contract of `EventCodec`."""
