"""The log of events in memory, which any number of publishers and subscribers share, as processes share a broker."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from zlib import crc32

import attrs

from adapters.memory.bell import Bell
from adapters.memory.consumer_group import ConsumerGroup, Member
from domain.dead_letters import LARGEST_BYTES, ROOM_BYTES
from domain.errors import IACSGraphError, KafkaConnectionError, MessageRejectedError
from domain.messages import Delivery, Message, Partition
from domain.topics import DEAD_LETTERS, TopicPlan, is_topic_name
from ports.clock import Clock


@attrs.define(kw_only=True)
class LogPartition:
    """What stands in a partition, in order of offset; `end` is the next offset."""

    deliveries: list[Delivery] = attrs.field(factory=list)
    end: int = 0

    @property
    def begin(self) -> int:
        """Return the offset of the first message; of the next one, if there is none."""
        return self.deliveries[0].offset if self.deliveries else self.end

    def read(self, position: int, limit: int) -> list[Delivery]:
        """Return up to `limit` messages from the position on."""
        first = bisect_left(self.deliveries, position, key=lambda delivery: delivery.offset)
        return self.deliveries[first : first + limit]


@attrs.define(kw_only=True)
class LogTopic:
    """Partitions, and for how long they keep messages; messages without a key go round."""

    partitions: list[LogPartition]
    retention: timedelta | None
    turn: int = 0


def _ring(log: "MemoryEventLog", _: object, value: bool) -> bool:  # noqa: FBT001 - as attrs calls it
    log.bell.ring()
    return value


@attrs.define(kw_only=True, eq=False)
class MemoryEventLog:
    """Topics and consumer groups; time, also that of waiting, is the clock's. Members die only by `expel`.

    What a test may set at any time:
        unreachable: every call fails with KafkaConnectionError, also one that waits.
        answers_lost: messages are appended and offsets committed, but the caller gets KafkaConnectionError.
        refusal: why a message is not appended, None if it is.
        reading_error: what entering a subscription and `receive` fail with.
        eager: at each change in a group all members give everything up and take their shares anew, from the commit on.
    """

    clock: Clock
    plan: TopicPlan = attrs.field(factory=TopicPlan)
    largest_bytes: int = LARGEST_BYTES
    grace: timedelta = timedelta(seconds=30)
    unreachable: bool = attrs.field(default=False, on_setattr=_ring)
    answers_lost: bool = False
    refusal: Callable[[Message], IACSGraphError | None] = lambda _: None
    reading_error: IACSGraphError | None = None
    eager: bool = False
    bell: Bell = attrs.field(factory=Bell)
    topics: dict[str, LogTopic] = attrs.field(factory=dict)
    groups: dict[str, ConsumerGroup] = attrs.field(factory=dict)

    def expel(self, group_id: str, member: Member) -> None:
        """Take its partitions from a member without a warning, as happens after a crash or a long pause."""
        self.groups[group_id].leave(member, self.sizes())
        self.bell.ring()

    def skip(self, partition: Partition, offsets: int = 1) -> None:
        """Let the next offsets hold no message, as those of Kafka's transactions do."""
        self.partition(partition).end += offsets
        self.bell.ring()

    def deliveries(self, topic: str) -> Sequence[Delivery]:
        """Return everything that stands in a topic, by partition; nothing if there is no such topic."""
        return [delivery for partition in self.partitions(topic) for delivery in self.partition(partition).deliveries]

    def reach(self) -> None:
        """Raise KafkaConnectionError if a test wants it."""
        if self.unreachable:
            raise unreachable()

    def sizes(self) -> dict[str, int]:
        """Return how many partitions each topic has."""
        return {name: len(topic.partitions) for name, topic in self.topics.items()}

    def create(self, name: str, partitions: int, retention: timedelta | None) -> bool:
        """Create a topic if it does not exist.

        Raises:
            MessageRejectedError: it cannot be as named, or with so many partitions.
        """
        if name in self.topics:
            return False
        if not is_topic_name(name) or partitions < 1:
            msg = f"There can be no topic {name!r} with {partitions} partitions."
            raise MessageRejectedError(msg, details={"topic": name})
        self.topics[name] = LogTopic(partitions=[LogPartition() for _ in range(partitions)], retention=retention)
        return True

    def ensure(self, name: str) -> LogTopic:
        """Return the topic, created as planned if it is missing.

        Raises:
            MessageRejectedError: it cannot be.
        """
        self.create(name, self.plan.partitions_of(name), self.plan.retention_of(name))
        return self.topics[name]

    def partitions(self, topic: str) -> Iterator[Partition]:
        """Return the partitions of a topic, none if it does not exist."""
        return (Partition(topic=topic, number=number) for number in range(self.sizes().get(topic, 0)))

    def partition(self, partition: Partition) -> LogPartition:
        """Return what stands in a partition, without what is too old by now."""
        topic = self.topics[partition.topic]
        found = topic.partitions[partition.number]
        if topic.retention is not None:
            oldest = self.clock.now() - topic.retention
            kept = (place for place, delivery in enumerate(found.deliveries) if delivery.at >= oldest)
            del found.deliveries[: next(kept, len(found.deliveries))]
        return found

    def group(self, group_id: str) -> ConsumerGroup:
        """Return the group, which exists as soon as it is asked for."""
        return self.groups.setdefault(group_id, ConsumerGroup(group_id=group_id))

    def append(self, message: Message) -> IACSGraphError | None:
        """Append a message and wake the readers; return why it is not, or may seem not to be, there."""
        try:
            self.reach()
            refused = self.refusal(message) or self._too_large(message)
            if refused is not None:
                return refused
            topic = self.ensure(message.topic)
        except IACSGraphError as error:
            return error
        number = _number(message.key, topic)
        found = self.partition(Partition(topic=message.topic, number=number))
        delivery = Delivery(
            partition=Partition(topic=message.topic, number=number),
            offset=found.end,
            at=self.clock.now(),
            message=message,
        )
        found.deliveries.append(delivery)
        found.end += 1
        self.bell.ring()
        return unreachable() if self.answers_lost else None

    def _too_large(self, message: Message) -> IACSGraphError | None:
        parts = [message.key or b"", message.value or b"", *(name.encode() + value for name, value in message.headers)]
        size = sum(len(part) for part in parts)
        if size <= self.largest_bytes + (ROOM_BYTES if message.topic.endswith(DEAD_LETTERS) else 0):
            return None
        msg = f"A message of {size} bytes is too large for topic {message.topic!r}."
        return MessageRejectedError(msg, details={"topic": message.topic, "size_bytes": size})


def unreachable() -> KafkaConnectionError:
    """Return the error of every call while a test wants it."""
    return KafkaConnectionError("The log of events in memory cannot be reached.")


def _number(key: bytes | None, topic: LogTopic) -> int:
    if key is not None:
        return crc32(key) % len(topic.partitions)
    topic.turn += 1
    return topic.turn % len(topic.partitions)
