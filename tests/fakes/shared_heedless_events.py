"""Parts of the way of events with one protection switched off each, to show that the tests of it would notice."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import attrs

from adapters.sqlite.outbox import SqliteOutbox
from domain.errors import IACSGraphError
from domain.events import EventId
from domain.messages import Delivery, Message, Partition
from ports.clock import Clock
from ports.event_publisher import EventPublisher
from ports.event_subscriber import EventSubscriber, Revoked, Start, Subscription
from ports.outbox import Outbox

_PAUSE = timedelta(milliseconds=100)


@attrs.define
class UnleasedOutbox(SqliteOutbox):
    """Breaks "one relay at a time": everybody gets the claim, and none is kept."""

    async def claim(self, owner: str, now: datetime, lease: timedelta) -> datetime | None:  # noqa: ARG002 - the port's
        """Give it, write nothing."""
        return now + lease


@attrs.frozen(kw_only=True)
class EarlyMarkingPublisher(EventPublisher):
    """Breaks "marked when it is durable": events count as published before they are sent."""

    inner: EventPublisher
    outbox: Outbox
    clock: Clock

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Mark, then publish."""
        ids = [EventId(message.header("ce_id") or "") for message in messages]
        await self.outbox.settle(self.clock.now(), ids, {})
        return await self.inner.publish(messages)


@attrs.frozen(kw_only=True)
class HeedlessPublisher(EventPublisher):
    """Breaks "none is appended if one before it failed": it leaves the first for later and goes on with the others.

    `failed` hears of the first failure.
    """

    inner: EventPublisher
    failed: Callable[[], None]
    clock: Clock

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Publish one by one; once one is left out, the others are tried for as long as it takes."""
        outcomes: list[IACSGraphError | None] = []
        for message in messages:
            (error,) = await self.inner.publish([message])
            while error is not None and error.transient and any(outcomes):
                await self.clock.sleep(_PAUSE)
                (error,) = await self.inner.publish([message])
            if error is not None:
                self.failed()
            outcomes.append(error)
        return outcomes


@attrs.frozen(kw_only=True)
class EarlyCommittingSubscriber(EventSubscriber):
    """Breaks "what is not handled is delivered again": what is delivered is committed."""

    inner: EventSubscriber

    @asynccontextmanager
    async def subscribe(
        self, topics: Sequence[str], group_id: str | None, *, start: Start, revoked: Revoked
    ) -> AsyncIterator[Subscription]:
        """Subscribe."""
        async with self.inner.subscribe(topics, group_id, start=start, revoked=revoked) as subscription:
            yield _EarlyCommitting(subscription)


@attrs.frozen
class _EarlyCommitting(Subscription):
    inner: Subscription

    def assigned(self) -> frozenset[Partition]:
        return self.inner.assigned()

    async def receive(self, limit: int, wait: timedelta) -> Sequence[Delivery]:
        found = await self.inner.receive(limit, wait)
        if found:
            await self.inner.commit({each.partition: each.offset + 1 for each in found})
        return found

    def pause(self, partition: Partition) -> None:
        self.inner.pause(partition)

    def resume(self, partition: Partition) -> None:
        self.inner.resume(partition)

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Nothing: it was committed when it was received."""

    async def positions(self) -> Mapping[Partition, int]:
        return await self.inner.positions()
