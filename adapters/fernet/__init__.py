"""Encryption with Fernet (AES-128-CBC with HMAC-SHA256)."""
