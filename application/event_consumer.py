"""Consumes events: in order within a partition, partitions at once, each message until it is handled or put aside."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs

from application.background import running, unless_stopped
from application.handling import Handler, Handling
from application.partition_work import ConsumerTimes, PartitionWork
from domain.errors import IACSGraphError
from domain.retrying import RECONNECTING, RetryPolicy, is_hopeless
from ports.clock import Clock
from ports.event_codec import EventCodec
from ports.event_publisher import EventPublisher
from ports.event_subscriber import EventSubscriber, Start
from ports.identifiers import Identifiers
from ports.messaging_log import MessagingLog

ACTIVITY = "consuming"
_LEAVING = timedelta(seconds=30)


@attrs.frozen(kw_only=True)
class EventConsumer:
    """Opens subscriptions whose events go to handlers."""

    subscriber: EventSubscriber
    publisher: EventPublisher
    codec: EventCodec
    clock: Clock
    identifiers: Identifiers
    log: MessagingLog
    policy: RetryPolicy = attrs.field(factory=RetryPolicy)
    times: ConsumerTimes = attrs.field(factory=ConsumerTimes)
    batch: int = 500

    @asynccontextmanager
    async def subscribe(
        self, topic: str | Sequence[str], callback: Handler, group_id: str, *, start: Start = Start.EARLIEST
    ) -> AsyncIterator[None]:
        """Consume beside the body, as one member of the group. Leaving lets handlers finish within `grace`.

        A log that cannot be reached is waited for, also at the beginning.

        Raises: in the body's place,
            PermissionDeniedError, ConfigurationError: the log may not be read.
            DatabaseError: the store failed for good.
            IACSGraphError: what a handler raised, if an operator must act first (`domain.retrying.verdict`).
        """
        handling = Handling(
            group_id=group_id,
            handler=callback,
            publisher=self.publisher,
            codec=self.codec,
            clock=self.clock,
            identifiers=self.identifiers,
            log=self.log,
            policy=self.policy,
        )
        member = _Member(
            consumer=self, topics=(topic,) if isinstance(topic, str) else tuple(topic), handling=handling, start=start
        )
        async with running(member.run, self.clock, bound=self.times.grace + _LEAVING):
            yield


@attrs.define(kw_only=True)
class _Member:
    """One member of a group, over any number of subscriptions: one that fails for a while is opened anew."""

    consumer: EventConsumer
    topics: Sequence[str]
    handling: Handling
    start: Start
    failures: int = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until told to stop.

        Raises: as `EventConsumer.subscribe`.
        """
        consumer = self.consumer
        while not stopping.is_set():
            try:
                await self._consume(stopping)
            except IACSGraphError as error:
                if is_hopeless(error):
                    raise
                self.failures += 1
                delay = RECONNECTING.backoff(self.failures, consumer.identifiers.fraction(), error.retry_after)
                consumer.log.interrupted(ACTIVITY, error, delay)
                await unless_stopped(stopping, consumer.clock.sleep(delay))

    async def _consume(self, stopping: asyncio.Event) -> None:
        consumer = self.consumer
        work = PartitionWork(
            handling=self.handling,
            clock=consumer.clock,
            times=consumer.times,
            limit=consumer.batch,
            received=self._received,
        )
        async with consumer.subscriber.subscribe(
            self.topics, self.handling.group_id, start=self.start, revoked=work.revoked
        ) as subscription:
            await work.consume(subscription, stopping)

    def _received(self) -> None:
        if self.failures:
            self.consumer.log.resumed(ACTIVITY)
            self.failures = 0
