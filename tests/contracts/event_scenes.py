"""Steps that many tests of the log of events begin with. Nothing here waits for time, but for what must come."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs

from domain.messages import Delivery, Message, Partition
from ports.event_subscriber import Start, Subscription
from tests.contracts.event_worlds import LogRig

SHORT = timedelta(milliseconds=100)
LONG = timedelta(minutes=5)
"""Longer than any test may last: whoever waits for so long must be woken."""
BOUND_SECONDS = 60
MANY = 1000


def message(topic: str, value: str = "value", key: str | None = "key") -> Message:
    """Return a message of text."""
    return Message(topic=topic, key=None if key is None else key.encode(), value=value.encode())


def numbered(topic: str, count: int, keys: Sequence[str] = ("a", "b", "c", "d", "e", "f", "g", "h")) -> list[Message]:
    """Return messages whose values are numbers, with the keys in turn."""
    return [message(topic, str(number), keys[number % len(keys)]) for number in range(count)]


async def publish(rig: LogRig, messages: Sequence[Message]) -> None:
    """Publish, and see that everything was appended."""
    outcomes = await rig.publisher.publish(messages)
    assert list(outcomes) == [None] * len(messages)


def values(deliveries: Iterable[Delivery]) -> list[str]:
    """Return the values as text."""
    return [(delivery.message.value or b"").decode() for delivery in deliveries]


def by_key(deliveries: Iterable[Delivery]) -> dict[str, list[str]]:
    """Return for each key the values, in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for delivery in deliveries:
        found[(delivery.message.key or b"").decode()].append((delivery.message.value or b"").decode())
    return found


def behind(deliveries: Iterable[Delivery]) -> dict[Partition, int]:
    """Return what a group commits that has handled these."""
    return {delivery.partition: delivery.offset + 1 for delivery in deliveries}


@attrs.frozen
class Member:
    """A subscription, and what it was told to be `revoked`; each subscription has its own list."""

    subscription: Subscription
    revoked: list[frozenset[Partition]] = attrs.field(factory=list)

    async def take(self, count: int) -> list[Delivery]:
        """Receive until there are so many."""
        found: list[Delivery] = []
        async with asyncio.timeout(BOUND_SECONDS):
            while len(found) < count:
                found += await self.subscription.receive(MANY, LONG)
        assert len(found) == count
        return found


@asynccontextmanager
async def member(
    rig: LogRig, topic: str | Sequence[str], group_id: str | None = None, *, start: Start = Start.EARLIEST
) -> AsyncIterator[Member]:
    """Subscribe; what is revoked is only remembered."""
    told: list[frozenset[Partition]] = []

    async def revoked(partitions: frozenset[Partition]) -> None:
        told.append(partitions)

    topics = [topic] if isinstance(topic, str) else topic
    async with rig.subscriber.subscribe(topics, group_id, start=start, revoked=revoked) as subscription:
        yield Member(subscription, told)


async def partitions_of(rig: LogRig, *topics: str) -> set[Partition]:
    """Return all partitions of the topics."""
    return set(await rig.topics.ends(topics))


async def everything(rig: LogRig, reader: Member, *topics: str) -> list[Delivery]:
    """Receive until the one reader of the topics has read all there is."""
    (found,) = await read_by_all(rig, [reader], *topics)
    return found


async def read_by_all(rig: LogRig, readers: Sequence[Member], *topics: str) -> list[list[Delivery]]:
    """Let all members of a group receive, until each has a share and has read all there is."""
    found: list[list[Delivery]] = [[] for _ in readers]
    async with asyncio.timeout(BOUND_SECONDS):
        while True:
            for index, received in enumerate(await _at_once(readers)):
                found[index] += received
            if await _have_read_all(rig, readers, topics):
                return found


async def _at_once(readers: Sequence[Member]) -> list[Sequence[Delivery]]:
    return list(await asyncio.gather(*(reader.subscription.receive(MANY, SHORT) for reader in readers)))


async def _have_read_all(rig: LogRig, readers: Sequence[Member], topics: Sequence[str]) -> bool:
    shares = [reader.subscription.assigned() for reader in readers]
    ends = await rig.topics.ends(topics)
    if not all(shares) or sum(map(len, shares)) != len(ends) or frozenset().union(*shares) != ends.keys():
        return False
    positions = [await reader.subscription.positions() for reader in readers]
    return {partition: place for found in positions for partition, place in found.items()} == ends
