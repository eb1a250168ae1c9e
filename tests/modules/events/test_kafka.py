"""The same commands with Kafka for a bus, and with one that is not there or does not let us in."""

from pathlib import Path
from uuid import uuid4

import pytest

from modules.runtime.event_settings import BusSettings, KafkaSettings
from tests.kafka.configuration import USERS
from tests.kafka.fixtures import Kafka
from tests.modules.auth.seeds import rows
from tests.modules.events.using import fail_to_handle, publish, tailed
from tests.modules.iacsgraph.shell import Shell

NOWHERE = "127.0.0.1:1"
"""Nothing listens there."""
SENTENCE = f"The Kafka cluster cannot be reached at {NOWHERE}. Check that Kafka is running: docker ps, or systemctl"


@pytest.fixture
def cluster(house: Shell, kafka: Kafka) -> Shell:
    return house.having(KAFKA_BOOTSTRAP_SERVERS=kafka.servers)


def test_the_outbox_is_carried_to_kafka(cluster: Shell, database: Path) -> None:
    ids = {event_id for (event_id,) in rows(database, "SELECT event_id FROM outbox")}
    assert cluster.call("events", "relay", "--once").out == f"{len(ids)} events carried to the bus.\n"
    ours = [event for event in tailed(cluster, "account.events") if event["id"] in ids]
    assert len(ours) == len(ids)
    assert [event["type"] for event in ours if event["key"] == "ann"] == ["account.enrolled", "account.signed_in"]
    assert rows(database, "SELECT count(*) FROM log_messages") == [(0,)], "nothing of it in the database"


def test_from_publishing_to_a_replayed_dead_letter(cluster: Shell, database: Path, kafka: Kafka) -> None:
    topic, group = f"orders-{uuid4()}", f"audit-{uuid4()}"
    ids = publish(cluster, topic, {"user_id": "kim", "n": 1}, {"user_id": "kim", "n": 2})
    first = tailed(cluster, topic, "--group", group, "-n", "1")
    assert [event["id"] for event in first + tailed(cluster, topic, "--group", group)] == ids
    report = cluster.call("events", "lag", group, "--json").document
    assert (report["behind"], sum(line["committed"] or 0 for line in report["partitions"])) == (0, 2)
    settings = BusSettings(kafka=KafkaSettings(bootstrap_servers=(kafka.servers,)))
    fail_to_handle(database, topic, 2, settings)
    assert cluster.call("events", "dlq", "replay", topic, "--all").code == 0
    assert [event["id"] for event in tailed(cluster, topic)] == ids * 2
    assert cluster.call("events", "dlq", "list", topic, "--json").document == []
    found = {line["topic"]: line for line in cluster.call("events", "topics", "--json").document}
    assert (found[topic]["messages"], found[f"{topic}.dlq"]["partitions"]) == (4, 1)


def test_the_doctor_says_what_answers(cluster: Shell, kafka: Kafka) -> None:
    lines = {line["check"]: line for line in cluster.call("doctor", "--json").document}
    assert lines["event bus"]["outcome"] == "ok"
    assert lines["event bus"]["detail"].startswith(f"kafka at {kafka.servers}, ")
    assert lines["outbox"]["detail"] == "4 pending, 0 parked"


def test_with_the_right_password_over_tls_it_answers_and_with_a_wrong_one_it_says_so(
    house: Shell, secured_kafka: Kafka
) -> None:
    user, word = next(iter(USERS.items()))
    shell = house.having(
        KAFKA_BOOTSTRAP_SERVERS=secured_kafka.address("SASL_SSL"),
        KAFKA_SECURITY_PROTOCOL="SASL_SSL",
        KAFKA_SASL_MECHANISM="SCRAM-SHA-512",
        KAFKA_SASL_USERNAME=user,
        KAFKA_SASL_PASSWORD=word,
        KAFKA_SSL_CA_FILE=str(secured_kafka.ca_file),
    )
    assert shell.call("events", "topics").code == 0
    wrong = shell.having(KAFKA_SASL_PASSWORD="canary-of-kafka").call("events", "topics")
    assert (wrong.code, wrong.out) == (3, "")
    assert "KAFKA_SASL_PASSWORD" in wrong.err
    assert "canary" not in wrong.err


COMMANDS = (
    ("topics",),
    ("lag",),
    ("tail", "orders"),
    ("tail", "orders", "--group", "audit"),
    ("publish", "orders", "event.json"),
    ("relay", "--once"),
    ("dlq", "list"),
    ("dlq", "show", "orders", "some-id"),
    ("dlq", "replay", "orders", "--all"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_cluster_that_is_not_there_is_one_clear_sentence(house: Shell, command: tuple[str, ...]) -> None:
    (house.directory / "event.json").write_text("{}")
    done = house.having(KAFKA_BOOTSTRAP_SERVERS=NOWHERE).call("events", *command)
    assert (done.code, done.out) == (5, "")
    assert done.err.startswith(f"error: {SENTENCE} status kafka. [")
    assert done.err.count("\n") == 1


def test_what_a_relay_could_not_carry_stays_in_the_outbox(house: Shell) -> None:
    away = house.having(KAFKA_BOOTSTRAP_SERVERS=NOWHERE)
    assert away.call("events", "relay", "--once").code == 5
    report = away.call("events", "outbox", "--json").document
    assert (report["pending"], report["parked"], report["relay"]) == (4, 0, None)


def test_the_doctor_fails_where_kafka_does_not_answer_and_says_where(house: Shell) -> None:
    done = house.having(KAFKA_BOOTSTRAP_SERVERS=NOWHERE).call("doctor", "--json")
    assert (done.code, done.err) == (1, "")
    (line,) = [line for line in done.document if line["outcome"] == "FAIL"]
    assert (line["check"], SENTENCE in line["detail"]) == ("event bus", True)
    assert "KAFKA_BOOTSTRAP_SERVERS" in line["remedy"]
    (waiting,) = [line for line in done.document if line["check"] == "outbox"]
    assert waiting["detail"] == "4 pending, 0 parked", "what waits is told all the same"


def test_without_its_servers_kafka_is_no_bus(house: Shell) -> None:
    shell = house.having(EVENT_BUS="kafka")
    done = shell.call("events", "topics")
    assert done.code == 3
    assert "KAFKA_BOOTSTRAP_SERVERS is not set, but EVENT_BUS is kafka." in done.err
    (line,) = [line for line in shell.call("doctor", "--json").document if line["outcome"] == "FAIL"]
    assert line["check"] == "event bus"
    assert "KAFKA_BOOTSTRAP_SERVERS is not set" in line["detail"]


def test_the_bus_may_stay_embedded_though_kafka_is_known(house: Shell) -> None:
    shell = house.having(EVENT_BUS="embedded", KAFKA_BOOTSTRAP_SERVERS=NOWHERE)
    assert shell.call("events", "relay", "--once").code == 0
    assert len(tailed(shell, "account.events")) == 4


def test_with_kafka_only_the_outbox_wants_a_database(shell: Shell) -> None:
    bare = Shell(shell.directory, {"KAFKA_BOOTSTRAP_SERVERS": NOWHERE})
    assert bare.call("events", "topics").code == 5
    for command in (["events", "outbox"], ["events", "relay", "--once"]):
        done = bare.call(*command)
        assert (done.code, "DATABASE_PATH is not set" in done.err) == (3, True)
    embedded = Shell(shell.directory).call("events", "topics")
    assert embedded.code == 3
    assert "DATABASE_PATH is not set, but the event bus is embedded in the database." in embedded.err
