"""MSAL signs people in: authorization code with PKCE in every response mode, and what it then knows about them."""

import asyncio
import json
import time
from contextlib import nullcontext

import jwt
import msal
import pytest

from modules.simulator.faults import aadsts
from modules.simulator.simulator import Simulator
from tests.modules.simulator.proof.clients import CALLBACK, MAIL, Clients, Untyped
from tests.modules.simulator.proof.visits import Visits

in_thread = asyncio.to_thread
MODES = ["query", "form_post"]


def begin(app: Untyped, mode: str = "form_post", **options: Untyped) -> Untyped:
    """Begin a flow. MSAL warns of `query`, though it is Entra's default."""
    warned = pytest.warns(UserWarning, match="response_mode") if mode == "query" else nullcontext()
    with warned:
        return app.initiate_auth_code_flow(MAIL, redirect_uri=CALLBACK, response_mode=mode, **options)


@pytest.mark.parametrize("mode", MODES)
async def test_a_confidential_client_redeems_a_code_with_pkce(clients: Clients, visits: Visits, mode: str) -> None:
    app = await clients.confidential()
    flow = begin(app, mode)
    callback = await visits.sign_in(flow["auth_uri"])
    result = await in_thread(app.acquire_token_by_auth_code_flow, flow, callback)
    assert callback["state"] == flow["state"]
    assert set(result) >= {"access_token", "refresh_token", "id_token", "client_info", "expires_in", "ext_expires_in"}
    assert result["token_type"] == "Bearer"
    assert result["token_source"] == "identity_provider"
    assert 3600 <= result["expires_in"] <= 5400


@pytest.mark.parametrize("mode", MODES)
async def test_a_public_client_does_so_without_a_secret(clients: Clients, visits: Visits, mode: str) -> None:
    app = await clients.public()
    flow = begin(app, mode)
    result = await in_thread(app.acquire_token_by_auth_code_flow, flow, await visits.sign_in(flow["auth_uri"]))
    assert "access_token" in result


async def test_msals_view_of_the_person_is_the_directorys(clients: Clients, visits: Visits) -> None:
    cache = msal.SerializableTokenCache()
    app = await clients.confidential(token_cache=cache)
    user, tenant_id = clients.simulator.directory.users[0], clients.tenant_id
    flow, before = begin(app), time.time()
    result = await in_thread(app.acquire_token_by_auth_code_flow, flow, await visits.sign_in(flow["auth_uri"]))
    home = f"{user.object_id}.{tenant_id}"
    (account,) = app.get_accounts()
    assert account["home_account_id"] == home
    assert account["username"] == user.upn
    assert (account["local_account_id"], account["realm"]) == (user.object_id, tenant_id)
    assert account["environment"] == "127.0.0.1"

    kept = json.loads(cache.serialize())
    client_id = clients.client_id("web")
    assert set(kept) == {"AccessToken", "RefreshToken", "IdToken", "Account", "AppMetadata"}
    ((key, access),) = kept["AccessToken"].items()
    scopes = " ".join(sorted(result["scope"].lower().split()))
    assert key.startswith(f"{home}-127.0.0.1-accesstoken-{client_id}-{tenant_id}-".lower())
    assert set(access["target"].lower().split()) == set(scopes.split())
    assert int(access["expires_on"]) == pytest.approx(before + result["expires_in"], abs=5)
    ((_, refresh),) = kept["RefreshToken"].items()
    assert (refresh["home_account_id"], refresh["secret"]) == (home, result["refresh_token"])

    claims = result["id_token_claims"]
    assert (claims["oid"], claims["tid"], claims["aud"]) == (user.object_id, tenant_id, client_id)
    assert (claims["preferred_username"], claims["name"], claims["ver"]) == (user.upn, user.name, "2.0")


async def test_scopes_come_back_as_they_were_asked_for_so_that_msals_cache_finds_them(
    clients: Clients, visits: Visits
) -> None:
    app = await clients.confidential()
    flow = begin(app)
    result = await in_thread(app.acquire_token_by_auth_code_flow, flow, await visits.sign_in(flow["auth_uri"]))
    (account,) = app.get_accounts()
    again = await in_thread(app.acquire_token_silent, MAIL, account)
    assert "Mail.Read" in result["scope"].split()
    assert "offline_access" not in result["scope"].split()
    assert (again["access_token"], again["token_source"]) == (result["access_token"], "cache")


