"""Parts of the way of an event that fail, stall and die as a test wants. What is sent here is known by its value."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import attrs

from adapters.memory.database import MemoryDatabase
from adapters.memory.event_log import MemoryEventLog, unreachable
from adapters.memory.event_publisher import MemoryEventPublisher
from adapters.memory.inbox import MemoryInbox
from adapters.memory.outbox import MemoryOutbox
from domain.errors import IACSGraphError, MessageRejectedError
from domain.events import EventId
from domain.messages import Delivery, Message, Partition
from ports.clock import Clock
from ports.event_codec import EncodedEvent
from ports.event_publisher import EventPublisher
from ports.event_subscriber import EventSubscriber, Revoked, Start, Subscription
from ports.outbox import PAGE_BYTES


class FailingOutbox(MemoryOutbox):
    """Breaks the promise to work: a call of a method raises what is queued for it."""

    def __init__(self, database: MemoryDatabase, clock: Clock, **queued: IACSGraphError) -> None:
        super().__init__(database, clock)
        self.queued = {method: deque([error]) for method, error in queued.items()}

    async def settle(self, now: datetime, published: Sequence[EventId], parked: Mapping[EventId, str]) -> None:
        """Raise what is queued, else settle."""
        self._fail("settle")
        await super().settle(now, published, parked)

    async def pending(
        self, limit: int, *, after: EventId | None = None, size_bytes: int = PAGE_BYTES
    ) -> Sequence[EncodedEvent]:
        """Raise what is queued, else look."""
        self._fail("pending")
        return await super().pending(limit, after=after, size_bytes=size_bytes)

    async def release(self, owner: str) -> None:
        """Raise what is queued, else release."""
        self._fail("release")
        await super().release(owner)

    def _fail(self, method: str) -> None:
        if self.queued.get(method):
            raise self.queued[method].popleft()


class CountingOutbox(MemoryOutbox):
    """Breaks nothing: it counts how many events were read."""

    def __init__(self, database: MemoryDatabase, clock: Clock) -> None:
        super().__init__(database, clock)
        self.read = 0

    async def pending(
        self, limit: int, *, after: EventId | None = None, size_bytes: int = PAGE_BYTES
    ) -> Sequence[EncodedEvent]:
        """Look and count."""
        found = await super().pending(limit, after=after, size_bytes=size_bytes)
        self.read += len(found)
        return found


class LateOutbox(MemoryOutbox):
    """Breaks nothing: before it claims, others do what they like."""

    def __init__(self, database: MemoryDatabase, clock: Clock, before: Callable[[], Awaitable[object]]) -> None:
        super().__init__(database, clock)
        self.before = before

    async def claim(self, owner: str, now: datetime, lease: timedelta) -> datetime | None:
        """Let others go first."""
        await self.before()
        return await super().claim(owner, now, lease)


@attrs.frozen
class CountingInbox(MemoryInbox):
    """Breaks nothing: it counts how often it was trimmed."""

    trims: list[datetime] = attrs.field(factory=list)

    async def trim(self, before: datetime, limit: int) -> int:
        """Count, and trim."""
        self.trims.append(before)
        return await super().trim(before, limit)


@attrs.frozen
class NotingPublisher(MemoryEventPublisher):
    """Breaks nothing: it writes down the keys of each call."""

    calls: list[set[str]] = attrs.field(factory=list)

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Write down, and publish."""
        self.calls.append({(message.key or b"").decode() for message in messages})
        return await super().publish(messages)


@attrs.frozen
class WeighingPublisher(MemoryEventPublisher):
    """Breaks nothing: it writes down how many bytes the values of each call have."""

    sizes: list[int] = attrs.field(factory=list)

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Write down, and publish."""
        self.sizes.append(sum(len(message.value or b"") for message in messages))
        return await super().publish(messages)


@attrs.frozen
class StallingPublisher(EventPublisher):
    """Breaks "it never waits without bound": it never returns."""

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Wait for ever."""
        await asyncio.Event().wait()
        raise AssertionError(messages)


@attrs.define(kw_only=True)
class Chance:
    """How a broker behaves: of the messages handed over, which are not appended, and which only seem not to be."""

    random: random.Random
    failing: float = 0.0
    lost: float = 0.0
    publishing: int = 0
    doubtful: Counter[str] = attrs.field(factory=Counter)
    """For each value, how often it may stand in the log in vain: its sender does not know of it."""


@attrs.define(kw_only=True)
class Lifeline:
    """One relay's or member's process. When it is dead, what it still does has no effect."""

    dead: bool = False
    sent: list[str] = attrs.field(factory=list)
    """What is in the log and not yet marked."""


