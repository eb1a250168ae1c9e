"""MSAL's device code flow, one poll at a time: the loop around it would only wait."""

import asyncio
from datetime import timedelta

import pytest

from modules.simulator.simulator import Simulator
from tests.modules.simulator.proof.clients import MAIL, Clients, Untyped
from tests.modules.simulator.proof.visits import Visits


async def poll(app: Untyped, flow: dict[str, Untyped]) -> Untyped:
    """Ask once. A copy, since MSAL notes in the flow when it asked, and warns of asking again at once."""
    return await asyncio.to_thread(app.acquire_token_by_device_flow, dict(flow), exit_condition=lambda _: True)


async def test_a_person_enters_the_code_elsewhere_and_the_device_gets_tokens(clients: Clients, visits: Visits) -> None:
    app = await clients.public()
    flow = await asyncio.to_thread(app.initiate_device_flow, MAIL)
    assert (flow["expires_in"], flow["interval"]) == (900, 5)
    assert "verification_uri_complete" not in flow
    assert flow["user_code"] in flow["message"]
    assert flow["verification_uri"] in flow["message"]
    assert (await poll(app, flow))["error"] == "authorization_pending"

    await visits.enter_code(flow["verification_uri"], flow["user_code"])
    result = await poll(app, flow)
    user = clients.simulator.directory.users[0]
    assert set(result) >= {"access_token", "refresh_token", "id_token"}
    (account,) = app.get_accounts()
    assert account["home_account_id"] == f"{user.object_id}.{clients.tenant_id}"
    assert (await asyncio.to_thread(app.acquire_token_silent, MAIL, account))["token_source"] == "cache"


async def test_a_device_code_is_redeemed_once(clients: Clients, visits: Visits) -> None:
    app = await clients.public()
    flow = await asyncio.to_thread(app.initiate_device_flow, MAIL)
    await visits.enter_code(flow["verification_uri"], flow["user_code"])
    assert "access_token" in await poll(app, flow)
    assert "error" in await poll(app, flow)


async def test_who_declines_ends_the_flow(clients: Clients, visits: Visits) -> None:
    app = await clients.public()
    flow = await asyncio.to_thread(app.initiate_device_flow, MAIL)
    await visits.enter_code(flow["verification_uri"], flow["user_code"], decline=True)
    assert (await poll(app, flow))["error"] == "authorization_declined"


async def test_an_old_code_has_expired(simulator: Simulator, clients: Clients) -> None:
    app = await clients.public()
    flow = await asyncio.to_thread(app.initiate_device_flow, MAIL)
    simulator.clock.advance(timedelta(seconds=901))
    assert (await poll(app, flow))["error"] == "expired_token"


async def test_an_unknown_code_is_told(clients: Clients) -> None:
    app = await clients.public()
    flow = await asyncio.to_thread(app.initiate_device_flow, MAIL)
    flow["device_code"] = "unknown"
    assert (await poll(app, flow))["error"] == "bad_verification_code"


async def test_who_polls_too_soon_is_slowed_down_by_five_seconds(simulator: Simulator, clients: Clients) -> None:
    simulator.switches.slow_down = True
    simulator.switches.device_interval = 600
    app = await clients.public()
    flow = await asyncio.to_thread(app.initiate_device_flow, MAIL)
    first = await poll(app, flow)
    noted = dict(flow)
    second = await asyncio.to_thread(app.acquire_token_by_device_flow, noted, exit_condition=lambda _: True)
    assert (first["error"], second["error"]) == ("authorization_pending", "slow_down")
    assert (flow["interval"], noted["interval"]) == (600, 605)


async def test_the_capabilities_and_claims_are_sent_along(clients: Clients, visits: Visits) -> None:
    app = await clients.public(client_capabilities=["cp1"])
    flow = await asyncio.to_thread(app.initiate_device_flow, MAIL)
    await visits.enter_code(flow["verification_uri"], flow["user_code"])
    result = await poll(app, flow)
    assert 20 * 3600 <= result["expires_in"] <= 28 * 3600


async def test_an_application_that_is_not_public_has_no_device_flow(simulator: Simulator, clients: Clients) -> None:
    app = await clients.public("web")
    flow = await asyncio.to_thread(app.initiate_device_flow, MAIL)
    result = flow if "error" in flow else await poll(app, flow)
    assert (result["error"], result["error_codes"]) == ("invalid_client", [7000218])
    assert simulator.requests.of("token")[-1:] or "error" in flow


@pytest.mark.parametrize("scope", ["openid", "profile", "offline_access"])
async def test_msal_itself_adds_the_scopes_of_openid(clients: Clients, scope: str) -> None:
    app = await clients.public()
    await asyncio.to_thread(app.initiate_device_flow, MAIL)
    (sent,) = clients.simulator.requests.of("devicecode")
    assert scope in sent.form["scope"].split()
