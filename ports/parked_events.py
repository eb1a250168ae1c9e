"""The outbox as an operator sees it."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from domain.events import EventId
from domain.validation import optional, utc
from ports.event_codec import EncodedEvent


@attrs.frozen(kw_only=True)
class OutboxSummary:
    """How many events are in which state, the one that has waited longest, and who relays until when.

    `oldest_at` is when that one was appended, also if it was parked meanwhile; its own time, `occurred_at`, may lie
    years before. None if it is not known: nothing waits, or the event is one of a version that did not write it down.
    """

    pending: int
    parked: int
    published: int
    oldest: EncodedEvent | None
    oldest_at: datetime | None = attrs.field(default=None, validator=optional(utc))
    relay: str | None
    relay_until: datetime | None


@attrs.frozen(kw_only=True)
class ParkedEvent:
    """An event that the log rejected, and why."""

    event: EncodedEvent
    parked_at: datetime = attrs.field(validator=utc)
    reason: str


class ParkedEvents(Protocol):
    """What stands in the outbox, and events that were put aside so that they keep nobody back.

    All methods raise DatabaseError if the store failed.
    """

    @abstractmethod
    async def summary(self) -> OutboxSummary:
        """Count; the ended claim of a relay is given, too.

        Raises: as above.
        """

    @abstractmethod
    async def parked(self, limit: int) -> Sequence[ParkedEvent]:
        """Return the first `limit` parked events in order of appending.

        Raises: as above.
        """

    @abstractmethod
    async def unpark(self, event_ids: Sequence[EventId]) -> int:
        """Let the relay try them again, in their old place; return how many were parked. No ids: all of them.

        Raises: as above.
        """
