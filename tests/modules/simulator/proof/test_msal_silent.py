"""MSAL renews tokens without the person: rotation, the hint to refresh ahead, claims challenges, and revocation."""

import asyncio
import json
from datetime import timedelta

import msal
import pytest

from modules.simulator.faults import aadsts, status
from modules.simulator.simulator import Simulator
from tests.modules.simulator.proof.clients import MAIL, Clients
from tests.modules.simulator.proof.signed_in import SignedIn, sign_in
from tests.modules.simulator.proof.visits import Visits


async def test_a_forced_refresh_gives_another_access_token_and_another_refresh_token(signed_in: SignedIn) -> None:
    refreshed = await signed_in.silent(force=True)
    assert refreshed["token_source"] == "identity_provider"
    assert refreshed["access_token"] != signed_in.first["access_token"]
    assert refreshed["refresh_token"] != signed_in.first["refresh_token"]
    assert refreshed["id_token_claims"]["oid"] == signed_in.first["id_token_claims"]["oid"]


async def test_an_old_refresh_token_keeps_working_as_at_entra(clients: Clients, signed_in: SignedIn) -> None:
    await signed_in.silent(force=True)
    other = await clients.confidential()
    again = await asyncio.to_thread(other.acquire_token_by_refresh_token, signed_in.first["refresh_token"], MAIL)
    assert "access_token" in again


async def test_in_strict_mode_an_old_refresh_token_ends_its_family(
    simulator: Simulator, clients: Clients, signed_in: SignedIn
) -> None:
    simulator.switches.strict = True
    await signed_in.silent(force=True)
    other = await clients.confidential()
    again = await asyncio.to_thread(other.acquire_token_by_refresh_token, signed_in.first["refresh_token"], MAIL)
    assert again["error"] == "invalid_grant"
    assert (await signed_in.silent(force=True))["error"] == "invalid_grant"


