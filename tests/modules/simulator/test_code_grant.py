"""Redeeming an authorization code: once, soon, by whom it was issued to, with what was shown before."""

from base64 import b64encode
from datetime import timedelta

import jwt
import pytest

from tests.modules.simulator.rig import CHALLENGE, DEVICE_GRANT, ORIGIN, REDIRECT, VERIFIER, Rig

S256 = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
PLAIN = {"code_challenge": VERIFIER}


async def test_a_code_gives_tokens(rig: Rig) -> None:
    answer = await rig.signed_in()
    assert answer.status == 200
    assert answer.body["token_type"] == "Bearer"
    assert 3600 <= answer.body["expires_in"] < 5400
    assert answer.body["ext_expires_in"] == answer.body["expires_in"]
    assert answer.body["scope"] == "openid profile User.Read Mail.Read"
    assert {"access_token", "refresh_token", "id_token"} <= set(answer.body)
    assert "client_info" not in answer.body
    assert "refresh_in" not in answer.body
    assert answer.body["access_token"].count(".") == 0


async def test_an_answer_of_tokens_is_not_to_be_stored_and_has_no_retry_after(rig: Rig) -> None:
    headers = (await rig.signed_in()).headers
    assert headers["Cache-Control"] == "no-store, no-cache"
    assert (headers["Pragma"], headers["Expires"]) == ("no-cache", "-1")
    assert headers["x-ms-request-id"]
    assert "Retry-After" not in headers


async def test_the_id_token_can_be_verified_with_the_published_keys(rig: Rig) -> None:
    user, application, base = rig.user(), rig.application(), rig.simulator.http_url
    token = (await rig.signed_in(nonce="the nonce")).body["id_token"]
    keys = jwt.PyJWKSet.from_dict((await rig.get("common/discovery/v2.0/keys")).body)
    key = keys[jwt.get_unverified_header(token)["kid"]]
    issuer = f"{base}/{user.tenant_id}/v2.0"
    claims = jwt.decode(token, key.key, algorithms=["RS256"], audience=application.client_id, issuer=issuer)
    assert (claims["oid"], claims["tid"], claims["ver"]) == (user.object_id, user.tenant_id, "2.0")
    assert (claims["preferred_username"], claims["name"], claims["nonce"]) == (user.upn, user.name, "the nonce")
    assert claims["exp"] - claims["iat"] == 3600
    assert "email" not in claims
    assert "x5t" not in jwt.get_unverified_header(token)


async def test_the_subject_is_another_at_each_application_and_claims_follow_the_scopes(rig: Rig) -> None:
    web = (await rig.signed_in(scope="openid")).body["id_token"]
    public = (await rig.signed_in(name="public", scope="openid email profile")).body["id_token"]
    first, second = (jwt.decode(token, options={"verify_signature": False}) for token in (web, public))
    assert first["sub"] != second["sub"]
    assert {"oid", "preferred_username", "name", "email"}.isdisjoint(first)
    assert second["email"] == rig.user().mail


async def test_without_offline_access_and_openid_there_is_only_an_access_token(rig: Rig) -> None:
    body = (await rig.signed_in(scope="Mail.Read")).body
    assert {"refresh_token", "id_token"}.isdisjoint(body)
    assert body["scope"] == "Mail.Read"


async def test_the_scope_is_echoed_as_asked_or_in_full_or_with_more(rig: Rig) -> None:
    asked = "openid https://graph.microsoft.com/Mail.Read USER.READ offline_access"
    assert (await rig.signed_in(scope=asked)).body["scope"] == "openid https://graph.microsoft.com/Mail.Read USER.READ"
    rig.simulator.switches.full_scopes = True
    rig.simulator.switches.echo_offline_access = True
    rig.simulator.switches.extra_scopes = ("https://graph.microsoft.com/Calendars.Read",)
    graph = "https://graph.microsoft.com"
    full = f"openid {graph}/Mail.Read {graph}/User.Read offline_access {graph}/Calendars.Read"
    assert (await rig.signed_in(scope=asked)).body["scope"] == full


async def test_lifetimes_and_hints_can_be_chosen(rig: Rig) -> None:
    rig.simulator.switches.token_lifetime = timedelta(seconds=77)
    rig.simulator.switches.refresh_in = timedelta(seconds=33)
    body = (await rig.signed_in()).body
    assert (body["expires_in"], body["refresh_in"]) == (77, 33)


