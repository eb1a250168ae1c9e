"""Which broker the tests get, and how the machine's owner is told."""

import re
from pathlib import Path

import pytest

from tests.kafka.choosing import VARIABLE, Choice, choose
from tests.kafka.fixtures import Kafka
from tests.kafka.installation import POM, Unavailable, find_installation, kafka_version
from tests.kafka.shared import Place
from tests.requirements import VARIABLE as DEMAND

FALLBACK = Path("noida-db")


@pytest.fixture
def empty_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where programs are looked for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def add_java(path: Path, version: str) -> None:
    """Put one there that says its version, as every Java does."""
    java = path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"""#!/bin/sh\necho 'openjdk version "{version}" 2025-01-21' >&2\n""")
    java.chmod(0o755)


def add_program(path: Path, name: str) -> None:
    (path / name).touch(mode=0o755)


def test_a_broker_that_is_named_goes_before_all_others() -> None:
    choice = choose({VARIABLE: " broker.example:9092 "}, fallback=FALLBACK)
    assert choice.header == "kafka: broker.example:9092 from IACSGRAPH_TEST_KAFKA"
    assert choice.kind == "given"


def test_apache_kafka_is_used_where_java_and_maven_are(empty_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_java(empty_path, "21.0.2")
    add_program(empty_path, "mvn")
    monkeypatch.setenv("PATH", f"{empty_path}:{empty_path / 'bin'}:/bin:/usr/bin")
    choice = choose({}, fallback=FALLBACK)
    assert choice.kind == "kafka"
    assert re.fullmatch(rf"kafka: Apache Kafka {re.escape(kafka_version())} \(Maven(, .*)?\)", choice.header)


@pytest.mark.usefixtures("empty_path")
def test_without_java_there_is_the_fallback() -> None:
    assert choose({}, fallback=FALLBACK).header == "kafka: noida-db (there is no Java)"


@pytest.mark.usefixtures("empty_path")
def test_without_java_and_fallback_there_is_none() -> None:
    assert choose({}, fallback=None).header == "kafka: none (there is no Java, nor noida-db)"


@pytest.mark.parametrize("version", ["11.0.2", "1.8.0_392"])
def test_an_old_java_does_not_count(empty_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    add_java(empty_path, version)
    monkeypatch.setenv("PATH", f"{empty_path / 'bin'}:/bin")
    with pytest.raises(Unavailable, match=r"^Java [\d.]+ is older than 17$"):
        find_installation()


def test_without_maven_only_jars_that_are_there_already_count(
    empty_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    add_java(empty_path, "17.0.1")
    monkeypatch.setenv("PATH", str(empty_path / "bin"))
    monkeypatch.setattr("tests.kafka.installation.LIBRARY", tmp_path_factory.mktemp("lib"))
    (empty_path / "release").write_text('JAVA_VERSION="17.0.1"\n')
    with pytest.raises(Unavailable, match="Maven"):
        find_installation()


@pytest.mark.parametrize("demanded", ["", "kafka"])
def test_the_fallback_is_not_taken_for_apache_kafka(monkeypatch: pytest.MonkeyPatch, demanded: str) -> None:
    """A test that needs the real one is skipped, or fails where that is demanded; the reason is what is missing."""
    monkeypatch.setenv(DEMAND, demanded)
    kafka = Kafka(place=Place(addresses={}), choice=Choice("noida", "noida-db", "there is no Java"))
    outcome = pytest.fail.Exception if demanded else pytest.skip.Exception
    with pytest.raises(outcome, match=r"kafka.*: there is no Java"):
        kafka.requires_real()


def test_the_pom_names_no_place_to_fetch_from() -> None:
    text = POM.read_text()
    assert re.findall(r"<(?:repositor|pluginRepositor|mirror|url)", text) == []
    assert set(re.findall(r"\w+://([^/\"]+)", text)) == {"maven.apache.org"}  # the name of the format
