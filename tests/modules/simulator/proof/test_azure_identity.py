"""azure-identity's credentials without a browser, synchronous and asynchronous."""

import asyncio
import time
from urllib.parse import urlencode

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import AuthorizationCodeCredential, CertificateCredential, ClientSecretCredential
from azure.identity.aio import AuthorizationCodeCredential as AsyncAuthorizationCodeCredential
from azure.identity.aio import CertificateCredential as AsyncCertificateCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential

from modules.simulator.faults import Fault, aadsts, html, status, truncated
from modules.simulator.simulator import Simulator
from tests.modules.simulator.credentials import make_credential
from tests.modules.simulator.proof.clients import CALLBACK, SERVICE, Clients
from tests.modules.simulator.proof.visits import Visits

(DEFAULT,) = SERVICE
CHALLENGE = '{"access_token": {"nbf": {"essential": true, "value": "1635527790"}}}'
"""With claims no token of the cache will do."""
MAIL_AND_MORE = ("https://graph.microsoft.com/Mail.Read", "offline_access")


def by_secret(clients: Clients, secret: str | None = None) -> ClientSecretCredential:
    return ClientSecretCredential(
        clients.tenant_id, clients.client_id("daemon"), secret or clients.secret("daemon"), **clients.azure
    )


def by_secret_async(clients: Clients, secret: str | None = None) -> AsyncClientSecretCredential:
    return AsyncClientSecretCredential(
        clients.tenant_id, clients.client_id("daemon"), secret or clients.secret("daemon"), **clients.azure
    )


async def test_a_service_gets_a_token_with_its_secret(clients: Clients) -> None:
    with by_secret(clients) as credential:
        token = await asyncio.to_thread(credential.get_token, DEFAULT)
        again = await asyncio.to_thread(credential.get_token, DEFAULT)
    assert token.token == again.token
    assert 3600 - 5 <= token.expires_on - time.time() <= 5400


async def test_a_service_gets_a_token_asynchronously(simulator: Simulator, clients: Clients) -> None:
    """Without looking at any metadata: it knows where the token endpoint must be."""
    async with by_secret_async(clients) as credential:
        token = await credential.get_token(DEFAULT)
        assert (await credential.get_token(DEFAULT)).token == token.token
    assert [each.endpoint for each in simulator.requests] == ["token"]
    assert "client_info" not in simulator.requests[0].form


async def test_with_continuous_access_evaluation_a_token_lasts_a_day(clients: Clients) -> None:
    async with by_secret_async(clients) as credential:
        token = await credential.get_token(DEFAULT, enable_cae=True)
    assert 20 * 3600 - 5 <= token.expires_on - time.time() <= 28 * 3600


async def test_a_service_gets_a_token_with_a_certificate(clients: Clients) -> None:
    directory, proof = clients.simulator.directory, make_credential()
    directory.add_certificate(directory.application("daemon"), proof.certificate_pem)
    client_id = clients.client_id("daemon")
    with CertificateCredential(
        clients.tenant_id, client_id, certificate_data=proof.both_pem, **clients.azure
    ) as credential:
        assert (await asyncio.to_thread(credential.get_token, DEFAULT)).token
    async with AsyncCertificateCredential(
        clients.tenant_id, client_id, certificate_data=proof.both_pem, **clients.azure
    ) as own:
        assert (await own.get_token(DEFAULT)).token


async def callback(simulator: Simulator, visits: Visits, client_id: str) -> dict[str, str]:
    asked = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": " ".join(MAIL_AND_MORE),
        "state": "s",
    }
    tenant_id = simulator.directory.tenant.tenant_id
    return await visits.sign_in(f"{simulator.https_url}/{tenant_id}/oauth2/v2.0/authorize?{urlencode(asked)}")


async def test_a_web_application_redeems_a_code_and_then_refreshes(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    client_id = clients.client_id("web")
    code = (await callback(simulator, visits, client_id))["code"]
    with AuthorizationCodeCredential(
        clients.tenant_id, client_id, code, CALLBACK, client_secret=clients.secret("web"), **clients.azure
    ) as credential:
        first = await asyncio.to_thread(credential.get_token, *MAIL_AND_MORE)
        second = await asyncio.to_thread(credential.get_token, *MAIL_AND_MORE, claims=CHALLENGE)
    assert first.token != second.token
    assert [each.form["grant_type"] for each in simulator.requests.of("token")] == [
        "authorization_code",
        "refresh_token",
    ]


async def test_it_does_so_asynchronously(simulator: Simulator, clients: Clients, visits: Visits) -> None:
    client_id = clients.client_id("web")
    code = (await callback(simulator, visits, client_id))["code"]
    async with AsyncAuthorizationCodeCredential(
        clients.tenant_id, client_id, code, CALLBACK, client_secret=clients.secret("web"), **clients.azure
    ) as credential:
        first = await credential.get_token(*MAIL_AND_MORE)
        assert (await credential.get_token(*MAIL_AND_MORE)).token == first.token, "from its cache"
        second = await credential.get_token(*MAIL_AND_MORE, claims=CHALLENGE)
    assert first.token != second.token


REFUSALS = {
    "wrong secret": (None, "AADSTS7000215"),
    "expired secret": (aadsts(7000222), "AADSTS7000222"),
    "unknown application": (aadsts(700016), "AADSTS700016"),
    "no consent": (aadsts(65001), "AADSTS65001"),
    "blocked": (aadsts(53003), "AADSTS53003"),
    "outage in disguise": (aadsts(90033), "AADSTS90033"),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_is_an_authentication_error_with_entras_text(
    simulator: Simulator, clients: Clients, name: str
) -> None:
    fault, text = REFUSALS[name]
    secret = None if fault else "wrong"
    if fault:
        simulator.faults.add(fault)
    with by_secret(clients, secret) as credential, pytest.raises(ClientAuthenticationError, match=text) as caught:
        await asyncio.to_thread(credential.get_token, DEFAULT)
    assert "Trace ID:" in str(caught.value)
    async with by_secret_async(clients, secret) as own:
        with pytest.raises(ClientAuthenticationError, match=text):
            await own.get_token(DEFAULT)


TROUBLE: dict[str, Fault] = {
    "throttled": status(429, retry_after=1, endpoint="token"),
    "out of service": status(503, endpoint="token"),
    "a page": html(endpoint="token"),
    "half of the answer": truncated(endpoint="token"),
}


@pytest.mark.parametrize("name", TROUBLE)
async def test_trouble_on_the_way_is_an_error_too(simulator: Simulator, clients: Clients, name: str) -> None:
    simulator.faults.add(TROUBLE[name])
    with by_secret(clients) as credential, pytest.raises(ClientAuthenticationError):
        await asyncio.to_thread(credential.get_token, DEFAULT)


async def test_azure_identity_waits_as_long_as_it_is_told_and_tries_again(
    simulator: Simulator, clients: Clients
) -> None:
    simulator.faults.add(status(429, retry_after=0, endpoint="token", times=1))
    patient = {**clients.azure, "retry_total": 3}
    async with AsyncClientSecretCredential(
        clients.tenant_id, clients.client_id("daemon"), clients.secret("daemon"), **patient
    ) as credential:
        assert (await credential.get_token(DEFAULT)).token
    assert len(simulator.requests.of("token")) == 2


async def test_azure_identity_refuses_plain_http(clients: Clients) -> None:
    plain = {**clients.azure, "authority": clients.simulator.http_url}
    with pytest.raises(ValueError, match="TLS"):
        ClientSecretCredential(clients.tenant_id, clients.client_id("daemon"), "x", **plain)
