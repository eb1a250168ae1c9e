"""Which events were handled, in SQLite."""

import sqlite3
from datetime import datetime

import attrs

from adapters.sqlite.database import Database
from adapters.sqlite.handled_rows import first_time
from adapters.sqlite.timestamps import to_text
from domain.messages import Handled
from ports.inbox import Inbox

_FIND = "SELECT 1 FROM handled_events WHERE group_id = ? AND event_id = ?"
_TRIM = (
    "DELETE FROM handled_events WHERE (group_id, event_id) IN"
    " (SELECT group_id, event_id FROM handled_events WHERE handled_at < ? ORDER BY handled_at LIMIT ?)"
)


@attrs.frozen
class SqliteInbox(Inbox):
    """Owns the table `handled_events`; stores write to it by `handled_rows`."""

    database: Database

    async def is_handled(self, handled: Handled) -> bool:
        """Look for the row."""

        def work(connection: sqlite3.Connection) -> bool:
            return connection.execute(_FIND, (handled.group_id, handled.event_id)).fetchone() is not None

        return await self.database.read(work, operation="is_handled", table="handled_events")

    async def accept(self, handled: Handled, now: datetime) -> bool:
        """Insert a row unless it is there."""
        return await self.database.write(
            lambda connection: first_time(connection, handled, now), operation="accept", table="handled_events"
        )

    async def trim(self, before: datetime, limit: int) -> int:
        """Delete along the index of times."""

        def work(connection: sqlite3.Connection) -> int:
            return connection.execute(_TRIM, (to_text(before), max(limit, 0))).rowcount

        return await self.database.write(work, operation="trim", table="handled_events")
