"""Members of a group come, go, die, work slowly, or hold on to what they have."""

import asyncio
import signal
import sys
from datetime import UTC, datetime

import attrs
import pytest
from aiokafka import AIOKafkaProducer

from adapters.kafka.event_topics import open_kafka_event_topics
from domain.errors import PartitionLostError
from domain.messages import Delivery, Message, Partition
from ports.event_subscriber import Start
from tests.adapters.kafka.scenes import (
    IMPATIENT,
    MOMENT,
    SECOND,
    Reader,
    connection,
    name,
    numbered,
    publisher,
    reading,
    subscriber,
    values,
)
from tests.kafka.fixtures import Kafka

CHILD = "tests.adapters.kafka.member"


@pytest.fixture
def servers(kafka: Kafka) -> str:
    kafka.requires_short_sessions()
    return kafka.servers


async def test_handling_for_longer_than_the_poll_interval_keeps_the_partitions_if_receive_is_called(
    servers: str,
) -> None:
    """Everything is paused meanwhile, as a program does whose handlers are slow; commits are taken afterwards."""
    topic, group = name(), name()
    async with publisher(servers) as publishing:
        await publishing.publish(numbered(topic, range(3)))
    async with reading(subscriber(servers, max_poll_interval=SECOND / 2), topic, group) as reader:
        found = await reader.take(3)
        for partition in reader.subscription.assigned():
            reader.subscription.pause(partition)
        end = asyncio.get_running_loop().time() + 1.6
        while asyncio.get_running_loop().time() < end:
            assert not await reader.subscription.receive(10, MOMENT)
        assert not reader.revoked
        await reader.subscription.commit({found[-1].partition: 3})


async def test_a_member_that_does_not_call_receive_leaves_and_comes_back_when_it_does(servers: str) -> None:
    topic, group = name(), name()
    async with publisher(servers) as publishing:
        await publishing.publish(numbered(topic, range(3)))
    async with reading(subscriber(servers, max_poll_interval=SECOND / 2), topic, group) as stuck:
        found = await stuck.take(3)
        async with reading(subscriber(servers), topic, group) as heir:
            await heir.until_it_has(2)
            with pytest.raises(PartitionLostError):
                await stuck.subscription.commit({found[-1].partition: 3})
        assert values(await stuck.take(3)) == [0, 1, 2]


async def test_partitions_of_a_member_that_leaves_go_to_the_others_at_once(servers: str) -> None:
    topic, group = name(), name()
    source = subscriber(servers, session_timeout=30 * SECOND)
    async with reading(source, topic, group) as stays:
        assert len(stays.subscription.assigned()) == 2
        async with reading(source, topic, group) as leaves:
            await stays.until_it_has(1)
            await leaves.until_it_has(1)
        await stays.until_it_has(2)
    assert stays.revoked[0] == {Partition(topic=topic, number=0), Partition(topic=topic, number=1)}


async def test_partitions_of_a_member_that_is_killed_go_to_the_others_within_its_session(servers: str) -> None:
    """What it had not committed is delivered again, what it had is not."""
    topic, group = name(), name()
    async with publisher(servers) as publishing:
        await publishing.publish(numbered(topic, range(10)))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", CHILD, servers, topic, group, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        assert await asyncio.wait_for(child.stdout.readline(), 60) == b"committed 4 of 10\n"
    finally:
        child.send_signal(signal.SIGKILL)
        await child.wait()
    async with reading(subscriber(servers), topic, group) as heir:
        assert values(await heir.take(6)) == [4, 5, 6, 7, 8, 9]


async def test_more_members_than_partitions_leave_some_with_none(servers: str) -> None:
    topic, group = name(), name()
    source = subscriber(servers)
    async with (
        reading(source, topic, group) as one,
        reading(source, topic, group) as two,
        reading(source, topic, group) as three,
    ):
        members = (one, two, three)

        async def receive_all() -> list[int]:
            await asyncio.gather(*(member.subscription.receive(1, MOMENT) for member in members))
            return sorted(len(member.subscription.assigned()) for member in members)

        async with asyncio.timeout(60):
            while await receive_all() != [0, 1, 1]:
                pass


