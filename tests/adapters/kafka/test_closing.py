"""Whoever leaves does so at once, though the broker stands still: a goodbye, or what was not sent, takes long."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.kafka.connection import KafkaConnection
from adapters.kafka.event_publisher import open_kafka_event_publisher
from domain.messages import Message
from tests.adapters.kafka.scenes import PLAN, SECOND, name, numbered, until
from tests.adapters.kafka.transports import open_transports
from tests.kafka.broker import Broker
from tests.kafka.fixtures import NewKafka

PROTOCOLS = ("PLAINTEXT", "SSL")
BOUND = 20
"""Seconds; TLS itself waits for half a minute for the other's goodbye, and TCP for a quarter of an hour."""

LARGE = 16 * 1024 * 1024
"""Bytes: more than the system takes on behalf of who does not read."""


@pytest.fixture(scope="module")
def kafka_of_the_module(new_kafka: NewKafka) -> Broker:
    return new_kafka(protocols=PROTOCOLS)


def way(broker: Broker, protocol: str) -> KafkaConnection:
    ca_file = broker.ca_file if protocol == "SSL" else None
    return KafkaConnection(
        servers=(broker.address(protocol),), security_protocol=protocol, ca_file=ca_file, answer_within=2 * SECOND
    )


async def test_a_publisher_that_has_nothing_to_send_is_closed_at_once(own_kafka: Broker) -> None:
    """Over TLS, which would say goodbye and wait for the answer."""
    connection, before = way(own_kafka, "SSL"), open_transports()
    async with asyncio.timeout(None) as bound, open_kafka_event_publisher(connection, plan=PLAN) as publishing:
        assert list(await publishing.publish(numbered(name(), range(1)))) == [None]
        own_kafka.pause()
        bound.reschedule(asyncio.get_running_loop().time() + BOUND)
    assert open_transports() <= before


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_publisher_that_is_still_sending_is_closed_at_once(own_kafka: Broker, protocol: str) -> None:
    connection, before, topic = way(own_kafka, protocol), open_transports(), name()
    opening = open_kafka_event_publisher(connection, plan=PLAN, patience=30 * SECOND, largest=LARGE)
    async with asyncio.timeout(None) as bound, opening as publishing:
        assert list(await publishing.publish(numbered(topic, range(1)))) == [None]
        own_kafka.pause()
        large = Message(topic=topic, key=b"key", value=bytes(LARGE - 1000))
        sending = asyncio.create_task(publishing.publish([large]))
        await until(_holding(before))
        bound.reschedule(asyncio.get_running_loop().time() + BOUND)
    sending.cancel()
    await asyncio.wait([sending])
    assert open_transports() <= before


def _holding(others: set[asyncio.Transport]) -> Callable[[], Awaitable[bool]]:
    """Tell of any connection but these whether it holds what the system has not taken yet."""

    async def holding() -> bool:
        return any(each.get_write_buffer_size() for each in open_transports() - others)

    return holding
