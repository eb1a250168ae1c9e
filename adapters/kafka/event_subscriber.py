"""Events are read from Kafka: as a member of a consumer group, or alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import attrs
from aiokafka import AIOKafkaConsumer

from adapters.kafka.clients import close_consumer, uninterrupted
from adapters.kafka.connection import KafkaConnection, milliseconds
from adapters.kafka.faults import translated
from adapters.kafka.link import open_link
from adapters.kafka.pacing import pace
from adapters.kafka.subscription import KafkaSubscription, Patience
from adapters.kafka.topic_creation import TopicMaker, require_queue
from domain.dead_letters import LARGEST_BYTES
from domain.messages import Partition
from domain.topics import TopicPlan
from ports.event_subscriber import EventSubscriber, Revoked, Start, Subscription

_MARGIN = timedelta(seconds=5)
"""Joining is answered when all members have joined or are given up, hence no later than this after the latter."""


@attrs.frozen(kw_only=True)
class KafkaEventSubscriber(EventSubscriber):
    """Subscriptions with offsets committed by hand only.

    A member that is not heard of for `session_timeout` is dead to the group; the broker bounds it (6 s to 30 min unless
    configured otherwise). `heartbeat` is how often it shows that it lives, and so hears that others come and go; None
    is a third of `session_timeout`. A member whose `receive` is not called for `max_poll_interval` leaves.

    Without a group, partitions that a topic gets later are not read: open a new subscription.
    """

    connection: KafkaConnection
    plan: TopicPlan
    replication: int = -1
    largest: int = LARGEST_BYTES
    session_timeout: timedelta = timedelta(seconds=10)
    heartbeat: timedelta | None = None
    max_poll_interval: timedelta = timedelta(minutes=1)
    patience: Patience = attrs.field(factory=Patience)

    def subscribe(
        self, topics: Sequence[str], group_id: str | None, *, start: Start, revoked: Revoked
    ) -> AbstractAsyncContextManager[Subscription]:
        return self._subscribed(tuple(topics), group_id, start, revoked)

    @asynccontextmanager
    async def _subscribed(
        self, topics: Sequence[str], group_id: str | None, start: Start, revoked: Revoked
    ) -> AsyncIterator[Subscription]:
        if group_id is not None:
            for topic in topics:
                require_queue(topic)
        partitions = await self._ensure(topics)
        with translated(self.connection, group=group_id):
            consumer = AIOKafkaConsumer(**await self._arguments(group_id))
        pace(consumer)
        subscription = KafkaSubscription(
            consumer=consumer,
            connection=self.connection,
            group_id=group_id,
            start=start,
            revoked=revoked,
            patience=self.patience,
        )
        try:
            await subscription.open(partitions)
            yield subscription
        finally:
            await uninterrupted(self._left(subscription, consumer))

    async def _left(self, subscription: KafkaSubscription, consumer: AIOKafkaConsumer) -> None:
        await subscription.close()
        await close_consumer(consumer, self.patience.leaving)

    async def _ensure(self, topics: Sequence[str]) -> list[Partition]:
        """Return the partitions of the topics, which are made where they are missing."""
        found: list[Partition] = []
        maker = TopicMaker(plan=self.plan, replication=self.replication, largest=self.largest)
        deadline = asyncio.get_running_loop().time() + self.patience.opening.total_seconds()
        async with open_link(self.connection) as link:
            for topic in topics:
                with translated(self.connection, topic=topic):
                    async with asyncio.timeout_at(deadline), link.session() as session:
                        await maker.ensure(session, topic)
                        found += [Partition(topic=topic, number=each) for each in await session.partitions(topic)]
        return found

    async def _arguments(self, group_id: str | None) -> dict[str, object]:
        rebalance = self.patience.revoking + self.session_timeout
        return {
            **await self.connection.arguments(),
            "bootstrap_servers": list(self.connection.servers),
            "group_id": group_id,
            "enable_auto_commit": False,
            "auto_offset_reset": Start.EARLIEST.value,
            "isolation_level": "read_committed",
            "session_timeout_ms": milliseconds(self.session_timeout),
            "heartbeat_interval_ms": milliseconds(self.heartbeat or self.session_timeout / 3),
            "rebalance_timeout_ms": milliseconds(rebalance),
            "request_timeout_ms": milliseconds(rebalance + _MARGIN),
            "max_poll_interval_ms": milliseconds(self.max_poll_interval),
            "metadata_max_age_ms": milliseconds(timedelta(minutes=1)),
        }
