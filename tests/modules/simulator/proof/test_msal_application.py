"""MSAL proves which application it is: secrets, certificates in both spellings, and every way to fail."""

import asyncio
from datetime import timedelta

import msal
import pytest

from modules.simulator.faults import Fault, aadsts, dropped, html, status, truncated
from modules.simulator.simulator import Simulator
from tests.modules.simulator.credentials import Credential, make_credential
from tests.modules.simulator.proof.clients import SERVICE, Clients, Untyped


async def ask(app: Untyped) -> Untyped:
    return await asyncio.to_thread(app.acquire_token_for_client, SERVICE)


def by_sha256(credential: Credential) -> dict[str, str]:
    return {"private_key": credential.key_pem.decode(), "public_certificate": credential.certificate_pem.decode()}


def by_sha1(credential: Credential) -> dict[str, str]:
    return {"private_key": credential.key_pem.decode(), "thumbprint": credential.sha1}


async def test_a_service_gets_a_token_with_its_secret(clients: Clients) -> None:
    app = await clients.confidential("daemon")
    result = await ask(app)
    assert set(result) >= {"access_token", "expires_in", "ext_expires_in", "token_type"}
    assert not {"refresh_token", "id_token", "client_info"} & set(result)
    assert (await ask(app))["token_source"] == "cache"


@pytest.mark.parametrize("spelling", [by_sha256, by_sha1])
async def test_a_service_gets_a_token_with_a_certificate(clients: Clients, spelling: Untyped) -> None:
    """PS256 with the thumbprint of SHA-256, or RS256 with that of SHA-1."""
    credential = make_credential()
    directory = clients.simulator.directory
    directory.add_certificate(directory.application("daemon"), credential.certificate_pem)
    assert "access_token" in await ask(await clients.confidential("daemon", credential=spelling(credential)))


@pytest.mark.parametrize("spelling", [by_sha256, by_sha1])
async def test_a_certificate_that_is_not_registered_is_refused(clients: Clients, spelling: Untyped) -> None:
    directory = clients.simulator.directory
    directory.add_certificate(directory.application("daemon"), make_credential().certificate_pem)
    refused = await ask(await clients.confidential("daemon", credential=spelling(make_credential(1))))
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [700027])


async def test_a_key_that_is_not_the_certificates_is_refused(clients: Clients) -> None:
    directory = clients.simulator.directory
    directory.add_certificate(directory.application("daemon"), make_credential().certificate_pem)
    mixed = {**by_sha256(make_credential()), "private_key": make_credential(1).key_pem.decode()}
    refused = await ask(await clients.confidential("daemon", credential=mixed))
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [700027])


async def test_a_wrong_secret_is_a_fault_of_the_client(clients: Clients) -> None:
    refused = await ask(await clients.confidential("daemon", credential="wrong"))
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000215])


async def test_a_wrong_secret_is_answered_with_401_which_msal_asks_again(
    simulator: Simulator, clients: Clients
) -> None:
    app = await clients.confidential("daemon", credential="wrong")
    await ask(app)
    await ask(app)
    assert len(simulator.requests.of("token")) == 2


async def test_an_expired_secret_is_told_apart(simulator: Simulator, clients: Clients) -> None:
    simulator.clock.advance(timedelta(days=3 * 365))
    refused = await ask(await clients.confidential("daemon"))
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000222])


async def test_of_two_secrets_either_works(simulator: Simulator, clients: Clients) -> None:
    directory = simulator.directory
    second = directory.add_secret(directory.application("daemon"))
    for secret in (clients.secret("daemon"), second.value):
        assert "access_token" in await ask(await clients.confidential("daemon", credential=secret))


async def test_an_unknown_application_is_told(clients: Clients, simulator: Simulator) -> None:
    application = simulator.directory.application("daemon")
    application.client_id = "00000000-1111-2222-3333-444444444444"
    app = await clients.confidential("daemon")
    application.client_id = "99999999-1111-2222-3333-444444444444"
    refused = await ask(app)
    assert (refused["error"], refused["error_codes"]) == ("unauthorized_client", [700016])


async def test_a_disabled_application_is_told(clients: Clients, simulator: Simulator) -> None:
    simulator.directory.application("daemon").enabled = False
    refused = await ask(await clients.confidential("daemon"))
    assert refused["error"] == "unauthorized_client"
    assert refused["error_codes"] in ([7000112], [70001])


