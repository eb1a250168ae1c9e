"""The short way of an event, where the outbox and the log of events are in one database."""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Protocol

import attrs

from domain.errors import MessageRejectedError
from ports.event_codec import EncodedEvent
from ports.outbox import PAGE_BYTES


@attrs.frozen(kw_only=True)
class Moved:
    """What became of some events. `claimed_until` is None if nothing was pending: then nothing was claimed."""

    published: int = 0
    parked: tuple[tuple[EncodedEvent, MessageRejectedError], ...] = ()
    """Those that the log rejected, and why."""
    claimed_until: datetime | None = None

    @property
    def gone(self) -> int:
        """How many are out of the way."""
        return self.published + len(self.parked)


class OutboxTransfer(Protocol):
    """Does what a relay does with `Outbox` and `EventPublisher`, in one transaction: each event is appended once.

    What is promised of claims, order, pages and topics is what those two promise.
    """

    @abstractmethod
    async def move(self, owner: str, lease: timedelta, limit: int, *, size_bytes: int = PAGE_BYTES) -> Moved | None:
        """Claim the outbox as `Outbox.claim` does, append the next pending events to the log, and mark them.

        None if another one's claim has not ended: nothing happened then. Of what is pending these are the first, up to
        `limit` whose values have no more than `size_bytes` together, or a single one. So only an answer in which none
        is gone says that nothing more is pending. What the log rejects is parked. A cancelled call may have moved all.

        Raises:
            DatabaseError: nothing was moved.
        """
