"""Mailboxes that cannot be read now, and challenges at one mailbox."""

import json
import re
from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.simulator.faults import Fault, html, status, truncated
from modules.simulator.mail.conditions import Condition, demanded
from tests.modules.simulator.mail.reading import Reply, ask, draft, new_token
from tests.modules.simulator.rig import Rig

PATHS = ("me/messages", "me/mailFolders", "me/mailFolders/inbox/messages/delta")


def claims_in(reply: Reply) -> str:
    """The claims of a challenge, as JSON."""
    challenge = reply.headers["WWW-Authenticate"]
    assert 'error="insufficient_claims"' in challenge
    found = re.search('claims="([^"]+)"', challenge)
    assert found
    return b64decode(found[1]).decode()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("condition", "status", "code"),
    [
        ("not_enabled", 404, "MailboxNotEnabledForRESTAPI"),
        ("denied", 403, "ErrorAccessDenied"),
        ("moving", 503, "ErrorMailboxMoveInProgress"),
    ],
)
async def test_each_condition_has_its_answer_everywhere(
    rig: Rig, path: str, condition: Condition, status: int, code: str
) -> None:
    rig.simulator.mail.conditions.put(0, condition)
    reply = await ask(rig, path, new_token(rig))
    assert (reply.status, reply.error) == (status, code)
    assert (await ask(rig, path, new_token(rig, 1))).status == 200
    rig.simulator.mail.conditions.put(rig.user().upn, "ready")
    assert (await ask(rig, path, new_token(rig))).status == 200


async def test_a_moving_mailbox_may_also_be_told_by_500(rig: Rig) -> None:
    rig.simulator.mail.conditions.put(0, "moving")
    rig.simulator.switches.moving_status = 500
    assert (await ask(rig, "me/messages", new_token(rig))).status == 500


async def test_a_condition_meets_an_application_s_own_token_as_well(rig: Rig) -> None:
    rig.simulator.mail.conditions.put(0, "denied")
    token = new_token(rig, None)
    assert (await ask(rig, f"users/{rig.user(0).upn}/messages", token)).error == "ErrorAccessDenied"
    assert (await ask(rig, f"users/{rig.user(1).upn}/messages", token)).status == 200


async def test_a_bad_token_is_refused_before_the_condition_is_told(rig: Rig) -> None:
    rig.simulator.mail.conditions.put(0, "moving")
    assert (await ask(rig, f"users/{rig.user().upn}/messages", "made up")).status == 401


def test_an_unknown_condition_or_person_is_refused(rig: Rig) -> None:
    with pytest.raises(ValueError, match="condition: one of"):
        rig.simulator.mail.conditions.put(0, "burning")  # type: ignore[arg-type]  # what is not one
    with pytest.raises(KeyError):
        rig.simulator.mail.conditions.put("nobody", "ready")


async def test_revoked_sessions_challenge_continuous_tokens_at_mailboxes(rig: Rig) -> None:
    signed_in = await rig.signed_in(claims='{"access_token": {"xms_cc": {"values": ["cp1"]}}}')
    answer = await rig.refresh(
        signed_in.body["refresh_token"], claims='{"access_token": {"xms_cc": {"values": ["cp1"]}}}'
    )
    token = answer.body["access_token"]
    assert (await ask(rig, "me/messages", token)).status == 200
    rig.simulator.revoke_sessions(0)
    for path in PATHS:
        reply = await ask(rig, path, token)
        assert (reply.status, reply.error) == (401, "InvalidAuthenticationToken")
        assert "nbf" in claims_in(reply)


async def test_a_challenge_lasts_until_a_token_comes_that_was_obtained_with_its_claims(rig: Rig) -> None:
    rig.simulator.mail.mailbox(0).deliver(draft())
    tokens = (await rig.signed_in()).body
    rig.simulator.mail.conditions.challenge(0)
    refused = [await ask(rig, "me/messages", tokens["access_token"]) for _ in range(2)]
    assert [reply.status for reply in refused] == [401, 401]
    without = await rig.refresh(tokens["refresh_token"])
    assert (await ask(rig, "me/messages", without.body["access_token"])).status == 401
    answered = await rig.refresh(tokens["refresh_token"], claims=claims_in(refused[0]))
    assert (await ask(rig, "me/messages", answered.body["access_token"])).status == 200
    assert (await ask(rig, "me/messages", tokens["access_token"])).status == 401
    rig.simulator.mail.conditions.challenge(0)
    assert (await ask(rig, "me/messages", answered.body["access_token"])).status == 401
    rig.simulator.mail.conditions.withdraw(0)
    assert (await ask(rig, "me/messages", tokens["access_token"])).status == 200


@pytest.mark.parametrize("fault", [html(200), truncated(), status(200, body="[]")], ids=lambda fault: fault.kind)
async def test_a_spoilt_answer_to_claims_is_no_more_than_that(rig: Rig, fault: Fault) -> None:
    tokens = (await rig.signed_in()).body
    rig.simulator.mail.conditions.challenge(0)
    claims = claims_in(await ask(rig, "me/messages", tokens["access_token"]))
    fault_id = rig.simulator.faults.add(fault)
    assert (await rig.refresh(tokens["refresh_token"], claims=claims)).status == 200
    rig.simulator.faults.remove(fault_id)
    answered = await rig.refresh(tokens["refresh_token"], claims=claims)
    assert (await ask(rig, "me/messages", answered.body["access_token"])).status == 200


async def test_a_challenge_may_come_once_for_each_token(rig: Rig) -> None:
    rig.simulator.mail.conditions.challenge(0, once=True)
    tokens = [new_token(rig), new_token(rig)]
    found = [(await ask(rig, "me/messages", token)).status for token in (*tokens, *tokens)]
    assert found == [401, 401, 200, 200]


async def test_a_challenge_is_about_one_mailbox(rig: Rig) -> None:
    rig.simulator.mail.conditions.challenge(rig.user(0).mail)
    assert (await ask(rig, "me/messages", new_token(rig, 1))).status == 200
    own = new_token(rig, None)
    assert (await ask(rig, f"users/{rig.user(0).upn}/messages", own)).status == 401
    assert (await ask(rig, f"users/{rig.user(1).upn}/messages", own)).status == 200


def test_claims_are_read_as_the_challenge_wrote_them() -> None:
    assert demanded('{"access_token": {"nbf": {"essential": true, "value": "17"}, "xms_cc": {}}}') == 17
    assert demanded('{"access_token": {"xms_cc": {"values": ["cp1"]}}}') is None


@settings(max_examples=50)
@given(
    st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["access_token", "nbf", "value"]), inner),
        ).map(json.dumps),
    )
)
def test_any_claims_can_be_looked_into(claims: str) -> None:
    assert demanded(claims) is None or "value" in claims