@pytest.mark.parametrize(
    "scopes",
    [["https://graph.microsoft.com/Mail.Read"], ["Mail.Read"], ["https://graph.microsoft.com/.default", "x/y"]],
)
async def test_a_service_must_ask_for_the_default_scope_of_one_resource(clients: Clients, scopes: list[str]) -> None:
    app = await clients.confidential("daemon")
    refused = await asyncio.to_thread(app.acquire_token_for_client, scopes)
    assert refused["error"] in {"invalid_scope", "invalid_resource"}


async def test_an_unknown_tenant_has_no_metadata(clients: Clients) -> None:
    authority = f"{clients.simulator.https_url}/00000000-aaaa-bbbb-cccc-dddddddddddd"
    with pytest.raises(ValueError, match="authority configuration"):
        await clients.confidential("daemon", authority=authority)


async def test_msal_refuses_plain_http(clients: Clients) -> None:
    with pytest.raises(ValueError, match="https"):
        await clients.confidential(authority=f"{clients.simulator.http_url}/{clients.tenant_id}")


# --- refusals and outages ---

ERRORS = {
    50034: "invalid_grant",
    50105: "interaction_required",
    650052: "invalid_client",
    70011: "invalid_scope",
    500011: "invalid_resource",
    90002: "invalid_request",
    700016: "unauthorized_client",
    7000112: "unauthorized_client",
    7000222: "invalid_client",
    70003: "unsupported_grant_type",
    90094: "consent_required",
    500021: "access_denied",
    50196: "invalid_grant",
    90033: "temporarily_unavailable",
}


@pytest.mark.parametrize("code", ERRORS)
async def test_every_class_of_error_reaches_msals_caller_as_it_is(
    simulator: Simulator, clients: Clients, code: int
) -> None:
    simulator.faults.add(aadsts(code))
    refused = await ask(await clients.confidential("daemon"))
    assert (refused["error"], refused["error_codes"]) == (ERRORS[code], [code])
    assert f"AADSTS{code}" in refused["error_description"]
    assert refused["error_uri"].endswith(f"code={code}")


OUTAGES: dict[str, Fault] = {
    "500": status(500, endpoint="token"),
    "502": status(502, endpoint="token"),
    "503 with seconds": status(503, retry_after=7, endpoint="token"),
    "504 as a page": html(504, endpoint="token"),
}


@pytest.mark.parametrize("name", OUTAGES)
async def test_an_outage_raises_msals_service_error(simulator: Simulator, clients: Clients, name: str) -> None:
    app = await clients.confidential("daemon")
    simulator.faults.add(OUTAGES[name])
    with pytest.raises(msal.exceptions.MsalServiceError):
        await ask(app)


GARBAGE: dict[str, Fault] = {
    "a page with 200": html(endpoint="token"),
    "a page with 400": html(400, endpoint="token"),
    "429 without a body": status(429, body="", endpoint="token"),
    "half of the answer": truncated(endpoint="token"),
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_what_is_no_json_is_a_value_error(simulator: Simulator, clients: Clients, name: str) -> None:
    app = await clients.confidential("daemon")
    simulator.faults.add(GARBAGE[name])
    with pytest.raises(ValueError):  # noqa: PT011 - of the JSON parser
        await ask(app)


@pytest.mark.parametrize("retry_after", [None, 30, "2.128", "Wed, 21 Oct 2099 07:28:00 GMT"])
async def test_a_throttled_client_is_answered_by_msals_own_throttle(
    simulator: Simulator, clients: Clients, retry_after: int | str | None
) -> None:
    """A fraction or a date counts as no Retry-After: then MSAL keeps quiet for five seconds."""
    app = await clients.confidential("daemon")
    fault = simulator.faults.add(aadsts(90055, retry_after=retry_after))
    for _ in range(2):
        assert (await ask(app))["error"] == "temporarily_unavailable"
    assert simulator.faults.hits(fault) == 1


async def test_an_answer_that_is_good_never_carries_retry_after(clients: Clients) -> None:
    """MSAL would repeat the token of such an answer to everybody who asks the same."""
    app = await clients.confidential("daemon", http_cache={})
    first = await ask(app)
    await asyncio.to_thread(app.remove_tokens_for_client)
    assert (await ask(app))["access_token"] != first["access_token"]


@pytest.mark.parametrize("before", [True, False])
async def test_a_connection_that_breaks_is_the_callers_to_try_again(
    simulator: Simulator, clients: Clients, *, before: bool
) -> None:
    """The one repetition that MSAL promises is for connections that cannot be made."""
    app = await clients.confidential("daemon")
    fault = simulator.faults.add(dropped(before=before, endpoint="token", times=1))
    with pytest.raises(OSError, match="Connection aborted"):
        await ask(app)
    assert simulator.faults.hits(fault) == 1
    assert "access_token" in await ask(app)
