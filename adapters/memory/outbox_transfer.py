"""The short way from the outbox in memory to the log in memory."""

from datetime import timedelta

import attrs

from adapters.memory.event_log import MemoryEventLog
from adapters.memory.outbox import MemoryOutbox
from domain.errors import DatabaseError, MessageRejectedError
from ports.clock import Clock
from ports.outbox import PAGE_BYTES
from ports.outbox_transfer import Moved, OutboxTransfer


@attrs.frozen
class MemoryOutboxTransfer(OutboxTransfer):
    """Appends one after the other. What the log refuses otherwise than by rejecting is not for this way."""

    outbox: MemoryOutbox
    log: MemoryEventLog
    clock: Clock

    async def move(self, owner: str, lease: timedelta, limit: int, *, size_bytes: int = PAGE_BYTES) -> Moved | None:
        """Await nothing that waits, so that it is a transaction."""
        now = self.clock.now()
        if not await self.outbox.pending(1):
            return Moved()
        until = await self.outbox.claim(owner, now, lease)
        if until is None:
            return None
        if self.log.unreachable:
            raise DatabaseError("The log of events in memory cannot be reached.", transient=True)
        events = await self.outbox.pending(limit, size_bytes=size_bytes)
        outcomes = [(event, self.log.append(event.message())) for event in events]
        parked = [(event, error) for event, error in outcomes if isinstance(error, MessageRejectedError)]
        published = [event.event_id for event, error in outcomes if error is None]
        reasons = {event.event_id: f"{error.error_code}: {error.message}" for event, error in parked}
        await self.outbox.settle(now, published, reasons)
        return Moved(published=len(published), parked=tuple(parked), claimed_until=until)