async def test_the_id_token_is_signed_by_a_published_key(clients: Clients, visits: Visits) -> None:
    """With PyJWT: MSAL itself verifies nothing."""
    app = await clients.confidential()
    flow = begin(app)
    result = await in_thread(app.acquire_token_by_auth_code_flow, flow, await visits.sign_in(flow["auth_uri"]))
    authority = f"{clients.simulator.https_url}/{clients.tenant_id}"
    published = await visits.get_json(f"{authority}/v2.0/.well-known/openid-configuration")
    keys = jwt.PyJWKSet.from_dict(await visits.get_json(published["jwks_uri"]))
    token = result["id_token"]
    claims = jwt.decode(
        token,
        keys[jwt.get_unverified_header(token)["kid"]],
        algorithms=["RS256"],
        audience=clients.client_id("web"),
        issuer=published["issuer"],
        options={"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "tid", "oid", "nonce"]},
    )
    assert claims == result["id_token_claims"]


async def test_several_people_are_several_accounts(clients: Clients, visits: Visits) -> None:
    app = await clients.confidential()
    for number in (0, 1):
        flow = begin(app)
        await in_thread(app.acquire_token_by_auth_code_flow, flow, await visits.sign_in(flow["auth_uri"], number))
    assert {each["username"] for each in app.get_accounts()} == {
        user.upn for user in clients.simulator.directory.users[:2]
    }


async def test_the_organizations_authority_ends_at_the_persons_own_tenant(clients: Clients, visits: Visits) -> None:
    app = await clients.confidential(authority=f"{clients.simulator.https_url}/organizations")
    flow = begin(app)
    result = await in_thread(app.acquire_token_by_auth_code_flow, flow, await visits.sign_in(flow["auth_uri"]))
    assert result["id_token_claims"]["iss"].endswith(f"/{clients.tenant_id}/v2.0")
    assert app.get_accounts()[0]["home_account_id"].endswith(clients.tenant_id)


async def test_a_tenant_named_by_its_domain_is_known_by_its_id(clients: Clients, visits: Visits) -> None:
    domain = clients.simulator.directory.tenant.domain
    app = await clients.confidential(authority=f"{clients.simulator.https_url}/{domain}")
    flow = begin(app)
    result = await in_thread(app.acquire_token_by_auth_code_flow, flow, await visits.sign_in(flow["auth_uri"]))
    assert result["id_token_claims"]["tid"] == clients.tenant_id


async def test_an_oidc_authority_is_accepted_since_the_issuer_is_its_own(clients: Clients) -> None:
    app = await clients.confidential(
        authority=None, oidc_authority=f"{clients.simulator.https_url}/{clients.tenant_id}/v2.0"
    )
    assert begin(app)["auth_uri"].startswith(f"{clients.simulator.https_url}/")


async def test_a_second_sign_in_without_prompt_uses_the_browsers_session(clients: Clients, visits: Visits) -> None:
    app = await clients.confidential()
    first = begin(app)
    await visits.sign_in(first["auth_uri"])
    silent = begin(app, prompt="none")
    result = await in_thread(app.acquire_token_by_auth_code_flow, silent, await visits.look(silent["auth_uri"]))
    assert "access_token" in result


async def test_a_code_works_once(clients: Clients, visits: Visits) -> None:
    app, other = await clients.confidential(), await clients.confidential()
    flow = begin(app)
    callback = await visits.sign_in(flow["auth_uri"])
    await in_thread(app.acquire_token_by_auth_code_flow, flow, callback)
    again = await in_thread(other.acquire_token_by_auth_code_flow, flow, callback)
    assert (again["error"], again["error_codes"]) == ("invalid_grant", [54005])


async def test_another_verifier_does_not_redeem_the_code(clients: Clients, visits: Visits) -> None:
    app = await clients.confidential()
    flow = begin(app)
    callback = await visits.sign_in(flow["auth_uri"])
    flow["code_verifier"] = "A" * 43
    refused = await in_thread(app.acquire_token_by_auth_code_flow, flow, callback)
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [501481])


async def test_who_cancels_is_told_to_msal_as_access_denied(clients: Clients, visits: Visits) -> None:
    app = await clients.confidential()
    flow = begin(app)
    callback = await visits.cancel(flow["auth_uri"])
    result = await in_thread(app.acquire_token_by_auth_code_flow, flow, callback)
    assert result["error"] == "access_denied"
    assert "AADSTS65004" in result["error_description"]


async def test_without_a_session_prompt_none_needs_a_sign_in(clients: Clients, visits: Visits) -> None:
    app = await clients.confidential()
    flow = begin(app, prompt="none")
    result = await in_thread(app.acquire_token_by_auth_code_flow, flow, await visits.look(flow["auth_uri"]))
    assert result["error"] == "login_required"
    assert "AADSTS50058" in result["error_description"]


async def test_a_callback_with_another_state_is_refused_by_msal(clients: Clients, visits: Visits) -> None:
    app = await clients.confidential()
    flow = begin(app)
    callback = await visits.sign_in(flow["auth_uri"])
    with pytest.raises(ValueError, match="state mismatch"):
        await in_thread(app.acquire_token_by_auth_code_flow, flow, {**callback, "state": "another"})


async def test_max_age_is_answered_with_the_time_of_the_sign_in(clients: Clients, visits: Visits) -> None:
    app = await clients.confidential()
    flow = begin(app, max_age=600)
    result = await in_thread(app.acquire_token_by_auth_code_flow, flow, await visits.sign_in(flow["auth_uri"]))
    assert result["id_token_claims"]["auth_time"] == pytest.approx(time.time(), abs=60)


async def test_what_msal_sends_is_in_the_log_without_its_secrets(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    app = await clients.confidential()
    flow = begin(app)
    callback = await visits.sign_in(flow["auth_uri"])
    await in_thread(app.acquire_token_by_auth_code_flow, flow, callback)
    (sent,) = simulator.requests.of("token")
    assert sent.form["grant_type"] == "authorization_code"
    assert sent.headers["x-client-sku"] == "MSAL.Python"
    shown = repr(list(simulator.requests))
    assert not any(secret in shown for secret in (clients.secret("web"), callback["code"], flow["code_verifier"]))


async def test_an_error_of_the_token_endpoint_carries_msals_correlation_id(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    app = await clients.confidential()
    flow = begin(app)
    callback = await visits.sign_in(flow["auth_uri"])
    simulator.faults.add(aadsts(50057, times=1))
    refused = await in_thread(app.acquire_token_by_auth_code_flow, flow, callback)
    (sent,) = simulator.requests.of("token")
    assert refused["correlation_id"] == sent.headers["client-request-id"]
    assert set(refused) >= {"error", "error_description", "error_codes", "timestamp", "trace_id", "error_uri"}
    assert refused["correlation_id"] in refused["error_description"]
