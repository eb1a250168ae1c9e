"""Every row of the table of AADSTS codes: which error it becomes, for what reason, and who is told to do what."""

import re

import pytest

from adapters.azure_ad.aadsts import ROWS
from adapters.azure_ad.outcomes import Call, refused
from adapters.azure_ad.verdicts import Kind
from domain import reauth
from domain.errors import PolicyBlockedError, ReauthenticationRequiredError
from tests.adapters.azure_ad.answers import error

LATER, BUSY = "APIConnectionError PROVIDER_FAILED", "ThrottledError THROTTLED"
REAUTH, BLOCKED = "ReauthenticationRequiredError", "PolicyBlockedError"
CREDENTIAL, SETTING = "InvalidClientError", "ConfigurationError"
GRANT, INTERACTION, CLIENT, REQUEST = "invalid_grant", "interaction_required", "invalid_client", "invalid_request"
OWNER, ADMINISTRATOR, OPERATOR = "the owner must", "the administrator must", "the operator must"

# `error`, what becomes of it at a refresh, who must act; and the codes. Written down from the reference of error codes,
# independently of the adapter's table.
EXPECTED: list[tuple[str, str, str, tuple[int, ...]]] = [
    ("temporarily_unavailable", LATER, OPERATOR, (50033, 50087, 50088, 90012, 90024, 90006, 90033, 90090)),
    ("server_error", LATER, OPERATOR, (70012,)),
    (GRANT, LATER, OPERATOR, (80001, 80002, 80005, 80014, 90033)),
    ("temporarily_unavailable", BUSY, OPERATOR, (90055,)),
    (GRANT, "ThrottledError REQUEST_LOOP", OPERATOR, (50196,)),
    (GRANT, f"{REAUTH} other_account_required", OWNER, (16000, 50020, 50034, 90072)),
    (GRANT, f"{REAUTH} grant_rejected", OWNER, (50126, 80007, 70000, 9002313, 54005, 501481, 700005, 70018)),
    (GRANT, f"{REAUTH} grant_expired", OWNER, (70008, 70043, 700082, 700084, 70019, 70020)),
    (GRANT, f"{REAUTH} grant_revoked", OWNER, (50132, 50133, 50173)),
    ("login_required", f"{REAUTH} interaction_required", OWNER, (50058,)),
    (GRANT, f"{REAUTH} interaction_required", OWNER, (50085, 50089)),
    (INTERACTION, f"{REAUTH} interaction_required", OWNER, (50140, 700020)),
    (GRANT, f"{REAUTH} mfa_required", OWNER, (50072, 50074, 50076, 50078, 50079, 50158)),
    (INTERACTION, f"{REAUTH} mfa_required", OWNER, (50072, 50074, 50076, 50078, 50079, 50158)),
    ("user_password_expired", f"{REAUTH} password_expired", OWNER, (50055,)),
    (GRANT, f"{REAUTH} password_expired", OWNER, (50055, 50135, 50144)),
    (INTERACTION, f"{REAUTH} device_required", OWNER, (50097, 50131, 53000, 53001, 53002)),
    (GRANT, f"{REAUTH} device_required", OWNER, (50155, 50187)),
    (GRANT, f"{BLOCKED} user_locked_out", ADMINISTRATOR, (50053,)),
    (GRANT, f"{BLOCKED} user_disabled", ADMINISTRATOR, (50057,)),
    (INTERACTION, f"{BLOCKED} user_not_assigned", ADMINISTRATOR, (50105,)),
    (GRANT, f"{BLOCKED} blocked_by_policy", ADMINISTRATOR, (53003, 53004, 53010, 53011, 530032, 530034, 530035, 80012)),
    ("access_denied", f"{BLOCKED} blocked_by_policy", ADMINISTRATOR, (500021, 500022, 500212, 500213)),
    (GRANT, f"{REAUTH} consent_required", OWNER, (65001,)),
    ("access_denied", f"{REAUTH} consent_required", OWNER, (65004,)),
    ("consent_required", f"{BLOCKED} admin_consent_required", ADMINISTRATOR, (90094, 90095)),
    ("access_denied", f"{BLOCKED} admin_consent_required", ADMINISTRATOR, (90093,)),
    ("unauthorized_client", f"{BLOCKED} admin_consent_required", ADMINISTRATOR, (90093, 90099)),
    ("unauthorized_client", f"{SETTING} APPLICATION_UNKNOWN", OPERATOR, (700011, 700016, 7000229)),
    ("unauthorized_client", f"{SETTING} APPLICATION_DISABLED", ADMINISTRATOR, (70001, 7000112)),
    (REQUEST, f"{SETTING} TENANT_UNKNOWN", OPERATOR, (90002, 900021, 900023)),
    (REQUEST, f"{SETTING} TENANT_REQUIRED", OPERATOR, (50059, 50128, 90019)),
    (REQUEST, f"{SETTING} TENANT_NOT_ALLOWED", OPERATOR, (50194, 9001023, 9002332, 90124, 90130)),
    (REQUEST, f"{SETTING} WRONG_CLOUD", OPERATOR, (900439,)),
    (REQUEST, f"{SETTING} REDIRECT_URI_UNKNOWN", OPERATOR, (50011,)),
    ("invalid_resource", f"{SETTING} RESOURCE_UNAVAILABLE", ADMINISTRATOR, (50001, 500011, 650054, 650056)),
    (CLIENT, f"{SETTING} RESOURCE_UNAVAILABLE", ADMINISTRATOR, (65002, 65005, 650052, 650057)),
    ("invalid_scope", f"{SETTING} INVALID_SCOPE", OPERATOR, (70011, 28002, 28003, 700022, 700023)),
    ("unsupported_grant_type", f"{SETTING} REQUEST_NOT_ALLOWED", OPERATOR, (70003,)),
    ("unsupported_response_type", f"{SETTING} REQUEST_NOT_ALLOWED", OPERATOR, (70005, 700054)),
    (REQUEST, f"{SETTING} REQUEST_NOT_ALLOWED", OPERATOR, (70007, 9002327, 240001)),
    (REQUEST, f"{SETTING} REQUEST_REJECTED", OPERATOR, (50147, 501491, 50192, 90014, 90023, 900144, 240002)),
    (CLIENT, f"{CREDENTIAL} CLIENT_CERTIFICATE_REJECTED", OPERATOR, (50012, 700024, 700027, 700030, 700229, 7000272)),
    (GRANT, f"{CREDENTIAL} CLIENT_CERTIFICATE_REJECTED", OPERATOR, (50013, 500133)),
    ("unauthorized_client", f"{CREDENTIAL} CLIENT_CERTIFICATE_REJECTED", OPERATOR, (70021,)),
    (CLIENT, f"{CREDENTIAL} CLIENT_SECRET_REJECTED", OPERATOR, (7000215,)),
    (CLIENT, f"{CREDENTIAL} CLIENT_SECRET_EXPIRED", OPERATOR, (7000222,)),
    (CLIENT, f"{CREDENTIAL} CLIENT_SECRET_REQUIRED", OPERATOR, (7000216, 7000218)),
    (CLIENT, f"{CREDENTIAL} CLIENT_SECRET_NOT_ALLOWED", OPERATOR, (700025,)),
]
CASES = [(name, code, outcome, who) for name, outcome, who, codes in EXPECTED for code in codes]
SENTENCE = re.compile(r"[A-Z][^.]*(the (?:owner|administrator|operator) must [a-z][^.]*)+\(AADSTS\d+\)\.")


