"""Who handled what, in memory."""

from datetime import datetime

import attrs

from adapters.memory.database import MemoryDatabase
from domain.messages import Handled
from ports.inbox import Inbox


@attrs.frozen
class MemoryInbox(Inbox):
    """Shares its dictionary with the stores that take `handled`."""

    database: MemoryDatabase

    async def is_handled(self, handled: Handled) -> bool:
        """Look it up."""
        return handled in self.database.handled

    async def accept(self, handled: Handled, now: datetime) -> bool:
        """Look it up and put it there."""
        if handled in self.database.handled:
            return False
        self.database.handled[handled] = now
        return True

    async def trim(self, before: datetime, limit: int) -> int:
        """Take the oldest."""
        entries = self.database.handled
        old = sorted((at, handled.group_id, handled.event_id) for handled, at in entries.items() if at < before)
        for _, group_id, event_id in old[: max(limit, 0)]:
            del entries[Handled(group_id=group_id, event_id=event_id)]
        return len(old[: max(limit, 0)])
