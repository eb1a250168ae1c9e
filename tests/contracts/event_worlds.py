"""The log of events of each implementation, opened by as many processes as a test wants, or out of their reach."""

import socket
import sqlite3
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import attrs
import pytest

from adapters.kafka.connection import KafkaConnection
from adapters.kafka.event_publisher import open_kafka_event_publisher
from adapters.kafka.event_subscriber import KafkaEventSubscriber
from adapters.kafka.event_topics import open_kafka_event_topics
from adapters.kafka.subscription import Patience
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.event_publisher import MemoryEventPublisher
from adapters.memory.event_subscriber import MemoryEventSubscriber
from adapters.memory.event_topics import MemoryEventTopics
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.event_publisher import SqliteEventPublisher
from adapters.sqlite.event_subscriber import SqliteEventSubscriber
from adapters.sqlite.event_topics import SqliteEventTopics
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from domain.errors import DatabaseError, IACSGraphError, KafkaConnectionError
from domain.topics import TopicPlan
from ports.event_publisher import EventPublisher
from ports.event_subscriber import EventSubscriber
from ports.event_topics import EventTopics
from tests.contracts.rigs import SHARED_MEMORY
from tests.kafka.fixtures import Kafka

PARTITIONS = 4
PLAN = TopicPlan(partitions=PARTITIONS, retention=timedelta(days=7), dead_letter_retention=timedelta(days=90))
PATIENCE = timedelta(seconds=1)
"""Of those for whom the log is out of reach."""


@attrs.frozen(kw_only=True)
class LogRig:
    """What one process holds."""

    publisher: EventPublisher
    subscriber: EventSubscriber
    topics: EventTopics


class LogWorld(ABC):
    """One log of events. Other tests may use it too: topics and groups are named anew for each test."""

    CANNOT: ClassVar[Mapping[str, str]] = {}
    """Tests that cannot be expressed here, by words of their names, and why."""
    OUT_OF_REACH: ClassVar[type[IACSGraphError]] = KafkaConnectionError
    """What is told where the log cannot be reached."""

    def name(self) -> str:
        """Return a name for a topic or group that nobody has used."""
        return f"test.{uuid4().hex[:12]}"

    @abstractmethod
    def process(self) -> AbstractAsyncContextManager[LogRig]:
        """Open the log as one of several processes would."""

    @abstractmethod
    def apart(self) -> AbstractAsyncContextManager[LogRig]:
        """Open the log as a process for which it is out of reach."""

    @abstractmethod
    def severed(self) -> AbstractAsyncContextManager[None]:
        """Keep everybody from the log for a while."""

    @abstractmethod
    async def strike(self, group_id: str) -> None:
        """Let the group take its one member, which does nothing more, for dead."""


@attrs.frozen
class MemoryLogWorld(LogWorld):
    """One memory."""

    log: MemoryEventLog

    @asynccontextmanager
    async def process(self) -> AsyncIterator[LogRig]:
        yield _in_memory(self.log)

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[LogRig]:
        yield _in_memory(MemoryEventLog(clock=SystemClock(), unreachable=True))

    @asynccontextmanager
    async def severed(self) -> AsyncIterator[None]:
        self.log.unreachable = True
        yield
        self.log.unreachable = False

    async def strike(self, group_id: str) -> None:
        (member,) = self.log.groups[group_id].members
        self.log.expel(group_id, member)


class EagerLogWorld(MemoryLogWorld):
    """One memory, in which every change of a group moves all partitions."""


def _in_memory(log: MemoryEventLog) -> LogRig:
    return LogRig(
        publisher=MemoryEventPublisher(log), subscriber=MemoryEventSubscriber(log), topics=MemoryEventTopics(log)
    )


