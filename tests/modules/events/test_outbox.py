"""`events outbox` and `events relay`: what waits, what is parked, and how it gets on."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sqlite.timestamps import to_text
from tests.modules.auth.seeds import fingerprints, rows, vandalise
from tests.modules.events.using import tailed
from tests.modules.iacsgraph.shell import Shell, wait_until

FOUR = 4
"""Events of the seeded accounts: each was enrolled and signed in."""


def report(shell: Shell) -> Any:  # noqa: ANN401 - JSON
    done = shell.call("events", "outbox", "--json")
    assert (done.code, done.err) == (0, "")
    return done.document


@pytest.fixture
def parked(house: Shell, database: Path) -> list[str]:
    """The ids of two events that no bus can take, parked by a relay."""
    vandalise(database, "UPDATE outbox SET topic = 'no topic' WHERE key = 'ann'")
    done = house.call("events", "relay", "--once")
    assert (done.code, done.out) == (0, f"{FOUR} events carried to the bus.\n")
    return [event_id for (event_id,) in rows(database, "SELECT event_id FROM outbox WHERE key = 'ann'")]


def test_what_waits_is_counted_with_the_oldest_and_looking_writes_nothing(house: Shell) -> None:
    before = fingerprints(house.directory)
    found = report(house)
    assert (found["pending"], found["parked"], found["published"], found["relay"]) == (FOUR, 0, 0, None)
    oldest = found["oldest"]
    assert (oldest["type"], oldest["key"], oldest["topic"]) == ("account.enrolled", "ann", "account.events")
    assert oldest["age_seconds"] > 0
    text = house.call("events", "outbox").out
    assert "pending    4" in text
    assert "account.enrolled of ann, for " in text
    assert "none: start one with iacsgraph events relay" in text
    assert fingerprints(house.directory) == before


def test_what_the_bus_rejects_is_parked_with_the_reason_and_keeps_nobody_back(house: Shell, parked: list[str]) -> None:
    found = report(house)
    assert (found["pending"], found["parked"], found["published"]) == (0, 2, 2)
    assert [event["id"] for event in found["parked_events"]] == parked
    assert found["parked_events"][0]["reason"].startswith("TOPIC_INVALID: ")
    assert {event["key"] for event in tailed(house, "account.events")} == {"bob"}
    text = house.call("events", "outbox").out
    assert "none at work: nothing is pending" in text
    assert all(event_id in text for event_id in parked)
    (line,) = [line for line in house.call("doctor", "--json").document if line["check"] == "outbox"]
    assert (line["outcome"], line["detail"]) == ("warn", "0 pending, 2 parked")
    assert "iacsgraph events outbox" in line["remedy"]


def test_parked_events_go_out_once_the_fault_is_mended(house: Shell, database: Path, parked: list[str]) -> None:
    vandalise(database, "UPDATE outbox SET topic = 'account.events'")
    some = house.call("events", "outbox", "--retry", parked[0], "unknown", "--json")
    assert (some.code, some.document) == (6, {"retried": 1})
    assert some.error["error_code"] == "EVENT_NOT_PARKED"
    rest = house.call("events", "outbox", "--retry")
    assert (rest.code, rest.out) == (0, "1 parked events go to the relay again.\n")
    assert (report(house)["pending"], report(house)["parked"]) == (2, 0)
    assert house.call("events", "relay", "--once").code == 0
    assert [event["id"] for event in tailed(house, "account.events") if event["key"] == "ann"] == parked


def test_ids_without_retry_are_wrong_usage(house: Shell) -> None:
    assert house.call("events", "outbox", "some-id").code == 2


def test_a_relay_carries_what_others_append_and_at_its_end_what_is_left(house: Shell) -> None:
    with house.start("events", "relay") as running:
        running.wait_for("relaying events")
        wait_until(lambda: report(house)["pending"] == 0)
        assert house.call("account", "lock", "ann").code == 0
        wait_until(lambda: report(house)["pending"] == 0)
        assert house.call("account", "unlock", "ann").code == 0
        done = running.stop(signal.SIGTERM)
    assert (done.code, done.out) == (143, "")
    assert "database=iacsgraph.db" in done.err
    assert report(house)["pending"] == 0, "the last one went out, too"
    assert len(tailed(house, "account.events")) == FOUR + 2
    assert report(house)["relay"] is None


def test_of_two_relays_one_is_at_work_and_the_other_says_so(house: Shell) -> None:
    with house.start("events", "relay") as running:
        running.wait_for("relaying events")
        wait_until(lambda: report(house)["pending"] == 0)
        claim = report(house)["relay"]
        assert claim["at_work"]
        assert house.call("events", "relay", "--once").out == "0 events carried to the bus.\n"
        assert house.call("account", "lock", "ann").code == 0
        wait_until(lambda: report(house)["pending"] == 0)
        assert report(house)["relay"]["owner"] == claim["owner"]
        assert "relay      at work until " in house.call("events", "outbox").out


def test_what_waits_for_a_relay_that_died_is_told_and_can_be_tried_again_later(house: Shell, database: Path) -> None:
    until = to_text(datetime.now(UTC) + timedelta(minutes=1))
    vandalise(database, f"INSERT INTO relay (only_row, owner, until) VALUES (1, 'somebody', '{until}')")
    done = house.call("events", "relay", "--once")
    assert (done.code, done.out) == (5, "")
    assert "4 events are pending, but another relay is at work" in done.err


def test_an_event_waits_since_it_was_put_there_however_long_ago_it_happened(house: Shell, database: Path) -> None:
    at = datetime.now(UTC) - timedelta(minutes=90)
    vandalise(database, "UPDATE outbox SET headers = replace(headers, 'account.enrolled', 'email.received')")
    vandalise(database, f"UPDATE outbox SET appended_at = '{to_text(at)}'")
    oldest = report(house)["oldest"]
    assert (oldest["type"], oldest["since"]) == ("email.received", at.isoformat())
    assert 5400 <= oldest["age_seconds"] < 5460
    assert "email.received of ann, for " in house.call("events", "outbox").out


def test_an_event_of_before_that_was_written_down_waits_since_it_happened(house: Shell, database: Path) -> None:
    when = report(house)["oldest"]["since"]
    vandalise(database, "UPDATE outbox SET appended_at = NULL")
    assert report(house)["oldest"]["since"] == when
    assert ", for " in house.call("events", "outbox").out
