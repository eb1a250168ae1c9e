"""Which parts the settings ask for, where they are more than names."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from domain.errors import KafkaConnectionError, KafkaError
from domain.messages import Message, Partition
from modules.runtime.compose import open_event_bus
from modules.runtime.environment import Environment
from modules.runtime.event_bus import EventBus
from modules.runtime.event_settings import BusSettings, KafkaSettings
from modules.runtime.settings_loading import load
from modules.simulator.certificate import SERVER_FILE, issue
from ports.event_subscriber import Start
from tests.kafka.fixtures import Kafka
from tests.modules.simulator.credentials import make_credential


async def test_a_kafka_server_that_says_nothing_is_given_up_long_before_the_call_is() -> None:
    """So that another can be asked. Here there is none, and it is asked again."""
    asked: list[asyncio.StreamWriter] = []

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(writer)

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        settings = BusSettings(kafka=KafkaSettings(bootstrap_servers=(f"{host}:{port}",)))
        async with open_event_bus(settings, None, answer_within=timedelta(seconds=1)) as bus:
            with pytest.raises(KafkaConnectionError):
                await bus.topics.topics()
        assert len(asked) > 1
        for writer in asked:
            writer.close()


def settings_of(**variables: str) -> BusSettings:
    return load(BusSettings, Environment.of(variables))


async def test_kafka_is_shown_the_certificate_that_the_environment_names(tmp_path: Path) -> None:
    """Its key is in a file of its own. Nothing is said here to who has shown it."""
    credential, certificates = make_credential(elliptic=True), issue(tmp_path)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(credential.certificate_pem)
    key.write_bytes(credential.key_pem)
    demanding = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_cert_chain(tmp_path / SERVER_FILE)
    shown: list[int] = []

    async def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown.append(int(writer.get_extra_info("peercert")["serialNumber"], 16))
        writer.transport.abort()

    async with await asyncio.start_server(look, "127.0.0.1", 0, ssl=demanding) as server:
        settings = settings_of(
            KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{server.sockets[0].getsockname()[1]}",
            KAFKA_SECURITY_PROTOCOL="SSL",
            KAFKA_SSL_CA_FILE=str(certificates.ca_file),
            KAFKA_SSL_CERTIFICATE=str(certificate),
            KAFKA_SSL_KEY=str(key),
        )
        async with open_event_bus(settings, None) as bus:
            with pytest.raises(KafkaConnectionError):
                await bus.topics.topics()
    assert set(shown) == {credential.certificate.serial_number}


async def _published(bus: EventBus, topic: str) -> None:
    (outcome,) = await bus.publisher.publish([Message(topic=topic, key=b"key", value=b"value")])
    assert outcome is not None
    raise outcome


async def _created(bus: EventBus, topic: str) -> None:
    await bus.topics.create(topic, partitions=1, retention=None)


async def _subscribed(bus: EventBus, topic: str) -> None:
    async with bus.subscriber.subscribe([topic], None, start=Start.EARLIEST, revoked=_ignored):
        pass


async def _ignored(_: frozenset[Partition]) -> None:
    """Nothing is assigned."""


@pytest.mark.parametrize("making", [_published, _created, _subscribed])
async def test_topics_are_kept_on_as_many_brokers_as_the_environment_says(
    kafka: Kafka, making: Callable[[EventBus, str], Awaitable[None]]
) -> None:
    """Here there is one, too few whoever makes the topic."""
    kafka.requires_real()
    settings = settings_of(KAFKA_BOOTSTRAP_SERVERS=kafka.servers, KAFKA_REPLICATION_FACTOR="2")
    async with open_event_bus(settings, None) as bus:
        with pytest.raises(KafkaError, match="Too few Kafka brokers") as caught:
            await making(bus, f"test.{uuid4()}")
    assert caught.value.transient
