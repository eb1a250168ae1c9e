"""One member's reading, on a consumer of aiokafka.

The consumer is asked only for what it has at hand, so that nothing is taken while partitions change hands, and waiting
is done here: its own waits have no end while the cluster is away.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import aiokafka.errors as foreign
import attrs
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener

from adapters.kafka.clients import answers, check, diagnosis, ended, show_life, start_consumer, waiter_of
from adapters.kafka.connection import KafkaConnection
from adapters.kafka.faults import fault, translated
from domain.errors import IACSGraphError, KafkaConnectionError, KafkaConsumerError, MessagingError, PartitionLostError
from domain.messages import Delivery, Message, Partition
from ports.event_subscriber import Revoked, Start, Subscription

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK = 0.5
"""Seconds after which a wait looks whether the reading goes on at all."""

_QUESTIONS = 3
"""How often in a row the cluster must leave a question unanswered before it is taken for gone."""

_LEAST = 2.0
"""Seconds for an answer: it comes behind that to the reading under way, half a second where there is nothing."""


@attrs.frozen(kw_only=True)
class Patience:
    """How long what is waited for. `revoking`: what a member is given to finish before its partitions go elsewhere.

    `silence`, `sharing`: how long the whole cluster does not answer, and the group does not share out its partitions,
    until the subscription is given up.
    """

    opening: timedelta = timedelta(seconds=20)
    joining: timedelta = timedelta(seconds=10)
    committing: timedelta = timedelta(seconds=10)
    revoking: timedelta = timedelta(seconds=30)
    silence: timedelta = timedelta(seconds=30)
    sharing: timedelta = timedelta(minutes=3)
    leaving: timedelta = timedelta(seconds=5)


def _now() -> float:
    return asyncio.get_running_loop().time()


@attrs.define(eq=False, kw_only=True)
class KafkaSubscription(Subscription):
    """See the port. `_assigned` is None while the group shares out its partitions, `_giving` until they are let go."""

    consumer: AIOKafkaConsumer
    connection: KafkaConnection
    group_id: str | None
    start: Start
    revoked: Revoked
    patience: Patience
    _assigned: frozenset[Partition] | None = None
    _giving: bool = False
    _shared: float = attrs.field(factory=_now)
    _leaving: bool = False
    _failure: IACSGraphError | None = None
    _waiter: "asyncio.Future[None] | None" = None
    _watch: "asyncio.Task[None] | None" = None

    async def open(self, partitions: Collection[Partition]) -> None:
        """Connect, and join the group; it may take longer than this waits until partitions are assigned.

        Raises: as entering a subscription.
        """
        try:
            with translated(self.connection, group=self.group_id):
                async with asyncio.timeout(self.patience.opening.total_seconds()):
                    await self._begin(partitions)
        except KafkaConnectionError as error:
            raise await diagnosis(self.connection) from error
        self._watch = asyncio.create_task(self._watched())
        deadline = _now() + self.patience.joining.total_seconds()
        while self._assigned is None and _now() < deadline:
            self._check()
            await self._news(deadline - _now())

    async def _begin(self, partitions: Collection[Partition]) -> None:
        await start_consumer(self.consumer, self.connection)
        if self.group_id is None:
            await self._take_all(partitions)
        else:
            topics = sorted({each.topic for each in partitions})
            self.consumer.subscribe(topics=topics, listener=_Listener(self))

    async def close(self) -> None:
        """End the watch; raises nothing."""
        self._leaving = True
        if self._watch is not None:
            await ended([self._watch])

    def assigned(self) -> frozenset[Partition]:
        return self._assigned or frozenset()

    async def receive(self, limit: int, wait: timedelta) -> Sequence[Delivery]:
        deadline = _now() + wait.total_seconds()
        while True:
            self._check()
            show_life(self.consumer)
            if self._assigned and not self._giving:
                with translated(self.connection, group=self.group_id):
                    records = await self.consumer.getmany(timeout_ms=0, max_records=limit)  # never waits
                if records:
                    return [_delivery(record) for some in records.values() for record in some]
            remaining = deadline - _now()
            if remaining <= 0:
                return []
            await self._news(remaining)

    def pause(self, partition: Partition) -> None:
        with suppress(foreign.IllegalStateError):
            self.consumer.pause(_foreign(partition))

    def resume(self, partition: Partition) -> None:
        with suppress(foreign.IllegalStateError):
            self.consumer.resume(_foreign(partition))
            self._notify()

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        if self.group_id is None:
            raise MessagingError("A subscription without a group commits nothing.")
        if not offsets:
            return
        if self._leaving or not self.assigned() >= offsets.keys():
            raise PartitionLostError(f"The partition belongs to another member of the group {self.group_id} by now.")
        with translated(self.connection, group=self.group_id):
            async with asyncio.timeout(self.patience.committing.total_seconds()):
                await self.consumer.commit({_foreign(each): offset for each, offset in offsets.items()})

    async def positions(self) -> Mapping[Partition, int]:
        found: dict[Partition, int] = {}
        with translated(self.connection, group=self.group_id):
            async with asyncio.timeout(self.patience.committing.total_seconds()):
                for each in self.assigned():
                    with suppress(foreign.IllegalStateError):  # it went to another member meanwhile
                        found[each] = await self.consumer.position(_foreign(each))
        return found

    async def give_back(self, partitions: Iterable[TopicPartition]) -> None:
        """Let the holder finish with the partitions, which are to go elsewhere."""
        given = frozenset(map(_ours, partitions))
        self._giving = True
        try:
            if given and not self._leaving:
                async with asyncio.timeout(self.patience.revoking.total_seconds()):
                    await self.revoked(given)
        except TimeoutError:
            pass  # they go all the same; what was not committed is delivered to the next holder
        finally:
            self._assigned, self._giving, self._shared = None, False, _now()

    async def take(self, partitions: Iterable[TopicPartition]) -> None:
        """Begin with the partitions; where nothing is committed, at the end if so asked."""
        taken = list(partitions)
        try:
            if self.start is Start.LATEST:
                async with asyncio.timeout(self.patience.committing.total_seconds() / 2):
                    await self._skip([each for each in taken if await self.consumer.committed(each) is None])
        except Exception as error:  # noqa: BLE001 - whatever it is: it would begin at the beginning
            self._failure = fault(error, self.connection, group=self.group_id)
        self._assigned = frozenset(map(_ours, taken))
        self._notify()

    async def _take_all(self, partitions: Collection[Partition]) -> None:
        every = list(map(_foreign, partitions))
        self.consumer.assign(every)
        if self.start is Start.LATEST:
            await self._skip(every)
        self._assigned = frozenset(partitions)

    async def _skip(self, partitions: Sequence[TopicPartition]) -> None:
        """Begin at the end, and have the group remember it."""
        if not partitions:
            return
        ends = await self.consumer.end_offsets(partitions)
        for each, end in ends.items():
            self.consumer.seek(each, end)
        if self.group_id is not None:
            await self.consumer.commit(ends)

    def _check(self) -> None:
        """Raise what happened behind the caller's back."""
        if self._failure is not None:
            raise self._failure
        with translated(self.connection, group=self.group_id):
            check(self.consumer)
        if self._assigned is None and _now() - self._shared > self.patience.sharing.total_seconds():
            raise KafkaConsumerError("The group does not get to share out its partitions.", transient=True)

    async def _news(self, seconds: float) -> None:
        """Wait for messages, partitions or a failure, and no longer than a look takes."""
        waiter = self._waiter = waiter_of(self.consumer)
        try:
            await asyncio.wait([waiter], timeout=min(seconds, _LOOK))
        finally:
            self._waiter = None
            if not waiter.cancel() and not waiter.cancelled():
                waiter.exception()  # it is raised by the next look

    def _notify(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _watched(self) -> None:
        """Ask the cluster now and then whether it is there; give the subscription up when it is silent for long."""
        silence = self.patience.silence.total_seconds()
        heard, asked = _now(), 0
        while asked < _QUESTIONS or _now() - heard < silence:
            await asyncio.sleep(silence / _QUESTIONS / 2)
            if await answers(self.consumer, max(silence / _QUESTIONS / 2, _LEAST)):
                heard, asked = _now(), 0
            else:
                asked += 1
        self._failure = await diagnosis(self.connection)
        self._notify()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Hears of partitions that come and go."""

    def __init__(self, subscription: KafkaSubscription) -> None:
        self._subscription = subscription

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._subscription.give_back(revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._subscription.take(assigned)


def _delivery(record: ConsumerRecord) -> Delivery:
    return Delivery(
        partition=Partition(topic=record.topic, number=record.partition),
        offset=record.offset,
        at=_EPOCH + timedelta(milliseconds=max(0, record.timestamp)),
        message=Message(
            topic=record.topic,
            key=record.key,
            value=record.value,
            headers=tuple((name, value or b"") for name, value in record.headers),
        ),
    )


def _ours(partition: TopicPartition) -> Partition:
    return Partition(topic=partition.topic, number=partition.partition)


def _foreign(partition: Partition) -> TopicPartition:
    return TopicPartition(partition.topic, partition.number)
