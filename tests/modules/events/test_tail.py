"""`events tail`: what it shows, where it begins and ends, and what it commits."""

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from domain.messages import Message
from tests.modules.auth.seeds import fingerprints, rows
from tests.modules.events.using import append, publish, tailed
from tests.modules.iacsgraph.shell import PATIENCE, PROGRAM, Shell, said, wait_until

TOPIC = "mail.received"


@pytest.fixture
def mail(shell: Shell) -> list[str]:
    """Three events of two mailboxes."""
    mails = [{"event_type": "mail_received", "user_id": user, "subject": "안녕"} for user in ("ann", "bob", "ann")]
    return publish(shell, TOPIC, *mails)


def test_a_change_of_an_account_is_seen_with_the_id_that_stood_in_the_outbox(house: Shell, database: Path) -> None:
    assert house.call("account", "lock", "ann", "--reason", "on leave").code == 0
    ids = [event_id for (event_id,) in rows(database, "SELECT event_id FROM outbox ORDER BY position")]
    assert house.call("events", "relay", "--once").out == f"{len(ids)} events carried to the bus.\n"
    found = tailed(house, "account.events")
    assert sorted(event["id"] for event in found) == sorted(ids)
    of_ann = [event for event in found if event["key"] == "ann"]
    assert [event["type"] for event in of_ann] == ["account.enrolled", "account.signed_in", "account.status_changed"]
    last = of_ann[-1]
    assert last["value"]["reason"] == "on leave"
    assert last["headers"]["ce_id"] == last["id"] == last["value"]["event_id"] == ids[-1]


@pytest.mark.usefixtures("mail")
def test_a_document_has_the_event_and_its_place(shell: Shell, mail: list[str]) -> None:
    found = {event["id"]: event for event in tailed(shell, TOPIC)}
    assert set(found) == set(mail)
    event = found[mail[0]]
    assert list(event) == ["id", "type", "time", "key", "value", "topic", "partition", "offset", "headers"]
    assert (event["type"], event["key"], event["topic"], event["offset"]) == ("mail.received", "ann", TOPIC, 0)
    assert event["value"] == {"event_type": "mail_received", "user_id": "ann", "subject": "안녕"}


@pytest.mark.usefixtures("mail")
def test_a_person_reads_one_line_for_each_event_in_the_zone_of_the_settings(shell: Shell) -> None:
    done = shell.having(TIMEZONE="Asia/Seoul").call("events", "tail", TOPIC, "--until-end")
    assert len(done.out.splitlines()) == 3
    times = {event["time"] for event in tailed(shell, TOPIC)}
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  (ann|bob)  ", line) for line in done.out.splitlines())
    assert not any(line[:16].replace(" ", "T") in time for line in done.out.splitlines() for time in times)
    assert done.out.count('mail.received           {"subject":"안녕"}\n') == 3


def test_what_is_no_event_is_shown_as_such_with_its_bytes_and_keeps_nobody_back(shell: Shell, mail: list[str]) -> None:
    key, garbage = b"ann", b"\x1b[31m\xff no JSON"
    path = shell.directory / "iacsgraph.db"
    append(path, Message(topic=TOPIC, key=key, value=garbage, headers=(("x", b"\xfe"),)))
    append(path, Message(topic=TOPIC, key=None, value=None))
    text = shell.call("events", "tail", TOPIC, "--until-end").out
    assert "no event                \\x1b[31m\\xff no JSON" in text
    assert "no event                (empty)" in text
    odd = [event for event in tailed(shell, TOPIC) if event["id"] is None]
    assert len(tailed(shell, TOPIC)) == len(mail) + 2
    assert {event["bytes"] for event in odd} == {"\x1b[31m\\xff no JSON", None}
    assert all(event["value"] is None and event["problem"] for event in odd)
    assert {"x": "\\xfe"} in [event["headers"] for event in odd]


