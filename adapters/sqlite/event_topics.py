"""The embedded log as its operator sees it."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import timedelta

import attrs

from adapters.sqlite.bounded_write import bounded_write
from adapters.sqlite.database import Database
from adapters.sqlite.group_rows import committed_offsets, group_ids, topics_of_group
from adapters.sqlite.log_rows import MOST_PARTITIONS, create_topic, partitions_of
from adapters.sqlite.row_decoding import decodes
from domain.errors import MessageRejectedError
from domain.messages import Partition
from domain.topics import NAME_RULE, is_topic_name
from ports.clock import Clock
from ports.event_topics import EventTopics, Lag, Topic

_TOPICS = (
    "SELECT topic, retention_microseconds, count(*) AS partitions, sum(next_offset - begin_offset) AS messages"
    " FROM log_topics JOIN log_partitions USING (topic) GROUP BY topic ORDER BY topic"
)


@attrs.frozen
class SqliteEventTopics(EventTopics):
    """Reads the tables of the log."""

    database: Database
    clock: Clock

    async def topics(self) -> Sequence[Topic]:
        """Add up the partitions."""

        def work(connection: sqlite3.Connection) -> list[Topic]:
            return [_topic(row) for row in connection.execute(_TOPICS)]

        return await self.database.read(work, operation="topics", table="log_topics")

    async def create(self, name: str, *, partitions: int, retention: timedelta | None) -> bool:
        """Insert unless it is there."""
        if not is_topic_name(name):
            raise MessageRejectedError(NAME_RULE, error_code="TOPIC_INVALID", details={"topic": name})
        if not 1 <= partitions <= MOST_PARTITIONS:
            msg = f"A topic has 1 to {MOST_PARTITIONS} partitions."
            raise MessageRejectedError(msg, error_code="PARTITIONS_INVALID", details={"topic": name})
        return await bounded_write(
            self.database,
            lambda connection: create_topic(connection, name, partitions, retention),
            operation="create",
            table="log_topics",
        )

    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        """Look up."""

        def work(connection: sqlite3.Connection) -> dict[Partition, int]:
            return {each.partition: each.end for each in partitions_of(connection, topics)}

        return await self.database.read(work, operation="ends", table="log_partitions")

    async def groups(self) -> Sequence[str]:
        """Go through members and commits."""
        return await self.database.read(
            lambda connection: group_ids(connection, self.clock.now()), operation="groups", table="log_groups"
        )

    async def lag(self, group_id: str) -> Sequence[Lag]:
        """Put partitions and commits side by side."""

        def work(connection: sqlite3.Connection) -> list[Lag]:
            committed = committed_offsets(connection, group_id)
            topics = topics_of_group(connection, group_id, self.clock.now())
            return [
                Lag(
                    partition=each.partition,
                    committed=committed.get(each.partition_id),
                    begin=each.begin,
                    end=each.end,
                )
                for each in partitions_of(connection, topics)
            ]

        return await self.database.read(work, operation="lag", table="log_offsets")


@decodes("log_topics", "topic")
def _topic(row: sqlite3.Row) -> Topic:
    retention = row["retention_microseconds"]
    return Topic(
        name=row["topic"],
        partitions=row["partitions"],
        messages=row["messages"],
        retention=None if retention is None else timedelta(microseconds=retention),
    )
