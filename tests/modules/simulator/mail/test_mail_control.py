"""The control API for mailboxes: everything that a Python test can do with mail, for other programs."""

from base64 import b64encode
from typing import Any
from urllib.parse import quote

import attrs
import pytest

from modules.simulator.control_records import SWITCHES
from modules.simulator.switches import Switches
from tests.modules.simulator.mail.reading import ask, draft, new_token
from tests.modules.simulator.rig import Rig

MAIL = {"subject": "Hull survey", "from": "Kim Jiwon <kim.jiwon@panel.example>"}


async def call(rig: Rig, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
    async with rig.http.request(method, rig.url(f"_control/{path}"), json=body) as response:
        return response.status, await response.json()


def mailbox(rig: Rig, *more: str) -> str:
    return "/".join([f"mailboxes/{rig.user().upn}", *(quote(each, safe="") for each in more)])


async def test_a_message_is_delivered_as_it_is_described(rig: Rig) -> None:
    body = {
        **MAIL,
        "to": ["li.wei@panel.example", '"Berg, Anna" <anna.berg@panel.example>'],
        "body": "See annex 2.",
        "body_type": "text",
        "received": "2030-01-02T12:04:05+09:00",
        "importance": "high",
        "categories": ["Hull"],
        "is_read": True,
        "folder": "archive",
        "attachments": [{"name": "a.txt", "content": b64encode(b"abc").decode(), "content_type": "text/plain"}],
    }
    status, made = await call(rig, "POST", mailbox(rig, "messages"), body)
    assert status == 200
    target = f"me/messages/{quote(made['id'], safe='')}"
    found = (await ask(rig, f"{target}?$expand=attachments", new_token(rig))).body
    assert (found["subject"], found["from"]["emailAddress"]) == (
        "Hull survey",
        {"name": "Kim Jiwon", "address": "kim.jiwon@panel.example"},
    )
    assert [each["emailAddress"]["name"] for each in found["toRecipients"]] == ["li.wei@panel.example", "Berg, Anna"]
    assert (found["body"], found["receivedDateTime"]) == (
        {"contentType": "text", "content": "See annex 2."},
        "2030-01-02T03:04:05Z",
    )
    assert (found["importance"], found["categories"], found["isRead"]) == ("high", ["Hull"], True)
    assert found["attachments"][0]["contentBytes"] == b64encode(b"abc").decode()
    assert rig.simulator.mail.mailbox(0).folder("archive").total == 1


async def test_a_message_needs_little_and_is_received_now(rig: Rig) -> None:
    before = rig.simulator.clock.now().replace(microsecond=0)
    ids = [(await call(rig, "POST", mailbox(rig, "messages"), MAIL))[1]["id"] for _ in range(2)]
    first, second = (rig.simulator.mail.mailbox(0).find(each) for each in ids)
    assert first
    assert second
    assert before <= first.draft.received_at <= rig.simulator.clock.now()
    assert first.draft.internet_message_id != second.draft.internet_message_id


async def test_a_message_is_changed_moved_and_deleted(rig: Rig) -> None:
    box = rig.simulator.mail.mailbox(0)
    message = box.deliver(draft())
    old = message.id
    change = {"is_read": True, "subject": "Renamed", "importance": "low", "categories": ["x"], "folder": "junkemail"}
    status, ids = await call(rig, "PATCH", mailbox(rig, "messages", message.id), change)
    assert (status, ids) == (200, {"id": message.id, "immutable_id": message.immutable_id})
    assert (message.is_read, message.subject, message.importance, message.categories) == (
        True,
        "Renamed",
        "low",
        ("x",),
    )
    assert (message.folder.well_known, message.id == old) == ("junkemail", False)
    assert (await call(rig, "PATCH", mailbox(rig, "messages", old), {"is_read": False}))[0] == 404
    version = message.version
    assert (await call(rig, "PATCH", mailbox(rig, "messages", message.id), {}))[0] == 200
    assert message.version == version
    assert (await call(rig, "DELETE", mailbox(rig, "messages", message.immutable_id))) == (200, {})
    assert box.messages() == []
    assert (await call(rig, "DELETE", mailbox(rig, "messages", message.immutable_id)))[0] == 404


async def test_a_change_that_cannot_be_made_changes_nothing(rig: Rig) -> None:
    message = rig.simulator.mail.mailbox(0).deliver(draft())
    target = mailbox(rig, "messages", message.id)
    assert (await call(rig, "PATCH", target, {"is_read": True, "folder": "nowhere"}))[0] == 404
    assert (await call(rig, "PATCH", target, {"is_read": True, "importance": "utmost"}))[0] == 400
    assert (await call(rig, "PATCH", target, {"is_read": "yes"}))[0] == 400
    assert (message.is_read, message.version) == (False, 1)


async def test_the_condition_of_a_mailbox_is_set_and_shown(rig: Rig) -> None:
    status, state = await call(rig, "PATCH", mailbox(rig), {"condition": "moving", "challenge": "once"})
    assert (status, state["condition"], state["challenged"]) == (200, "moving", True)
    token = new_token(rig)
    assert [(await ask(rig, "me/messages", token)).status for _ in range(2)] == [401, 503]
    await call(rig, "PATCH", mailbox(rig), {"condition": "ready", "challenge": "until_claims"})
    assert [(await ask(rig, "me/messages", token)).status for _ in range(2)] == [401, 401]
    await call(rig, "PATCH", mailbox(rig), {"challenge": None})
    assert (await ask(rig, "me/messages", token)).status == 200
    rig.simulator.mail.mailbox(0).deliver(draft())
    _, state = await call(rig, "GET", mailbox(rig))
    assert (state["condition"], state["requests"], state["refused"], state["peak"]) == ("ready", 5, 0, 1)
    inbox = next(each for each in state["folders"] if each["well_known"] == "inbox")
    assert (inbox["name"], inbox["total"], inbox["unread"]) == ("Inbox", 1, 1)


async def test_cursors_of_deltas_can_be_forgotten(rig: Rig) -> None:
    token = new_token(rig)
    link = (await ask(rig, "me/mailFolders/inbox/messages/delta", token)).body["@odata.deltaLink"]
    assert (await ask(rig, link, token)).status == 200
    assert (await call(rig, "POST", mailbox(rig, "expire_deltas"))) == (200, {})
    assert (await ask(rig, link, token)).status == 410


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subject": None}, "subject: wrong type"),
        ({"colour": "red"}, "colour: unknown"),
        ({"body_type": "rtf"}, "body_type: one of html, text"),
        ({"importance": "utmost"}, "importance: one of"),
        ({"received": "yesterday"}, "yesterday"),
        ({"received": "2030-01-02T03:04:05"}, "time zone"),
        ({"attachments": [{"name": "a", "content": "?"}]}, "base64"),
        ({"attachments": ["a"]}, "JSON object"),
    ],
)
async def test_a_message_that_makes_no_sense_is_refused(rig: Rig, change: dict[str, Any], said: str) -> None:
    status, answer = await call(rig, "POST", mailbox(rig, "messages"), {**MAIL, **change})
    assert status == 400
    assert said in answer["error"]
    assert rig.simulator.mail.mailbox(0).messages() == []


