"""What a refusal becomes, by call, `error` and `suberror`; and what it never carries on."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.azure_ad.outcomes import Call, refused, refused_at_sign_in
from adapters.http_client.transport import Answer
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    IACSGraphError,
    InvalidClientError,
    PolicyBlockedError,
    ReauthenticationRequiredError,
    ThrottledError,
)
from domain.reauth import REMEDIES
from ports.identity_provider import AuthorizationResponse
from tests.adapters.azure_ad.answers import TRACE, error, read

CLAIMS = '{"access_token":{"capolids":{"essential":true}}}'


def _as_text(found: IACSGraphError) -> str:
    """Return class and reason, or class and code."""
    what = found.details.get("reason", found.error_code)
    return f"{type(found).__name__} {what}"


@pytest.mark.parametrize(
    ("suberror", "expected"),
    [
        ("basic_action", "ReauthenticationRequiredError interaction_required"),
        ("additional_action", "ReauthenticationRequiredError interaction_required"),
        ("message_only", "PolicyBlockedError blocked_by_policy"),
        ("consent_required", "ReauthenticationRequiredError consent_required"),
        ("user_password_expired", "ReauthenticationRequiredError password_expired"),
        ("bad_token", "ReauthenticationRequiredError grant_rejected"),
        ("token_expired", "ReauthenticationRequiredError grant_expired"),
        ("client_mismatch", "ReauthenticationRequiredError grant_rejected"),
        ("protection_policy_required", "ReauthenticationRequiredError device_required"),
        ("device_authentication_failed", "ReauthenticationRequiredError device_required"),
        ("unheard_of", "ReauthenticationRequiredError grant_rejected"),
    ],
)
def test_a_suberror_decides_without_any_code(suberror: str, expected: str) -> None:
    assert _as_text(refused(error("invalid_grant", suberror=suberror), Call.REFRESH)) == expected


@pytest.mark.parametrize(
    ("suberror", "code", "expected"),
    [
        ("basic_action", 50076, "ReauthenticationRequiredError mfa_required"),
        ("basic_action", 53003, "ReauthenticationRequiredError interaction_required"),
        ("message_only", 50076, "PolicyBlockedError blocked_by_policy"),
        ("message_only", 50105, "PolicyBlockedError user_not_assigned"),
        ("consent_required", 90094, "PolicyBlockedError admin_consent_required"),
        ("consent_required", 50173, "ReauthenticationRequiredError consent_required"),
        ("bad_token", 50173, "ReauthenticationRequiredError grant_revoked"),
        ("user_password_expired", 50173, "ReauthenticationRequiredError password_expired"),
    ],
)
def test_a_code_makes_a_suberror_more_precise_but_never_contradicts_it(suberror: str, code: int, expected: str) -> None:
    assert _as_text(refused(error("invalid_grant", code, suberror=suberror), Call.REFRESH)) == expected


def test_claims_are_handed_on_to_the_next_sign_in() -> None:
    found = refused(error("invalid_grant", 50076, suberror="basic_action", claims=CLAIMS), Call.REFRESH)
    assert isinstance(found, ReauthenticationRequiredError)
    assert found.claims == CLAIMS


def test_claims_alone_ask_for_interaction_and_a_block_stays_one() -> None:
    asked = refused(error("invalid_grant", claims=CLAIMS), Call.REFRESH)
    assert _as_text(asked) == "ReauthenticationRequiredError interaction_required"
    blocked = refused(error("invalid_grant", 53003, suberror="message_only", claims=CLAIMS), Call.REFRESH)
    assert _as_text(blocked) == "PolicyBlockedError blocked_by_policy"


@pytest.mark.parametrize("claims", ["no JSON", "[]", 7, "", '{"a":' + "[" * 100_000, json.dumps({"a": "b" * 20_000})])
def test_claims_that_are_none_are_dropped(claims: object) -> None:
    found = refused(error("invalid_grant", 50076, claims=claims), Call.REFRESH)
    assert isinstance(found, ReauthenticationRequiredError)
    assert found.claims is None


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (Call.REFRESH, "ReauthenticationRequiredError grant_rejected"),
        (Call.CODE, "AuthenticationError CODE_REJECTED"),
        (Call.AUTHORIZE, "AuthenticationError CODE_REJECTED"),
        (Call.DEVICE, "AuthenticationError DEVICE_CODE_REJECTED"),
        (Call.DEVICE_BEGIN, "ConfigurationError REQUEST_REJECTED"),
        (Call.APPLICATION, "ConfigurationError REQUEST_REJECTED"),
    ],
)
@pytest.mark.parametrize(
    "refusal", [error("invalid_grant"), error("invalid_request", 9002313)], ids=["plain", "9002313"]
)
def test_a_grant_that_is_no_good_is_an_error_of_its_call(refusal: Answer, call: Call, expected: str) -> None:
    assert _as_text(refused(refusal, call)) == expected


@pytest.mark.parametrize("code", [50173, 700082, 70008])
def test_a_code_that_comes_too_late_is_rejected_like_any_other(code: int) -> None:
    assert _as_text(refused(error("invalid_grant", code), Call.CODE)) == "AuthenticationError CODE_REJECTED"


def test_another_redirect_uri_at_the_token_endpoint_is_a_rejected_code() -> None:
    found = refused(error("invalid_grant", 50011), Call.CODE)
    assert _as_text(found) == "AuthenticationError CODE_REJECTED"
    assert "AZURE_REDIRECT_URI" in str(found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("authorization_declined", "AuthenticationError SIGN_IN_DECLINED"),
        ("access_denied", "AuthenticationError SIGN_IN_DECLINED"),
        ("expired_token", "AuthenticationError DEVICE_CODE_EXPIRED"),
        ("bad_verification_code", "AuthenticationError DEVICE_CODE_REJECTED"),
    ],
)
def test_a_device_flow_ends_in_few_ways(name: str, expected: str) -> None:
    assert _as_text(refused(error(name), Call.DEVICE)) == expected


def test_access_that_is_denied_to_a_grant_is_a_matter_of_policy_for_nobody_was_asked() -> None:
    assert _as_text(refused(error("access_denied"), Call.REFRESH)) == "PolicyBlockedError blocked_by_policy"


@pytest.mark.parametrize("name", ["invalid_grant", "interaction_required", "access_denied", "consent_required"])
@pytest.mark.parametrize("code", [50076, 53003, 65001, 90094, 50105])
def test_an_application_by_itself_has_no_owner_who_could_sign_in(name: str, code: int) -> None:
    for call in (Call.APPLICATION, Call.DEVICE_BEGIN):
        assert type(refused(error(name, code), call)) is ConfigurationError


@pytest.mark.parametrize("codes", [(70002, 500133), (500133, 70002), (1, 500133)])
def test_the_code_that_matters_is_found_among_others(codes: tuple[int, ...]) -> None:
    found = refused(error("invalid_client", *codes), Call.REFRESH)
    assert _as_text(found) == "InvalidClientError CLIENT_CERTIFICATE_REJECTED"


def test_the_code_is_read_from_the_description_where_no_list_is() -> None:
    body = {"error": "invalid_client", "error_description": "AADSTS7000222: words-canary"}
    assert refused(read(401, body), Call.REFRESH).error_code == "CLIENT_SECRET_EXPIRED"


def test_what_nobody_has_heard_of_is_for_the_operator_and_costs_no_sign_in() -> None:
    for name in ("unheard_of", "<script>", "word " * 100):
        found = refused(error(name, 4711), Call.REFRESH)
        assert _as_text(found) == "ConfigurationError PROVIDER_REFUSED"
        assert "script" not in f"{found} {found.details}"


def test_the_details_help_support_and_hold_nothing_else() -> None:
    found = refused(error("invalid_grant", 50173, suberror="bad_token"), Call.REFRESH)
    assert found.details == {
        "status": 400,
        "client_request_id": "request-1",
        "trace_id": TRACE,
        "correlation_id": TRACE,
        "error": "invalid_grant",
        "suberror": "bad_token",
        "aadsts": [50173],
        "reason": "grant_revoked",
    }


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 509])
@pytest.mark.parametrize("retry_after", [None, "2.5"])
def test_a_status_of_failure_is_the_providers_whatever_the_body_says(status: int, retry_after: str | None) -> None:
    body = {"error": "invalid_grant", "error_codes": [50173]}
    found = refused(read(status, body, retry_after=retry_after), Call.REFRESH)
    assert found.transient
    assert type(found) is (ThrottledError if status == 429 or retry_after else APIConnectionError)
    assert found.retry_after == (timedelta(seconds=2.5) if retry_after else None)


NO_ERRORS = ["", "<html>", "[]", "null", '{"error": 7}', '{"error": ""}', '{"error": {"code": "x"}}', b"\xff"]


@pytest.mark.parametrize("status", [200, 204, 301, 302, 400, 401, 403, 404, 407])
@pytest.mark.parametrize("body", NO_ERRORS)
def test_an_answer_that_is_none_is_nobodys_sign_in(status: int, body: str | bytes) -> None:
    found = refused(read(status, body), Call.REFRESH)
    assert type(found) is APIConnectionError
    assert found.error_code == "PROVIDER_ANSWER_INVALID"


@pytest.mark.parametrize(
    ("name", "description", "expected"),
    [
        ("access_denied", "AADSTS65004: no", "AuthenticationError SIGN_IN_DECLINED"),
        ("access_denied", None, "AuthenticationError SIGN_IN_DECLINED"),
        ("access_denied", "AADSTS90094: ask", "PolicyBlockedError admin_consent_required"),
        ("consent_required", "AADSTS90095: ask", "PolicyBlockedError admin_consent_required"),
        ("access_denied", "AADSTS53003: no", "PolicyBlockedError blocked_by_policy"),
        ("interaction_required", "AADSTS50105: no", "PolicyBlockedError user_not_assigned"),
        ("login_required", "AADSTS50058: no", "ReauthenticationRequiredError interaction_required"),
        ("interaction_required", "AADSTS50076: no", "ReauthenticationRequiredError mfa_required"),
        ("consent_required", "AADSTS65001: no", "ReauthenticationRequiredError consent_required"),
        ("unsupported_response_type", "AADSTS700054: no", "ConfigurationError REQUEST_NOT_ALLOWED"),
        ("invalid_resource", "AADSTS500011: no", "ConfigurationError RESOURCE_UNAVAILABLE"),
        ("unauthorized_client", "AADSTS700016: no", "ConfigurationError APPLICATION_UNKNOWN"),
        ("server_error", "AADSTS90033: no", "APIConnectionError PROVIDER_FAILED"),
        ("temporarily_unavailable", "AADSTS90055: no", "ThrottledError THROTTLED"),
    ],
)
def test_a_callback_with_an_error_is_told_apart(name: str, description: str | None, expected: str) -> None:
    response = AuthorizationResponse(error=name, error_description=description, error_subcode="cancel")
    assert _as_text(refused_at_sign_in(response)) == expected


@given(st.text(), st.text(), st.sampled_from(Call), st.lists(st.integers() | st.none() | st.text()), st.text())
def test_no_refusal_is_a_defect(name: str, suberror: str, call: Call, codes: list[object], claims: str) -> None:
    body = {"error": name, "suberror": suberror, "error_codes": codes, "claims": claims}
    found = refused(read(400, body), call)
    assert isinstance(
        found,
        APIConnectionError | AuthenticationError | ConfigurationError | InvalidClientError | PolicyBlockedError,
    )
    assert found.details.get("reason", "grant_rejected") in REMEDIES


@given(st.binary(), st.integers(200, 599), st.sampled_from(Call))
def test_no_bytes_are_a_defect(body: bytes, status: int, call: Call) -> None:
    assert isinstance(refused(read(status, body), call), IACSGraphError)


@given(st.text(), st.text(), st.text())
def test_no_word_of_a_callback_is_repeated(name: str, description: str, subcode: str) -> None:
    canary = "canary"
    response = AuthorizationResponse(
        error=f"{name} {canary}", error_description=f"{description}{canary}", error_subcode=f"{subcode}{canary}"
    )
    found = refused_at_sign_in(response)
    assert canary not in f"{found} {found!r} {found.details}"
