"""What is Fernet's own, beyond the contract of `Cipher`."""
