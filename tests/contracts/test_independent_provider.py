"""What the contract does not ask of every provider, and this strict one does."""

from collections.abc import AsyncIterator

import attrs
import pytest

from domain.account import OAuthApplication
from domain.errors import InvalidClientError, ReauthenticationRequiredError
from domain.token import Grant
from tests.adapters.azure_ad.keys import certificate_pem, key_pem
from tests.contracts.azure_benches import IndependentBench, open_independent_bench
from tests.contracts.provider_bench import VERIFIER, asking
from tests.contracts.scenes import refusal


@pytest.fixture
async def bench(independent_provider_url: str) -> AsyncIterator[IndependentBench]:
    async with open_independent_bench(independent_provider_url) as opened:
        yield opened


async def _signed_in(bench: IndependentBench, application: OAuthApplication, credential: str | None) -> Grant:
    request = asking()
    response = await bench.authorize(application, request)
    return await bench.provider.exchange_code(application, credential, response, VERIFIER, request)


async def test_a_refresh_token_that_is_used_twice_ends_its_whole_family(bench: IndependentBench) -> None:
    grant = await _signed_in(bench, bench.public, None)
    newer = await bench.provider.refresh(bench.public, None, grant.token.refresh or "")
    for token in (grant.token, newer.token):
        with refusal(ReauthenticationRequiredError):
            await bench.provider.refresh(bench.public, None, token.refresh or "")


async def test_a_certificate_signs_what_a_server_by_somebody_else_verifies(bench: IndependentBench) -> None:
    application = attrs.evolve(bench.confidential, client_id="certified", scopes=("User.Read",))
    credential = key_pem() + certificate_pem()
    assert (await _signed_in(bench, application, credential)).identity == bench.identity()
    for _ in range(2):
        await bench.provider.client_credentials(application, credential)
    with refusal(InvalidClientError):
        await bench.provider.client_credentials(application, key_pem(1) + certificate_pem(1))
