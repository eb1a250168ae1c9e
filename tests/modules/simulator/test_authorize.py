"""The authorize endpoint: what is answered where, and what is never sent back to an address that is not registered."""

from base64 import urlsafe_b64decode
from json import loads
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from tests.modules.simulator.rig import CHALLENGE, REDIRECT, Rig
from tests.simulator.html_forms import Page
from tests.simulator.person import AstrayError, Callback


async def refused(rig: Rig, **changes: str) -> dict[str, str]:
    """The parameters of the callback with which a request is refused."""
    found = await (await rig.person()).open(rig.authorize_url(**changes))
    assert isinstance(found, Callback), found
    assert found.fields["state"] == "the state"
    return found.fields


async def shown(rig: Rig, url: str) -> Page:
    found = await (await rig.person()).open(url)
    assert isinstance(found, Page), found
    return found


async def test_the_answer_comes_in_the_query_with_an_empty_fragment(rig: Rig) -> None:
    callback = await rig.callback(client_info="1")
    assert callback.url.startswith(f"{REDIRECT['web']}?code=")
    assert callback.url.endswith("#")
    assert callback.fields["state"] == "the state"
    assert callback.fields["session_state"]
    info = callback.fields["client_info"]
    known = loads(urlsafe_b64decode(info + "=" * (-len(info) % 4)))
    assert known == {"uid": rig.user().object_id, "utid": rig.user().tenant_id}


async def test_the_answer_comes_in_the_fragment(rig: Rig) -> None:
    callback = await rig.callback(response_mode="fragment")
    assert callback.url.startswith(f"{REDIRECT['web']}#code=")


async def test_the_answer_comes_as_a_form_that_posts_itself_or_has_a_button(rig: Rig) -> None:
    person = await rig.person()
    callback = await person.sign_in(rig.authorize_url(response_mode="form_post"))
    page = person.pages[-1]
    assert (callback.posted, callback.url, callback.fields["state"]) == (True, REDIRECT["web"], "the state")
    assert page.scripts == ["document.forms[0].submit()"]
    assert "<noscript>" in page.text
    assert page.form("callback").buttons


async def test_a_redirect_uri_without_a_path_gets_a_slash(rig: Rig) -> None:
    callback = await rig.callback(name="public", redirect_uri="http://localhost:5000")
    assert callback.url.startswith("http://localhost:5000/?code=")


async def test_a_state_loses_its_tags_and_nothing_else(rig: Rig) -> None:
    callback = await rig.callback(state="<b>a&b=c+d %41 é</b>")
    assert callback.fields["state"] == "a&b=c+d %41 é"


async def test_without_a_state_none_comes_back(rig: Rig) -> None:
    assert "state" not in (await rig.callback(state="")).fields


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_id": "unknown"}, "700016"),
        ({"client_id": ""}, "900144"),
        ({"redirect_uri": ""}, "50011"),
        ({"redirect_uri": "http://localhost:5000/auth/Callback"}, "50011"),
        ({"redirect_uri": "http://localhost:5000/auth/callback/more"}, "50011"),
        ({"redirect_uri": "https://localhost:5000/auth/callback"}, "50011"),
        ({"redirect_uri": "http://localhost.evil.example/auth/callback"}, "50011"),
        ({"redirect_uri": "http://localhost:5000@evil.example/auth/callback"}, "50011"),
        ({"redirect_uri": "http://localhost:5000/auth/callback?next=x"}, "50011"),
        ({"redirect_uri": "http://localhost:5000/auth/callback#x"}, "50011"),
        ({"redirect_uri": "javascript:alert(1)"}, "50011"),
        ({"redirect_uri": "http://localhost:port/auth/callback"}, "50011"),
        ({"tenant": "nobody.example"}, "90002"),
        ({"tenant": "consumers"}, "9002332"),
    ],
)
async def test_a_request_without_a_trustworthy_address_ends_on_a_page(
    rig: Rig, change: dict[str, str], code: str
) -> None:
    page = await shown(rig, rig.authorize_url(**change))
    assert (page.status, page.code) == (400, code)
    assert f"AADSTS{code}" in page.text


async def test_a_repeated_parameter_is_refused(rig: Rig) -> None:
    assert (await shown(rig, rig.authorize_url() + "&client_id=another")).code == "9000411"


