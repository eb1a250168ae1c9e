"""Encryption of secrets at rest."""

from abc import abstractmethod
from typing import NewType, Protocol

import attrs

KeyId = NewType("KeyId", str)
"""Names a key without telling it: eight lower-case hexadecimal digits."""


NO_KEY = KeyId("(none)")
"""Stands for the key of what is no ciphertext at all."""


@attrs.frozen
class Binding:
    """Where a ciphertext belongs: the id of its owner (an account) and the name of the field."""

    owner: str
    field: str


class Cipher(Protocol):
    """Authenticated encryption under one of several keys, newest first. Pure computation; safe in any thread."""

    @property
    @abstractmethod
    def key_ids(self) -> tuple[KeyId, ...]:
        """Return the ids of the keys at hand, the primary one first; at least one.

        Raises: nothing.
        """

    @abstractmethod
    def encrypt(self, plaintext: str, binding: Binding, *, under: KeyId | None = None) -> str:
        """Return ASCII text that only `decrypt` with the same binding opens; two calls never return the same.

        `under` names one of `key_ids`; None is the primary key.

        Raises:
            StaleKeyError: `under` is not at hand.
        """

    @abstractmethod
    def decrypt(self, ciphertext: str, binding: Binding) -> str:
        """Return the plaintext.

        Raises:
            UnknownKeyError: it was encrypted with a key that is not at hand.
            EncryptionError: it was damaged, truncated, or belongs to another owner or field.
        """

    @abstractmethod
    def key_id(self, ciphertext: str) -> KeyId:
        """Return the id of the key it was encrypted with, without opening it.

        Raises:
            EncryptionError: it is not a ciphertext of this kind.
        """
