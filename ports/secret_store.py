"""All stored secrets together: under which keys they are, whether they open, and moving them to a new key."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import NewType, Protocol

import attrs

from ports.cipher import Binding, KeyId

Position = NewType("Position", str)
"""How far a rotation has come; only the store can tell what it means."""


@attrs.frozen(kw_only=True)
class SecretFault:
    """One secret that does not open, and why in one sentence."""

    binding: Binding
    key_id: KeyId | None
    problem: str


@attrs.frozen(kw_only=True)
class Reencrypted:
    """One batch of a rotation. `after` is where to go on; None when the end was reached."""

    moved: int
    faults: Sequence[SecretFault]
    after: Position | None


class SecretStore(Protocol):
    """Looks after secrets whatever they are, while other processes read and write them."""

    @abstractmethod
    async def primary_key(self) -> KeyId | None:
        """Return the id of the key that everybody must encrypt with; None before anybody needed one.

        Raises:
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def count_by_key(self) -> Mapping[KeyId, int]:
        """Return how many secrets are stored under each key; what is no ciphertext counts under `NO_KEY`.

        Raises:
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def promote(self, *, back: bool = False) -> None:
        """Record this process's first key as the one to encrypt with; processes with another first key then refuse to.

        A key that was replaced once is only recorded again if `back` says that this is meant.

        Raises:
            StaleKeyError: this process's first key was replaced by a newer one before; nothing was written.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def reencrypt(self, limit: int, after: Position | None = None) -> Reencrypted:
        """Move up to `limit` secrets that are under other keys to the recorded key, from the position `after` on.

        A secret that does not open is left as it is and told. Moving one twice, or by two processes, does no harm.

        Raises:
            StaleKeyError: the recorded key is not this process's first.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def faults(self, limit: int = 100) -> Sequence[SecretFault]:
        """Open every stored secret and return up to `limit` that do not.

        Raises:
            DatabaseError: the store failed.
        """
