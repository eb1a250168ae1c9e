"""Every way to be somebody to Kafka; and how it is told that one is not, or may not."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import attrs
import pytest

from adapters.kafka.clients import open_client
from adapters.kafka.connection import KafkaConnection
from adapters.kafka.event_publisher import open_kafka_event_publisher
from adapters.kafka.event_subscriber import KafkaEventSubscriber
from adapters.kafka.event_topics import open_kafka_event_topics
from domain.errors import ConfigurationError, IACSGraphError, KafkaConnectionError, PermissionDeniedError
from modules.simulator.certificate import issue
from tests.adapters.kafka.scenes import IMPATIENT, PLAN, SECOND, name, numbered, reading, values
from tests.adapters.kafka.transports import open_transports
from tests.kafka.answering import does_answer, wait_for
from tests.kafka.broker import PATIENCE_SECONDS, Broker
from tests.kafka.configuration import MECHANISMS, PROTOCOLS, USERS
from tests.kafka.fixtures import NewKafka, Prepared
from tests.modules.simulator.credentials import make_credential
from tests.requirements import require

WAYS = [
    ("PLAINTEXT", None),
    ("SSL", None),
    *((protocol, mechanism) for protocol in ("SASL_PLAINTEXT", "SASL_SSL") for mechanism in MECHANISMS),
]
# lee may do nothing; listeners without users are the broker's own, and are trusted.
RIGHTS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:kim;User:ANONYMOUS",
    "connection.failed.authentication.delay.ms": "0",
}


@pytest.fixture(scope="module")
def guarded(new_kafka: NewKafka) -> Broker:
    return new_kafka(protocols=PROTOCOLS, properties=RIGHTS)


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The certificate, and its key in a file of its own."""
    directory, credential = tmp_path_factory.mktemp("own"), make_credential(elliptic=True)
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    certificate.write_bytes(credential.certificate_pem)
    key.write_bytes(credential.key_pem)
    return certificate, key


