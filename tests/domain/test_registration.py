"""What can be said of an application without asking anybody."""

from typing import Any

import pytest
from hypothesis import given

from domain.account import AuthFlow, OAuthApplication
from domain.registration import Level, check_registration
from tests.domain.strategies import applications

REDIRECT = "https://mail.example.com/auth/callback"
DEFAULT = "https://graph.microsoft.com/.default"


def found(**fields: Any) -> list[str]:  # noqa: ANN401 - fields of several types
    """Return the codes of what is wrong with an application that differs from a sound one in some fields."""
    sound: dict[str, Any] = {
        "client_id": "app",
        "tenant_id": "contoso.example",
        "scopes": ("Mail.Read", "offline_access"),
        "redirect_uri": REDIRECT,
    }
    return [finding.code for finding in check_registration(OAuthApplication(**(sound | fields)))]


@pytest.mark.parametrize(
    "uri",
    [
        REDIRECT,
        "http://localhost:5000/auth/callback",
        "http://127.0.0.1/callback",
        "https://mail.example.com:8443/a/b?x=y",
    ],
)
def test_of_what_is_plausible_nothing_is_said(uri: str) -> None:
    assert found(redirect_uri=uri) == []


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        (None, "REDIRECT_URI_MISSING"),
        ("localhost/callback", "REDIRECT_URI_MALFORMED"),
        ("/callback", "REDIRECT_URI_MALFORMED"),
        ("https:///callback", "REDIRECT_URI_MALFORMED"),
        ("https://host:port/callback", "REDIRECT_URI_MALFORMED"),
        ("https://[::1/callback", "REDIRECT_URI_MALFORMED"),
        ("http://[::1]:5000/callback", "REDIRECT_URI_IPV6"),
        ("msauth://host/callback", "REDIRECT_URI_SCHEME"),
        ("http://mail.example.com/callback", "REDIRECT_URI_NOT_HTTPS"),
        ("http://localhost.example.com/callback", "REDIRECT_URI_NOT_HTTPS"),
        ("https://mail.example.com/callback#", "REDIRECT_URI_FRAGMENT"),
        ("https://me@mail.example.com/callback", "REDIRECT_URI_REFUSED"),
        ("https://mail.example.com/call(back)", "REDIRECT_URI_REFUSED"),
        ("https://*.example.com/callback", "REDIRECT_URI_REFUSED"),
        ("https://mail.example.com/" + "a" * 256, "REDIRECT_URI_REFUSED"),
        ("https://mail.example.com", "REDIRECT_URI_WITHOUT_PATH"),
        ("https://mail.example.com/", "REDIRECT_URI_WITHOUT_PATH"),
    ],
)
def test_a_redirect_uri_that_cannot_work_is_told(uri: str | None, code: str) -> None:
    assert found(redirect_uri=uri) == [code]


def test_a_query_in_the_redirect_uri_is_told_where_personal_accounts_may_come() -> None:
    assert found(redirect_uri=f"{REDIRECT}?x=y", tenant_id="common") == ["REDIRECT_URI_QUERY"]


@pytest.mark.parametrize("flow", [AuthFlow.DEVICE_CODE, AuthFlow.CLIENT_CREDENTIALS])
def test_flows_without_a_browser_need_no_redirect_uri(flow: AuthFlow) -> None:
    codes = found(flow=flow, redirect_uri=None)
    assert not [code for code in codes if "REDIRECT" in code]


@pytest.mark.parametrize(
    ("scopes", "codes"),
    [
        ((), ["OFFLINE_ACCESS_MISSING", "SCOPES_WITHOUT_PERMISSION"]),
        (("Mail.Read",), ["OFFLINE_ACCESS_MISSING"]),
        (("openid", "profile", "offline_access"), ["SCOPES_WITHOUT_PERMISSION"]),
        (("Mail.Read", "offline_access", "phone"), ["SCOPES_UNSUPPORTED"]),
        (("Mail.Read Mail.Send", "offline_access"), ["SCOPES_MALFORMED"]),
        (('Mail."Read"', "offline_access"), ["SCOPES_MALFORMED"]),
        ((DEFAULT, "Mail.Read", "offline_access"), ["SCOPES_DEFAULT_MIXED"]),
        ((DEFAULT, "openid", "offline_access"), []),
        (("https://graph.microsoft.com/Mail.Read", "Mail.Send", "offline_access"), []),
        (("https://outlook.office.com/Mail.Read", "Mail.Send", "offline_access"), ["SCOPES_OF_SEVERAL_RESOURCES"]),
    ],
)
@pytest.mark.parametrize("flow", [AuthFlow.AUTHORIZATION_CODE, AuthFlow.DEVICE_CODE])
def test_scopes_that_a_person_cannot_grant_are_told(flow: AuthFlow, scopes: tuple[str, ...], codes: list[str]) -> None:
    assert found(flow=flow, scopes=scopes) == codes


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"scopes": (DEFAULT,)}, []),
        ({"scopes": ()}, []),
        ({"scopes": ("Mail.Read",)}, ["SCOPES_NOT_DEFAULT"]),
        ({"scopes": (DEFAULT, "offline_access")}, ["SCOPES_NOT_DEFAULT"]),
        ({"scopes": (), "tenant_id": "common"}, ["TENANT_NOT_SPECIFIC"]),
        ({"scopes": (), "tenant_id": "Organizations"}, ["TENANT_NOT_SPECIFIC"]),
        ({"scopes": (), "client_secrets": ()}, ["CREDENTIAL_MISSING"]),
    ],
)
def test_an_application_that_acts_by_itself_needs_a_tenant_a_credential_and_default(
    fields: dict[str, Any], codes: list[str]
) -> None:
    secret = {"client_secrets": ("secret",)}
    assert found(flow=AuthFlow.CLIENT_CREDENTIALS, **(secret | fields)) == codes


@given(applications)
def test_whatever_is_set_up_can_be_looked_at_and_each_fault_has_a_remedy(app: OAuthApplication) -> None:
    for finding in check_registration(app):
        assert finding.level in {Level.FAULT, Level.WARNING}
        assert finding.code.isupper()
        assert finding.remedy
