"""Events that were stored with their change and are yet to be published."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from domain.events import EventId
from ports.event_codec import EncodedEvent

LONGEST_CLAIM = timedelta(minutes=5)
"""A claim that ends later than this from now is not believed: the clock was set back since."""

PAGE_BYTES: Final = 8 * 1024 * 1024
"""So much of events is read at once, unless something else is asked for: a few of the largest, thousands of others."""


class Outbox(Protocol):
    """What a relay asks. Stores append to it in the transaction of a change; nothing else does.

    All methods raise DatabaseError if the store failed.
    """

    @abstractmethod
    async def claim(self, owner: str, now: datetime, lease: timedelta) -> datetime | None:
        """Make `owner` the one relay until `now` + `lease`, or prolong its claim; return until when it holds.

        None if another one's claim has not ended. A claim that ends later than `now` + `LONGEST_CLAIM` is not believed.

        Raises: as above.
        """

    @abstractmethod
    async def release(self, owner: str) -> None:
        """End the claim of `owner`, if it has one.

        Raises: as above.
        """

    @abstractmethod
    async def pending(
        self, limit: int, *, after: EventId | None = None, size_bytes: int = PAGE_BYTES
    ) -> Sequence[EncodedEvent]:
        """Return up to `limit` events that are neither published nor parked: of each key the oldest first.

        Their values have no more than `size_bytes` together, but for the first one, which is given however large it is;
        no more than one value beyond is held in memory. So only an empty answer says that nothing more is pending.
        With `after`, those that come after that event, whatever became of it; if it is unknown, from the beginning.
        Each answer goes on where the one before ended, so that every pending event is met that was pending all along.

        Raises: as above.
        """

    @abstractmethod
    async def settle(self, now: datetime, published: Sequence[EventId], parked: Mapping[EventId, str]) -> None:
        """Mark events as published, and as parked with the reason, together; those settled already are left alone.

        Raises: as above.
        """

    @abstractmethod
    async def wait(self, longest: timedelta) -> None:
        """Return when this process may have appended something since the last call, at the latest after `longest`.

        Raises: nothing.
        """

    @abstractmethod
    async def trim(self, before: datetime, limit: int) -> int:
        """Forget up to `limit` events published before that time; return how many. Parked ones stay.

        Raises: as above.
        """