@pytest.fixture(scope="module")
def demanding(
    prepared_kafka: Prepared, own_certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """Over TLS it answers only who shows that certificate, hence the plain listener is asked whether it is there."""
    installation = prepared_kafka.installation
    require("kafka", available=installation is not None, reason=prepared_kafka.choice.reason)
    assert installation is not None
    properties = {
        "ssl.client.auth": "required",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(own_certificate[0]),
    }
    protocols = ("PLAINTEXT", "SSL")
    broker = Broker(tmp_path_factory.mktemp("kafka"), installation, protocols=protocols, properties=properties)
    broker.start()
    try:
        assert wait_for(partial(answers_in_plain, broker), seconds=PATIENCE_SECONDS)
        yield broker
    finally:
        broker.close()


def answers_in_plain(broker: Broker) -> bool:
    """Tell whether it does, and somebody listens for TLS."""
    host, _, port = broker.address("SSL").partition(":")
    with socket.socket() as probe:
        return does_answer(broker.address("PLAINTEXT")) and probe.connect_ex((host, int(port))) == 0


def way(broker: Broker, protocol: str, mechanism: str | None = None, user: str = "kim") -> KafkaConnection:
    return KafkaConnection(
        servers=(broker.address(protocol),),
        security_protocol=protocol,
        sasl_mechanism=mechanism,
        username=user if mechanism else None,
        password=USERS[user] if mechanism else None,
        ca_file=broker.ca_file if protocol.endswith("SSL") else None,
        answer_within=2 * SECOND,
    )


def members(connection: KafkaConnection) -> KafkaEventSubscriber:
    return KafkaEventSubscriber(connection=connection, plan=PLAN, session_timeout=SECOND, patience=IMPATIENT)


@pytest.mark.parametrize(("protocol", "mechanism"), WAYS)
async def test_messages_go_and_come_in_every_way(guarded: Broker, protocol: str, mechanism: str | None) -> None:
    connection, topic = way(guarded, protocol, mechanism), name()
    async with open_kafka_event_publisher(connection, plan=PLAN) as publisher:
        assert list(await publisher.publish(numbered(topic, range(3)))) == [None] * 3
    async with reading(members(connection), topic, name()) as reader:
        assert values(await reader.take(3)) == [0, 1, 2]


async def outcomes(connection: KafkaConnection, topic: str) -> list[IACSGraphError]:
    """Return how publishing, subscribing and asking fail."""
    async with open_kafka_event_publisher(connection, plan=PLAN, patience=3 * SECOND) as publisher:
        (published,) = await publisher.publish(numbered(topic, range(1)))
    found = [published]
    async with open_kafka_event_topics(connection, patience=3 * SECOND) as topics:
        for asking in (_subscribe(connection, topic), topics.create(topic, partitions=1, retention=None)):
            with pytest.raises(IACSGraphError) as caught:
                await asking
            found.append(caught.value)
    assert None not in found
    return [error for error in found if error is not None]


async def _subscribe(connection: KafkaConnection, topic: str) -> None:
    async with reading(members(connection), topic, name()) as reader:
        await reader.take(1)


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_wrong_password_is_told_by_its_variables_and_shown_nowhere(
    guarded: Broker, mechanism: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = attrs.evolve(way(guarded, "SASL_SSL", mechanism), password="canary-password")
    for error in await outcomes(wrong, name()):
        assert type(error) is ConfigurationError
        assert "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD" in str(error)
        assert "canary-password" not in f"{error} {error.details} {error.__cause__!r}"
    assert "canary-password" not in caplog.text
    assert "aiokafka" in caplog.text


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
async def test_who_is_refused_leaves_no_connection_open(guarded: Broker, protocol: str) -> None:
    """Without waiting for the server's goodbye, which may never come."""
    before = open_transports()
    wrong = attrs.evolve(way(guarded, protocol, "PLAIN"), password="canary-password")
    with pytest.raises(ConfigurationError):
        await open_client(wrong)
    assert open_transports() <= before


async def test_neither_a_right_password_nor_a_message_is_logged(
    guarded: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connection, topic = way(guarded, "SASL_PLAINTEXT", "PLAIN"), name()
    async with open_kafka_event_publisher(connection, plan=PLAN) as publisher:
        assert await publisher.publish(numbered(topic, [1234567890123])) == [None]
    async with reading(members(connection), topic) as reader:
        await reader.take(1)
    assert "Request to" in caplog.text
    assert USERS["kim"] not in caplog.text
    assert "1234567890123" not in caplog.text


async def test_a_server_whose_certificate_is_not_trusted_is_told_by_the_variable(
    guarded: Broker, tmp_path: Path
) -> None:
    stranger = attrs.evolve(way(guarded, "SSL"), ca_file=issue(tmp_path).ca_file)
    for error in await outcomes(stranger, name()):
        assert type(error) is ConfigurationError
        assert "KAFKA_SSL_CA_FILE" in str(error)


async def test_who_shows_the_certificate_that_is_asked_for_is_let_in(
    demanding: Broker, own_certificate: tuple[Path, Path]
) -> None:
    certificate, key = own_certificate
    connection, topic = attrs.evolve(way(demanding, "SSL"), certificate_file=certificate, key_file=key), name()
    async with open_kafka_event_publisher(connection, plan=PLAN) as publisher:
        assert list(await publisher.publish(numbered(topic, range(1)))) == [None]
    async with reading(members(connection), topic, name()) as reader:
        assert values(await reader.take(1)) == [0]
    async with open_kafka_event_topics(connection) as topics:
        assert topic in {each.name for each in await topics.topics()}


@pytest.mark.parametrize("shown", ["none", "another's"])
async def test_who_does_not_show_it_is_told_by_the_variables(demanding: Broker, tmp_path: Path, shown: str) -> None:
    stranger = way(demanding, "SSL")
    if shown != "none":
        file = tmp_path / "other.pem"
        file.write_bytes(make_credential(1, elliptic=True).both_pem)
        stranger = attrs.evolve(stranger, certificate_file=file)
    for error in await outcomes(stranger, name()):
        assert type(error) is ConfigurationError
        assert "KAFKA_SSL_CERTIFICATE, KAFKA_SSL_KEY" in str(error)


@pytest.mark.parametrize(
    ("protocol", "spoken"),
    [("SSL", "PLAINTEXT"), ("PLAINTEXT", "SSL"), ("SASL_SSL", "SSL"), ("PLAINTEXT", "SASL_PLAINTEXT")],
)
async def test_a_wrong_protocol_is_told_in_time(guarded: Broker, protocol: str, spoken: str) -> None:
    """Whether as settings that do not fit, or as a cluster that gives no sensible answer."""
    mechanism = "PLAIN" if spoken.startswith("SASL") else None
    wrong = attrs.evolve(way(guarded, spoken, mechanism), servers=(guarded.address(protocol),), ca_file=guarded.ca_file)
    async with asyncio.timeout(60):
        for error in await outcomes(wrong, name()):
            assert isinstance(error, ConfigurationError | KafkaConnectionError)


@pytest.fixture
async def full(guarded: Broker) -> str:
    """A topic with a message, made by somebody who may."""
    topic = name()
    async with open_kafka_event_publisher(way(guarded, "PLAINTEXT"), plan=PLAN) as publisher:
        await publisher.publish(numbered(topic, range(1)))
    return topic


async def test_what_is_not_allowed_is_told_by_the_name_of_the_topic(guarded: Broker, full: str) -> None:
    for topic in (full, name()):
        for error in await outcomes(way(guarded, "SASL_PLAINTEXT", "PLAIN", "lee"), topic):
            assert type(error) is PermissionDeniedError
            assert topic in str(error)
            assert not error.transient


async def test_a_group_that_may_not_be_looked_at_is_told_by_its_name(guarded: Broker) -> None:
    lee = way(guarded, "SASL_PLAINTEXT", "PLAIN", "lee")
    async with open_kafka_event_topics(lee) as topics:
        with pytest.raises(PermissionDeniedError, match="the group readers"):
            await topics.lag("readers")
        assert await topics.topics() == []
        assert await topics.groups() == []