@pytest.mark.usefixtures("mail")
def test_reading_alone_writes_nothing(shell: Shell) -> None:
    before = fingerprints(shell.directory)
    assert len(tailed(shell, TOPIC)) == 3
    assert len(tailed(shell, TOPIC, "-n", "2")) == 2
    assert fingerprints(shell.directory) == before


def test_a_group_goes_on_where_it_was_and_only_what_was_shown_is_committed(shell: Shell, mail: list[str]) -> None:
    first = tailed(shell, TOPIC, "--group", "audit", "-n", "2")
    rest = tailed(shell, TOPIC, "--group", "audit")
    assert (len(first), len(rest)) == (2, 1)
    assert {event["id"] for event in first + rest} == set(mail)
    assert tailed(shell, TOPIC, "--group", "audit", "--from-beginning") == []
    (later,) = publish(shell, TOPIC, {"n": 4})
    assert [event["id"] for event in tailed(shell, TOPIC, "--group", "audit")] == [later]
    assert len(tailed(shell, TOPIC, "--group", "another")) == 4


def test_it_follows_from_the_end_until_interrupted(shell: Shell, mail: list[str]) -> None:
    with shell.start("events", "tail", TOPIC, "--json") as running, shell.start("events", "tail", "later") as waiting:
        waiting.wait_for("There is no topic 'later' yet: waiting for it.")
        (begun,) = publish(shell, "later", {"n": 1}, options=("--key", "k"))
        ids: list[str] = []
        while not said(running.out):
            ids += publish(shell, TOPIC, {"user_id": "ann", "n": 2})
        done = running.stop(signal.SIGINT)
        wait_until(lambda: '{"n":1}' in said(waiting.out) or waiting.process.poll() is not None)
        assert '{"n":1}' in said(waiting.out), said(waiting.err)
        assert waiting.stop(signal.SIGTERM).code == 143
    shown = [json.loads(line)["id"] for line in done.out.splitlines()]
    assert done.code == 130
    assert shown == ids[ids.index(shown[0]) :][: len(shown)], "none before its beginning, none left out"
    assert begun not in shown
    assert not set(shown) & set(mail)


@pytest.mark.usefixtures("mail")
def test_who_reads_the_output_may_go_away_and_of_a_group_the_rest_is_still_to_come(shell: Shell) -> None:
    command = [str(PROGRAM), "events", "tail", TOPIC, "--group", "head", "--json"]
    environment = {**shell.variables, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, cwd=shell.directory, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        shown = {json.loads(process.stdout.readline())["id"]}
        process.stdout.close()
        published = publish(shell, TOPIC, *({"n": number} for number in range(8)))
        assert process.wait(PATIENCE) == 141
    left = {event["id"] for event in tailed(shell, TOPIC, "--group", "head")}
    assert not shown & left
    assert set(published[-1:]) <= left


def test_an_end_of_no_topic_is_not_waited_for(shell: Shell) -> None:
    assert shell.call("db", "migrate").code == 0
    done = shell.call("events", "tail", "nowhere", "--until-end", "--json")
    assert (done.code, done.out, done.error["error_code"]) == (6, "", "TOPIC_UNKNOWN")
    assert shell.call("events", "topics", "--json").document == []


@pytest.mark.parametrize("command", [["tail", "x", "--until-end"], ["topics"], ["lag"], ["dlq", "list"], ["outbox"]])
def test_who_only_reads_creates_no_database(shell: Shell, command: list[str]) -> None:
    done = shell.call("events", *command)
    assert (done.code, done.out) == (11, "")
    assert "[DATABASE_MISSING]" in done.err
    assert list(shell.directory.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["tail", "bad/name"],
        ["tail", "topic", "--group", ""],
        ["publish", ""],
        ["lag", "two words"],
        ["dlq", "list", ".."],
    ],
    ids=" ".join,
)
def test_a_name_that_cannot_be_is_refused_before_any_bus_is_asked(house: Shell, command: list[str]) -> None:
    done = house.call("events", *command)
    assert done.code == 2
    assert "Invalid value for" in done.err
