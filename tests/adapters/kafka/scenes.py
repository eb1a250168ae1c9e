"""Steps that the tests with a broker begin with. Nothing here waits for time, but for what must come."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import attrs

from adapters.kafka.connection import KafkaConnection
from adapters.kafka.event_publisher import KafkaEventPublisher, open_kafka_event_publisher
from adapters.kafka.event_subscriber import KafkaEventSubscriber
from adapters.kafka.event_topics import open_kafka_event_topics
from adapters.kafka.subscription import Patience
from domain.messages import Delivery, Message, Partition
from domain.topics import TopicPlan
from ports.event_subscriber import Start, Subscription

SECOND = timedelta(seconds=1)
MOMENT = timedelta(milliseconds=100)
PLAN = TopicPlan(partitions=2)
IMPATIENT = Patience(
    opening=3 * SECOND,
    joining=5 * SECOND,
    committing=SECOND,
    revoking=5 * SECOND,
    silence=1.5 * SECOND,
    leaving=SECOND,
)


def name() -> str:
    """Return a name for a topic or group that nobody has used."""
    return f"test.{uuid4().hex[:12]}"


def connection(servers: str, **settings: object) -> KafkaConnection:
    """Return a connection that waits for a second at most for an answer."""
    return KafkaConnection(servers=(servers,), answer_within=SECOND, **settings)  # type: ignore[arg-type]


def publisher(servers: str, patience: timedelta = 20 * SECOND) -> AbstractAsyncContextManager[KafkaEventPublisher]:
    return open_kafka_event_publisher(connection(servers), plan=PLAN, patience=patience)


def subscriber(servers: str, **settings: object) -> KafkaEventSubscriber:
    """Return subscriptions of members that hear of each other quickly, and give up quickly."""
    known = {"session_timeout": SECOND, "heartbeat": MOMENT, "patience": IMPATIENT}
    return KafkaEventSubscriber(connection=connection(servers), plan=PLAN, **(known | settings))  # type: ignore[arg-type]


def numbered(topic: str, numbers: Sequence[int] | range, key: str = "key") -> list[Message]:
    """Return messages of one key whose values are the numbers."""
    return [Message(topic=topic, key=key.encode(), value=str(number).encode()) for number in numbers]


def values(deliveries: Sequence[Delivery]) -> list[int]:
    return [int(delivery.message.value or b"") for delivery in deliveries]


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again, for half a minute at most."""
    async with asyncio.timeout(60):
        while not await happened():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.02)


@attrs.frozen
class Reader:
    """A subscription and what it was told to give back."""

    subscription: Subscription
    revoked: list[frozenset[Partition]] = attrs.field(factory=list)

    async def take(self, count: int) -> list[Delivery]:
        """Receive until there are so many."""
        found: list[Delivery] = []
        async with asyncio.timeout(60):
            while len(found) < count:
                found += await self.subscription.receive(count - len(found), 10 * SECOND)
        return found

    async def until_it_has(self, count: int) -> None:
        """Receive, and forget what comes, until so many partitions are assigned."""
        async with asyncio.timeout(60):
            while len(self.subscription.assigned()) != count:
                await self.subscription.receive(1, MOMENT)


@asynccontextmanager
async def reading(
    source: KafkaEventSubscriber, topic: str, group_id: str | None = None, *, start: Start = Start.EARLIEST
) -> AsyncIterator[Reader]:
    told: list[frozenset[Partition]] = []

    async def revoked(partitions: frozenset[Partition]) -> None:
        told.append(partitions)

    async with source.subscribe([topic], group_id, start=start, revoked=revoked) as subscription:
        yield Reader(subscription, told)


async def all_of(servers: str, topic: str) -> list[Delivery]:
    """Return everything in the topic, as somebody reads it who is alone."""
    found: list[Delivery] = []
    async with (
        asyncio.timeout(60),
        open_kafka_event_topics(connection(servers)) as topics,
        reading(subscriber(servers), topic) as reader,
    ):
        ends = await topics.ends([topic])
        while await reader.subscription.positions() != ends:
            found += await reader.subscription.receive(1000, MOMENT)
    return found