async def test_unknown_people_folders_and_wishes_are_refused(rig: Rig) -> None:
    assert (await call(rig, "GET", "mailboxes/nobody"))[0] == 404
    assert (await call(rig, "POST", mailbox(rig, "messages"), {**MAIL, "folder": "nowhere"}))[0] == 404
    for wrong in ({"condition": "burning"}, {"challenge": "always"}, {"colour": "red"}):
        assert (await call(rig, "PATCH", mailbox(rig), wrong))[0] == 400
    assert rig.simulator.mail.conditions.of(0) == "ready"


async def test_switches_of_mail_are_set_and_choices_are_checked(rig: Rig) -> None:
    wanted = {
        "mailbox_concurrency": 2,
        "mailbox_window": 60,
        "throttle_retry_after": "fraction",
        "batch_shuffle": False,
    }
    status, answer = await call(rig, "PATCH", "switches", wanted)
    assert (status, {name: answer[name] for name in wanted}) == (200, wanted)
    status, answer = await call(rig, "PATCH", "switches", {"mailbox_concurrency": 9, "throttle_retry_after": "later"})
    assert (status, answer["error"]) == (400, "throttle_retry_after: one of integer, fraction, date, absent, garbage")
    assert rig.simulator.switches.mailbox_concurrency == 2


def test_every_switch_can_be_set_by_programs_apart_from_the_table_of_codes() -> None:
    assert set(SWITCHES) == {each.name for each in attrs.fields(Switches)} - {"overrides"}


async def test_a_damaging_fault_can_be_added_and_seen(rig: Rig) -> None:
    rig.simulator.mail.mailbox(0).deliver(draft())
    _, added = await call(rig, "POST", "faults", {"kind": "garbled", "what": "no_id", "nth": 0, "endpoint": "messages"})
    assert "id" not in (await ask(rig, "me/messages", new_token(rig))).body["value"][0]
    _, seen = await call(rig, "GET", "faults")
    assert (seen["faults"][added["id"]]["what"], seen["faults"][added["id"]]["hits"]) == ("no_id", 1)
    assert (await call(rig, "POST", "faults", {"kind": "garbled", "what": "fire"}))[0] == 400


async def test_the_log_keeps_what_was_asked_and_preferred_but_no_bodies(rig: Rig) -> None:
    token = new_token(rig)
    await ask(rig, "me/messages?$top=5", token, Prefer="odata.maxpagesize=5", Retry_Attempt="2")
    batch = {"requests": [{"id": "a", "method": "GET", "url": "/me/messages?$top=7"}]}
    await ask(rig, "$batch", token, method="POST", body=batch)
    _, log = await call(rig, "GET", "requests")
    first, outer, inner = log["requests"]
    assert (first["query"], first["endpoint"], first["authorization"]) == ({"$top": "5"}, "messages", "Bearer")
    assert (first["headers"]["prefer"], first["headers"]["retry-attempt"]) == ("odata.maxpagesize=5", "2")
    assert (outer["endpoint"], inner["endpoint"], inner["query"]) == ("batch", "messages", {"$top": "7"})
    assert token not in str(log)
    assert outer["form"] == {}
