"""From the outbox through the embedded log to a handler, beside the same rows written and read by sqlite3 alone."""

import asyncio
import json
import sqlite3
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

import attrs

from adapters.cloudevents.event_codec import EMAIL_TOPIC, CloudEventCodec
from adapters.memory.messaging_log import MemoryMessagingLog
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.event_publisher import SqliteEventPublisher
from adapters.sqlite.event_subscriber import SqliteEventSubscriber
from adapters.sqlite.outbox_transfer import SqliteOutboxTransfer
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.event_consumer import EventConsumer
from benchmarks.harness.plan import Benchmark, Contender, Limit, Plan, Ratio, Size
from benchmarks.harness.timing import wall
from benchmarks.outboxes import BATCH, FullOutbox, full_outbox, relay_of
from domain.messages import Handled
from domain.topics import TopicPlan
from ports.event_codec import EncodedEvent, ReceivedEvent

_GROUP: Final = "readers"
_PLAN: Final = TopicPlan()
_AT: Final = "2026-03-01T00:00:00.000000Z"

_INSERT: Final = (
    "INSERT INTO log_messages (partition_id, offset_number, at, key, value, headers) VALUES (?, ?, ?, ?, ?, ?)"
)
_READ: Final = (
    "SELECT offset_number, at, key, value, headers FROM log_messages"
    " WHERE partition_id = ? AND offset_number >= ? ORDER BY offset_number LIMIT ?"
)
_PENDING: Final = (
    "SELECT position, event_id, topic, key, value, headers FROM outbox_pending CROSS JOIN outbox USING (position)"
    " ORDER BY position LIMIT ?"
)
_PUBLISHED: Final = "INSERT INTO outbox_published (published_at, position) VALUES (?, ?)"
_PENDING_NO_MORE: Final = "DELETE FROM outbox_pending WHERE position = ?"
_STORE: Final = "UPDATE log_offsets SET committed_offset = ? WHERE group_id = ? AND partition_id = ?"
_COMMITTED: Final = "SELECT coalesce(sum(committed_offset), 0) FROM log_offsets WHERE group_id = ?"

_Row = tuple[int, int, str, bytes, bytes, str]


@attrs.frozen(kw_only=True)
class _Ours:
    """The relay appends to the log while a member of a group consumes it: until all is handled and committed."""

    outbox: FullOutbox

    async def run(self) -> float:
        count = len(self.outbox.events)
        path = self.outbox.copy()
        async with open_database(path) as database:
            cost = await wall(self._pass_on(database), count)
        _require_committed(path, count)
        return cost

    async def _pass_on(self, database: Database) -> None:
        handled, all_handled = 0, asyncio.Event()

        async def handle(event: ReceivedEvent, of: Handled) -> None:
            del event, of
            nonlocal handled
            handled += 1
            if handled == len(self.outbox.events):
                all_handled.set()

        publisher = SqliteEventPublisher(database, SystemClock(), _PLAN)
        relay = relay_of(database, publisher, transfer=SqliteOutboxTransfer(database, SystemClock(), _PLAN))
        async with _consumer(database, publisher).subscribe(EMAIL_TOPIC, handle, _GROUP):
            await relay.pump()
            await all_handled.wait()
        await relay.release()


def _consumer(database: Database, publisher: SqliteEventPublisher) -> EventConsumer:
    clock, identifiers = SystemClock(), SystemIdentifiers()
    return EventConsumer(
        subscriber=SqliteEventSubscriber(database, clock, identifiers, _PLAN),
        publisher=publisher,
        codec=CloudEventCodec(),
        clock=clock,
        identifiers=identifiers,
        log=MemoryMessagingLog(),
    )


