"""The outbox in memory, as an operator sees it."""

from collections.abc import Sequence

import attrs

from adapters.memory.database import MemoryDatabase
from domain.events import EventId
from ports.parked_events import OutboxSummary, ParkedEvent, ParkedEvents


@attrs.frozen
class MemoryParkedEvents(ParkedEvents):
    """Goes through the one list of events, which is in order of appending."""

    database: MemoryDatabase

    async def summary(self) -> OutboxSummary:
        """Count."""
        relaying = self.database.relaying
        settled = relaying.published.keys() | relaying.parked.keys()
        pending = [event for event in self.database.outbox if event.event_id not in settled]
        return OutboxSummary(
            pending=len(pending),
            parked=len(relaying.parked),
            published=len(relaying.published),
            oldest=pending[0] if pending else None,
            oldest_at=relaying.appended.get(pending[0].event_id) if pending else None,
            relay=relaying.owner,
            relay_until=relaying.until,
        )

    async def parked(self, limit: int) -> Sequence[ParkedEvent]:
        """Filter and cut."""
        settled = self.database.relaying.parked
        found = [event for event in self.database.outbox if event.event_id in settled][:limit]
        return [
            ParkedEvent(event=event, parked_at=settled[event.event_id][0], reason=settled[event.event_id][1])
            for event in found
        ]

    async def unpark(self, event_ids: Sequence[EventId]) -> int:
        """Forget that they were parked, and wake the relay."""
        parked = self.database.relaying.parked
        found = [event_id for event_id in dict.fromkeys(event_ids or tuple(parked)) if event_id in parked]
        for event_id in found:
            del parked[event_id]
        self.database.appended.ring()
        return len(found)
