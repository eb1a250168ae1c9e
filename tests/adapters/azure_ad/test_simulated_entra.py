"""The adapter and the simulated Entra ID, which were written apart from the same facts."""

from collections.abc import AsyncIterator

import attrs
import pytest

from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    IACSGraphError,
    InvalidClientError,
    PolicyBlockedError,
    ReauthenticationRequiredError,
)
from domain.reauth import REMEDIES
from domain.token import Grant
from modules.simulator import aadsts as table
from modules.simulator.faults import Fault, aadsts, dropped, html, truncated
from tests.adapters.azure_ad.keys import certificate_pem, key_pem
from tests.contracts.azure_benches import SimulatorBench, open_simulator_bench
from tests.contracts.provider_bench import VERIFIER, asking

NOT_OF_REFRESHING = {
    "authorization_pending",  # device flows: nobody has decided yet
    "invalid_instance",  # instance discovery, which the adapter does not use
}
CREDENTIAL = key_pem() + certificate_pem()


@pytest.fixture
async def bench() -> AsyncIterator[SimulatorBench]:
    async with open_simulator_bench() as opened:
        yield opened


async def _signed_in(bench: SimulatorBench, **fields: str) -> Grant:
    request = asking(**fields)
    response = await bench.authorize(bench.confidential, request)
    secret = bench.confidential.client_secrets[0]
    return await bench.provider.exchange_code(bench.confidential, secret, response, VERIFIER, request)


async def _refresh(bench: SimulatorBench, grant: Grant) -> Grant:
    assert grant.token.refresh is not None
    return await bench.provider.refresh(bench.confidential, bench.confidential.client_secrets[0], grant.token.refresh)


async def test_every_refusal_that_the_simulator_knows_is_understood(bench: SimulatorBench) -> None:
    """No refusal falls through to the catch-all, and each kind of `error` becomes a fitting class."""
    grant = await _signed_in(bench)
    wrong = []
    for code, line in table.TABLE.items():
        if line.error in NOT_OF_REFRESHING:
            continue
        fault = bench.simulator.faults.add(aadsts(code))
        try:
            await _refresh(bench, grant)
        except IACSGraphError as error:
            if error.error_code == "PROVIDER_REFUSED" or not _fits(line.error, error):
                wrong.append((code, line.error, line.suberror, repr(error)))
        else:
            wrong.append((code, line.error, line.suberror, "no error"))
        bench.simulator.faults.remove(fault)
    assert not wrong
    await _refresh(bench, grant)


def _fits(error: str, found: IACSGraphError) -> bool:
    if error in {"temporarily_unavailable", "server_error"}:
        return isinstance(found, APIConnectionError)
    if error == "invalid_client":
        return isinstance(found, ConfigurationError)
    if isinstance(found, ReauthenticationRequiredError | PolicyBlockedError):
        return found.reason in REMEDIES
    return isinstance(found, ConfigurationError | APIConnectionError)


async def test_a_second_factor_is_asked_for_with_claims_that_the_next_sign_in_carries(bench: SimulatorBench) -> None:
    grant = await _signed_in(bench)
    bench.simulator.require_mfa(bench.username)
    with pytest.raises(ReauthenticationRequiredError) as caught:
        await _refresh(bench, grant)
    assert caught.value.reason == "mfa_required"
    assert caught.value.claims is not None
    newer = await _signed_in(bench, claims=caught.value.claims)
    await _refresh(bench, newer)


async def test_a_disabled_person_is_the_administrators_matter(bench: SimulatorBench) -> None:
    grant = await _signed_in(bench)
    bench.simulator.disable(bench.username)
    with pytest.raises(PolicyBlockedError) as caught:
        await _refresh(bench, grant)
    assert caught.value.reason == "user_disabled"
    bench.simulator.enable(bench.username)
    bench.simulator.block(bench.username)
    with pytest.raises(PolicyBlockedError) as caught:
        await _refresh(bench, grant)
    assert caught.value.reason == "blocked_by_policy"


