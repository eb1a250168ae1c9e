"""What happens to people and applications at Entra, as MSAL meets it: policies, passwords, consent, secrets."""

import asyncio
from datetime import timedelta
from typing import Literal

import pytest

from modules.simulator.simulator import Simulator
from tests.modules.simulator.proof.clients import CALLBACK, MAIL, SERVICE, Clients
from tests.modules.simulator.proof.signed_in import SignedIn, sign_in
from tests.modules.simulator.proof.visits import Visits


async def test_a_policy_that_wants_a_second_proof_is_met_by_signing_in_with_its_claims(
    simulator: Simulator, signed_in: SignedIn, visits: Visits
) -> None:
    simulator.require_mfa(0)
    refused = await signed_in.silent(force=True)
    assert (refused["error_codes"], refused["classification"]) == ([50076], "basic_action")
    assert "access_token" in await signed_in.anew(visits, claims_challenge=refused["claims"])
    assert "access_token" in await signed_in.silent(force=True)


async def test_a_policy_that_blocks_is_told_as_a_message_only(simulator: Simulator, signed_in: SignedIn) -> None:
    simulator.block(0)
    refused = await signed_in.silent(force=True)
    assert (refused["error_codes"], refused["classification"]) == ([53003], "message_only")


PASSWORDS = [
    ("change_password", "confidential", None),
    ("change_password", "public", 50173),
    ("reset_password", "confidential", 50173),
    ("reset_password", "public", 50173),
]


@pytest.mark.parametrize(("method", "kind", "code"), PASSWORDS)
async def test_a_new_password_ends_what_entra_says_it_ends(
    simulator: Simulator,
    clients: Clients,
    visits: Visits,
    method: str,
    kind: Literal["confidential", "public"],
    code: int | None,
) -> None:
    signed_in = await sign_in(clients, visits, kind=kind)
    getattr(simulator, method)(0, "another password")
    result = await signed_in.silent(force=True)
    assert result.get("error_codes") == ([code] if code else None)
    assert ("access_token" in result) is (code is None)


async def test_consent_that_was_withdrawn_is_asked_for_again(
    simulator: Simulator, signed_in: SignedIn, visits: Visits
) -> None:
    directory = simulator.directory
    directory.withdraw_consent(directory.application("web"), directory.users[0].object_id)
    assert (await signed_in.silent(force=True))["error_codes"] == [65001]
    assert "access_token" in await signed_in.anew(visits)


async def test_a_secret_is_replaced_without_a_gap(simulator: Simulator, clients: Clients) -> None:
    directory = simulator.directory
    daemon = directory.application("daemon")
    old = clients.secret("daemon")
    new = directory.add_secret(daemon).value
    daemon.secrets.pop(0)
    refused = await clients.confidential("daemon", credential=old)
    accepted = await clients.confidential("daemon", credential=new)
    assert (await asyncio.to_thread(refused.acquire_token_for_client, SERVICE))["error_codes"] == [7000215]
    assert "access_token" in await asyncio.to_thread(accepted.acquire_token_for_client, SERVICE)


async def test_a_refresh_by_an_application_whose_secret_expired_is_the_applications_fault(
    simulator: Simulator, signed_in: SignedIn
) -> None:
    simulator.directory.application("web").secrets[0].expires_at = simulator.clock.now() - timedelta(days=1)
    refused = await signed_in.silent(force=True)
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000222])


async def test_hints_about_the_person_are_accepted(simulator: Simulator, clients: Clients, visits: Visits) -> None:
    """MSAL also sends the hint as the query parameter X-AnchorMailbox."""
    app, user = await clients.confidential(), simulator.directory.users[0]
    flow = app.initiate_auth_code_flow(
        MAIL, redirect_uri=CALLBACK, response_mode="form_post", login_hint=user.upn, domain_hint="organizations"
    )
    result = await asyncio.to_thread(app.acquire_token_by_auth_code_flow, flow, await visits.sign_in(flow["auth_uri"]))
    assert result["id_token_claims"]["preferred_username"] == user.upn


async def test_where_scopes_come_back_in_full_msal_misses_its_cache_each_time(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    """Why the simulator echoes them as they were asked for, unless it is told otherwise."""
    simulator.switches.full_scopes = True
    signed_in = await sign_in(clients, visits)
    assert "https://graph.microsoft.com/Mail.Read" in signed_in.first["scope"].split()
    assert (await signed_in.silent())["token_source"] == "identity_provider"


async def test_more_scopes_than_were_asked_for_do_no_harm(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    simulator.switches.extra_scopes = ("User.Read", "email")
    signed_in = await sign_in(clients, visits)
    assert {"Mail.Read", "User.Read", "email"} <= set(signed_in.first["scope"].split())
    assert (await signed_in.silent())["token_source"] == "cache"


async def test_a_loop_is_stopped_where_that_is_wanted(simulator: Simulator, clients: Clients) -> None:
    simulator.switches.loop_detection = True
    app = await clients.confidential("daemon")
    results = []
    for _ in range(15):
        results.append(await asyncio.to_thread(app.acquire_token_for_client, SERVICE))
        await asyncio.to_thread(app.remove_tokens_for_client)
    assert [each.get("error_codes") for each in results] == [*[None] * 14, [50196]]