@attrs.frozen(kw_only=True)
class ChancePublisher(EventPublisher):
    """Breaks nothing, but makes the most of what the port allows; never two are at work at once."""

    log: MemoryEventLog
    chance: Chance
    life: Lifeline

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Publish one by one, giving way to others before each."""
        assert not self.chance.publishing, "two relays at once"
        self.chance.publishing += 1
        failed: dict[bytes | None, IACSGraphError] = {}
        try:
            return [await self._publish(message, failed) for message in messages]
        finally:
            self.chance.publishing -= 1

    async def _publish(self, message: Message, failed: dict[bytes | None, IACSGraphError]) -> IACSGraphError | None:
        await asyncio.sleep(0)
        value = (message.value or b"").decode()
        if value.startswith("bad"):
            return MessageRejectedError("It is bad.")
        draw = self.chance.random.random()
        if message.key in failed:
            return failed[message.key]
        if draw < self.chance.failing:
            return failed.setdefault(message.key, unreachable())
        assert self.log.append(message) is None
        if draw < self.chance.failing + self.chance.lost:
            self.chance.doubtful[value] += 1
            return failed.setdefault(message.key, unreachable())
        self.life.sent.append(value)
        return None


class MortalOutbox(MemoryOutbox):
    """Breaks "its claim is released at the end" once its process is dead; others may have a turn around each call."""

    def __init__(self, database: MemoryDatabase, clock: Clock, life: Lifeline) -> None:
        super().__init__(database, clock)
        self.life = life

    async def claim(self, owner: str, now: datetime, lease: timedelta) -> datetime | None:
        """Claim."""
        await asyncio.sleep(0)
        return await super().claim(owner, now, lease)

    async def pending(
        self, limit: int, *, after: EventId | None = None, size_bytes: int = PAGE_BYTES
    ) -> Sequence[EncodedEvent]:
        """Look."""
        found = await super().pending(limit, after=after, size_bytes=size_bytes)
        await asyncio.sleep(0)
        return found

    async def settle(self, now: datetime, published: Sequence[EventId], parked: Mapping[EventId, str]) -> None:
        """Mark."""
        await asyncio.sleep(0)
        await super().settle(now, published, parked)
        self.life.sent.clear()
        await asyncio.sleep(0)

    async def release(self, owner: str) -> None:
        """Release, if there is still a process to do it."""
        if not self.life.dead:
            await super().release(owner)


@attrs.frozen
class Passing(Subscription):
    """Passes everything on."""

    inner: Subscription

    def assigned(self) -> frozenset[Partition]:
        """Pass on."""
        return self.inner.assigned()

    async def receive(self, limit: int, wait: timedelta) -> Sequence[Delivery]:
        """Pass on."""
        return await self.inner.receive(limit, wait)

    def pause(self, partition: Partition) -> None:
        """Pass on."""
        self.inner.pause(partition)

    def resume(self, partition: Partition) -> None:
        """Pass on."""
        self.inner.resume(partition)

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Pass on."""
        await self.inner.commit(offsets)

    async def positions(self) -> Mapping[Partition, int]:
        """Pass on."""
        return await self.inner.positions()


@attrs.frozen
class WrappingSubscriber(EventSubscriber):
    """Passes everything on; whoever derives from it wraps the subscriptions."""

    inner: EventSubscriber

    @asynccontextmanager
    async def subscribe(
        self, topics: Sequence[str], group_id: str | None, *, start: Start, revoked: Revoked
    ) -> AsyncIterator[Subscription]:
        """Subscribe."""
        async with self.inner.subscribe(topics, group_id, start=start, revoked=revoked) as subscription:
            yield self.wrapped(subscription, revoked)

    def wrapped(self, subscription: Subscription, revoked: Revoked) -> Subscription:  # noqa: ARG002 - for others
        """Return what the member reads."""
        return subscription


@attrs.frozen
class MortalSubscriber(WrappingSubscriber):
    """Breaks "what is done is committed on leaving" once its process is dead."""

    life: Lifeline

    def wrapped(self, subscription: Subscription, revoked: Revoked) -> Subscription:  # noqa: ARG002 - for others
        """Wrap."""
        return _Mortal(subscription, self.life)


@attrs.frozen
class _Mortal(Passing):
    life: Lifeline

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        if self.life.dead:
            raise unreachable()
        await self.inner.commit(offsets)


@attrs.frozen
class ScriptedPublisher(MemoryEventPublisher):
    """Breaks the promise to work for whom a test names: each call appends nothing and returns the next of `errors`."""

    errors: deque[IACSGraphError] = attrs.field(factory=deque)

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Return what is queued for all of them, else publish."""
        if self.errors:
            await asyncio.sleep(0)
            return [self.errors.popleft()] * len(messages)
        return await super().publish(messages)


@attrs.frozen
class HastySubscriber(EventSubscriber):
    """Breaks "called before partitions go": it tells so before there are any."""

    inner: EventSubscriber

    @asynccontextmanager
    async def subscribe(
        self, topics: Sequence[str], group_id: str | None, *, start: Start, revoked: Revoked
    ) -> AsyncIterator[Subscription]:
        """Tell, then subscribe."""
        await revoked(frozenset(Partition(topic=topic, number=0) for topic in topics))
        async with self.inner.subscribe(topics, group_id, start=start, revoked=revoked) as subscription:
            yield subscription


@attrs.frozen(kw_only=True)
class Failures:
    """What the next commits raise, and how many messages were received each time."""

    commits: deque[IACSGraphError] = attrs.field(factory=deque)
    received: list[int] = attrs.field(factory=list)


@attrs.frozen
class FailingSubscriber(WrappingSubscriber):
    """Breaks the promise to work: commits of its subscriptions raise what is queued for them."""

    failures: Failures = attrs.field(factory=Failures)

    def wrapped(self, subscription: Subscription, revoked: Revoked) -> Subscription:  # noqa: ARG002 - for others
        """Wrap."""
        return _Failing(subscription, self.failures)


@attrs.frozen
class _Failing(Passing):
    failures: Failures

    async def receive(self, limit: int, wait: timedelta) -> Sequence[Delivery]:
        found = await self.inner.receive(limit, wait)
        if found:
            self.failures.received.append(len(found))
        return found

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        await asyncio.sleep(0)
        if self.failures.commits:
            raise self.failures.commits.popleft()
        await self.inner.commit(offsets)
