"""Parts of the way of events with one protection switched off each, to show that the tests of it would notice."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from adapters.sqlite.outbox import SqliteOutbox
from domain.errors import IACSGraphError
from domain.events import EventId
from domain.messages import Delivery, Message, Partition
from ports.clock import Clock
from ports.event_publisher import EventPublisher
from ports.event_subscriber import Revoked, Subscription
from ports.outbox import Outbox
from tests.fakes.event_path import Passing, WrappingSubscriber

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


@attrs.frozen
class EarlyCommittingSubscriber(WrappingSubscriber):
    """Breaks "what is not handled is delivered again": what is delivered is committed."""

    def wrapped(self, subscription: Subscription, revoked: Revoked) -> Subscription:  # noqa: ARG002 - for others
        """Wrap."""
        return _EarlyCommitting(subscription)


@attrs.frozen
class _EarlyCommitting(Passing):
    async def receive(self, limit: int, wait: timedelta) -> Sequence[Delivery]:
        found = await self.inner.receive(limit, wait)
        if found:
            await self.inner.commit({each.partition: each.offset + 1 for each in found})
        return found

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Nothing: it was committed when it was received."""
