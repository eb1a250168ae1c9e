"""Kafka is away, comes back, or stands still: nothing acknowledged is lost, and nobody waits for ever."""

import asyncio
import gc
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count

import attrs
import pytest
from aiokafka.protocol.metadata import MetadataResponse_v1

from adapters.kafka.appending import Trouble, append
from adapters.kafka.batches import outbound
from adapters.kafka.clients import open_client
from adapters.kafka.event_publisher import KafkaEventPublisher
from adapters.kafka.event_topics import open_kafka_event_topics
from adapters.kafka.session import Session
from domain.errors import IACSGraphError, KafkaConnectionError, PartitionLostError
from domain.messages import Message, Partition
from tests.adapters.kafka.scenes import (
    IMPATIENT,
    SECOND,
    all_of,
    connection,
    name,
    numbered,
    publisher,
    reading,
    subscriber,
    until,
    values,
)
from tests.kafka.broker import Broker
from tests.kafka.fixtures import Kafka
from tests.kafka.ports import free_port

SENTENCE = (
    "The Kafka cluster cannot be reached at {}. Check that Kafka is running: docker ps, or systemctl status kafka."
)

METADATA, API_VERSIONS = 3, 18
"""Numbers of requests. Source: https://kafka.apache.org/protocol#protocol_api_keys"""


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    gc.collect()  # a connection that nobody closed warns here, in the test that left it


def nothing_else_runs() -> bool:
    return asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_cluster_that_is_not_there_is_told_in_one_sentence_and_at_once() -> None:
    servers = f"127.0.0.1:{free_port()}"
    async with asyncio.timeout(30):
        async with publisher(servers) as publishing:
            outcomes = await publishing.publish(numbered(name(), range(3)))
        with pytest.raises(KafkaConnectionError) as subscribing:
            async with reading(subscriber(servers), name(), name()):
                pass
        async with open_kafka_event_topics(connection(servers)) as topics:
            with pytest.raises(KafkaConnectionError) as asking:
                await topics.topics()
    for error in (*outcomes, subscribing.value, asking.value):
        assert isinstance(error, KafkaConnectionError)
        assert str(error) == SENTENCE.format(servers)
        assert error.transient
    assert nothing_else_runs()


async def test_a_server_that_accepts_and_says_nothing_is_told_in_time() -> None:
    hurried = attrs.evolve(IMPATIENT, opening=SECOND / 2)
    with socket.create_server(("127.0.0.1", 0)) as server:  # the system accepts for it
        servers = f"127.0.0.1:{server.getsockname()[1]}"
        async with publisher(servers, patience=SECOND / 2) as publishing:
            (outcome,) = await publishing.publish(numbered(name(), range(1)))
        with pytest.raises(KafkaConnectionError):
            async with reading(subscriber(servers, patience=hurried), name(), name()):
                pass
    assert isinstance(outcome, KafkaConnectionError)


async def test_a_server_that_says_nothing_leaves_time_for_another(kafka: Kafka) -> None:
    """Each time somebody connects anew, and whichever is asked first."""
    kafka.requires_short_sessions()
    topic, group = name(), name()
    with socket.create_server(("127.0.0.1", 0)) as server:
        silent = f"127.0.0.1:{server.getsockname()[1]}"
        both = attrs.evolve(connection(silent), servers=(silent, kafka.servers))
        patient = attrs.evolve(IMPATIENT, opening=10 * SECOND)
        source = attrs.evolve(subscriber(silent, patience=patient), connection=both)
        async with asyncio.timeout(60), reading(source, topic, group):
            pass


