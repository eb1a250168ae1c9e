"""`events publish`: from a file or standard input, one or many."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.modules.auth.seeds import fingerprints
from tests.modules.events.using import lines, publish, tailed
from tests.modules.iacsgraph.shell import PATIENCE, PROGRAM, Shell

TOPIC = "orders"


def written(shell: Shell, text: str | bytes) -> str:
    (shell.directory / "event.json").write_bytes(text.encode() if isinstance(text, str) else text)
    return "event.json"


def test_standard_input_is_published_and_the_id_is_printed(shell: Shell) -> None:
    done = subprocess.run(
        [PROGRAM, "events", "publish", TOPIC],
        cwd=shell.directory,
        env=dict(shell.variables),
        input=b'{"event_type": "order_placed", "user_id": "kim"}',
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    (event,) = tailed(shell, TOPIC)
    assert (event["id"], event["type"], event["key"]) == (done.stdout.decode().strip(), "order.placed", "kim")


def test_key_and_id_may_be_given_and_go_before_the_members(shell: Shell) -> None:
    file = written(shell, json.dumps({"event_id": "own", "user_id": "kim", "n": 1}, indent=2))
    assert shell.call("events", "publish", TOPIC, file).out == "own\n"
    assert shell.call("events", "publish", TOPIC, file, "--id", "e-2", "--key", "lee", "--json").document == [
        {"id": "e-2", "topic": TOPIC}
    ]
    assert {(event["id"], event["key"]) for event in tailed(shell, TOPIC)} == {("own", "kim"), ("e-2", "lee")}


def test_many_lines_keep_their_order(shell: Shell) -> None:
    ids = publish(shell, TOPIC, *({"user_id": "kim", "n": number} for number in range(20)))
    assert [(event["id"], event["value"]["n"]) for event in tailed(shell, TOPIC)] == list(
        zip(ids, range(20), strict=True)
    )


def test_a_line_that_is_no_event_is_named_and_stops_no_other(shell: Shell) -> None:
    file = written(shell, '{"n": 1}\n\n[2]\n{"n": NaN}\nnonsense\n{"n": 6}\n')
    done = shell.call("events", "publish", TOPIC, file, "--lines")
    assert done.code == 9
    assert done.out.split() == [
        event["id"] for event in sorted(tailed(shell, TOPIC), key=lambda each: each["value"]["n"])
    ]
    assert [line.split(":")[1] for line in done.err.splitlines()] == [" Line 3", " Line 4", " Line 5"]
    with_json = shell.call("events", "publish", TOPIC, file, "--lines", "--json")
    assert (with_json.code, len(with_json.document)) == (9, 2)


@pytest.mark.parametrize(
    "text", ["", "canary", '["canary"]', '{"canary": ', b'{"n": "\xff"}', '{"user_id": 7}', '{"n": ' + "[" * 100_000]
)
def test_what_is_no_event_is_refused_without_being_quoted_and_makes_no_topic(shell: Shell, text: str | bytes) -> None:
    done = shell.call("events", "publish", TOPIC, written(shell, text))
    assert (done.code, done.out) == (9, "")
    assert "canary" not in done.err
    assert shell.call("events", "topics", "--json").document == []


def test_what_the_bus_can_never_take_is_told_as_such(shell: Shell) -> None:
    done = shell.call("events", "publish", TOPIC, written(shell, json.dumps({"text": "x" * 2_000_000})), "--json")
    assert (done.code, done.document) == (12, [])
    assert done.error["transient"] is False


@pytest.mark.parametrize("options", [["--lines", "--id", "x"], ["--id", " "], ["--key", ""]])
def test_options_that_cannot_be_meant_are_wrong_usage(shell: Shell, options: list[str]) -> None:
    assert shell.call("events", "publish", TOPIC, written(shell, "{}"), *options).code == 2
    assert list(fingerprints(shell.directory)) == ["event.json"]


def test_a_file_that_is_missing_is_wrong_usage(shell: Shell) -> None:
    assert shell.call("events", "publish", TOPIC, "nowhere.json").code == 2
    assert not Path(shell.directory / "nowhere.json").exists()


def test_times_and_every_member_come_through_as_they_were(shell: Shell) -> None:
    value = {"timestamp": "2026-11-22T10:00:00+09:00", "list": [1, None, {"a": "한"}], "big": 12345678901234567890}
    publish(shell, TOPIC, value)
    (event,) = lines(shell.call("events", "tail", TOPIC, "--until-end", "--json"))
    assert (event["value"], event["time"]) == (value, "2026-11-22T01:00:00+00:00")
