"""Topics and sizes, as Kafka has them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from adapters.kafka.event_publisher import open_kafka_event_publisher
from adapters.kafka.event_topics import open_kafka_event_topics
from domain.dead_letters import ROOM_BYTES, queue_of
from domain.errors import KafkaError, MessageRejectedError
from domain.messages import Message, Partition
from domain.topics import TopicPlan
from tests.adapters.kafka.scenes import (
    SECOND,
    all_of,
    connection,
    name,
    numbered,
    publisher,
    reading,
    subscriber,
    until,
)
from tests.kafka.fixtures import Kafka

BROKERS_LIMIT = 1048588
"""message.max.bytes, by default."""


@asynccontextmanager
async def administering(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    yield admin
    await admin.close()


async def setting(kafka: Kafka, topic: str, key: str) -> str:
    async with administering(kafka) as admin:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {key: ""})])
    return next(str(value) for known, value, *_ in answer.resources[0][4] if known == key)


async def delete(kafka: Kafka, topic: str) -> None:
    """Delete the topic; return when it is gone."""
    async with administering(kafka) as admin:
        await admin.delete_topics([topic])

        async def gone() -> bool:
            return topic not in await admin.list_topics()

        await until(gone)


async def create(kafka: Kafka, topic: str, settings: dict[str, str]) -> None:
    async with administering(kafka) as admin:
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=settings)])


async def test_missing_topics_are_made_by_the_plan(kafka: Kafka) -> None:
    """Also by those who read them."""
    kafka.requires_real()
    written, read = name(), name()
    plan = TopicPlan(partitions=3, retention=timedelta(hours=1), dead_letter_retention=None)
    async with open_kafka_event_publisher(connection(kafka.servers), plan=plan) as publishing:
        await publishing.publish([*numbered(written, range(1)), *numbered(queue_of(written), range(1))])
    async with reading(subscriber(kafka.servers), read):
        pass
    async with open_kafka_event_topics(connection(kafka.servers)) as topics:
        found = {each.name: (each.partitions, each.retention) for each in await topics.topics()}
    assert found[written] == (3, timedelta(hours=1))
    assert found[queue_of(written)] == (1, None)
    assert found[read] == (2, timedelta(days=7))


async def test_a_dead_letter_of_the_largest_message_fits(kafka: Kafka) -> None:
    kafka.requires_real()
    topic = name()
    value = b"x" * (BROKERS_LIMIT - 100)
    headers = tuple((f"header {number}", b"y" * 1000) for number in range(60))
    async with publisher(kafka.servers) as publishing:
        found = await publishing.publish(
            [
                Message(topic=topic, key=b"key", value=value),
                Message(topic=topic, key=b"key", value=value, headers=headers),
                Message(topic=queue_of(topic), key=b"key", value=value, headers=headers),
            ]
        )
    assert [type(each) for each in found] == [type(None), MessageRejectedError, type(None)]
    assert await setting(kafka, queue_of(topic), "max.message.bytes") == str(BROKERS_LIMIT + ROOM_BYTES)
    (letter,) = await all_of(kafka.servers, queue_of(topic))
    assert letter.message.value == value


async def test_a_batch_that_is_too_large_for_its_topic_is_divided(kafka: Kafka) -> None:
    """Only the message that is too large alone is rejected; the others keep their order."""
    kafka.requires_real()
    topic = name()
    await create(kafka, topic, {"max.message.bytes": "3000"})
    sizes = [10, 2000, 10, 1500, 9000, 1500, 10, 2500]
    messages = [
        Message(topic=topic, key=b"key", value=b"%d" % at, headers=(("fill", b"x" * size),))
        for at, size in enumerate(sizes)
    ]
    async with publisher(kafka.servers) as publishing:
        found = await publishing.publish(messages)
        assert [at for at, each in enumerate(found) if each is not None] == [4]
        assert isinstance(found[4], MessageRejectedError)
        assert list(await publishing.publish(messages[:1])) == [None]
    values = [each.message.value for each in await all_of(kafka.servers, topic)]
    assert values == [b"0", b"1", b"2", b"3", b"5", b"6", b"7", b"0"]


async def test_a_message_without_a_key_for_a_topic_that_needs_one_is_rejected(kafka: Kafka) -> None:
    kafka.requires_real()
    topic = name()
    await create(kafka, topic, {"cleanup.policy": "compact"})
    nameless = Message(topic=topic, key=None, value=b"value")
    async with publisher(kafka.servers) as publishing:
        found = await publishing.publish([*numbered(topic, [1]), nameless, *numbered(topic, [2])])
    assert [type(each) for each in found] == [type(None), MessageRejectedError, type(None)]


async def test_a_topic_that_was_deleted_meanwhile_is_made_again(kafka: Kafka) -> None:
    kafka.requires_real()
    topic = name()
    async with publisher(kafka.servers) as publishing:
        assert list(await publishing.publish(numbered(topic, range(3)))) == [None] * 3
        await delete(kafka, topic)
        assert list(await publishing.publish(numbered(topic, range(3)))) == [None] * 3
        assert list(await publishing.publish(numbered(topic, range(3)))) == [None] * 3
    assert len(await all_of(kafka.servers, topic)) == 6


async def test_a_topic_for_whose_copies_there_are_too_few_brokers_may_be_made_later(kafka: Kafka) -> None:
    kafka.requires_real()
    way = connection(kafka.servers)
    async with open_kafka_event_publisher(way, plan=TopicPlan(), replication=3, patience=5 * SECOND) as publishing:
        (found,) = await publishing.publish(numbered(name(), range(1)))
    assert type(found) is KafkaError
    assert found.transient


async def test_partitions_that_were_added_are_read_by_new_subscriptions(kafka: Kafka) -> None:
    """One without a group reads what there was when it began."""
    kafka.requires_real()
    topic = name()
    async with open_kafka_event_topics(connection(kafka.servers)) as topics:
        await topics.create(topic, partitions=1, retention=None)
        async with reading(subscriber(kafka.servers), topic) as alone:
            await _widen(kafka, topic, 2)

            async def widened() -> bool:
                return len(await topics.ends([topic])) == 2

            await until(widened)
            assert alone.subscription.assigned() == {Partition(topic=topic, number=0)}
    async with reading(subscriber(kafka.servers), topic) as again:
        assert len(again.subscription.assigned()) == 2


async def _widen(kafka: Kafka, topic: str, partitions: int) -> None:
    async with administering(kafka) as admin:
        await admin.create_partitions({topic: NewPartitions(partitions)})
