"""From the outbox to the embedded log: in one transaction, and without the values leaving SQLite."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import attrs
from msgspec.json import Encoder

from adapters.sqlite.database import Database
from adapters.sqlite.event_publisher import rejection
from adapters.sqlite.log_rows import Appender
from adapters.sqlite.log_trimming import LogTrimming
from adapters.sqlite.outbox import MALFORMED, claimed, is_anything_pending, page, park
from adapters.sqlite.outbox_rows import to_events
from adapters.sqlite.plain_events import PlainEvents, plain_events
from adapters.sqlite.row_decoding import reading_any_text
from adapters.sqlite.statements import require_transaction
from adapters.sqlite.timestamps import to_text
from domain.dead_letters import LARGEST_BYTES
from domain.errors import MessageRejectedError
from domain.topics import TopicPlan
from ports.clock import Clock
from ports.event_codec import EncodedEvent
from ports.outbox import PAGE_BYTES
from ports.outbox_transfer import Moved, OutboxTransfer

_COPY = (
    "INSERT INTO log_messages (partition_id, offset_number, at, key, value, headers)"
    " SELECT place.value ->> 1, place.value ->> 2, ?, CAST(outbox.key AS BLOB), outbox.value, place.value ->> 3"
    " FROM json_each(?) AS place CROSS JOIN outbox ON outbox.position = place.value ->> 0"
)
"""From the places that the messages get: position in the outbox, partition id, offset, headers as text."""
_PUBLISHED = (
    "INSERT INTO outbox_published (published_at, position)"
    " SELECT ?, position FROM outbox_pending WHERE position BETWEEN ? AND ?"
)
_PENDING_NO_MORE = "DELETE FROM outbox_pending WHERE position BETWEEN ? AND ?"

_encode = Encoder().encode
_Positioned = tuple[int, EncodedEvent]


@attrs.frozen(kw_only=True)
class _Turn:
    """One transaction: where it writes, when, and as much as it may take."""

    connection: sqlite3.Connection
    now: datetime
    plan: TopicPlan
    limit: int
    size_bytes: int
    largest_bytes: int

    @property
    def at(self) -> str:
        return to_text(self.now)

    def move(self) -> Moved | None:
        """Copy a page of plain events by SQL; of any other, make messages. None if nothing of the page is left."""
        events = plain_events(self.connection, self.limit, self.size_bytes, self.largest_bytes)
        require_transaction(self.connection)  # SQLite may have undone it, with the claim, after an error of the disk
        return self._move_rows() if events is None else self._copy(events)

    def _copy(self, events: PlainEvents) -> Moved:
        appender = Appender(self.connection, self.plan, self.now)
        places = appender.places([(topic, key) for _, _, topic, key in events.rows])
        rows = [
            (row[0], *place, _encode(list(headers.items())).decode())
            for row, place, headers in zip(events.rows, places, events.headers, strict=True)
        ]
        self.connection.execute(_COPY, (self.at, _encode(rows).decode()))
        appender.finish()
        self._mark(rows[0][0], rows[-1][0])
        return Moved(published=len(rows))

    def _move_rows(self) -> Moved | None:
        rows = reading_any_text(
            self.connection, partial(page, after=None, limit=self.limit, size_bytes=self.size_bytes)
        )
        require_transaction(self.connection)  # as above
        found = [(int(row["position"]), event) for row, event in zip(rows, to_events(rows), strict=True)]
        park(self.connection, self.at, MALFORMED, [position for position, event in found if event is None])
        moved = self._append([(position, event) for position, event in found if event is not None])
        return moved if moved.gone or not found else None

    def _append(self, events: Sequence[_Positioned]) -> Moved:
        """Append what the log takes, and park the rest."""
        appender = Appender(self.connection, self.plan, self.now)
        parked: list[tuple[EncodedEvent, MessageRejectedError]] = []
        for position, event in events:
            message = event.message()
            error = rejection(message, self.largest_bytes)
            if error is None:
                appender.append(message)
                self._mark(position, position)
            else:
                park(self.connection, self.at, f"{error.error_code}: {error.message}", [position])
                parked.append((event, error))
        appender.finish()
        return Moved(published=len(events) - len(parked), parked=tuple(parked))

    def _mark(self, first: int, last: int) -> None:
        """Mark all between them as published."""
        self.connection.execute(_PUBLISHED, (self.at, first, last))
        self.connection.execute(_PENDING_NO_MORE, (first, last))


@attrs.define
class SqliteOutboxTransfer(OutboxTransfer):
    """Looks first whether there is anything to do, since whoever writes keeps others waiting."""

    database: Database
    clock: Clock
    plan: TopicPlan
    largest_bytes: int = LARGEST_BYTES
    _trimming: LogTrimming = attrs.field(
        init=False, default=attrs.Factory(lambda self: LogTrimming(self.clock), takes_self=True)
    )

    async def move(self, owner: str, lease: timedelta, limit: int, *, size_bytes: int = PAGE_BYTES) -> Moved | None:
        """Move, and again as long as there was nothing but what is damaged."""

        def work(connection: sqlite3.Connection) -> tuple[Moved | None, datetime | None]:
            now = self.clock.now()
            until = claimed(connection, owner, now, lease)
            turn = _Turn(
                connection=connection,
                now=now,
                plan=self.plan,
                limit=limit,
                size_bytes=size_bytes,
                largest_bytes=self.largest_bytes,
            )
            moved = None if until is None else turn.move()
            self._trimming.run(connection)
            return moved, until

        while await self.database.read(is_anything_pending, operation="move", table="outbox", single=True):
            moved, until = await self.database.write(work, operation="move", table="outbox")
            if until is None:
                return None
            if moved is not None:
                return attrs.evolve(moved, claimed_until=until)
        return Moved()