@attrs.frozen(kw_only=True)
class _Floor:
    """The same rows, made before the clock runs: inserted, and read with the cursors stored, a transaction a batch.

    `marking`: they are read in the outbox before, and marked there afterwards, as a relay must.
    """

    outbox: FullOutbox
    rows: Sequence[_Row]
    marking: bool

    async def run(self) -> float:
        path = self.outbox.copy()
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            _make_topic(connection)
            cost = await wall(self._pass_on(connection), len(self.rows))
        _require_committed(path, len(self.rows))
        return cost

    async def _pass_on(self, connection: sqlite3.Connection) -> None:
        for start in range(0, len(self.rows), BATCH):
            found = connection.execute(_PENDING, (BATCH,)).fetchall() if self.marking else ()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, self.rows[start : start + BATCH])
            connection.execute("COMMIT")
            if found:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_PUBLISHED, [(_AT, position) for position, *_ in found])
                connection.executemany(_PENDING_NO_MORE, [(position,) for position, *_ in found])
                connection.execute("COMMIT")
        for partition_id in range(1, _PLAN.partitions + 1):
            for cursor in _read(connection, partition_id):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(_STORE, (cursor, _GROUP, partition_id))
                connection.execute("COMMIT")


def _read(connection: sqlite3.Connection, partition_id: int) -> Iterator[int]:
    """Read the partition, and tell after each batch from where on to read the next."""
    cursor = 0
    while found := connection.execute(_READ, (partition_id, cursor, BATCH)).fetchall():
        cursor = found[-1][0] + 1
        yield cursor


def _make_topic(connection: sqlite3.Connection) -> None:
    numbers = range(_PLAN.partitions)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO log_topics (topic) VALUES (?)", (EMAIL_TOPIC,))
    connection.executemany(
        "INSERT INTO log_partitions (partition_id, topic, number) VALUES (?, ?, ?)",
        [(number + 1, EMAIL_TOPIC, number) for number in numbers],
    )
    connection.execute("INSERT INTO log_groups (group_id, generation) VALUES (?, 0)", (_GROUP,))
    connection.executemany(
        "INSERT INTO log_offsets (group_id, partition_id, committed_offset) VALUES (?, ?, 0)",
        [(_GROUP, number + 1) for number in numbers],
    )
    connection.execute("COMMIT")


def _rows(events: Sequence[EncodedEvent]) -> Sequence[_Row]:
    ends = dict.fromkeys(range(1, _PLAN.partitions + 1), 0)
    rows = []
    for each in events:
        key = each.key.encode()
        partition_id = 1 + zlib.crc32(key) % _PLAN.partitions
        rows.append((partition_id, ends[partition_id], _AT, key, each.value, json.dumps(list(each.headers.items()))))
        ends[partition_id] += 1
    return rows


def _require_committed(path: Path, count: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (committed,) = connection.execute(_COMMITTED, (_GROUP,)).fetchone()
    if committed != count:
        msg = f"{committed} of {count} events were committed"
        raise RuntimeError(msg)


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    count = size.of(4_000, 50)
    with tempfile.TemporaryDirectory() as name:
        few, many = await full_outbox(Path(name), count), await full_outbox(Path(name), 10 * count)
        rows = _rows(few.events)
        yield Plan(
            contenders=(
                Contender(name="ours", run=_Ours(outbox=few).run),
                Contender(name="floor", run=_Floor(outbox=few, rows=rows, marking=True).run),
                Contender(name="floor, log only", run=_Floor(outbox=few, rows=rows, marking=False).run),
                Contender(name="ours, 10x", run=_Ours(outbox=many).run),
            ),
            ratios=(
                Ratio(
                    label="our rate over that of sqlite3 alone: the log's inserts and reads",
                    cost_of="floor, log only",
                    over="ours",
                    limit=Limit(at_least=0.4),
                ),
                Ratio(
                    label="the same, over that of sqlite3 alone that reads and marks the outbox, too",
                    cost_of="floor",
                    over="ours",
                ),
                Ratio(
                    label="ours: an event of 40,000 over one of 4,000",
                    cost_of="ours, 10x",
                    over="ours",
                    limit=Limit(at_most=1.2),
                ),
            ),
        )


BENCHMARK: Final = Benchmark(
    name="relay-embedded", title="From the outbox through the embedded log to a handler: events of 1 KiB", open=_open
)