async def test_giving_partitions_back_is_bounded(servers: str) -> None:
    """Who does not finish in time loses them all the same; receive brings nothing meanwhile."""
    topic, group = name(), name()
    async with publisher(servers) as publishing:
        await publishing.publish(numbered(topic, range(3)))
    hurried = subscriber(servers, patience=attrs.evolve(IMPATIENT, revoking=SECOND / 2))
    begun = asyncio.Event()

    async def never(_: frozenset[Partition]) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with hurried.subscribe([topic], group, start=Start.EARLIEST, revoked=never) as holds:
        await Reader(holds).take(3)
        async with asyncio.TaskGroup() as tasks:
            joining = tasks.create_task(_join(servers, topic, group))
            await begun.wait()
            assert await holds.receive(10, MOMENT) == []
            await joining


async def _join(servers: str, topic: str, group: str) -> None:
    async with reading(subscriber(servers), topic, group) as other:
        await other.until_it_has(1)


async def test_nothing_of_a_partition_is_delivered_twice_while_it_stays(servers: str) -> None:
    """Not by pausing, resuming, or asking for one at a time."""
    topic = name()
    async with publisher(servers) as publishing, reading(subscriber(servers), topic, name()) as reader:
        await publishing.publish(numbered(topic, range(20)))
        found: list[Delivery] = []
        while len(found) < 20:
            received = await reader.subscription.receive(3, SECOND)
            found += received
            for delivery in received:
                reader.subscription.pause(delivery.partition)
                reader.subscription.resume(delivery.partition)
    assert values(found) == list(range(20))


async def test_a_stamp_of_time_and_headers_without_a_value_are_read(servers: str) -> None:
    topic = name()
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    async with reading(subscriber(servers), topic) as reader:
        await producer.start()
        headers = [("a", None), ("b", b"1"), ("b", b"2")]
        await producer.send_and_wait(topic, b"7", timestamp_ms=1_700_000_000_123, headers=headers)
        await producer.stop()
        (found,) = await reader.take(1)
    assert found.at == datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)
    assert found.message.headers == (("a", b""), ("b", b"1"), ("b", b"2"))


async def test_what_a_transaction_took_back_is_not_delivered_and_does_not_stop_positions(servers: str) -> None:
    topic = name()
    async with reading(subscriber(servers), topic) as reader:
        producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=name())
        await producer.start()
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"1", partition=0)
        await producer.abort_transaction()
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"2", partition=0)
        await producer.commit_transaction()
        await producer.stop()
        assert values(await reader.take(1)) == [2]
        await _until_at_the_ends(servers, topic, reader)


async def test_ends_are_where_reading_comes_to_while_somebody_elses_transaction_is_open(servers: str) -> None:
    """Who reads up to the end must not wait for somebody else's commit."""
    topic = name()
    async with reading(subscriber(servers), topic) as reader, publisher(servers) as publishing:
        await publishing.publish([Message(topic=topic, key=b"key", value=b"1")])
        producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=name())
        await producer.start()
        await producer.begin_transaction()
        for number in (0, 1):
            await producer.send_and_wait(topic, b"2", partition=number)
        assert values(await reader.take(1)) == [1]
        await _until_at_the_ends(servers, topic, reader)
        await producer.commit_transaction()
        await producer.stop()
        assert values(await reader.take(2)) == [2, 2]
        await _until_at_the_ends(servers, topic, reader)


async def _until_at_the_ends(servers: str, topic: str, reader: Reader) -> None:
    """Read on, beyond where no messages are, up to what was the end when this began."""
    async with open_kafka_event_topics(connection(servers)) as topics:
        ends = await topics.ends([topic])
    async with asyncio.timeout(60):
        while await reader.subscription.positions() != ends:
            assert not await reader.subscription.receive(1, MOMENT)