async def test_a_token_of_five_minutes_or_less_is_renewed_each_time(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    simulator.switches.token_lifetime = timedelta(minutes=5)
    short = await sign_in(clients, visits)
    assert short.first["expires_in"] == 300
    assert (await short.silent())["token_source"] == "identity_provider"


async def test_the_hint_to_refresh_ahead_is_followed(simulator: Simulator, clients: Clients, visits: Visits) -> None:
    simulator.switches.refresh_in = timedelta()
    ahead = await sign_in(clients, visits)
    refreshed = await ahead.silent()
    assert refreshed["token_source"] == "identity_provider"
    assert refreshed["access_token"] != ahead.first["access_token"]


async def test_where_refreshing_ahead_is_refused_the_token_at_hand_is_used(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    simulator.switches.refresh_in = timedelta()
    ahead = await sign_in(clients, visits)
    simulator.faults.add(aadsts(50076))
    assert (await ahead.silent())["access_token"] == ahead.first["access_token"]


async def test_where_refreshing_ahead_meets_an_outage_msal_raises(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    """Though the token at hand is good: its own exception is not among those that it falls back on."""
    simulator.switches.refresh_in = timedelta()
    ahead = await sign_in(clients, visits)
    simulator.faults.add(status(503, endpoint="token"))
    with pytest.raises(msal.exceptions.MsalServiceError):
        await ahead.silent()


async def test_a_refresh_token_is_good_for_other_scopes_that_were_consented_to(
    simulator: Simulator, signed_in: SignedIn
) -> None:
    directory = simulator.directory
    consented = {"https://graph.microsoft.com/User.Read"}
    directory.consent(directory.application("web"), directory.users[0].object_id, consented)
    result = await signed_in.silent(scopes=["User.Read"])
    assert "User.Read" in result["scope"].split()


async def test_a_refresh_token_is_not_good_for_scopes_that_nobody_consented_to(signed_in: SignedIn) -> None:
    refused = await signed_in.silent(scopes=["User.Read"])
    assert (refused["error_codes"], refused["classification"]) == ([65001], "consent_required")


async def test_a_token_store_that_was_saved_goes_on_in_another_process(clients: Clients, visits: Visits) -> None:
    cache = msal.SerializableTokenCache()
    await sign_in(clients, visits, token_cache=cache)
    restored = msal.SerializableTokenCache()
    restored.deserialize(cache.serialize())
    again = SignedIn(app=await clients.confidential(token_cache=restored), first={})
    assert (await again.silent(force=True))["token_source"] == "identity_provider"


# --- refusals: what MSAL makes of the sub-error ---

CLASSIFIED = {
    50076: ("invalid_grant", "basic_action"),
    50079: ("interaction_required", "basic_action"),
    53000: ("invalid_grant", "additional_action"),
    53003: ("invalid_grant", "message_only"),
    65001: ("invalid_grant", "consent_required"),
    50055: ("user_password_expired", "user_password_expired"),
    50173: ("invalid_grant", ""),
    70043: ("invalid_grant", ""),
    53002: ("invalid_grant", ""),
    50155: ("invalid_grant", ""),
}
UNCLASSIFIED = {50057: "invalid_grant", 70008: "invalid_grant", 700016: "unauthorized_client"}


@pytest.mark.parametrize("code", CLASSIFIED)
async def test_msal_classifies_the_refusal(simulator: Simulator, signed_in: SignedIn, code: int) -> None:
    simulator.faults.add(aadsts(code))
    refused = await signed_in.silent(force=True)
    assert (refused["error"], refused["classification"]) == CLASSIFIED[code]
    assert refused["error_codes"] == [code]
    assert refused["error_description"].startswith(f"AADSTS{code}: ")


@pytest.mark.parametrize("code", UNCLASSIFIED)
async def test_a_refusal_without_a_sub_error_has_no_classification(
    simulator: Simulator, signed_in: SignedIn, code: int
) -> None:
    simulator.faults.add(aadsts(code))
    refused = await signed_in.silent(force=True)
    assert refused["error"] == UNCLASSIFIED[code]
    assert not refused.get("classification")


@pytest.mark.parametrize("code", [50076, 53003])
async def test_a_refusal_by_policy_carries_claims_as_json_text(
    simulator: Simulator, signed_in: SignedIn, code: int
) -> None:
    simulator.faults.add(aadsts(code))
    refused = await signed_in.silent(force=True)
    assert "access_token" in json.loads(refused["claims"])


@pytest.mark.parametrize(
    ("method", "code", "suberror"), [("revoke_sessions", 50173, "bad_token"), ("disable", 50057, None)]
)
async def test_what_happens_to_the_person_ends_the_refreshing(
    simulator: Simulator, signed_in: SignedIn, method: str, code: int, suberror: str | None
) -> None:
    upn = simulator.directory.users[0].upn
    getattr(simulator, method)(upn)
    refused = await signed_in.silent(force=True)
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [code])
    assert refused.get("suberror") == suberror


async def test_ninety_days_without_use_end_a_refresh_token(simulator: Simulator, signed_in: SignedIn) -> None:
    simulator.clock.advance(timedelta(days=90, minutes=1))
    refused = await signed_in.silent(force=True)
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [700082])


async def test_use_keeps_a_refresh_token_alive(simulator: Simulator, signed_in: SignedIn) -> None:
    for _ in range(3):
        simulator.clock.advance(timedelta(days=59))
        assert "access_token" in await signed_in.silent(force=True)


async def test_msal_repeats_a_refusal_for_a_minute_without_asking(simulator: Simulator, signed_in: SignedIn) -> None:
    """Its throttle: so whoever lifts the reason sees the old answer, and so must a test."""
    fault = simulator.faults.add(aadsts(50076))
    await signed_in.silent(force=True)
    assert (await signed_in.silent(force=True))["error_codes"] == [50076]
    assert simulator.faults.hits(fault) == 1


# --- continuous access evaluation ---


async def test_a_client_that_can_be_challenged_gets_tokens_for_a_day(clients: Clients, visits: Visits) -> None:
    capable = await sign_in(clients, visits, client_capabilities=["cp1"])
    assert 20 * 3600 <= capable.first["expires_in"] <= 28 * 3600
    sent = clients.simulator.requests.of("token")[-1]
    assert json.loads(sent.form["claims"]) == {"access_token": {"xms_cc": {"values": ["cp1"]}}}


async def test_a_challenge_is_passed_on_and_refused_once_the_sessions_were_revoked(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    capable = await sign_in(clients, visits, client_capabilities=["cp1"])
    simulator.revoke_sessions(simulator.directory.users[0].upn)
    challenge = await visits.challenged(capable.first["access_token"])
    assert "nbf" in json.loads(challenge)["access_token"]
    refused = await capable.silent(claims_challenge=challenge)
    sent = simulator.requests.of("token")[-1]
    assert set(json.loads(sent.form["claims"])["access_token"]) == {"nbf", "xms_cc"}
    assert (refused["error"], refused["error_codes"]) == ("invalid_grant", [50173])


async def test_after_a_new_sign_in_the_token_passes_again(
    simulator: Simulator, clients: Clients, visits: Visits
) -> None:
    capable = await sign_in(clients, visits, client_capabilities=["cp1"])
    simulator.revoke_sessions(simulator.directory.users[0].upn)
    challenge = await visits.challenged(capable.first["access_token"])
    result = await capable.anew(visits, claims_challenge=challenge)
    assert await visits.is_accepted(result["access_token"])
    assert not await visits.is_accepted(capable.first["access_token"])
