"""The rules of encryption without the encryption."""

import hashlib
import json
import re
from itertools import count

from domain.errors import EncryptionError, StaleKeyError, UnknownKeyError
from ports.cipher import Binding, Cipher, KeyId

KEY_ID_DIGITS = 8
CHECKSUM_DIGITS = 16
_SHAPE = re.compile(r"[0-9a-f]{8}:.", re.DOTALL)


class MemoryCipher(Cipher):
    """Readable by anybody; keeps every promise of the port but secrecy. Keys are just names, newest first."""

    def __init__(self, *key_ids: str) -> None:
        self._key_ids = tuple(KeyId(key) for key in key_ids or ("00000001",))
        self._salt = count()

    @property
    def key_ids(self) -> tuple[KeyId, ...]:
        """Return the names given."""
        return self._key_ids

    def encrypt(self, plaintext: str, binding: Binding, *, under: KeyId | None = None) -> str:
        """Return the key's id, a checksum, and JSON of everything else."""
        key = under or self._key_ids[0]
        if key not in self._key_ids:
            msg = f"Key {key} is not at hand."
            raise StaleKeyError(msg, details={"key_id": key})
        text = json.dumps([binding.owner, binding.field, plaintext, next(self._salt)])
        return f"{key}:{_checksum(key, text)}{text}"

    def decrypt(self, ciphertext: str, binding: Binding) -> str:
        """Return the plaintext if the binding is the one it was encrypted with."""
        key = self.key_id(ciphertext)
        if key not in self._key_ids:
            msg = f"Key {key} is not at hand."
            raise UnknownKeyError(msg, details={"key_id": key})
        rest = ciphertext[KEY_ID_DIGITS + 1 :]
        checksum, text = rest[:CHECKSUM_DIGITS], rest[CHECKSUM_DIGITS:]
        if checksum != _checksum(key, text):
            msg = "The secret is damaged."
            raise EncryptionError(msg, details={"owner": binding.owner, "field": binding.field})
        owner, field, plaintext, _ = json.loads(text)
        if (owner, field) != (binding.owner, binding.field):
            msg = "The secret belongs to another owner or field."
            raise EncryptionError(msg, details={"owner": binding.owner, "field": binding.field})
        return str(plaintext)

    def key_id(self, ciphertext: str) -> KeyId:
        """Return what stands before the colon."""
        if _SHAPE.match(ciphertext) is None:
            msg = "This is not a ciphertext."
            raise EncryptionError(msg)
        return KeyId(ciphertext[:KEY_ID_DIGITS])


def _checksum(key: str, text: str) -> str:
    return hashlib.sha256(f"{key}:{text}".encode()).hexdigest()[:CHECKSUM_DIGITS]
