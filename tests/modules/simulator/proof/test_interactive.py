"""Programs on a desk open a browser and listen on localhost: MSAL's and azure-identity's, each as it is."""

import asyncio
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DeviceCodeCredential, InteractiveBrowserCredential

from modules.simulator.simulator import Simulator
from tests.modules.simulator.proof.browser import BROWSER
from tests.modules.simulator.proof.clients import MAIL, Clients
from tests.modules.simulator.proof.visits import Visits

PATIENCE = 60
GRAPH_MAIL = "https://graph.microsoft.com/Mail.Read"


async def test_msal_opens_a_browser_and_takes_the_posted_code(clients: Clients, visits: Visits) -> None:
    app = await clients.public()
    with BROWSER.reading(visits.deliver):
        result = await asyncio.to_thread(app.acquire_token_interactive, MAIL, timeout=PATIENCE)
        await asyncio.gather(*BROWSER.visits)
    assert result["id_token_claims"]["preferred_username"] == clients.simulator.directory.users[0].upn
    assert app.get_accounts()[0]["username"] == clients.simulator.directory.users[0].upn
    asked = clients.simulator.requests.of("authorize")[0]
    assert asked.query["response_mode"] == "form_post"
    assert asked.query["redirect_uri"].startswith("http://localhost:")


async def test_azure_identity_opens_a_browser_and_renews_silently(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    credential = InteractiveBrowserCredential(
        tenant_id=clients.tenant_id, client_id=clients.client_id("public"), timeout=PATIENCE, **clients.azure
    )
    with credential, BROWSER.reading(visits.deliver):
        record: Any = await asyncio.to_thread(credential.authenticate, scopes=[GRAPH_MAIL])
        token = await asyncio.to_thread(credential.get_token, GRAPH_MAIL)
        other = await asyncio.to_thread(credential.get_token, GRAPH_MAIL, claims='{"access_token": {}}')
    user = simulator.directory.users[0]
    assert (record.username, record.tenant_id) == (user.upn, clients.tenant_id)
    assert record.home_account_id == f"{user.object_id}.{clients.tenant_id}"
    assert len(simulator.requests.of("authorize")) == 1
    assert token.token != other.token
    assert [each.form["grant_type"] for each in simulator.requests.of("token")] == [
        "authorization_code",
        "refresh_token",
    ]


async def test_azure_identity_tells_why_a_person_came_back_without_a_code(clients: Clients, visits: Visits) -> None:
    credential = InteractiveBrowserCredential(
        tenant_id=clients.tenant_id, client_id=clients.client_id("public"), timeout=PATIENCE, **clients.azure
    )
    with (
        credential,
        BROWSER.reading(visits.deliver_refusal),
        pytest.raises(ClientAuthenticationError, match="AADSTS65004"),
    ):
        await asyncio.to_thread(credential.get_token, GRAPH_MAIL)


async def test_azure_identity_signs_in_by_device_code(simulator: Simulator, clients: Clients, visits: Visits) -> None:
    credential = DeviceCodeCredential(
        tenant_id=clients.tenant_id,
        client_id=clients.client_id("public"),
        prompt_callback=lambda uri, code, _: asyncio.run_coroutine_threadsafe(
            visits.enter_code(uri, code), loop
        ).result(),
        **clients.azure,
    )
    loop = asyncio.get_running_loop()
    with credential:
        token = await asyncio.to_thread(credential.get_token_info, "https://graph.microsoft.com/User.Read")
    me = await visits.get_json(f"{simulator.https_url}/v1.0/me", token=token.token)
    assert me["userPrincipalName"] == simulator.directory.users[0].upn


async def test_azure_identity_tells_of_a_person_who_declined(clients: Clients, visits: Visits) -> None:
    loop = asyncio.get_running_loop()

    def decline(uri: str, code: str, _: object) -> None:
        asyncio.run_coroutine_threadsafe(visits.enter_code(uri, code, decline=True), loop).result()

    credential = DeviceCodeCredential(
        tenant_id=clients.tenant_id, client_id=clients.client_id("public"), prompt_callback=decline, **clients.azure
    )
    with credential, pytest.raises(ClientAuthenticationError, match="AADSTS"):
        await asyncio.to_thread(credential.get_token, GRAPH_MAIL)
