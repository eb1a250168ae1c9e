"""The brokers that tests ask for by name; what they promise is told in `tests/kafka/broker.py`."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import attrs
import pytest

from tests.kafka.broker import Broker
from tests.kafka.choosing import VARIABLE, Choice, choose, noida, without_kafka
from tests.kafka.configuration import USERS
from tests.kafka.installation import Installation, Unavailable
from tests.kafka.preparing import prepare
from tests.kafka.shared import Place, Start, kafka_for_all, noida_for_all, shared_broker
from tests.requirements import is_demanded, require


@attrs.frozen(kw_only=True)
class Kafka:
    """A broker that is shared with every other test."""

    place: Place
    choice: Choice

    @property
    def servers(self) -> str:
        """Where everybody may connect: "127.0.0.1:port"."""
        return self.place.servers

    @property
    def ca_file(self) -> Path | None:
        return self.place.ca_file

    def address(self, protocol: str) -> str:
        return self.place.addresses[protocol]

    @property
    def kind(self) -> str:
        return self.choice.kind

    def requires_real(self) -> None:
        """Skip the test if this is the fallback; a broker that was given is believed to be a real one."""
        require("kafka", available=self.kind != "noida", reason=self.choice.reason)

    def requires_short_sessions(self) -> None:
        """Skip the test unless this is Apache Kafka, started here: others let no member be silent for a second only."""
        reason = self.choice.reason or "sessions of a second are refused"
        require("kafka", available=self.kind == "kafka", reason=reason)


class NewKafka(Protocol):
    def __call__(
        self,
        *,
        protocols: Sequence[str] = ("PLAINTEXT",),
        users: Mapping[str, str] = USERS,
        properties: Mapping[str, str] | None = None,
    ) -> Broker: ...


@attrs.frozen(kw_only=True)
class Prepared:
    """The choice once it is known whether Maven gets what it needs."""

    choice: Choice
    installation: Installation | None = None


@pytest.fixture(scope="session")
def prepared_kafka() -> Prepared:
    choice = choose(os.environ, fallback=noida())
    if choice.kind != "kafka":
        return Prepared(choice=choice)
    try:
        return Prepared(choice=choice, installation=prepare())
    except Unavailable as error:
        return Prepared(choice=without_kafka(str(error), fallback=noida()))


@pytest.fixture(scope="session")
def kafka(prepared_kafka: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    choice = prepared_kafka.choice
    good_enough = choice.kind == "kafka" or (choice.kind != "none" and not is_demanded("kafka"))
    require("kafka", available=good_enough, reason=choice.reason)
    if choice.kind == "given":
        yield Kafka(place=Place(addresses={"PLAINTEXT": os.environ[VARIABLE].strip()}), choice=choice)
        return
    with shared_broker(_root_of_all(tmp_path_factory) / "kafka", _start(prepared_kafka)) as place:
        yield Kafka(place=place, choice=choice)


@pytest.fixture(scope="module")
def new_kafka(prepared_kafka: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewKafka]:
    """Makes a broker of the module's own, which answers."""
    installation = prepared_kafka.installation
    require("kafka", available=installation is not None, reason=prepared_kafka.choice.reason)
    assert installation is not None
    with ExitStack() as stack:

        def make(
            *,
            protocols: Sequence[str] = ("PLAINTEXT",),
            users: Mapping[str, str] = USERS,
            properties: Mapping[str, str] | None = None,
        ) -> Broker:
            directory = tmp_path_factory.mktemp("kafka")
            broker = Broker(directory, installation, protocols=protocols, users=users, properties=properties)
            stack.callback(broker.close)
            broker.start()
            broker.wait_until_answering()
            return broker

        yield make


@pytest.fixture(scope="module")
def kafka_of_the_module(new_kafka: NewKafka) -> Broker:
    return new_kafka()


@pytest.fixture
def own_kafka(kafka_of_the_module: Broker) -> Broker:
    """The module's own broker, running and answering again whatever the test before did to it."""
    kafka_of_the_module.start()
    kafka_of_the_module.resume()
    kafka_of_the_module.wait_until_answering()
    return kafka_of_the_module


@pytest.fixture
def secured_kafka(kafka: Kafka) -> Kafka:
    """The shared broker, if it knows the tests' users and has a certificate: if it is Apache Kafka, started here."""
    require("kafka", available=kafka.kind == "kafka", reason=kafka.choice.reason)
    return kafka


def _start(prepared: Prepared) -> Start:
    if prepared.installation is not None:
        return kafka_for_all(prepared.installation)
    program = noida()
    assert program is not None
    return noida_for_all(program)


def _root_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory that all workers of this run know: each has its own, inside of one."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
