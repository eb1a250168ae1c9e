"""`events dlq`: what could not be handled is looked at, and published again."""

from pathlib import Path

import pytest

from domain.messages import Message
from tests.modules.auth.seeds import fingerprints
from tests.modules.events.using import GROUP, append, fail_to_handle, publish, tailed
from tests.modules.iacsgraph.shell import Shell

TOPIC = "orders"


@pytest.fixture
def path(shell: Shell) -> Path:
    return shell.directory / "iacsgraph.db"


@pytest.fixture
def orders(shell: Shell, path: Path) -> list[str]:
    """The ids of two events that a consumer could not handle."""
    ids = publish(shell, TOPIC, {"user_id": "kim", "item": "차"}, {"user_id": "lee", "item": "book"})
    fail_to_handle(path, TOPIC, 2)
    return ids


def test_letters_are_listed_with_group_and_reason_and_reading_writes_nothing(shell: Shell, orders: list[str]) -> None:
    before = fingerprints(shell.directory)
    of_all, of_topic = (shell.call("events", "dlq", "list", *more, "--json").document for more in ([], [TOPIC]))
    assert of_all == of_topic
    assert {letter["key"] for letter in of_all} == {"kim", "lee"}
    assert {(letter["topic"], letter["group"], letter["error_code"]) for letter in of_all} == {
        (TOPIC, GROUP, "UNKNOWN")
    }
    assert {letter["reason"] for letter in of_all} == {f"Customer of {each} unknown to {GROUP}." for each in orders}
    table = shell.call("events", "dlq", "list").out
    assert all(letter["id"] in table for letter in of_all)
    assert fingerprints(shell.directory) == before


def test_a_letter_is_shown_with_its_headers_and_its_value(shell: Shell, orders: list[str]) -> None:
    (letter,) = [each for each in shell.call("events", "dlq", "list", "--json").document if each["key"] == "kim"]
    shown = shell.call("events", "dlq", "show", TOPIC, letter["id"], "--json").document
    assert {name: shown[name] for name in letter} == letter
    assert (shown["value"], shown["bytes"]) == ({"user_id": "kim", "item": "차"}, None)
    assert shown["headers"]["ce_id"] == orders[0]
    assert not any(name.startswith("iacsgraph_dlq_") for name in shown["headers"])
    text = shell.call("events", "dlq", "show", TOPIC, letter["id"]).out
    assert f"header ce_id           {orders[0]}" in text
    assert text.endswith('{\n  "user_id": "kim",\n  "item": "차"\n}\n')


def test_bytes_that_are_no_json_are_shown_escaped(shell: Shell, path: Path) -> None:
    append(path, Message(topic=TOPIC, key=b"kim", value=b"\x00\xff{"))
    fail_to_handle(path, TOPIC, 1)
    (letter,) = shell.call("events", "dlq", "list", "--json").document
    assert letter["error_code"] == "EVENT_UNDECODABLE"
    shown = shell.call("events", "dlq", "show", TOPIC, letter["id"], "--json").document
    assert (shown["value"], shown["bytes"]) == (None, "\x00\\xff{")
    assert shell.call("events", "dlq", "show", TOPIC, letter["id"]).out.endswith("\n\\x00\\xff{\n")


def test_a_replayed_letter_is_back_in_its_topic_with_the_same_id_and_waits_no_longer(
    shell: Shell, orders: list[str]
) -> None:
    letters = shell.call("events", "dlq", "list", "--json").document
    first = next(each for each in letters if each["key"] == "kim")
    done = shell.call("events", "dlq", "replay", TOPIC, first["id"], "unknown", "--json")
    assert (done.code, done.error["error_code"]) == (6, "DEAD_LETTER_UNKNOWN")
    assert done.document == [{"id": first["id"], "topic": TOPIC, "place": first["place"]}]
    assert len(shell.call("events", "dlq", "list", "--json").document) == 1
    assert [event["id"] for event in tailed(shell, TOPIC) if event["key"] == "kim"] == [orders[0]] * 2
    rest = shell.call("events", "dlq", "replay", TOPIC, "--all", "--json")
    assert (rest.code, [each["id"] for each in rest.document]) == (0, [each["id"] for each in letters if each != first])
    assert shell.call("events", "dlq", "list").said == "No dead letter waits.\n"
    assert shell.call("events", "dlq", "replay", TOPIC, "--all").said == "No dead letter waits.\n"
    assert shell.call("events", "dlq", "list", "--json").document == []


@pytest.mark.usefixtures("orders")
def test_a_letter_that_is_not_there_is_not_found(shell: Shell) -> None:
    done = shell.call("events", "dlq", "show", TOPIC, "nothing", "--json")
    assert (done.code, done.error["error_code"]) == (6, "DEAD_LETTER_UNKNOWN")
    assert shell.call("events", "dlq", "list", "no-such-topic").said == "No dead letter waits.\n"


@pytest.mark.parametrize("arguments", [[], ["some-id", "--all"]])
def test_replay_wants_ids_or_all_of_them(shell: Shell, arguments: list[str]) -> None:
    assert shell.call("events", "dlq", "replay", TOPIC, *arguments).code == 2
    assert list(shell.directory.iterdir()) == []
