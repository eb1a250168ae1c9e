"""The way of an event on in-memory adapters, with a clock that is moved by hand."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from zlib import crc32

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.cipher import MemoryCipher
from adapters.memory.clock import MemoryClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.event_publisher import MemoryEventPublisher
from adapters.memory.event_subscriber import MemoryEventSubscriber
from adapters.memory.event_topics import MemoryEventTopics
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.memory.inbox import MemoryInbox
from adapters.memory.messaging_log import MemoryMessagingLog
from adapters.memory.outbox import MemoryOutbox
from application.dead_letter_queue import DeadLetterQueue
from application.event_consumer import EventConsumer
from application.event_sender import EventSender
from application.handling import Handler
from application.outbox_relay import OutboxRelay, open_outbox_relay
from domain.dead_letters import queue_of
from domain.events import EventId
from domain.messages import Delivery, Handled, Message, Partition
from domain.topics import TopicPlan
from ports.event_codec import EncodedEvent, ReceivedEvent

TOPIC = "account.events"
GROUP = "mail"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
PARTITIONS = 2
KEYS = tuple(
    next(key for key in "abcdef" if crc32(key.encode()) % PARTITIONS == number) for number in range(PARTITIONS)
)
"""A key for each partition."""


@attrs.define(kw_only=True)
class EventRig:
    """What all processes share: database and log of events. Each relay and each consumer is another process."""

    clock: MemoryClock = attrs.field(factory=MemoryClock)
    database: MemoryDatabase = attrs.field(
        factory=lambda: MemoryDatabase(cipher=MemoryCipher(), codec=CloudEventCodec())
    )
    identifiers: MemoryIdentifiers = attrs.field(factory=MemoryIdentifiers)
    log: MemoryMessagingLog = attrs.field(factory=MemoryMessagingLog)
    events: MemoryEventLog = attrs.field(init=False)
    rescue: asyncio.Task[None] | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.events = MemoryEventLog(clock=self.clock, plan=TopicPlan(partitions=PARTITIONS))

    @property
    def publisher(self) -> MemoryEventPublisher:
        """Return a publisher to the log."""
        return MemoryEventPublisher(self.events)

    def event(self, name: str, *, topic: str = TOPIC, key: str = KEYS[0]) -> EncodedEvent:
        """Return an event whose id is `name`."""
        value = {"event_type": "account_seen", "name": name}
        return self.database.codec.wrap(topic, value, event_id=EventId(name), key=key, now=self.clock.now())

    def append(self, *names: str, topic: str = TOPIC, key: str = KEYS[0], elsewhere: bool = False) -> None:
        """Append events to the outbox, as stores do; `elsewhere`: another process does, and this one hears nothing."""
        self.database.outbox += [self.event(name, topic=topic, key=key) for name in names]
        if not elsewhere:
            self.database.appended.ring()

    def relay(self, **fields: Any) -> OutboxRelay:  # noqa: ANN401 - fields of several types
        """Return a relay of another process."""
        given: dict[str, Any] = {
            "outbox": MemoryOutbox(self.database, self.clock),
            "inbox": MemoryInbox(self.database),
            "publisher": self.publisher,
            "clock": self.clock,
            "identifiers": self.identifiers,
            "log": self.log,
        }
        return OutboxRelay(**(given | fields))

    @asynccontextmanager
    async def relaying(self, **fields: Any) -> AsyncIterator[OutboxRelay]:  # noqa: ANN401 - as `relay`
        """Run a relay that has found its first wait."""
        async with open_outbox_relay(self.relay(**fields)) as relay:
            await self.turn()
            yield relay

    def consumer(self, **fields: Any) -> EventConsumer:  # noqa: ANN401 - as `relay`
        """Return a consumer of another process."""
        given: dict[str, Any] = {
            "subscriber": MemoryEventSubscriber(self.events),
            "publisher": self.publisher,
            "codec": self.database.codec,
            "clock": self.clock,
            "identifiers": self.identifiers,
            "log": self.log,
        }
        return EventConsumer(**(given | fields))

    @asynccontextmanager
    async def consuming(self, handler: Handler, **fields: Any) -> AsyncIterator[None]:  # noqa: ANN401 - as `relay`
        """Run a member that has found its first wait. If the body fails, time passes, so that the member ends."""
        async with self.consumer(**fields).subscribe(TOPIC, handler, GROUP):
            await self.turn()
            try:
                yield
            except AssertionError:
                self.rescue = asyncio.create_task(self.let_pass(MINUTE))
                raise

    @property
    def sender(self) -> EventSender:
        """Return a sender."""
        return EventSender(
            publisher=self.publisher, codec=self.database.codec, clock=self.clock, identifiers=self.identifiers
        )

    @property
    def dead_letters(self) -> DeadLetterQueue:
        """Return the operator's view of dead letters."""
        return DeadLetterQueue(
            subscriber=MemoryEventSubscriber(self.events),
            publisher=self.publisher,
            topics=MemoryEventTopics(self.events),
            clock=self.clock,
        )

    async def publish(self, *names: str, topic: str = TOPIC, key: str = KEYS[0]) -> None:
        """Put events on the log, past the outbox."""
        messages = [self.event(name, topic=topic, key=key).message() for name in names]
        assert not any(await self.publisher.publish(messages))

    async def publish_bytes(self, value: bytes | None, *, topic: str = TOPIC, key: str = KEYS[0]) -> None:
        """Put anything on the log."""
        assert not any(await self.publisher.publish([Message(topic=topic, key=key.encode(), value=value)]))

    def published(self, topic: str = TOPIC) -> list[str]:
        """Return the ids of what stands in a topic, partition by partition."""
        return [name_of(delivery) for delivery in self.events.deliveries(topic)]

    def letters(self, topic: str = TOPIC) -> Sequence[Delivery]:
        """Return what stands in the topic's dead letter queue."""
        return self.events.deliveries(queue_of(topic))

    def committed(self, key: str = KEYS[0], group_id: str = GROUP, topic: str = TOPIC) -> int:
        """Return where the group goes on in the key's partition."""
        found = self.events.group(group_id).committed
        return next((offset for each, offset in found.items() if each == partition_of(key, topic)), 0)

    async def turn(self, turns: int = 1) -> None:
        """Let everybody come to their next wait; no time passes."""
        for _ in range(turns):
            await self.clock.advance(timedelta(0))

    async def let_pass(self, duration: timedelta, step: timedelta = SECOND) -> None:
        """Let time pass in small steps."""
        for _ in range(duration // step):
            await self.clock.advance(step)


@attrs.define
class Notes:
    """A handler that writes down what it is called with."""

    events: list[ReceivedEvent] = attrs.field(factory=list)
    handled: list[Handled] = attrs.field(factory=list)

    async def __call__(self, event: ReceivedEvent, handled: Handled) -> None:
        """Write it down."""
        self.events.append(event)
        self.handled.append(handled)

    @property
    def names(self) -> list[str]:
        """Return the ids of the events, in order."""
        return [event.event_id for event in self.events]


@attrs.define
class Scripted(Notes):
    """Raises what is queued for an event, and lets one wait whose gate is there until it is opened."""

    errors: dict[str, deque[Exception]] = attrs.field(factory=dict)
    gates: dict[str, asyncio.Event] = attrs.field(factory=dict)
    done: list[str] = attrs.field(factory=list)

    async def __call__(self, event: ReceivedEvent, handled: Handled) -> None:
        """Write it down, wait, and raise."""
        await super().__call__(event, handled)
        if event.event_id in self.gates:
            await self.gates[event.event_id].wait()
        if self.errors.get(event.event_id):
            raise self.errors[event.event_id].popleft()
        self.done.append(event.event_id)

    def fail(self, name: str, *errors: Exception) -> None:
        """Let the next calls with the event fail."""
        self.errors[name] = deque(errors)

    def block(self, *names: str) -> None:
        """Let these events wait."""
        self.gates |= {name: asyncio.Event() for name in names}

    def let_go(self) -> None:
        """Let nothing wait any more."""
        for gate in self.gates.values():
            gate.set()


def name_of(delivery: Delivery) -> str:
    """Return the id of an event as it stands on the log."""
    return delivery.message.header("ce_id") or ""


def partition_of(key: str, topic: str = TOPIC) -> Partition:
    """Return where events of the key stand."""
    return Partition(topic=topic, number=crc32(key.encode()) % PARTITIONS)
