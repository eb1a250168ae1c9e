"""The outbox in SQLite, as a relay sees it."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial

import attrs

from adapters.sqlite.arrivals import Arrivals
from adapters.sqlite.database import Database
from adapters.sqlite.outbox_rows import COLUMNS, to_events
from adapters.sqlite.row_decoding import any_text, reading_any_text
from adapters.sqlite.timestamps import is_held, to_text
from domain.events import EventId
from ports.clock import Clock
from ports.event_codec import EncodedEvent
from ports.outbox import LONGEST_CLAIM, PAGE_BYTES, Outbox

MALFORMED = "ROW_MALFORMED: the stored row is damaged."

_AT_ONCE = 500
_PENDING = (
    f"SELECT outbox.position, {COLUMNS} FROM outbox_pending CROSS JOIN outbox USING (position)"  # noqa: S608 - constants
    " WHERE outbox_pending.position > coalesce((SELECT position FROM outbox WHERE event_id = ?), 0)"
    " ORDER BY outbox_pending.position LIMIT ?"
)
"""A cross join goes in the order in which it is written: from what is pending to its events."""
_CLAIM = (
    "INSERT INTO relay (only_row, owner, until) VALUES (1, ?, ?)"
    " ON CONFLICT (only_row) DO UPDATE SET owner = excluded.owner, until = excluded.until"
)
_PUBLISHED = (
    "INSERT INTO outbox_published (published_at, position) SELECT ?, outbox.position"
    " FROM outbox CROSS JOIN outbox_pending USING (position) WHERE event_id IN ({})"
)
_PENDING_NO_MORE = (
    "DELETE FROM outbox_pending WHERE position IN (SELECT position FROM outbox_published WHERE published_at = ?)"
)
_POSITIONS = "SELECT position FROM outbox WHERE event_id = ?"
_PARK = (
    "UPDATE outbox SET parked_at = ?, parked_reason = ? WHERE position = ?"
    " AND EXISTS (SELECT 1 FROM outbox_pending WHERE outbox_pending.position = outbox.position)"
)
_PARKED = "DELETE FROM outbox_pending WHERE position = ?"
_OLD = "SELECT published_at, position FROM outbox_published WHERE published_at < ? ORDER BY published_at LIMIT ?"
_FORGET = "DELETE FROM outbox WHERE position = ?"
_FORGET_MARK = "DELETE FROM outbox_published WHERE published_at = ? AND position = ?"
_NEWEST = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'"


@attrs.define
class SqliteOutbox(Outbox):
    """Owns `relay`, `outbox`, to which stores append by `account_rows`, and its marks in tables of their own: to change
    the row of an event would write its value once more.
    """

    database: Database
    clock: Clock
    _arrivals: Arrivals = attrs.field(init=False)

    @_arrivals.default
    def _own_arrivals(self) -> Arrivals:
        return Arrivals(database=self.database, clock=self.clock, table="outbox", newest=_newest)

    async def claim(self, owner: str, now: datetime, lease: timedelta) -> datetime | None:
        """Decide inside the transaction."""

        def work(connection: sqlite3.Connection) -> datetime | None:
            return claimed(connection, owner, now, lease)

        return await self.database.write(work, operation="claim", table="relay")

    async def release(self, owner: str) -> None:
        """Delete the row."""
        await self.database.delete("relay", "owner = ?", (owner,))

    async def pending(
        self, limit: int, *, after: EventId | None = None, size_bytes: int = PAGE_BYTES
    ) -> Sequence[EncodedEvent]:
        """Read along the index of what is pending; a damaged row is parked, so that it keeps nobody back."""

        def work(connection: sqlite3.Connection) -> tuple[list[EncodedEvent], list[int]]:
            rows = reading_any_text(connection, partial(page, after=after, limit=limit, size_bytes=size_bytes))
            events = to_events(rows)
            damaged = [row["position"] for row, event in zip(rows, events, strict=True) if event is None]
            return [event for event in events if event is not None], damaged

        while True:
            events, damaged = await self.database.read(work, operation="pending", table="outbox")
            if not damaged:
                return events
            await self._park_rows(damaged)

    async def settle(self, now: datetime, published: Sequence[EventId], parked: Mapping[EventId, str]) -> None:
        """Write by the ids."""
        at = to_text(now)

        def work(connection: sqlite3.Connection) -> None:
            for ids in _some(published):
                marks = ", ".join("?" * len(ids))
                connection.execute(_PUBLISHED.format(marks), (at, *ids))
            connection.execute(_PENDING_NO_MORE, (at,))
            for event_id, reason in parked.items():
                park(connection, at, reason, [row["position"] for row in connection.execute(_POSITIONS, (event_id,))])

        await self.database.write(work, operation="settle", table="outbox")

    async def wait(self, longest: timedelta) -> None:
        """Wait for the next number given to a row."""
        await self._arrivals.wait(longest)

    async def trim(self, before: datetime, limit: int) -> int:
        """Delete along the index of times."""

        def work(connection: sqlite3.Connection) -> int:
            old = connection.execute(_OLD, (to_text(before), max(limit, 0))).fetchall()
            connection.executemany(_FORGET, [(position,) for _, position in old])
            connection.executemany(_FORGET_MARK, old)
            return len(old)

        return await self.database.write(work, operation="trim", table="outbox")

    async def _park_rows(self, positions: Sequence[int]) -> None:
        at = to_text(self.clock.now())

        def work(connection: sqlite3.Connection) -> None:
            park(connection, at, MALFORMED, positions)

        await self.database.write(work, operation="pending", table="outbox")


def claimed(connection: sqlite3.Connection, owner: str, now: datetime, lease: timedelta) -> datetime | None:
    """Make `owner` the relay, or prolong its claim; return until when, None if another one's has not ended."""
    with any_text(connection):
        row = connection.execute("SELECT owner, until FROM relay").fetchone()
    if row is not None and row["owner"] != owner and is_held(row["until"], now, LONGEST_CLAIM):
        return None
    connection.execute(_CLAIM, (owner, to_text(now + lease)))
    return now + lease


def is_anything_pending(connection: sqlite3.Connection) -> bool:
    """Tell whether an event is neither published nor parked."""
    return connection.execute("SELECT 1 FROM outbox_pending LIMIT 1").fetchone() is not None


def page(connection: sqlite3.Connection, *, after: EventId | None, limit: int, size_bytes: int) -> list[sqlite3.Row]:
    """Return the rows of pending events, as `Outbox.pending` gives them: a number before `COLUMNS`."""
    with closing(connection.execute(_PENDING, (after, max(limit, 0)))) as cursor:
        return list(_up_to(size_bytes, cursor))


def _up_to(size_bytes: int, rows: Iterable[sqlite3.Row]) -> Iterator[sqlite3.Row]:
    """Take rows, at least one, as long as their values have no more bytes together: what is not taken is not read."""
    size = 0
    for number, row in enumerate(rows):
        value = row["value"]
        size += len(value) if isinstance(value, bytes | str) else 0
        if number and size > size_bytes:
            return
        yield row


def park(connection: sqlite3.Connection, at: str, reason: str, positions: Sequence[int]) -> None:
    """Park those that are pending."""
    connection.executemany(_PARK, [(at, reason, position) for position in positions])
    connection.executemany(_PARKED, [(position,) for position in positions])


def _some(ids: Sequence[EventId]) -> Iterator[Sequence[EventId]]:
    """Take so many at once as one statement may name: that costs less than statements for each."""
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def _newest(connection: sqlite3.Connection) -> int:
    row = connection.execute(_NEWEST).fetchone()
    return 0 if row is None else int(row["seq"])