def test_every_row_is_proven() -> None:
    assert {code for _, code, _, _ in CASES} == set(ROWS)


@pytest.mark.parametrize(("name", "code", "outcome", "who"), CASES)
def test_a_code_says_what_happened_and_who_must_do_what(name: str, code: int, outcome: str, who: str) -> None:
    found = refused(error(name, code), Call.REFRESH)
    kind, what = outcome.split()
    assert type(found).__name__ == kind
    if isinstance(found, ReauthenticationRequiredError | PolicyBlockedError):
        assert found.reason == what
        assert found.reason in reauth.REMEDIES
    else:
        assert found.error_code == what
    assert found.transient is (outcome.split(maxsplit=1)[0] in {"APIConnectionError", "ThrottledError"})
    assert SENTENCE.fullmatch(str(found)), found
    assert who in str(found)
    assert f"(AADSTS{code})" in str(found)
    assert "words-canary" not in f"{found} {found.details}"


def test_what_an_administrator_must_allow_does_not_send_the_owner_to_sign_in() -> None:
    for code, row in ROWS.items():
        found = refused(error("interaction_required", code, suberror="message_only"), Call.REFRESH)
        assert isinstance(found, PolicyBlockedError)
        assert row.kind is not Kind.BLOCKED or found.reason == row.code
        assert OWNER not in str(found)


def test_no_code_turns_an_outage_into_something_lasting() -> None:
    for code in ROWS:
        assert refused(error("temporarily_unavailable", code), Call.REFRESH).transient
        assert refused(error("server_error", code), Call.REFRESH).transient


@pytest.mark.parametrize("name", ["invalid_client", "invalid_scope", "unsupported_grant_type", "invalid_resource"])
def test_no_code_turns_a_fault_of_the_application_into_a_lost_sign_in(name: str) -> None:
    for code in ROWS:
        assert not isinstance(refused(error(name, code), Call.REFRESH), ReauthenticationRequiredError)
