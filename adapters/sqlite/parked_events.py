"""The outbox in SQLite, as an operator sees it."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

import attrs

from adapters.sqlite.database import Database
from adapters.sqlite.outbox_rows import COLUMNS, legible, to_parked
from adapters.sqlite.row_decoding import any_text, decodes, shown
from adapters.sqlite.timestamps import from_text, time_if_legible
from domain.events import EventId
from ports.parked_events import OutboxSummary, ParkedEvent, ParkedEvents

_COUNTS = (
    "SELECT (SELECT count(*) FROM outbox_pending) AS pending,"
    " (SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL) AS parked,"
    " (SELECT count(*) FROM outbox_published) AS published"
)
_OLDEST = (
    f"SELECT {COLUMNS}, appended_at FROM outbox_pending CROSS JOIN outbox USING (position)"  # noqa: S608 - constants
    " ORDER BY outbox_pending.position LIMIT 1"
)
_PARKED = (
    f"SELECT {COLUMNS}, parked_at, parked_reason FROM outbox WHERE parked_at IS NOT NULL"  # noqa: S608 - constants
    " ORDER BY position LIMIT ?"
)
_PENDING = "INSERT INTO outbox_pending (position) SELECT position FROM outbox WHERE parked_at IS NOT NULL"
_UNPARK = "UPDATE outbox SET parked_at = NULL, parked_reason = NULL WHERE parked_at IS NOT NULL"
_to_parked = decodes("outbox", "event_id")(to_parked)


@attrs.frozen
class SqliteParkedEvents(ParkedEvents):
    """Reads and frees what `SqliteOutbox` parks."""

    database: Database

    async def summary(self) -> OutboxSummary:
        """Count along the indexes, in one snapshot."""

        def work(connection: sqlite3.Connection) -> OutboxSummary:
            with any_text(connection):
                counts = connection.execute(_COUNTS).fetchone()
                oldest = connection.execute(_OLDEST).fetchone()
                relay = connection.execute("SELECT owner, until FROM relay").fetchone()
            return OutboxSummary(
                pending=counts["pending"],
                parked=counts["parked"],
                published=counts["published"],
                oldest=None if oldest is None else legible(oldest),
                oldest_at=None if oldest is None else time_if_legible(oldest["appended_at"]),
                relay=None if relay is None else shown(relay["owner"]),
                relay_until=None if relay is None else _until(relay),
            )

        return await self.database.read(work, operation="summary", table="outbox")

    async def parked(self, limit: int) -> Sequence[ParkedEvent]:
        """Read along the index of what is parked."""

        def work(connection: sqlite3.Connection) -> list[ParkedEvent]:
            with any_text(connection):
                return [_to_parked(row) for row in connection.execute(_PARKED, (max(limit, 0),))]

        return await self.database.read(work, operation="parked", table="outbox")

    async def unpark(self, event_ids: Sequence[EventId]) -> int:
        """Clear the marks."""

        def work(connection: sqlite3.Connection) -> int:
            if not event_ids:
                connection.execute(_PENDING)
                return connection.execute(_UNPARK).rowcount
            ids = [(each,) for each in set(event_ids)]
            connection.executemany(f"{_PENDING} AND event_id = ?", ids)
            return connection.executemany(f"{_UNPARK} AND event_id = ?", ids).rowcount

        return await self.database.write(work, operation="unpark", table="outbox")


@decodes("relay", "owner")
def _until(row: sqlite3.Row) -> datetime:
    return from_text(row["until"])
