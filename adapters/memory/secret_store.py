"""Looking after the secrets in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from adapters.memory.database import MemoryDatabase
from domain.errors import EncryptionError, StaleKeyError
from ports.cipher import NO_KEY, Binding, Cipher, KeyId
from ports.secret_store import Position, Reencrypted, SecretFault, SecretStore


@attrs.frozen
class MemorySecretStore(SecretStore):
    """All ciphertexts stand in one dictionary; a position is the last binding of a batch."""

    database: MemoryDatabase

    async def primary_key(self) -> KeyId | None:
        """Return the recorded key."""
        return self.database.primary_key

    async def count_by_key(self) -> Mapping[KeyId, int]:
        """Count."""
        return Counter(_key(self.database.cipher, text) for text in self.database.ciphertexts.values())

    async def promote(self, *, back: bool = False) -> None:
        """Record the cipher's first key, and the one before it as replaced."""
        first, before = self.database.cipher.key_ids[0], self.database.primary_key
        if first in self.database.replaced_keys and not back:
            msg = f"Key {first} was replaced by {before} before."
            raise StaleKeyError(msg, details={"first": first, "recorded": before})
        if before is not None and before != first:
            self.database.replaced_keys.add(before)
        self.database.replaced_keys.discard(first)
        self.database.primary_key = first

    async def reencrypt(self, limit: int, after: Position | None = None) -> Reencrypted:
        """Go through the bindings in order."""
        key, cipher = self.database.may_encrypt(), self.database.cipher
        old = sorted(
            (_position(binding), binding, text)
            for binding, text in self.database.ciphertexts.items()
            if _key(cipher, text) != key and (after is None or _position(binding) > after)
        )[:limit]
        faults = []
        for _, binding, text in old:
            try:
                self.database.ciphertexts[binding] = cipher.encrypt(cipher.decrypt(text, binding), binding)
            except EncryptionError as error:
                faults.append(_fault(_key(self.database.cipher, text), binding, error))
        return Reencrypted(moved=len(old) - len(faults), faults=faults, after=old[-1][0] if old else None)

    async def faults(self, limit: int = 100) -> Sequence[SecretFault]:
        """Open everything."""
        found = []
        for binding, text in self.database.ciphertexts.items():
            try:
                self.database.cipher.decrypt(text, binding)
            except EncryptionError as error:
                found.append(_fault(_key(self.database.cipher, text), binding, error))
        return found[:limit]


def _position(binding: Binding) -> Position:
    return Position(f"{binding.owner}\0{binding.field}")


def _key(cipher: Cipher, text: str) -> KeyId:
    try:
        return cipher.key_id(text)
    except EncryptionError:
        return NO_KEY


def _fault(key: KeyId, binding: Binding, error: EncryptionError) -> SecretFault:
    return SecretFault(binding=binding, key_id=None if key == NO_KEY else key, problem=error.message)
