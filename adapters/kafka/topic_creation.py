"""Topics that are needed and missing are made by the plan."""

from datetime import timedelta

import aiokafka.errors as foreign
import attrs
from aiokafka.protocol.admin import DescribeConfigsRequest

from adapters.kafka.session import Session
from domain.dead_letters import LARGEST_BYTES, ROOM_BYTES, queue_of
from domain.errors import ConfigurationError, MessageRejectedError
from domain.topics import DEAD_LETTERS, TopicPlan, is_topic_name

_BROKER, _LIMIT = 4, "message.max.bytes"


@attrs.frozen(kw_only=True)
class TopicMaker:
    """Makes topics with so many replicas (-1: as the cluster does by default). `largest` is in bytes.

    Its methods raise what aiokafka raises.
    """

    plan: TopicPlan
    replication: int = -1
    largest: int = LARGEST_BYTES

    async def ensure(self, session: Session, topic: str) -> None:
        """Make the topic if it is missing, and wait until it can be used; the caller bounds the wait."""
        async with session.turn(topic):
            try:
                await session.partitions(topic)
            except foreign.UnknownTopicOrPartitionError:
                await self._make(session, topic)
                await session.until_led(topic)

    async def _make(self, session: Session, topic: str) -> None:
        settings = retention_setting(self.plan.retention_of(topic))
        if topic.endswith(DEAD_LETTERS):
            settings["max.message.bytes"] = str(await self._limit(session) + ROOM_BYTES)
        await session.create(
            topic, partitions=self.plan.partitions_of(topic), replication=self.replication, settings=settings
        )

    async def _limit(self, session: Session) -> int:
        """Return the bytes that a broker takes for a batch; it may not want to tell."""
        node = session.nodes()[0]
        request = DescribeConfigsRequest([(_BROKER, str(node), [_LIMIT])])
        answer = await session.ask(request, node)
        told = [int(value) for _, _, _, _, entries in answer.resources for name, value, *_ in entries if name == _LIMIT]
        return max([self.largest, *told])


def checked_topic(name: str) -> str:
    """Return the name.

    Raises:
        MessageRejectedError: no topic can be called so.
    """
    if not is_topic_name(name):
        raise MessageRejectedError(f"A topic cannot be called {name!r}.", details={"topic": name})
    return name


def require_queue(topic: str) -> None:
    """Refuse a topic that can be, while its dead letter queue cannot.

    Raises:
        ConfigurationError: TOPIC_INVALID.
    """
    if is_topic_name(topic) and not is_topic_name(queue_of(topic)):
        msg = (
            "A topic that a group reads has a name of up to 245 characters: its dead letter queue's is longer by four."
        )
        raise ConfigurationError(msg, error_code="TOPIC_INVALID", details={"topic": topic})


def retention_setting(retention: timedelta | None) -> dict[str, str]:
    """Return the setting of a topic that keeps messages for so long."""
    return {"retention.ms": "-1" if retention is None else str(retention // timedelta(milliseconds=1))}
