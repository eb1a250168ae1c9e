"""Fernet under several keys. A ciphertext is `<key id>:<Fernet token>`; the key id says which key opens it.

Source: Fernet specification (github.com/fernet/spec), MultiFernet's order of keys (cryptography documentation).
"""

import hashlib
import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken

from domain.errors import ConfigurationError, EncryptionError, StaleKeyError, UnknownKeyError
from ports.cipher import Binding, Cipher, KeyId

KEY_ID_DIGITS = 8
LENGTH_BYTES = 4
_KEY = re.compile(r"[0-9A-Za-z_-]{43}=")
_SHAPE = re.compile(r"[0-9a-f]{8}:[ -~]+")


def generate_key() -> str:
    """Return a new key: 32 random bytes as url-safe base64 (44 characters)."""
    return Fernet.generate_key().decode()


def key_id(key: str) -> KeyId:
    """Return the key's id: the first digits of a SHA-256 that tells nothing about the key."""
    return KeyId(hashlib.sha256(b"iacsgraph key id\0" + _key_bytes(key)).hexdigest()[:KEY_ID_DIGITS])


class FernetCipher(Cipher):
    """Encrypts with the first key, opens with the one that the ciphertext names: no key is tried in vain.

    The binding stands length-prefixed before the secret inside the encrypted text, since Fernet has no associated data.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys, newest first.

        Raises:
            ConfigurationError: there is no key, or one is not a Fernet key.
        """
        if not keys:
            msg = "ENCRYPTION_KEY holds no key. 'iacsgraph keys generate' makes one."
            raise ConfigurationError(msg, error_code="ENCRYPTION_KEY_INVALID")
        self._fernets = {key_id(key): Fernet(key) for key in keys}
        self._key_ids = tuple(self._fernets)

    @property
    def key_ids(self) -> tuple[KeyId, ...]:
        """Return the ids in the order of the keys."""
        return self._key_ids

    def encrypt(self, plaintext: str, binding: Binding, *, under: KeyId | None = None) -> str:
        """Encrypt binding and plaintext together."""
        key = under or self._key_ids[0]
        fernet = self._fernets.get(key)
        if fernet is None:
            msg = f"Secrets must now be encrypted with key {key}, which is not in ENCRYPTION_KEY."
            raise StaleKeyError(msg, details={"key_id": key})
        return f"{key}:{fernet.encrypt(_prefix(binding) + plaintext.encode()).decode()}"

    def decrypt(self, ciphertext: str, binding: Binding) -> str:
        """Decrypt, then compare the binding."""
        key = KeyId(ciphertext[:KEY_ID_DIGITS])
        fernet = self._fernets.get(key)
        if fernet is None:
            key = self.key_id(ciphertext)
            msg = f"A secret was encrypted with key {key}, which is not in ENCRYPTION_KEY. Put that key back, last."
            raise UnknownKeyError(msg, details=_details(key, binding))
        try:
            opened = fernet.decrypt(_sealed(ciphertext))
        except InvalidToken as error:
            self.key_id(ciphertext)  # refuses what is no ciphertext at all
            msg = f"The stored {binding.field} is damaged: it does not open with its key {key}."
            raise EncryptionError(msg, details=_details(key, binding)) from error
        prefix = _prefix(binding)
        if not opened.startswith(prefix):
            msg = f"The stored {binding.field} belongs to another account or field."
            raise EncryptionError(msg, error_code="CIPHERTEXT_MOVED", details=_details(key, binding))
        return opened[len(prefix) :].decode()

    def key_id(self, ciphertext: str) -> KeyId:
        """Return what stands before the colon."""
        if _SHAPE.fullmatch(ciphertext) is None:
            msg = "A stored secret is not a ciphertext: it was truncated or never encrypted."
            raise EncryptionError(msg, error_code="NOT_A_CIPHERTEXT")
        return KeyId(ciphertext[:KEY_ID_DIGITS])


def _sealed(ciphertext: str) -> str:
    """Return what stands behind the colon, without looking at each letter of it: Fernet does."""
    if ciphertext[KEY_ID_DIGITS : KEY_ID_DIGITS + 1] != ":" or not ciphertext.isascii():
        raise InvalidToken
    return ciphertext[KEY_ID_DIGITS + 1 :]


def _details(key: KeyId, binding: Binding) -> dict[str, object]:
    return {"owner": binding.owner, "field": binding.field, "key_id": key}


def _prefix(binding: Binding) -> bytes:
    owner, field = binding.owner.encode(), binding.field.encode()
    return len(owner).to_bytes(LENGTH_BYTES, "big") + owner + len(field).to_bytes(LENGTH_BYTES, "big") + field


def _key_bytes(key: str) -> bytes:
    msg = "ENCRYPTION_KEY must be 32 url-safe base64-encoded bytes. 'iacsgraph keys generate' makes one."
    if _KEY.fullmatch(key) is None:
        raise ConfigurationError(msg, error_code="ENCRYPTION_KEY_INVALID")
    return urlsafe_b64decode(key)