async def test_a_client_that_understands_claims_challenges_gets_a_long_lived_token(rig: Rig) -> None:
    callback = await rig.callback()
    claims = '{"access_token": {"xms_cc": {"values": ["CP1"]}}}'
    body = (await rig.token(rig.redemption(callback, claims=claims))).body
    assert 20 * 3600 <= body["expires_in"] < 28 * 3600


async def test_client_info_comes_if_asked(rig: Rig) -> None:
    callback = await rig.callback()
    assert (await rig.token(rig.redemption(callback, client_info="1"))).body["client_info"]


async def test_a_code_is_redeemed_once(rig: Rig) -> None:
    form = rig.redemption(await rig.callback())
    assert (await rig.token(form)).status == 200
    again = await rig.token(form)
    assert (again.error, again.code) == ((400, "invalid_grant", None), 54005)


async def test_a_code_expires(rig: Rig) -> None:
    callback = await rig.callback()
    rig.simulator.clock.advance(timedelta(minutes=10))
    assert (await rig.token(rig.redemption(callback))).code == 70008


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        ({"code": "garbage"}, 9002313, "invalid_grant"),
        ({"code": "1.A" + "x" * 300}, 70000, "invalid_grant"),
        ({"code": ""}, 900144, "invalid_request"),
        ({"redirect_uri": ""}, 900144, "invalid_request"),
        ({"redirect_uri": "http://localhost:5001/auth/callback"}, 50011, "invalid_grant"),
        ({"grant_type": ""}, 900144, "invalid_request"),
        ({"grant_type": "magic"}, 70003, "unsupported_grant_type"),
        ({"client_id": ""}, 900144, "invalid_request"),
        ({"client_id": "unknown"}, 700016, "unauthorized_client"),
        ({"client_secret": ""}, 7000218, "invalid_client"),
        ({"client_secret": "wrong"}, 7000215, "invalid_client"),
        ({"code_verifier": VERIFIER}, 501481, "invalid_grant"),
        (
            {"scope": "https://graph.microsoft.com/Mail.Read https://outlook.office.com/Mail.Read"},
            700022,
            "invalid_scope",
        ),
        ({"scope": "Calendars.Read"}, 65001, "invalid_grant"),
        ({"claims": "no JSON"}, 90023, "invalid_request"),
    ],
)
async def test_a_wrong_redemption_says_what_is_wrong(rig: Rig, change: dict[str, str], code: int, error: str) -> None:
    callback = await rig.callback(scope="offline_access Mail.Read https://outlook.office.com/Mail.Read")
    answer = await rig.token(rig.redemption(callback, **change))
    assert (answer.code, answer.body["error"]) == (code, error)
    assert answer.status == (401 if error == "invalid_client" else 400)


@pytest.mark.parametrize("challenge", [S256, PLAIN])
async def test_the_verifier_must_fit_the_challenge(rig: Rig, challenge: dict[str, str]) -> None:
    callback = await rig.callback(**challenge)
    for wrong in ({}, {"code_verifier": VERIFIER + "x"}, {"code_verifier": ""}):
        assert (await rig.token(rig.redemption(callback, **wrong))).code == 501481
    assert (await rig.token(rig.redemption(callback, code_verifier=VERIFIER))).status == 200


async def test_a_code_is_for_the_client_that_asked(rig: Rig) -> None:
    callback = await rig.callback()
    stranger = rig.credentials("daemon")
    tenant = rig.simulator.directory.tenant.tenant_id
    assert (await rig.token(rig.redemption(callback, **stranger), tenant=tenant)).code == 70000


async def test_a_code_is_for_the_person_s_tenant(rig: Rig) -> None:
    form = rig.redemption(await rig.callback())
    directory = rig.simulator.directory
    assert (await rig.token(form, tenant=directory.tenants[1].domain)).code == 700005
    assert (await rig.token(form, tenant=directory.tenant.domain)).status == 200


async def test_a_native_code_needs_no_secret_and_must_have_none(rig: Rig) -> None:
    form = rig.redemption(await rig.callback(name="public"), "public")
    refused = await rig.token({**form, "client_secret": "x"})
    assert (refused.error, refused.code) == ((401, "invalid_client", None), 700025)
    assert (await rig.token(form)).status == 200


