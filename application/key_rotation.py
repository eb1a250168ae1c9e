"""Moving every stored secret to a new key while everybody goes on working."""

from collections.abc import AsyncIterator, Mapping

import attrs

from domain.errors import EncryptionError, UnknownKeyError
from ports.cipher import Cipher, KeyId
from ports.secret_store import Position, SecretFault, SecretStore

BATCH = 500
"""Secrets moved in one transaction: others wait that long at most."""


@attrs.frozen(kw_only=True)
class KeyStatus:
    """Which keys hold how many secrets. `primary` is the recorded key, `first` is this process's, `known` are all
    its.
    """

    primary: KeyId | None
    first: KeyId
    counts: Mapping[KeyId, int]
    known: tuple[KeyId, ...]

    @property
    def missing(self) -> tuple[KeyId, ...]:
        """Return the keys that hold secrets and are not at hand."""
        return tuple(sorted(set(self.counts) - set(self.known)))

    @property
    def old(self) -> int:
        """Return how many secrets are under other keys than the first."""
        return sum(count for key, count in self.counts.items() if key != self.first)


@attrs.frozen(kw_only=True)
class RotationProgress:
    """How far a rotation has come: secrets moved so far, secrets left under other keys, and those that do not open."""

    moved: int
    left: int
    faults: tuple[SecretFault, ...] = ()


@attrs.frozen(kw_only=True)
class KeyRotation:
    """Online, in batches, and resumable: whatever was moved stays moved, a second run goes on."""

    secrets: SecretStore
    cipher: Cipher

    async def status(self) -> KeyStatus:
        """Count.

        Raises:
            DatabaseError: the store failed.
        """
        return KeyStatus(
            primary=await self.secrets.primary_key(),
            first=self.cipher.key_ids[0],
            counts=await self.secrets.count_by_key(),
            known=self.cipher.key_ids,
        )

    async def rotate(self, batch: int = BATCH, *, back: bool = False) -> AsyncIterator[RotationProgress]:
        """Record the first key as primary, then move every secret to it; the last progress was counted in the store.

        Raises:
            StaleKeyError: the first key was replaced by a newer one before, and `back` does not say that this is meant.
            UnknownKeyError: the key recorded so far is not at hand; nothing was changed.
            EncryptionError: secrets do not open and were left as they are; all others were moved.
            DatabaseError: the store failed.
        """
        status = await self.status()
        if status.primary not in (None, *status.known):
            msg = (
                f"Secrets are encrypted with key {status.primary}, which is not in ENCRYPTION_KEY. Add it there, last."
            )
            raise UnknownKeyError(msg, details={"key_id": status.primary})
        await self.secrets.promote(back=back)
        progress = RotationProgress(moved=0, left=(await self.status()).old)
        yield progress
        after: Position | None = None
        while True:
            done = await self.secrets.reencrypt(batch, after)
            after = done.after
            faults = (*progress.faults, *done.faults)
            moved = progress.moved + done.moved
            progress = RotationProgress(moved=moved, left=max(progress.left - done.moved, 0), faults=faults)
            if after is None:
                break
            yield progress
        yield await self._proved(progress)

    async def _proved(self, progress: RotationProgress) -> RotationProgress:
        left = (await self.status()).old
        if left or progress.faults:
            problems = sorted({fault.problem for fault in progress.faults})
            msg = f"{left} secrets remain under old keys. {' '.join(problems)}".strip()
            raise EncryptionError(msg, error_code="ROTATION_INCOMPLETE", details={"left": left})
        return attrs.evolve(progress, left=left)
