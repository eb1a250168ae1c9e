"""The tests' own Apache Kafka: it answers, and it survives what tests do to it."""

import asyncio
import ssl
import uuid

import pytest

from tests.kafka.answering import does_answer
from tests.kafka.broker import Broker
from tests.kafka.clients import admin_of, new_topic, producer_of, read
from tests.kafka.configuration import MECHANISMS, USERS
from tests.kafka.fixtures import Kafka, NewKafka


async def test_what_is_sent_is_read_by_a_group(kafka: Kafka) -> None:
    topic = await new_topic(kafka.servers)
    async with producer_of(kafka.servers) as producer:
        for value in (b"first", b"second"):
            await producer.send_and_wait(topic, value)
    assert await read(kafka.servers, topic, 2) == [b"first", b"second"]


async def test_asking_for_a_topic_does_not_create_it(kafka: Kafka) -> None:
    kafka.requires_real()
    topic = f"never-made-{uuid.uuid4()}"
    async with admin_of(kafka.servers) as admin:
        for _ in range(2):
            (found,) = await admin.describe_topics([topic])
            assert found["error_code"] == 3  # UNKNOWN_TOPIC_OR_PARTITION


async def test_a_broker_keeps_its_address_and_what_it_acknowledged_whatever_happens_to_it(own_kafka: Broker) -> None:
    """One test, because each broker costs seconds: paused, killed, started again, stopped."""
    address = own_kafka.servers
    topic = await new_topic(address)
    async with producer_of(address) as producer:
        await producer.send_and_wait(topic, b"acknowledged")
        own_kafka.pause()
        assert not does_answer(address, seconds=0.3)
        own_kafka.resume()
        own_kafka.wait_until_answering()
        own_kafka.kill()
        assert not own_kafka.is_running
        assert not does_answer(address)
        own_kafka.start()
        await asyncio.to_thread(own_kafka.wait_until_answering)
        await producer.send_and_wait(topic, b"after the restart")
    assert own_kafka.servers == address
    assert await read(address, topic, 2) == [b"acknowledged", b"after the restart"]
    own_kafka.stop()
    assert not own_kafka.is_running
    assert (own_kafka.data / ".kafka_cleanshutdown").exists()  # there was time to put the data in order


def test_the_end_of_the_log_tells_why_a_broker_does_not_start(new_kafka: NewKafka) -> None:
    with pytest.raises(AssertionError, match=r"(?s)log ends with.*num\.io\.threads"):
        new_kafka(properties={"num.io.threads": "none"})


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
async def test_users_sign_in_with_every_mechanism(secured_kafka: Kafka, protocol: str, mechanism: str) -> None:
    user, password = next(iter(USERS.items()))
    options = {
        "security_protocol": protocol,
        "sasl_mechanism": mechanism,
        "sasl_plain_username": user,
        "sasl_plain_password": password,
        "ssl_context": trusting(secured_kafka) if protocol == "SASL_SSL" else None,
    }
    async with admin_of(secured_kafka.address(protocol), **options) as admin:
        assert (await admin.describe_cluster())["cluster_id"]


async def test_tls_without_users_needs_only_the_ca(secured_kafka: Kafka) -> None:
    options = {"security_protocol": "SSL", "ssl_context": trusting(secured_kafka)}
    async with admin_of(secured_kafka.address("SSL"), **options) as admin:
        assert (await admin.describe_cluster())["cluster_id"]


def trusting(kafka: Kafka) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=kafka.ca_file)
