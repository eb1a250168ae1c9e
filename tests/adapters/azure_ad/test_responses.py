"""Answers that grant something, and answers that only look so."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.azure_ad.responses import (
    DEVICE_CODE_LIFE,
    LONGEST_LIFE,
    POLL_INTERVAL,
    parse_device_authorization,
    parse_poll,
    parse_sign_in,
    parse_tokens,
)
from domain.errors import APIConnectionError
from ports.identity_provider import DevicePoll
from tests.adapters.azure_ad.answers import ASKED_AT, error, read

TOKENS = {
    "token_type": "Bearer",
    "expires_in": 3599,
    "ext_expires_in": 99_999,
    "refresh_in": 1800,
    "scope": "openid profile https://graph.microsoft.com/Mail.Read",
    "access_token": "at-canary",
    "refresh_token": "rt-canary",
    "id_token": "a.b.c",
    "client_info": "e30",
    "foci": "1",
}
DEVICE = {
    "device_code": "dc-canary",
    "user_code": "ABCD-1234",
    "verification_uri": "https://microsoft.com/devicelogin",
    "expires_in": 900,
    "interval": 5,
    "message": "To sign in ...",
}
REQUESTED = ("Mail.Read",)


def test_a_tokens_life_counts_from_before_it_was_asked_for() -> None:
    found = parse_sign_in(read(200, TOKENS), REQUESTED)
    access = found.token.access
    assert (access.value, found.token.refresh, found.id_token) == ("at-canary", "rt-canary", "a.b.c")
    assert access.obtained_at == ASKED_AT
    assert access.expires_at == ASKED_AT + timedelta(seconds=3599)
    assert access.refresh_at == ASKED_AT + timedelta(seconds=1800)
    assert access.scopes == ("openid", "profile", "https://graph.microsoft.com/Mail.Read")
    assert "canary" not in repr(found)


def test_a_short_answer_is_enough() -> None:
    found = parse_tokens(read(200, {"token_type": "bearer", "expires_in": "3599", "access_token": "x"}), REQUESTED)
    assert found.access.expires_at == ASKED_AT + timedelta(seconds=3599)
    assert found.access.refresh_at is None
    assert found.access.scopes == REQUESTED
    assert found.refresh is None


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": ["x"]},
        {"access_token": "a\nb"},
        {"access_token": "앤"},
        {"refresh_token": "a\x00b"},
        {"token_type": None},
        {"token_type": "mac"},
        {"token_type": {}},
        {"expires_in": None},
        {"expires_in": -1},
        {"expires_in": "soon"},
        {"expires_in": True},
        {"expires_in": []},
        {"expires_in": 1e300},
        {"expires_in": "9" * 5000},
        {"expires_in": float("nan")},
    ],
    ids=str,
)
def test_an_answer_without_a_usable_token_is_none(changes: dict[str, object]) -> None:
    with pytest.raises(APIConnectionError) as caught:
        parse_tokens(read(200, {**TOKENS, **changes}), REQUESTED)
    assert caught.value.error_code == "PROVIDER_ANSWER_INVALID"
    assert "canary" not in f"{caught.value!r} {caught.value.details}"


@pytest.mark.parametrize(
    "changes", [{"refresh_in": "x"}, {"scope": 7}, {"id_token": {}}, {"refresh_token": []}], ids=str
)
def test_what_is_optional_and_wrong_counts_as_absent(changes: dict[str, object]) -> None:
    assert parse_tokens(read(200, {**TOKENS, **changes}), REQUESTED).access.value == "at-canary"


def test_a_life_without_end_is_cut() -> None:
    found = parse_tokens(read(200, {**TOKENS, "expires_in": 10**11}), REQUESTED)
    assert found.access.expires_at == ASKED_AT + LONGEST_LIFE


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", "<html></html>", b"\xff\xfe", "[" * 100_000, '{"a":1' + "0" * 9999]
)
def test_what_is_no_json_object_is_no_answer(body: str | bytes) -> None:
    for parse in (lambda answer: parse_tokens(answer, REQUESTED), parse_device_authorization):
        with pytest.raises(APIConnectionError):
            parse(read(200, body))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from([*TOKENS, *DEVICE]), JSON))
def test_no_json_is_a_defect(changes: dict[str, object]) -> None:
    for parse, good in ((lambda answer: parse_tokens(answer, REQUESTED), TOKENS), (parse_device_authorization, DEVICE)):
        try:
            parse(read(200, {**good, **changes}))
        except APIConnectionError as found:
            assert found.error_code == "PROVIDER_ANSWER_INVALID"  # noqa: PT017 - it need not fail


@given(st.binary())
def test_no_bytes_are_a_defect(body: bytes) -> None:
    with pytest.raises(APIConnectionError):
        parse_tokens(read(200, body), REQUESTED)


def test_a_device_flow_has_its_codes_and_times() -> None:
    found = parse_device_authorization(read(200, DEVICE))
    assert (found.device_code, found.user_code) == ("dc-canary", "ABCD-1234")
    assert found.expires_at == ASKED_AT + timedelta(minutes=15)
    assert found.interval == timedelta(seconds=5)
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    "changes", [{"expires_in": None, "interval": None}, {"expires_in": "x", "interval": -1}], ids=str
)
def test_a_device_flow_without_times_has_the_usual_ones(changes: dict[str, object]) -> None:
    found = parse_device_authorization(read(200, {**DEVICE, **changes}))
    assert found.expires_at == ASKED_AT + DEVICE_CODE_LIFE
    assert found.interval == POLL_INTERVAL


@pytest.mark.parametrize(
    "changes",
    [
        {"device_code": None},
        {"user_code": ""},
        {"verification_uri": None},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": 7},
    ],
    ids=str,
)
def test_a_device_flow_that_nobody_could_finish_is_none(changes: dict[str, object]) -> None:
    with pytest.raises(APIConnectionError):
        parse_device_authorization(read(200, {**DEVICE, **changes}))


def test_a_poll_is_told_from_a_refusal() -> None:
    assert parse_poll(error("authorization_pending", 70016)) is DevicePoll.PENDING
    assert parse_poll(error("slow_down")) is DevicePoll.SLOW_DOWN
    assert parse_poll(error("invalid_grant")) is None
    assert parse_poll(error("authorization_pending", status=500)) is None
    assert parse_poll(read(400, "no JSON")) is None
