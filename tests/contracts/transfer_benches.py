"""An outbox and a log of events in one database, emptied in either way: over messages, or by `OutboxTransfer`."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs

from adapters.memory.cipher import MemoryCipher
from adapters.memory.clock import MemoryClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.event_publisher import MemoryEventPublisher
from adapters.memory.event_subscriber import MemoryEventSubscriber
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.memory.inbox import MemoryInbox
from adapters.memory.messaging_log import MemoryMessagingLog
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.outbox_transfer import MemoryOutboxTransfer
from adapters.memory.parked_events import MemoryParkedEvents
from adapters.sqlite.account_rows import append_events
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.event_publisher import SqliteEventPublisher
from adapters.sqlite.event_subscriber import SqliteEventSubscriber
from adapters.sqlite.inbox import SqliteInbox
from adapters.sqlite.outbox import SqliteOutbox
from adapters.sqlite.outbox_transfer import SqliteOutboxTransfer
from adapters.sqlite.parked_events import SqliteParkedEvents
from application.outbox_relay import OutboxRelay
from domain.events import EventId
from domain.messages import Delivery, Message
from domain.topics import TopicPlan
from ports.event_codec import EncodedEvent
from ports.event_publisher import EventPublisher
from ports.event_subscriber import EventSubscriber, Start
from ports.inbox import Inbox
from ports.outbox import Outbox
from ports.outbox_transfer import OutboxTransfer
from ports.parked_events import ParkedEvents
from tests.contracts.rigs import CODEC

PLAN = TopicPlan(partitions=3)
LARGEST = 2000
"""Bytes that a message may have here."""


@attrs.frozen(kw_only=True)
class Bench:
    """What one process holds. `way` says how its relays go."""

    way: str
    clock: MemoryClock
    outbox: Outbox
    inbox: Inbox
    parked: ParkedEvents
    publisher: EventPublisher
    subscriber: EventSubscriber
    transfer: OutboxTransfer
    append: Callable[[Sequence[EncodedEvent]], Awaitable[None]]
    identifiers: MemoryIdentifiers
    log: MemoryMessagingLog = attrs.field(factory=MemoryMessagingLog)
    database: Database | None = None

    def relay(self, **fields: Any) -> OutboxRelay:  # noqa: ANN401 - fields of several types
        """Return a relay of another process."""
        given: dict[str, Any] = {"transfer": self.transfer if self.way == "transfer" else None, "batch": 5}
        return OutboxRelay(
            outbox=self.outbox,
            inbox=self.inbox,
            publisher=self.publisher,
            clock=self.clock,
            identifiers=self.identifiers,
            log=self.log,
            **(given | fields),
        )

    async def logged(self, topics: Iterable[str]) -> list[Delivery]:
        """Return what stands in these topics."""
        async with self.subscriber.subscribe(sorted(topics), None, start=Start.EARLIEST, revoked=_never) as reader:
            found = list[Delivery]()
            while more := await reader.receive(1000, timedelta(0)):
                found += more
        return found


async def _never(_: object) -> None:
    """Give nothing back."""


@asynccontextmanager
async def memory_bench(way: str, _: Path) -> AsyncIterator[Bench]:
    """Make an empty memory."""
    clock = MemoryClock()
    database = MemoryDatabase(cipher=MemoryCipher(), codec=CODEC)
    log = MemoryEventLog(clock=clock, plan=PLAN, largest_bytes=LARGEST)
    outbox = MemoryOutbox(database, clock)

    async def append(events: Sequence[EncodedEvent]) -> None:
        database.outbox.extend(events)
        database.relaying.appended |= {event.event_id: clock.now() for event in events}

    yield Bench(
        way=way,
        clock=clock,
        outbox=outbox,
        inbox=MemoryInbox(database),
        parked=MemoryParkedEvents(database),
        publisher=MemoryEventPublisher(log),
        subscriber=MemoryEventSubscriber(log),
        transfer=MemoryOutboxTransfer(outbox, log, clock),
        append=append,
        identifiers=MemoryIdentifiers(),
    )


@asynccontextmanager
async def sqlite_bench(way: str, directory: Path) -> AsyncIterator[Bench]:
    """Open the file in the directory."""
    clock, identifiers = MemoryClock(), MemoryIdentifiers()
    async with open_database(directory / "iacsgraph.db", busy_timeout=timedelta(milliseconds=1)) as database:

        async def append(events: Sequence[EncodedEvent]) -> None:
            await database.write(lambda connection: append_events(connection, events, clock.now()))

        yield Bench(
            way=way,
            clock=clock,
            outbox=SqliteOutbox(database, clock),
            inbox=SqliteInbox(database),
            parked=SqliteParkedEvents(database),
            publisher=SqliteEventPublisher(database, clock, PLAN, LARGEST),
            subscriber=SqliteEventSubscriber(database, clock, identifiers, PLAN),
            transfer=SqliteOutboxTransfer(database, clock, PLAN, LARGEST),
            append=append,
            identifiers=identifiers,
            database=database,
        )


WAYS = ("messages", "transfer")
BENCHES = {"memory": memory_bench, "sqlite": sqlite_bench}


def event(
    name: str,
    *,
    key: str = "k",
    topic: str = "orders",
    value: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> EncodedEvent:
    """Return an event whose id is `name`."""
    return EncodedEvent(
        event_id=EventId(name),
        topic=topic,
        key=key,
        value=name.encode() if value is None else value,
        headers={"ce_id": name} if headers is None else headers,
    )


def by_lane(messages: Iterable[Message]) -> Mapping[tuple[str, bytes | None], list[Message]]:
    """Return the messages of each topic and key, in order."""
    found: dict[tuple[str, bytes | None], list[Message]] = defaultdict(list)
    for message in messages:
        found[message.topic, message.key].append(message)
    return found