async def test_a_code_of_a_page_needs_its_origin_and_a_challenge(rig: Rig) -> None:
    bare = rig.redemption(await rig.callback(name="spa"), "spa")
    assert (await rig.token(bare, headers=ORIGIN)).code == 9002325
    form = rig.redemption(await rig.callback(name="spa", **S256), "spa", code_verifier=VERIFIER)
    assert (await rig.token(form)).code == 9002327
    answer = await rig.token(form, headers=ORIGIN)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


async def test_only_a_page_may_come_from_another_origin(rig: Rig) -> None:
    callback = await rig.callback()
    assert (await rig.token(rig.redemption(callback), headers=ORIGIN)).code == 9002326


async def test_the_secret_may_come_by_basic_authentication(rig: Rig) -> None:
    application = rig.application()
    form = rig.redemption(await rig.callback(), client_id="", client_secret="")
    wrong = b64encode(f"{application.client_id}:wrong".encode()).decode()
    assert (await rig.token(form, headers={"Authorization": f"Basic {wrong}"})).code == 7000215
    assert (await rig.token(form, headers={"Authorization": "Basic %%%"})).code == 9002313
    good = b64encode(f"{application.client_id}:{application.secrets[0].value}".encode()).decode()
    assert (await rig.token(form, headers={"Authorization": f"Basic {good}"})).status == 200


async def test_two_secrets_work_side_by_side_until_one_expires(rig: Rig) -> None:
    second = rig.simulator.directory.add_secret(rig.application(), lifetime=timedelta(days=365))
    first = rig.application().secrets[0]
    rig.simulator.clock.advance(timedelta(days=200))
    refused = await rig.token(rig.redemption(await rig.callback(), client_secret=first.value))
    assert (refused.error, refused.code) == ((401, "invalid_client", None), 7000222)
    assert (await rig.token(rig.redemption(await rig.callback(), client_secret=second.value))).status == 200


async def test_the_id_of_a_secret_is_not_the_secret(rig: Rig) -> None:
    pasted = rig.application().secrets[0].secret_id
    assert (await rig.token(rig.redemption(await rig.callback(), client_secret=pasted))).code == 7000215


async def test_a_refusal_has_the_form_that_entra_s_have(rig: Rig) -> None:
    mine = "6fd19bbf-6bb1-4ba0-9bbb-0f40f2e9e1b9"
    answer = await rig.token({"grant_type": DEVICE_GRANT, "client_id": "x"}, headers={"client-request-id": mine})
    body = answer.body
    assert set(body) == {
        *("error", "error_description", "error_codes", "timestamp"),
        *("trace_id", "correlation_id", "error_uri"),
    }
    assert body["correlation_id"] == mine
    lines = body["error_description"].split("\r\n")
    assert [line.partition(":")[0] for line in lines] == ["AADSTS700016", "Trace ID", "Correlation ID", "Timestamp"]
    assert lines[3] == f"Timestamp: {body['timestamp']}"
    assert answer.headers["x-ms-request-id"] == body["trace_id"]
    assert (await rig.get(body["error_uri"])).status == 200


async def test_a_repeated_or_unreadable_form_is_refused(rig: Rig) -> None:
    url = rig.url("common/oauth2/v2.0/token")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for body, code in ((b"grant_type=a&grant_type=b", 9000411), (b"\xff\xfe=x", 9002313)):
        async with rig.http.post(url, data=body, headers=kind) as response:
            assert (response.status, (await response.json())["error_codes"]) == (400, [code])


async def test_spaces_and_quotes_around_values_count(rig: Rig) -> None:
    form = rig.redemption(await rig.callback())
    for wrong in (f" {form['client_secret']}", f'"{form["client_secret"]}"'):
        assert (await rig.token({**form, "client_secret": wrong})).code == 7000215


async def test_a_code_of_a_loopback_port_is_redeemed_with_the_same_port(rig: Rig) -> None:
    callback = await rig.callback(redirect_uri="http://127.0.0.1:61234/auth/callback")
    assert callback.url.startswith("http://127.0.0.1:61234/auth/callback?code=")
    assert (await rig.token(rig.redemption(callback, redirect_uri=REDIRECT["web"]))).code == 50011
