"""Faults at mailboxes: by person, by endpoint, and damage to pages of messages."""

import json
from datetime import timedelta
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.simulator.faults import Fault, aadsts, dropped, garbled, graph, html, moved, slow, status, truncated
from modules.simulator.garbling import DAMAGES, Damage
from modules.simulator.garbling import garbled as spoil
from modules.simulator.mail.mailbox import Message
from tests.modules.simulator.mail.reading import REPORT, ask, draft, new_token
from tests.modules.simulator.rig import Rig


@pytest.fixture
def messages(rig: Rig) -> list[Message]:
    """Three messages of the first person, newest last."""
    return [rig.simulator.mail.mailbox(0).deliver(draft(f"Number {number}", REPORT)) for number in range(3)]


def paths(message: Message, owner: str = "me") -> dict[str, str]:
    """A path for each endpoint of mail."""
    one, attachment = quote(message.id, safe=""), quote(message.attachment_ids[0], safe="")
    return {
        "folders": f"{owner}/mailFolders",
        "messages": f"{owner}/messages",
        "message": f"{owner}/messages/{one}",
        "delta": f"{owner}/mailFolders/inbox/messages/delta",
        "attachments": f"{owner}/messages/{one}/attachments",
        "attachment": f"{owner}/messages/{one}/attachments/{attachment}",
        "content": f"{owner}/messages/{one}/$value",
    }


async def test_each_endpoint_can_be_struck_alone(rig: Rig, messages: list[Message]) -> None:
    token, found = new_token(rig), paths(messages[0])
    for struck in found:
        fault = rig.simulator.faults.add(status(503, endpoint=struck, retry_after=1))
        answers = {name: (await ask(rig, path, token)).status for name, path in found.items()}
        assert answers == {name: 503 if name == struck else 200 for name in found}
        rig.simulator.faults.remove(fault)


async def test_the_name_of_graph_strikes_all_of_it_apart_from_who_am_i(rig: Rig, messages: list[Message]) -> None:
    token = new_token(rig)
    rig.simulator.faults.add(graph(500, "UnknownError"))
    for path in (*paths(messages[0]).values(), "me", f"users/{rig.user().upn}"):
        reply = await ask(rig, path, token)
        assert (reply.status, reply.error) == (500, "UnknownError"), path
    assert (await ask(rig, "$batch", token, method="POST", body={"requests": []})).status == 500
    assert (await ask(rig, rig.url("oidc/userinfo"), token)).status == 403  # it has no openid


@pytest.mark.usefixtures("messages")
async def test_a_fault_strikes_one_mailbox_whoever_reads_it(rig: Rig) -> None:
    user, other = rig.user(0), rig.user(1)
    own, application = new_token(rig, 0), new_token(rig, None)
    for name in (user.upn.upper(), user.mail, user.object_id):
        fault = rig.simulator.faults.add(status(503, user=name, endpoint="messages"))
        assert (await ask(rig, "me/messages", own)).status == 503
        for path in (f"users/{user.object_id}/messages", f"users('{user.upn}')/mailFolders/inbox/messages"):
            assert (await ask(rig, path, application)).status == 503, path
        assert (await ask(rig, f"users/{other.upn}/messages", application)).status == 200
        assert (await ask(rig, "me/messages", new_token(rig, 1))).status == 200
        rig.simulator.faults.remove(fault)


@pytest.mark.usefixtures("messages")
async def test_a_fault_strikes_one_application(rig: Rig) -> None:
    rig.simulator.faults.add(status(503, application="daemon"))
    path = f"users/{rig.user().upn}/messages"
    assert (await ask(rig, path, new_token(rig, None))).status == 503
    assert (await ask(rig, path, new_token(rig))).status == 200


@pytest.mark.usefixtures("messages")
@pytest.mark.parametrize(
    ("fault", "status_code"),
    [
        (status(502, body="Bad Gateway"), 502),
        (html(504), 504),
        (aadsts(90033, endpoint="messages"), 400),
        (slow(0, endpoint="messages"), 200),
        (slow(0, before=False, endpoint="messages"), 200),
    ],
    ids=["status", "html", "aadsts", "slow", "late"],
)
async def test_all_kinds_strike_mailboxes(rig: Rig, fault: Fault, status_code: int) -> None:
    fault_id = rig.simulator.faults.add(fault)
    assert (await ask(rig, "me/messages", new_token(rig))).status == status_code
    assert rig.simulator.faults.hits(fault_id) == 1


