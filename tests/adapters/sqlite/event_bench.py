"""The event side of one process on a database file; several of them share the file and the clock."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import attrs

from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.event_publisher import SqliteEventPublisher
from adapters.sqlite.event_subscriber import SqliteEventSubscriber
from adapters.sqlite.event_topics import SqliteEventTopics
from domain.errors import IACSGraphError
from domain.messages import Delivery, Message, Partition
from domain.topics import TopicPlan
from ports.clock import Clock
from ports.event_subscriber import Revoked, Start, Subscription

ZERO = timedelta(0)
HOUR = timedelta(hours=1)
LEASE = timedelta(seconds=10)
TOPIC = "orders"
GROUP = "shop"


@attrs.frozen(kw_only=True)
class Process:
    """What one process holds."""

    database: Database
    clock: Clock
    publisher: SqliteEventPublisher
    subscriber: SqliteEventSubscriber
    topics: SqliteEventTopics

    def join(
        self, revoked: Revoked | None = None, *, group_id: str | None = GROUP, start: Start = Start.EARLIEST
    ) -> AbstractAsyncContextManager[Subscription]:
        """Subscribe to the topic of these tests."""
        return self.subscriber.subscribe([TOPIC], group_id, start=start, revoked=revoked or ignore)

    async def publish(self, *numbers: int, key: bytes | None = b"k") -> Sequence[IACSGraphError | None]:
        """Publish messages of these numbers."""
        return await self.publisher.publish([message(number, key=key) for number in numbers])


def message(number: int, *, key: bytes | None = b"k", topic: str = TOPIC) -> Message:
    """Return a message that holds the number."""
    return Message(topic=topic, key=key, value=str(number).encode())


def numbers(deliveries: Sequence[Delivery]) -> list[int]:
    """Return the numbers that the messages hold."""
    return [int(each.message.value or b"-1") for each in deliveries]


async def ignore(_: frozenset[Partition]) -> None:
    """Let partitions go."""


@asynccontextmanager
async def open_process(
    path: Path,
    *,
    clock: Clock | None = None,
    name: str = "a",
    partitions: int = 4,
    retention: timedelta | None = timedelta(days=7),
    busy_timeout: timedelta = timedelta(seconds=5),
) -> AsyncIterator[Process]:
    """Open the database as a process does; `name` makes its members' ids unique."""
    time = clock or MemoryClock()
    plan = TopicPlan(partitions=partitions, retention=retention)
    async with open_database(path, busy_timeout=busy_timeout, readers=1) as database:
        yield Process(
            database=database,
            clock=time,
            publisher=SqliteEventPublisher(database, time, plan),
            subscriber=SqliteEventSubscriber(
                database, time, MemoryIdentifiers(name), plan, lease=LEASE, poll=timedelta(milliseconds=20)
            ),
            topics=SqliteEventTopics(database, time),
        )