async def test_the_status_of_error_pages_can_be_chosen(rig: Rig) -> None:
    rig.simulator.switches.error_page_status = 200
    assert (await shown(rig, rig.authorize_url(client_id="unknown"))).status == 200


@pytest.mark.parametrize(
    ("change", "error", "code"),
    [
        ({"response_type": ""}, "invalid_request", 900144),
        ({"response_type": "token"}, "unsupported_response_type", 70005),
        ({"response_type": "id_token", "nonce": "n"}, "unsupported_response_type", 700054),
        ({"response_mode": "carrier_pigeon"}, "invalid_request", 70007),
        ({"scope": ""}, "invalid_request", 900144),
        ({"scope": "Mail.Frobnicate"}, "invalid_scope", 70011),
        ({"scope": "https://graph.microsoft.com/.default Mail.Read"}, "invalid_scope", 70011),
        ({"scope": "https://unknown.example/Mail.Read"}, "invalid_resource", 500011),
        ({"prompt": "nonsense"}, "invalid_request", 90023),
        ({"prompt": "none login"}, "invalid_request", 90023),
        ({"max_age": "soon"}, "invalid_request", 90023),
        ({"claims": "{"}, "invalid_request", 90023),
        ({"claims": "[]"}, "invalid_request", 90023),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S512"}, "invalid_request", 50147),
        ({"prompt": "none"}, "login_required", 50058),
    ],
)
async def test_any_other_fault_is_sent_back(rig: Rig, change: dict[str, str], error: str, code: int) -> None:
    fields = await refused(rig, **change)
    assert fields["error"] == error
    assert fields["error_description"].startswith(f"AADSTS{code}: ")


async def test_an_id_token_comes_with_the_code_if_that_is_switched_on(rig: Rig) -> None:
    rig.application().id_tokens = True
    callback = await rig.callback(response_type="code id_token", nonce="the nonce", response_mode="form_post")
    claims = jwt.decode(callback.fields["id_token"], options={"verify_signature": False})
    assert (claims["nonce"], bool(claims["c_hash"]), bool(callback.code)) == ("the nonce", True, True)


async def test_an_id_token_alone_comes_in_the_fragment(rig: Rig) -> None:
    rig.application().id_tokens = True
    callback = await rig.callback(response_type="id_token", nonce="the nonce")
    assert urlsplit(callback.url).query == ""
    assert "code" not in callback.fields


@pytest.mark.parametrize(
    ("change", "code"),
    [({}, "900144"), ({"nonce": "n", "response_mode": "query"}, "70007")],
)
async def test_an_id_token_needs_a_nonce_and_never_goes_into_the_query(
    rig: Rig, change: dict[str, str], code: str
) -> None:
    rig.application().id_tokens = True
    fields = await refused(rig, response_type="code id_token", **change)
    assert f"AADSTS{code}:" in fields["error_description"]


async def test_an_application_of_one_tenant_is_not_available_in_others(rig: Rig) -> None:
    rig.application().audience = "single"
    other = rig.simulator.directory.tenants[1].domain
    assert (await shown(rig, rig.authorize_url())).code == "50194"
    assert (await shown(rig, rig.authorize_url(tenant=other))).code == "700016"


async def test_a_disabled_application_ends_on_a_page(rig: Rig) -> None:
    rig.application().enabled = False
    assert (await shown(rig, rig.authorize_url())).code == "7000112"


async def test_the_request_may_be_posted(rig: Rig) -> None:
    query = {name: values[0] for name, values in parse_qs(urlsplit(rig.authorize_url()).query).items()}
    answer = await rig.post("common/oauth2/v2.0/authorize", query)
    assert answer.status == 200
    assert 'id="sign-in"' in answer.text


async def test_a_person_of_another_tenant_does_not_get_in(rig: Rig) -> None:
    stranger = rig.simulator.directory.tenants[1].users[0]
    person = await rig.person(stranger)
    with pytest.raises(AstrayError, match="no such account"):
        await person.sign_in(rig.authorize_url(tenant=rig.simulator.directory.tenant.domain))


async def test_a_person_of_any_tenant_gets_in_at_common(rig: Rig) -> None:
    assert (await rig.callback(rig.simulator.directory.tenants[1].users[0])).code
