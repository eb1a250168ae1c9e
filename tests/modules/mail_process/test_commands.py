"""The commands `mail process` and `mail dropped`, on a database that a sync has filled."""

import asyncio
import json
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import attrs
import pytest

from adapters.sqlite.database import open_database
from domain.events import received_event_id
from domain.mail import MailAddress
from domain.mail_sync import MailId
from tests.application.mail_rig import a_mail
from tests.modules.iacsgraph.shell import Shell, wait_until
from tests.modules.mail_process.filling import GOOD, UNWANTED, fill, store

Stored = Mapping[str, list[MailId]]


def events(database: Path) -> list[dict[str, Any]]:
    """Return the events about mail that were stored so far, in their order."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT value FROM outbox WHERE topic = 'email.received' ORDER BY position")
        return [json.loads(value) for (value,) in rows]


def announced(database: Path) -> set[str]:
    ids = [each["event_id"] for each in events(database)]
    assert len(ids) == len(set(ids))
    return set(ids)


def test_what_waits_is_announced_or_dropped_and_counted(shell: Shell, database: Path, stored: Stored) -> None:
    done = shell.call("mail", "process")
    assert (done.code, done.err) == (0, "")
    assert done.out == "2 mails announced, 2 dropped, 0 failed.\n"
    assert announced(database) == {received_event_id(ids[0]) for ids in stored.values()}
    assert {each["event_info"]["body"] for each in events(database)} == {"The panel will meet."}
    assert shell.call("mail", "process", "--once", "--json").document == {
        "announced": 0,
        "dropped": 0,
        "failed": 0,
        "waiting": 0,
    }


def test_chairs_are_those_of_the_settings(shell: Shell, database: Path) -> None:
    people = ("chair@one.example", "CHAIR@One.Example", "somebody@panel.example", "chair@two.example")
    fill(database, {"ann": [a_mail(f"From {address}", MailAddress(address)) for address in people]})
    shell.having(MAIL_CHAIRS="chair@one.example, @panel.example").call("mail", "process")
    found = {each["event_info"]["sender_address"]: each["event_info"]["sender_type"] for each in events(database)}
    assert found == dict(zip(people, ("CHAIR", "CHAIR", "CHAIR", "OTHER"), strict=True))


@pytest.mark.parametrize("chairs", ["chair", "@", "a@b@c", "a b@c", "chair@one.example,,x@y"])
def test_a_chair_that_is_no_address_is_a_fault_of_the_setting(shell: Shell, stored: Stored, chairs: str) -> None:
    done = shell.having(MAIL_CHAIRS=chairs).call("mail", "process")
    assert done.code == 3, stored
    assert "MAIL_CHAIRS" in done.err


def test_events_go_to_the_topic_of_the_settings(shell: Shell, database: Path, stored: Stored) -> None:
    shell.having(KAFKA_TOPIC_EMAIL_EVENTS="panel.mail").call("mail", "process")
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT count(*) FROM outbox WHERE topic = 'panel.mail'")
        assert rows.fetchone() == (len(stored),)


def test_dropped_mail_is_listed_with_reasons_of_all_or_of_one_user(shell: Shell, stored: Stored) -> None:
    shell.call("mail", "process")
    lines = shell.call("mail", "dropped", "list", "--json").document
    assert {line["user"]: line["id"] for line in lines} == {user: ids[1] for user, ids in stored.items()}
    (line,) = shell.call("mail", "dropped", "list", "ANN", "--json").document
    assert line["reason"] == "no_reply"
    assert (line["sender"], line["subject"]) == ("no-reply@office.example", "About Our products")
    assert set(line) == {"id", "user", "reason", "dropped", "received", "sender", "subject"}
    table = shell.having(TIMEZONE="Asia/Seoul").call("mail", "dropped", "list").out
    assert stored["ann"][1] in table
    assert "+09:00" in table


def test_where_nothing_was_dropped_that_is_said(shell: Shell, stored: Stored) -> None:
    done = shell.call("mail", "dropped", "list")
    assert (done.code, done.out, done.err) == (0, "", "No mail was dropped.\n"), stored
    assert shell.call("mail", "dropped", "list", "--json").document == []


def test_a_user_of_whom_nothing_is_stored_is_not_mistaken_for_one_without_dropped_mail(
    shell: Shell, stored: Stored
) -> None:
    done = shell.call("mail", "dropped", "list", "kim", "--json")
    assert (done.code, done.error["error_code"]) == (6, "MAILBOX_NOT_SYNCED"), stored


def test_more_dropped_mail_than_a_page_is_listed_whole(shell: Shell, database: Path) -> None:
    mails = [attrs.evolve(UNWANTED, message_id=f"message {number}") for number in range(1203)]
    (ids,) = fill(database, {"ann": mails}).values()
    shell.call("mail", "process")
    lines = shell.call("mail", "dropped", "list", "ann", "--json").document
    assert [line["id"] for line in lines] == [line["id"] for line in sorted(lines, key=_dropped, reverse=True)]
    assert {line["id"] for line in lines} == set(ids)
    assert len(lines) == 1203


def test_what_cannot_be_read_does_not_end_the_list(shell: Shell, database: Path) -> None:
    mails = [attrs.evolve(UNWANTED, message_id=f"message {number}") for number in range(603)]
    fill(database, {"ann": mails})
    shell.call("mail", "process")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE mail_details SET sender = '{' WHERE mail = (SELECT max(mail) FROM mails)")
    assert len(shell.call("mail", "dropped", "list", "--json").document) == 602


def _dropped(line: dict[str, Any]) -> str:
    return str(line["dropped"])


def test_restored_mail_is_announced_at_once(shell: Shell, database: Path, stored: Stored) -> None:
    shell.call("mail", "process")
    wanted = [ids[1] for ids in stored.values()]
    done = shell.call("mail", "dropped", "restore", *wanted, wanted[0])
    assert (done.code, done.out) == (0, "2 mails restored, 2 of them announced.\n")
    assert announced(database) == {received_event_id(mail_id) for ids in stored.values() for mail_id in ids}
    assert shell.call("mail", "dropped", "list", "--json").document == []
    assert shell.call("mail", "process").out.startswith("0 mails announced")


def test_only_what_is_restored_is_announced_by_restoring(shell: Shell, database: Path, stored: Stored) -> None:
    shell.call("mail", "process")
    fill(database, {"ann": [attrs.evolve(GOOD, message_id="later")]})
    shell.call("mail", "dropped", "restore", stored["ann"][1])
    assert len(announced(database)) == 3
    assert shell.call("mail", "process").out.startswith("1 mail announced")


def test_what_is_not_dropped_or_not_there_is_said_and_the_others_are_restored(shell: Shell, stored: Stored) -> None:
    shell.call("mail", "process")
    good, unwanted = stored["ann"]
    done = shell.call("mail", "dropped", "restore", "0" * 32, good, unwanted, "--json")
    assert done.document == {"restored": [unwanted], "announced": 1}
    errors = [json.loads(line)["error"]["error_code"] for line in done.err.splitlines()]
    assert errors == ["MAIL_NOT_DROPPED", "MAIL_NOT_DROPPED"]
    assert done.code == 6
    assert shell.call("mail", "dropped", "restore").code == 2


def test_one_restored_mail_is_counted_as_one(shell: Shell, stored: Stored) -> None:
    shell.call("mail", "process")
    assert shell.call("mail", "dropped", "restore", stored["ann"][1]).out == "1 mail restored, 1 of them announced.\n"


def test_a_watch_has_no_json(shell: Shell, database: Path) -> None:
    done = shell.call("mail", "process", "--watch", "--json")
    assert (done.code, done.out) == (2, "")
    assert "--watch prints nothing" in done.err
    assert not database.exists()


def test_without_a_database_nothing_is_listed_and_none_is_made(shell: Shell, database: Path) -> None:
    assert shell.call("mail", "dropped", "list").code != 0
    assert not database.exists()


def test_watching_announces_what_comes_until_it_is_stopped(shell: Shell, database: Path, stored: Stored) -> None:
    """Mail that another process stores is noticed within a second or so."""
    with shell.start("mail", "process", "--watch", "--workers", "3") as watch:
        watch.wait_for("processing mail")
        wait_until(lambda: len(announced(database)) == 2)

        async def deliver() -> list[MailId]:
            async with open_database(database) as opened:
                return await store(opened, "ann", [attrs.evolve(GOOD, message_id="later")])

        (later,) = asyncio.run(deliver())
        wait_until(lambda: received_event_id(later) in announced(database))
        done = watch.stop(signal.SIGTERM)
    assert done.code == 143
    assert "Traceback" not in done.said
    assert "panel will meet" not in done.said, stored
