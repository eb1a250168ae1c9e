"""HTTP for the adapters that speak it: bounded requests, repeated where that is harmless; nothing foreign leaves."""
