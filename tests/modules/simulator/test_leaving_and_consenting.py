"""Signing out, and an administrator's consent for everybody."""

import pytest

from tests.modules.simulator.rig import REDIRECT, Rig
from tests.simulator.html_forms import Page
from tests.simulator.person import Callback

GRAPH = "https://graph.microsoft.com"


@pytest.mark.parametrize("method", ["get", "post"])
async def test_signing_out_ends_the_session_but_not_the_refresh_token(rig: Rig, method: str) -> None:
    person = await rig.person()
    callback = await person.sign_in(rig.authorize_url())
    token = (await rig.token(rig.redemption(callback))).body["refresh_token"]
    if method == "get":
        found = await person.open(rig.url("common/oauth2/v2.0/logout"))
        assert isinstance(found, Page)
        assert "You are signed out" in found.text
    else:
        await person.post(rig.url("common/oauth2/v2.0/logout"), {})
    assert isinstance(await person.open(rig.authorize_url()), Page)
    assert (await rig.refresh(token)).status == 200


async def test_signing_out_leads_back_to_a_registered_address(rig: Rig) -> None:
    query = {"post_logout_redirect_uri": REDIRECT["web"], "state": "a b"}
    found = await (await rig.person()).open(rig.url("common/oauth2/v2.0/logout", **query))
    assert isinstance(found, Callback)
    assert (found.url, found.fields) == (f"{REDIRECT['web']}?state=a%20b", {"state": "a b"})


async def test_signing_out_does_not_lead_anywhere_else(rig: Rig) -> None:
    query = {"post_logout_redirect_uri": "https://evil.example/"}
    assert isinstance(await (await rig.person()).open(rig.url("common/oauth2/v2.0/logout", **query)), Page)


def consent_url(rig: Rig, path: str, **changes: str) -> str:
    query = {"client_id": rig.application().client_id, "redirect_uri": REDIRECT["web"], "state": "s", **changes}
    return rig.url(path, **query)


async def test_an_administrator_consents_for_everybody(rig: Rig) -> None:
    administrator = rig.simulator.directory.tenant.administrator
    url = consent_url(rig, "organizations/v2.0/adminconsent", scope=f"{GRAPH}/User.Read {GRAPH}/User.Read.All")
    back = await (await rig.person(administrator, pick=True)).sign_in(url)
    assert back.fields == {
        "admin_consent": "True",
        "tenant": administrator.tenant_id,
        "scope": f"{GRAPH}/User.Read {GRAPH}/User.Read.All",
        "state": "s",
    }
    person = await rig.person()
    await person.sign_in(rig.authorize_url(scope="openid User.Read User.Read.All"))
    assert not any(page.has("consent") for page in person.pages)


async def test_everything_registered_is_consented_to_at_the_older_endpoint(rig: Rig) -> None:
    rig.application().application_permissions.append("Mail.Read")
    administrator = rig.simulator.directory.tenant.administrator
    url = consent_url(rig, "organizations/adminconsent")
    back = await (await rig.person(administrator)).sign_in(url)
    assert back.fields == {"admin_consent": "True", "tenant": administrator.tenant_id, "state": "s"}
    consented = rig.simulator.directory.consented_by_tenant(rig.application().client_id, administrator.tenant_id)
    assert {f"{GRAPH}/Mail.Read", f"{GRAPH}/User.Read"} <= consented


@pytest.mark.parametrize(
    ("path", "error"),
    [("v2.0/adminconsent", "consent_required"), ("adminconsent", "permission_denied")],
)
async def test_an_administrator_may_decline(rig: Rig, path: str, error: str) -> None:
    person = await rig.person(rig.simulator.directory.tenant.administrator, consents=False)
    back = await person.sign_in(consent_url(rig, f"organizations/{path}", scope=f"{GRAPH}/.default"))
    assert (back.fields["error"], back.fields["admin_consent"], back.fields["state"]) == (error, "True", "s")
    assert back.fields["error_description"].startswith("AADSTS65004:")


async def test_nobody_else_consents_for_everybody(rig: Rig) -> None:
    url = consent_url(rig, "organizations/v2.0/adminconsent", scope=f"{GRAPH}/.default")
    assert (await (await rig.person()).see(url)).code == "90094"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_id": "x"}, "700016"),
        ({"redirect_uri": "http://evil.example/"}, "50011"),
        ({"scope": ""}, "900144"),
    ],
)
async def test_a_wrong_request_for_consent_ends_on_a_page(rig: Rig, change: dict[str, str], code: str) -> None:
    url = consent_url(rig, "organizations/v2.0/adminconsent", **{"scope": f"{GRAPH}/.default", **change})
    assert (await (await rig.person()).see(url)).code == code
