"""Events are published to Kafka: in order for each key, at least once, and without a wait that has no end."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import aiokafka.errors as foreign
import attrs

from adapters.kafka.appending import BatchRefusedError, StaleSessionError, Trouble, append
from adapters.kafka.batches import Outbound, batched, outbound, partition_for
from adapters.kafka.connection import KafkaConnection
from adapters.kafka.faults import fault, translated
from adapters.kafka.link import KafkaLink, open_link
from adapters.kafka.session import BACKOFF
from adapters.kafka.topic_creation import TopicMaker
from domain.dead_letters import LARGEST_BYTES
from domain.errors import IACSGraphError, MessageRejectedError
from domain.messages import Message, Partition
from domain.topics import TopicPlan
from ports.event_publisher import EventPublisher

PATIENCE = timedelta(seconds=10)
"""Shorter than a relay counts on, so that its claim outlasts a call."""

Outcome = IACSGraphError | None


@asynccontextmanager
async def open_kafka_event_publisher(
    connection: KafkaConnection,
    *,
    plan: TopicPlan,
    replication: int = -1,
    patience: timedelta = PATIENCE,
    largest: int = LARGEST_BYTES,
) -> AsyncIterator["KafkaEventPublisher"]:
    """Open the publisher; Kafka need not be there yet. `largest` bounds a batch, in bytes.

    Raises: nothing.
    """
    maker = TopicMaker(plan=plan, replication=replication, largest=largest)
    async with open_link(connection) as link:
        yield KafkaEventPublisher(link=link, maker=maker, patience=patience)


@attrs.frozen(kw_only=True)
class KafkaEventPublisher(EventPublisher):
    """One batch of a partition at a time, the next only once it is appended: so none overtakes one that failed."""

    _link: KafkaLink
    _maker: TopicMaker
    _patience: timedelta

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        outcomes: list[Outcome] = [None] * len(messages)
        topics: dict[str, list[Outbound]] = defaultdict(list)
        for index, message in enumerate(messages):
            try:
                topics[message.topic].append(outbound(index, message))
            except MessageRejectedError as error:
                outcomes[index] = error
        deadline = asyncio.get_running_loop().time() + self._patience.total_seconds()
        async with asyncio.TaskGroup() as tasks:
            for topic, items in topics.items():
                tasks.create_task(self._publish_topic(topic, items, outcomes, deadline))
        return outcomes

    async def _publish_topic(
        self, topic: str, items: Sequence[Outbound], outcomes: list[Outcome], deadline: float
    ) -> None:
        try:
            with translated(self._link.connection, topic=topic):
                async with asyncio.timeout_at(deadline):
                    parted = await self._parted(topic, items)
        except IACSGraphError as error:
            _settle(items, error, outcomes)
            return
        async with asyncio.TaskGroup() as tasks:
            for partition, its in parted.items():
                tasks.create_task(self._publish_partition(partition, its, outcomes, deadline))

    async def _parted(self, topic: str, items: Sequence[Outbound]) -> dict[Partition, list[Outbound]]:
        """Return which message goes where; those without a key all go to one partition, where they cost least."""
        numbers = await self._located(topic)
        led = [number for number, leader in numbers.items() if leader >= 0]
        of_keys = {key: partition_for(key, list(numbers), led) for key in {each.message.key for each in items}}
        parted: dict[int, list[Outbound]] = defaultdict(list)
        for each in items:
            parted[of_keys[each.message.key]].append(each)
        return {Partition(topic=topic, number=number): its for number, its in parted.items()}

    async def _located(self, topic: str) -> Mapping[int, int]:
        while True:
            async with self._link.session() as session:
                try:
                    await self._maker.ensure(session, topic)
                    return await session.partitions(topic)
                except foreign.KafkaError as error:
                    if not (session.stale and error.retriable):  # retired by another task
                        raise

    async def _publish_partition(
        self, partition: Partition, items: Sequence[Outbound], outcomes: list[Outcome], deadline: float
    ) -> None:
        waiting = batched(items, self._maker.largest)[::-1]
        while waiting:
            batch = waiting.pop()
            try:
                await self._append(partition, batch, deadline)
            except BatchRefusedError:
                if len(batch) > 1:
                    half = len(batch) // 2
                    waiting += [batch[half:], batch[:half]]
                else:
                    _settle(batch, _refused(partition.topic), outcomes)
            except IACSGraphError as error:
                _settle([each for some in (batch, *waiting[::-1]) for each in some], error, outcomes)
                return

    async def _append(self, partition: Partition, batch: Sequence[Outbound], deadline: float) -> None:
        """Append the batch, in another session if one goes stale meanwhile.

        Raises:
            BatchRefusedError: one of its messages cannot be taken.
            IACSGraphError: it was not appended, as far as is known.
        """
        trouble = Trouble()
        try:
            async with asyncio.timeout_at(deadline):
                while not await self._appended(partition, batch, trouble):
                    pass
        except BatchRefusedError:
            raise
        except TimeoutError as error:
            raise fault(trouble.last or error, self._link.connection, topic=partition.topic) from error
        except Exception as error:  # aiokafka's own defects are foreign, too
            raise fault(error, self._link.connection, topic=partition.topic) from error

    async def _appended(self, partition: Partition, batch: Sequence[Outbound], trouble: Trouble) -> bool:
        """Append the batch; False if that must be tried anew."""
        async with self._link.session() as session:
            try:
                await append(session, partition, batch, trouble)
            except StaleSessionError:
                return False
            except foreign.UnknownTopicOrPartitionError:
                session.forget(partition.topic)
                await self._maker.ensure(session, partition.topic)
                await asyncio.sleep(BACKOFF)  # the leader may learn of the topic later than others
                return False
            return True


def _settle(items: Sequence[Outbound], error: IACSGraphError, outcomes: list[Outcome]) -> None:
    for each in items:
        outcomes[each.index] = error


def _refused(topic: str) -> MessageRejectedError:
    return MessageRejectedError(
        f"Kafka does not take the message in the topic {topic}: it is too large, or the topic needs a key.",
        details={"topic": topic},
    )
