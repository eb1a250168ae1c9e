"""Topics, partitions and messages of the embedded log, as rows. Runs on the database's thread."""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import attrs
from msgspec.json import Decoder, Encoder

from adapters.sqlite.row_decoding import decodes, malformed
from adapters.sqlite.timestamps import from_text, to_text
from domain.errors import DatabaseError, ValidationError
from domain.messages import Delivery, Message, Partition
from domain.topics import TopicPlan

_HEADERS = Encoder()
_PAIRS = Decoder(list[tuple[str, str]])
MOST_PARTITIONS = 10_000
FOR_EVER = timedelta(days=3_650_000)
UNREADABLE = datetime(1970, 1, 1, tzinfo=UTC)

_PARTITIONS = "SELECT partition_id, topic, number, begin_offset, next_offset FROM log_partitions"
_APPEND = "INSERT INTO log_messages (partition_id, offset_number, at, key, value, headers) VALUES (?, ?, ?, ?, ?, ?)"
_READ = (
    "SELECT offset_number, CAST(at AS BLOB) AS at, CAST(key AS BLOB) AS key, CAST(value AS BLOB) AS value,"
    " CAST(headers AS BLOB) AS headers FROM log_messages"
    " WHERE partition_id = ? AND offset_number >= ? ORDER BY offset_number LIMIT ?"
)
"""As bytes: to read text that is not UTF-8 fails."""
_OLDEST = (
    "SELECT offset_number, at < ? AS is_old FROM log_messages WHERE partition_id = ? ORDER BY offset_number LIMIT ?"
)


@attrs.frozen(kw_only=True)
class LogPartition:
    """A partition and its row: the offsets of its first message and of the next one."""

    partition_id: int
    partition: Partition
    begin: int
    end: int


def create_topic(connection: sqlite3.Connection, topic: str, partitions: int, retention: timedelta | None) -> bool:
    """Create the topic with its partitions; False if it exists. Ten thousand years are for ever."""
    kept = None if retention is None or retention >= FOR_EVER else retention // timedelta(microseconds=1)
    cursor = connection.execute(
        "INSERT INTO log_topics (topic, retention_microseconds) VALUES (?, ?) ON CONFLICT DO NOTHING", (topic, kept)
    )
    if cursor.rowcount != 1:
        return False
    numbers = ((topic, number) for number in range(partitions))
    connection.executemany("INSERT INTO log_partitions (topic, number) VALUES (?, ?)", numbers)
    return True


def partitions_of(connection: sqlite3.Connection, topics: Iterable[str]) -> list[LogPartition]:
    """Return the partitions of those of the topics that exist, in order."""
    query = f"{_PARTITIONS} WHERE topic = ? ORDER BY number"
    return [_partition(row) for topic in sorted(set(topics)) for row in connection.execute(query, (topic,))]


def partition_of(connection: sqlite3.Connection, partition_id: int) -> LogPartition:
    """Return the partition as it is now; partitions are never removed."""
    return _partition(connection.execute(f"{_PARTITIONS} WHERE partition_id = ?", (partition_id,)).fetchone())