class ClockSetForward(SystemClock):
    """The machine's clock, ahead of the world's time by as much as it is told."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


@attrs.frozen
class SqliteLogWorld(LogWorld):
    """One file; it is out of reach while somebody else writes and does not come to an end."""

    CANNOT: ClassVar[Mapping[str, str]] = {
        "unreachable while_reading": "A writer keeps no reader out of a SQLite file.",
    }
    OUT_OF_REACH: ClassVar[type[IACSGraphError]] = DatabaseError
    LEASE: ClassVar[timedelta] = timedelta(minutes=1)
    """Nobody is taken for dead because the machine is busy."""

    path: Path
    clock: ClockSetForward = attrs.field(factory=ClockSetForward)

    @asynccontextmanager
    async def process(self) -> AsyncIterator[LogRig]:
        async with open_database(self.path, busy_timeout=PATIENCE) as database:
            yield self._rig(database)

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[LogRig]:
        async with open_database(self.path, busy_timeout=PATIENCE / 10) as database, self.severed():
            yield self._rig(database)

    @asynccontextmanager
    async def severed(self) -> AsyncIterator[None]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")

    async def strike(self, group_id: str) -> None:  # noqa: ARG002 - nobody else shows any life
        """Let its lease end."""
        self.clock.ahead += self.LEASE

    def _rig(self, database: Database) -> LogRig:
        return LogRig(
            publisher=SqliteEventPublisher(database, self.clock, PLAN),
            subscriber=SqliteEventSubscriber(
                database,
                self.clock,
                SystemIdentifiers(),
                PLAN,
                lease=self.LEASE,
                poll=timedelta(milliseconds=20),
            ),
            topics=SqliteEventTopics(database, self.clock),
        )


@attrs.frozen
class KafkaLogWorld(LogWorld):
    """A broker that other tests use, too."""

    CANNOT: ClassVar[Mapping[str, str]] = {
        "after unreachable": "The broker is everybody's; tests/adapters/kafka kills its own.",
        "becomes unreachable": "As before.",
        "became unreachable": "As before.",
        "dead member": "A member dies with its process, not by itself.",
    }

    servers: str

    @asynccontextmanager
    async def process(self) -> AsyncIterator[LogRig]:
        async with _in_kafka(self.servers, timedelta(seconds=20)) as rig:
            yield rig

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[LogRig]:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # nobody listens there
            async with _in_kafka(f"127.0.0.1:{taken.getsockname()[1]}", PATIENCE) as rig:
                yield rig

    def severed(self) -> AbstractAsyncContextManager[None]:
        raise NotImplementedError

    async def strike(self, group_id: str) -> None:
        raise NotImplementedError


@asynccontextmanager
async def _in_kafka(servers: str, patience: timedelta) -> AsyncIterator[LogRig]:
    connection = KafkaConnection(servers=(servers,))
    async with (
        open_kafka_event_publisher(connection, plan=PLAN, patience=patience) as publisher,
        open_kafka_event_topics(connection, patience=patience) as topics,
    ):
        subscriber = KafkaEventSubscriber(
            connection=connection,
            plan=PLAN,
            session_timeout=timedelta(seconds=30),
            heartbeat=timedelta(milliseconds=50),
            patience=Patience(opening=patience),
        )
        yield LogRig(publisher=publisher, subscriber=subscriber, topics=topics)


@contextmanager
def memory_log(_: pytest.FixtureRequest | None = None) -> Iterator[LogWorld]:
    """Make an empty memory."""
    yield MemoryLogWorld(MemoryEventLog(clock=SystemClock(), plan=PLAN))


@contextmanager
def eager_log(_: pytest.FixtureRequest) -> Iterator[LogWorld]:
    """Make an empty memory of the eager kind."""
    yield EagerLogWorld(MemoryEventLog(clock=SystemClock(), plan=PLAN, eager=True))


@contextmanager
def sqlite_log(_: pytest.FixtureRequest | None = None) -> Iterator[LogWorld]:
    """Make a directory for a file, in memory where the machine can."""
    parent = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="iacsgraph-", dir=parent) as directory:
        yield SqliteLogWorld(Path(directory) / "iacsgraph.db")


@contextmanager
def kafka_log(request: pytest.FixtureRequest) -> Iterator[LogWorld]:
    """Ask for the broker; the fallback lacks too much."""
    kafka: Kafka = request.getfixturevalue("kafka")
    kafka.requires_real()
    yield KafkaLogWorld(kafka.servers)


LOG_WORLDS: Mapping[str, Callable[[pytest.FixtureRequest], AbstractContextManager[LogWorld]]] = {
    "memory": memory_log,
    "eager memory": eager_log,
    "sqlite": sqlite_log,
    "kafka": kafka_log,
}