async def test_a_server_that_says_nothing_once_is_asked_again(kafka: Kafka) -> None:
    """Whoever connects has time for more than one attempt."""
    kafka.requires_short_sessions()
    host, port = kafka.servers.split(":")
    silenced: list[asyncio.StreamWriter] = []

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not silenced:
            silenced.append(writer)
            return
        up, down = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pipe(reader, down), _pipe(up, writer))

    async with await asyncio.start_server(pass_on, "127.0.0.1", 0) as server, asyncio.timeout(60):
        servers = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with publisher(servers) as publishing:
            assert list(await publishing.publish(numbered(name(), range(1)))) == [None]
        silenced.pop().close()
        patient = attrs.evolve(IMPATIENT, opening=10 * SECOND)
        async with reading(subscriber(servers, patience=patient), name(), name()):
            pass
        silenced.pop().close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on everything up to the end, however it comes."""
    with suppress(OSError):
        while part := await reader.read(1000):
            writer.write(part)
    writer.close()


async def test_who_breaks_off_connecting_leaves_no_connection_behind() -> None:
    """Not even to a server that says nothing of the brokers; nor does a program that holds on to the error."""
    asked, closed = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        question = await reader.readexactly(size)
        versions = b"".join(struct.pack(">hhh", key, 0, 0) for key in (METADATA, API_VERSIONS))
        told = question[4:8] + struct.pack(">hi", 0, 2) + versions
        writer.write(struct.pack(">i", len(told)) + told)
        await reader.readexactly(4)
        asked.set()
        while await reader.read(1000):
            pass
        closed.set()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        connecting = asyncio.create_task(open_client(connection(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")))
        async with asyncio.timeout(60):
            await asked.wait()
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError) as held:
                await connecting
            await closed.wait()
        assert held.value is not None


async def test_a_leader_that_the_client_has_not_heard_of_is_found(kafka: Kafka) -> None:
    """As when a broker joined the cluster since the client connected."""
    topic, way = name(), connection(kafka.servers)
    async with publisher(kafka.servers) as publishing:
        await publishing.publish(numbered(topic, range(1)))
    session = Session(way, client := await open_client(way))
    host, port = kafka.servers.split(":")
    client.cluster.update_metadata(MetadataResponse_v1([(77, host, int(port), None)], -1, []))
    async with asyncio.timeout(60):
        for number in (0, 1):
            messages = [outbound(0, each) for each in numbered(topic, [number + 1])]
            await append(session, Partition(topic=topic, number=number), messages, Trouble())
    await session.close()
    assert sorted(values(await all_of(kafka.servers, topic))) == [0, 1, 2]


async def test_nothing_acknowledged_is_lost_when_the_broker_is_killed_and_the_publisher_goes_on(
    own_kafka: Broker,
) -> None:
    """What was tried again within a call is there once; and every message is behind those before it."""
    topic, acknowledged = name(), list[int]()
    stop = asyncio.Event()

    async def have(count: int) -> bool:
        return len(acknowledged) >= count

    async def publish_all() -> None:
        async with publisher(own_kafka.servers) as publishing:
            for first in count(0, 10):
                batch = range(first, first + 10)
                await _until_published(publishing, numbered(topic, batch))
                acknowledged.extend(batch)
                if stop.is_set():
                    return

    publishing = asyncio.create_task(publish_all())
    await until(lambda: have(100))
    await asyncio.to_thread(own_kafka.kill)
    await asyncio.to_thread(own_kafka.start)
    await asyncio.to_thread(own_kafka.wait_until_answering)
    reached = len(acknowledged)
    await until(lambda: have(reached + 100))
    stop.set()
    await publishing
    found = values(await all_of(own_kafka.servers, topic))
    assert list(dict.fromkeys(found)) == acknowledged
    assert nothing_else_runs()


async def test_a_broker_that_stands_still_holds_publishing_up_for_as_long_as_patience_lasts(own_kafka: Broker) -> None:
    """All of the call have the same error; what is published afterwards is appended, behind what may have been."""
    topic, loop = name(), asyncio.get_running_loop()
    async with publisher(own_kafka.servers, patience=1.5 * SECOND) as publishing:
        await publishing.publish(numbered(topic, range(3)))
        began = loop.time()
        own_kafka.pause()  # some of its threads may still run for a moment
        while not any(outcomes := await publishing.publish(numbered(topic, range(3, 6)))):
            began = loop.time()
        assert 1.4 < loop.time() - began < 30
        own_kafka.resume()
        assert {type(each) for each in outcomes} == {KafkaConnectionError}
        await _until_published(publishing, numbered(topic, range(3, 9)))
    found = values(await all_of(own_kafka.servers, topic))
    assert list(dict.fromkeys(found)) == list(range(9))


async def test_closing_is_bounded_while_the_broker_stands_still(own_kafka: Broker) -> None:
    """Also for a message so large that it is still being sent; what was cut off is told as not published."""
    topic, loop = name(), asyncio.get_running_loop()
    large = [each for _ in range(20) for each in numbered(topic, range(10**5, 10**5 + 3000))]
    async with (
        publisher(own_kafka.servers, patience=SECOND) as publishing,
        reading(subscriber(own_kafka.servers), topic, name()) as reader,
    ):
        await publishing.publish(numbered(topic, range(1)))
        await reader.take(1)
        own_kafka.pause()
        outcomes = await publishing.publish(large)
        assert any(outcomes)
        began = loop.time()
    took = loop.time() - began
    own_kafka.resume()
    assert took < 30
    assert nothing_else_runs()


async def test_a_cancelled_call_ends_at_once_while_the_broker_stands_still(own_kafka: Broker) -> None:
    async with publisher(own_kafka.servers) as publishing:
        await publishing.publish(numbered(topic := name(), range(1)))
        own_kafka.pause()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await publishing.publish(numbered(topic, range(1)))
        own_kafka.resume()
        await _until_published(publishing, numbered(topic, range(1)))


async def test_reading_goes_on_through_a_restart(own_kafka: Broker) -> None:
    """In the same subscription, as long as it does not last too long."""
    topic, group = name(), name()
    async with publisher(own_kafka.servers) as publishing:
        await publishing.publish(numbered(topic, range(5)))
        patient = attrs.evolve(IMPATIENT, silence=30 * SECOND)
        async with reading(subscriber(own_kafka.servers, patience=patient), topic, group) as reader:
            first = await reader.take(5)
            await reader.subscription.commit({first[-1].partition: 5})
            await asyncio.to_thread(own_kafka.kill)
            await asyncio.to_thread(own_kafka.start)
            await _until_published(publishing, numbered(topic, range(5, 8)))
            found: list[int] = []
            async with asyncio.timeout(60):
                while 7 not in found:
                    found += values(await reader.subscription.receive(10, SECOND))
    assert list(dict.fromkeys(found)) == [5, 6, 7]  # what was not committed may come again


async def test_a_cluster_that_stays_away_ends_the_subscription_with_an_error_in_time(own_kafka: Broker) -> None:
    topic, group = name(), name()
    async with publisher(own_kafka.servers) as publishing:
        await publishing.publish(numbered(topic, range(1)))
    async with asyncio.timeout(60), reading(subscriber(own_kafka.servers), topic, group) as reader:
        (found,) = await reader.take(1)
        await asyncio.to_thread(own_kafka.kill)
        with pytest.raises(KafkaConnectionError, match="cannot be reached") as caught:
            await reader.take(1)
        assert caught.value.transient
        with pytest.raises(IACSGraphError) as refused:
            await reader.subscription.commit({found.partition: 1})
        assert refused.value.transient or isinstance(refused.value, PartitionLostError)
    assert nothing_else_runs()


async def _until_published(publishing: KafkaEventPublisher, messages: Sequence[Message]) -> None:
    async def published() -> bool:
        return not any(await publishing.publish(messages))

    await until(published)