@pytest.mark.usefixtures("messages")
async def test_pages_can_be_cut_and_connections_be_dropped(rig: Rig) -> None:
    token = new_token(rig)
    whole = await ask(rig, "me/messages", token)
    rig.simulator.faults.add(truncated(endpoint="messages", times=1))
    assert (await ask(rig, "me/messages", token)).raw == whole.raw[: len(whole.raw) // 2]
    rig.simulator.faults.add(dropped(endpoint="delta"))
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(rig, "me/mailFolders/inbox/messages/delta", token)


@pytest.mark.usefixtures("messages")
async def test_a_token_may_expire_on_the_way_to_a_mailbox(rig: Rig) -> None:
    rig.simulator.faults.add(moved(timedelta(hours=1), endpoint="messages", times=1))
    reply = await ask(rig, "me/messages", new_token(rig))
    assert (reply.status, reply.error) == (401, "InvalidAuthenticationToken")


@pytest.mark.usefixtures("messages")
async def test_a_struck_request_has_its_place_at_the_mailbox(rig: Rig) -> None:
    rig.simulator.faults.add(status(503, endpoint="messages", times=1))
    await ask(rig, "me/messages", new_token(rig))
    assert rig.simulator.mail.limits.requests(0) == 1


@pytest.mark.usefixtures("messages")
@pytest.mark.parametrize("path", ["me/messages", "me/mailFolders/inbox/messages/delta"])
@pytest.mark.parametrize("what", DAMAGES)
async def test_one_message_of_a_page_can_be_damaged(rig: Rig, what: Damage, path: str) -> None:
    token = new_token(rig)
    whole = (await ask(rig, path, token)).body["value"]
    rig.simulator.faults.add(garbled(what, nth=1, times=1))
    reply = await ask(rig, path, token)
    assert reply.status == 200
    found = json.loads(reply.raw.decode(errors="replace"))["value"]
    assert (found[0], found[2]) == (whole[0], whole[2])
    match what:
        case "error":
            assert list(found[1]) == ["error"]
        case "no_id":
            assert {"id": whole[1]["id"], **found[1]} == whole[1] != found[1]
        case "wrong_type":
            assert isinstance(found[1]["receivedDateTime"], int)
        case "surrogate":
            assert rb"\ud800" in reply.raw
        case "bytes":
            with pytest.raises(UnicodeDecodeError):
                reply.raw.decode()
    assert (await ask(rig, path, token)).body["value"] == whole


async def test_a_single_message_can_be_damaged_as_well(rig: Rig, messages: list[Message]) -> None:
    rig.simulator.faults.add(garbled("no_id", endpoint="message"))
    reply = await ask(rig, paths(messages[0])["message"], new_token(rig))
    assert ("id" in reply.body, reply.body["subject"]) == (False, "Number 0")


async def test_damage_is_for_messages_and_for_good_answers_only(rig: Rig, messages: list[Message]) -> None:
    token, found = new_token(rig), paths(messages[0])
    before = {name: (await ask(rig, found[name], token)).raw for name in ("folders", "attachments", "content")}
    rig.simulator.faults.add(garbled("error"))
    assert {name: (await ask(rig, found[name], token)).raw for name in before} == before
    assert (await ask(rig, "me/messages/x", token)).error == "ErrorInvalidIdMalformed"


@pytest.mark.usefixtures("messages")
async def test_a_message_that_the_page_does_not_have_is_not_damaged(rig: Rig) -> None:
    token = new_token(rig)
    whole = (await ask(rig, "me/messages", token)).raw
    rig.simulator.faults.add(garbled("error", nth=3))
    assert (await ask(rig, "me/messages", token)).raw == whole


@given(body=st.binary() | st.sampled_from([b"[]", b"1", b'{"value": [1]}', b'{"value": 1}']), nth=st.integers(0, 3))
def test_anything_can_be_garbled(body: bytes, nth: int) -> None:
    for what in DAMAGES:
        assert isinstance(spoil(body, what, nth), bytes)


@pytest.mark.parametrize(("what", "nth"), [("fire", 0), ("error", -1), ("error", "0")])
def test_damage_that_makes_no_sense_is_refused(what: Damage, nth: int) -> None:
    with pytest.raises((ValueError, TypeError), match=r"must be"):
        garbled(what, nth=nth)
