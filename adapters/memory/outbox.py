"""The outbox in memory, as a relay sees it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from adapters.memory.database import MemoryDatabase
from domain.events import EventId
from ports.clock import Clock
from ports.event_codec import EncodedEvent
from ports.outbox import LONGEST_CLAIM, PAGE_BYTES, Outbox


class MemoryOutbox(Outbox):
    """Goes through the one list of events, which is in order of appending."""

    def __init__(self, database: MemoryDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._heard = 0

    async def claim(self, owner: str, now: datetime, lease: timedelta) -> datetime | None:
        """Look at the one claim."""
        relaying = self._database.relaying
        held = relaying.until is not None and now < relaying.until <= now + LONGEST_CLAIM
        if held and relaying.owner != owner:
            return None
        relaying.owner, relaying.until = owner, now + lease
        return relaying.until

    async def release(self, owner: str) -> None:
        """Forget the claim."""
        relaying = self._database.relaying
        if relaying.owner == owner:
            relaying.owner = relaying.until = None

    async def pending(
        self, limit: int, *, after: EventId | None = None, size_bytes: int = PAGE_BYTES
    ) -> Sequence[EncodedEvent]:
        """Cut, filter and cut."""
        events = self._database.outbox
        begin = next((number for number, event in enumerate(events, 1) if event.event_id == after), 0)
        found = [event for event in events[begin:] if self._pending(event.event_id)][: max(limit, 0)]
        sizes = accumulate(len(event.value) for event in found)
        return [
            event
            for number, (event, size) in enumerate(zip(found, sizes, strict=True))
            if not number or size <= size_bytes
        ]

    async def settle(self, now: datetime, published: Sequence[EventId], parked: Mapping[EventId, str]) -> None:
        """Put each into its dictionary."""
        relaying = self._database.relaying
        known = {event.event_id for event in self._database.outbox if self._pending(event.event_id)}
        relaying.published |= {event_id: now for event_id in published if event_id in known}
        known -= set(published)
        relaying.parked |= {event_id: (now, reason) for event_id, reason in parked.items() if event_id in known}

    async def wait(self, longest: timedelta) -> None:
        """Listen."""
        await self._database.appended.wait(self._heard, longest, self._clock)
        self._heard = self._database.appended.strokes

    async def trim(self, before: datetime, limit: int) -> int:
        """Take the oldest."""
        database, published = self._database, self._database.relaying.published
        found = [event for event in database.outbox if published.get(event.event_id, before) < before]
        old = sorted(found, key=lambda event: published[event.event_id])[: max(limit, 0)]
        for event in old:
            database.outbox.remove(event)
            del published[event.event_id]
            database.relaying.appended.pop(event.event_id, None)
        return len(old)

    def _pending(self, event_id: EventId) -> bool:
        relaying = self._database.relaying
        return event_id not in relaying.published and event_id not in relaying.parked