async def test_a_certificate_does_what_a_secret_does(bench: SimulatorBench) -> None:
    directory = bench.simulator.directory
    for name in ("web", "daemon"):
        directory.add_certificate(directory.application(name), certificate_pem().encode())
    request = asking()
    response = await bench.authorize(bench.confidential, request)
    grant = await bench.provider.exchange_code(bench.confidential, CREDENTIAL, response, VERIFIER, request)
    await bench.provider.refresh(bench.confidential, CREDENTIAL, grant.token.refresh or "")
    await bench.provider.client_credentials(bench.daemon, CREDENTIAL)
    assert await bench.directory.try_application(bench.daemon, CREDENTIAL)


async def test_a_certificate_that_nobody_registered_is_rejected(bench: SimulatorBench) -> None:
    with pytest.raises(InvalidClientError) as caught:
        await bench.provider.client_credentials(bench.daemon, CREDENTIAL)
    assert "PRIVATE" not in f"{caught.value!r} {caught.value.details}"


async def test_an_applications_own_token_is_valid_though_it_has_no_owner(bench: SimulatorBench) -> None:
    grant = await bench.provider.client_credentials(bench.daemon, bench.daemon.client_secrets[0])
    assert await bench.provider.validate_token(grant.token.access.value)


@pytest.mark.parametrize("tenant", ["common", "organizations", "domain"])
async def test_people_sign_in_under_every_name_of_their_tenant(bench: SimulatorBench, tenant: str) -> None:
    name = bench.simulator.directory.tenant.domain if tenant == "domain" else tenant
    bench.confidential = attrs.evolve(bench.confidential, tenant_id=name)
    grant = await _signed_in(bench)
    assert grant.identity == bench.identity()
    await _refresh(bench, grant)


async def test_the_address_of_a_person_is_told_where_the_tenant_vouches_for_it(bench: SimulatorBench) -> None:
    bench.ann = bench.simulator.directory.users[1]
    scopes = (*bench.confidential.scopes, "email")
    bench.confidential = attrs.evolve(bench.confidential, scopes=scopes)
    grant = await _signed_in(bench)
    assert (grant.username, grant.email) == (bench.ann.upn, bench.ann.mail)
    bench.confidential = attrs.evolve(bench.confidential, tenant_id="common")
    assert (await _signed_in(bench)).email is None


async def test_keys_may_roll_over_between_two_sign_ins(bench: SimulatorBench) -> None:
    await _signed_in(bench)
    bench.simulator.signing.roll(keep_old=False)
    await _signed_in(bench)


async def test_a_hint_when_to_refresh_is_kept(bench: SimulatorBench) -> None:
    bench.simulator.switches.refresh_in = (hint := bench.simulator.switches.code_lifetime)
    access = (await _signed_in(bench)).token.access
    assert access.refresh_at == access.obtained_at + hint


@pytest.mark.parametrize("fault", [html(), truncated(), dropped(before=False)], ids=["page", "cut", "dropped"])
async def test_an_answer_that_got_lost_is_an_outage_and_the_grant_may_be_gone(
    bench: SimulatorBench, fault: Fault
) -> None:
    """In strict mode the refresh token was spent: only a provider as Entra is, which forgives it, would go on."""
    grant = await _signed_in(bench)
    bench.simulator.switches.strict = False
    bench.simulator.faults.add(attrs.evolve(fault, endpoint="token", times=1))
    with pytest.raises(APIConnectionError):
        await _refresh(bench, grant)
    await _refresh(bench, grant)


async def test_a_code_whose_answer_got_lost_is_not_sent_again(bench: SimulatorBench) -> None:
    await _signed_in(bench)
    request = asking()
    response = await bench.authorize(bench.confidential, request)
    secret = bench.confidential.client_secrets[0]
    bench.simulator.requests.clear()
    fault = bench.simulator.faults.add(dropped(before=False, endpoint="token"))
    with pytest.raises(APIConnectionError):
        await bench.provider.exchange_code(bench.confidential, secret, response, VERIFIER, request)
    assert len(bench.simulator.requests.of("token")) == 1
    bench.simulator.faults.remove(fault)
    with pytest.raises(AuthenticationError) as caught:
        await bench.provider.exchange_code(bench.confidential, secret, response, VERIFIER, request)
    assert caught.value.error_code == "CODE_REJECTED"