@attrs.define
class Appender:
    """Appends messages within one transaction; `finish` writes them, and how far the partitions have come."""

    connection: sqlite3.Connection
    plan: TopicPlan
    now: datetime
    _at: str = attrs.field(init=False)
    _topics: dict[str, list[LogPartition]] = attrs.field(factory=dict, init=False)
    _ends: dict[int, int] = attrs.field(factory=dict, init=False)
    _rows: list[tuple[object, ...]] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self._at = to_text(self.now)

    def append(self, message: Message) -> None:
        """Append to the partition of the key, without a key to the one that has been given least."""
        partition_id = self._choose(self._partitions(message.topic), message.key)
        offset = self._ends[partition_id]
        headers = _headers_text(message.headers)
        self._rows.append((partition_id, offset, self._at, message.key, message.value, headers))
        self._ends[partition_id] = offset + 1

    def places(self, lanes: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
        """Return partition id and offset for messages of these topics and keys, in order; the caller writes them."""
        ids = {(topic, key): self._choose(self._partitions(topic), key.encode()) for topic, key in set(lanes)}
        places = []
        for partition_id in [ids[lane] for lane in lanes]:
            offset = self._ends[partition_id]
            places.append((partition_id, offset))
            self._ends[partition_id] = offset + 1
        return places

    def finish(self) -> None:
        """Write the messages, and the offsets of the next ones."""
        self.connection.executemany(_APPEND, self._rows)
        self._rows.clear()
        before = {each.partition_id: each.end for partitions in self._topics.values() for each in partitions}
        ends = [(end, partition_id) for partition_id, end in self._ends.items() if end != before[partition_id]]
        self.connection.executemany("UPDATE log_partitions SET next_offset = ? WHERE partition_id = ?", ends)

    def _choose(self, partitions: list[LogPartition], key: bytes | None) -> int:
        if key is None:
            return min((each.partition_id for each in partitions), key=lambda each: (self._ends[each], each))
        return partitions[zlib.crc32(key) % len(partitions)].partition_id

    def _partitions(self, topic: str) -> list[LogPartition]:
        found = self._topics.get(topic)
        if found is None:
            create_topic(self.connection, topic, self.plan.partitions_of(topic), self.plan.retention_of(topic))
            found = self._topics[topic] = partitions_of(self.connection, [topic])
            self._ends |= {each.partition_id: each.end for each in found}
        return found


def read(
    connection: sqlite3.Connection, source: LogPartition, offset: int, limit: int, size_bytes: int
) -> list[Delivery]:
    """Return up to `limit` messages from the offset on, no more once their values have `size_bytes` together.

    A damaged row is a message without what cannot be read. It keeps nobody back: whoever gets it cannot make sense of
    it either, and puts it aside.

    Raises:
        DatabaseError: ROW_MALFORMED: not even the offset can be read.
    """
    found: list[Delivery] = []
    partition, topic = source.partition, source.partition.topic
    last_at, moment = b"", UNREADABLE
    with closing(connection.cursor()) as cursor:
        cursor.row_factory = None  # rows are taken apart at once
        for number, at, key, value, headers in cursor.execute(_READ, (source.partition_id, offset, limit)):
            if at != last_at:  # what was appended together has the same time
                last_at, moment = at, _moment(at)
            message = Message(topic=topic, key=key, value=value, headers=_headers(headers))
            found.append(Delivery(partition=partition, offset=_number(number), at=moment, message=message))
            size_bytes -= len(value or b"")
            if size_bytes <= 0:
                break
    return found


def trim(connection: sqlite3.Connection, now: datetime, limit: int) -> int:
    """Remove up to `limit` messages that their topics need not keep any longer, the oldest of each partition first.

    The first that is to be kept keeps those behind it, whatever their time: offsets stay without holes. Of a topic
    whose rows are damaged none is removed.
    """
    removed = 0
    topics = connection.execute(
        "SELECT topic, retention_microseconds FROM log_topics WHERE retention_microseconds IS NOT NULL"
    )
    for row in topics.fetchall():
        with suppress(DatabaseError):  # of a damaged row; other topics are trimmed all the same
            removed += _trim_topic(connection, row["topic"], _before(row, now), limit - removed)
    return removed


def _trim_topic(connection: sqlite3.Connection, topic: str, before: str, limit: int) -> int:
    removed = 0
    for each in partitions_of(connection, [topic]):
        if removed < limit:
            removed += _trim_partition(connection, each, before, limit - removed)
    return removed


def _trim_partition(connection: sqlite3.Connection, each: LogPartition, before: str, limit: int) -> int:
    begin = count = 0
    for row in connection.execute(_OLDEST, (before, each.partition_id, limit)):
        if not row["is_old"]:
            break
        begin, count = _offset(row) + 1, count + 1
    if count:
        place = (begin, each.partition_id)
        connection.execute("DELETE FROM log_messages WHERE offset_number < ? AND partition_id = ?", place)
        connection.execute("UPDATE log_partitions SET begin_offset = ? WHERE partition_id = ?", place)
    return count


@decodes("log_topics", "topic")
def _before(row: sqlite3.Row, now: datetime) -> str:
    """Return the time before which messages go: none does if the retention is longer than time itself."""
    with suppress(OverflowError):
        return to_text(now - timedelta(microseconds=row["retention_microseconds"]))
    return ""


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise malformed("log_messages", "offset_number", value, TypeError())
    return value


@decodes("log_partitions", "partition_id")
def _partition(row: sqlite3.Row) -> LogPartition:
    return LogPartition(
        partition_id=row["partition_id"],
        partition=Partition(topic=row["topic"], number=row["number"]),
        begin=int(row["begin_offset"]),
        end=int(row["next_offset"]),
    )


def _headers_text(headers: tuple[tuple[str, bytes], ...]) -> str:
    pairs = [(name, value.decode("latin-1")) for name, value in headers]
    try:
        return _HEADERS.encode(pairs).decode()
    except UnicodeEncodeError:  # a name that is no Unicode, which JSON can escape
        return json.dumps(pairs)


def _headers(text: bytes) -> tuple[tuple[str, bytes], ...]:
    try:
        return tuple([(name, value.encode("latin-1")) for name, value in _PAIRS.decode(text)])
    except ValueError:
        return _odd_headers(text)


def _odd_headers(text: bytes) -> tuple[tuple[str, bytes], ...]:
    """Return what is there, if names are no Unicode, or rows were written by hand; none if it makes no sense."""
    try:
        return tuple((str(name), value.encode("latin-1")) for name, value in json.loads(text))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ()


def _moment(text: bytes) -> datetime:
    try:
        return from_text(text.decode(errors="replace"))
    except ValidationError:
        return UNREADABLE


@decodes("log_messages", "offset_number")
def _offset(row: sqlite3.Row) -> int:
    return int(row["offset_number"])
