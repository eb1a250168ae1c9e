"""The promises of `TenantDirectory`, on the benches of `IdentityProvider` that have a directory."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import attrs
import pytest

from domain.account import AuthFlow
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    IACSGraphError,
    InvalidClientError,
    PermissionDeniedError,
    ReauthenticationRequiredError,
    ThrottledError,
)
from domain.token import Grant
from tests.contracts.azure_benches import SimulatorBench, open_simulator_bench
from tests.contracts.provider_bench import VERIFIER, MemoryBench, asking, open_memory_bench
from tests.contracts.samples import MINUTE
from tests.contracts.scenes import refusal

DirectoryBench = MemoryBench | SimulatorBench
BENCHES: dict[str, Callable[[], AbstractAsyncContextManager[DirectoryBench]]] = {
    "memory": open_memory_bench,
    "azure": open_simulator_bench,
}
CANARY = "secret-canary"


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[DirectoryBench]:
    async with BENCHES[request.param]() as opened:
        yield opened


async def _signed_in(bench: DirectoryBench, *scopes: str) -> Grant:
    application, request = attrs.evolve(bench.public, scopes=(*bench.public.scopes, *scopes)), asking()
    return await bench.provider.exchange_code(
        application, None, await bench.authorize(application, request), VERIFIER, request
    )


async def test_a_tenant_that_is_reached_tells_its_id_and_its_time(bench: DirectoryBench) -> None:
    report = await bench.directory.reach(bench.confidential.tenant_id)
    assert report.tenant_id == bench.confidential.tenant_id
    assert report.clock_offset is not None
    assert abs(report.clock_offset) < timedelta(seconds=5)


@pytest.mark.parametrize("name", ["common", "organizations"])
async def test_a_name_for_many_tenants_has_no_id(bench: DirectoryBench, name: str) -> None:
    assert (await bench.directory.reach(name)).tenant_id is None


async def test_a_tenant_that_does_not_exist_is_a_matter_of_configuration(bench: DirectoryBench) -> None:
    with refusal(ConfigurationError, "TENANT_UNKNOWN"):
        await bench.directory.reach("nobody.example")


async def test_the_credential_of_an_application_is_tried(bench: DirectoryBench) -> None:
    for application in (bench.daemon, bench.confidential):
        for secret in application.client_secrets:
            assert await bench.directory.try_application(application, secret)


async def test_a_credential_that_is_rejected_is_told_without_showing_it(bench: DirectoryBench) -> None:
    with pytest.raises(InvalidClientError) as caught:
        await bench.directory.try_application(bench.daemon, CANARY)
    assert CANARY not in f"{caught.value} {caught.value.details}"


async def test_a_public_client_has_no_credential_to_try(bench: DirectoryBench) -> None:
    assert not await bench.directory.try_application(bench.public, None)


@pytest.mark.parametrize("tenant", ["common", "organizations"])
async def test_a_credential_cannot_be_tried_in_many_tenants(bench: DirectoryBench, tenant: str) -> None:
    application = attrs.evolve(bench.confidential, tenant_id=tenant)
    assert not await bench.directory.try_application(application, CANARY)


@pytest.mark.parametrize("secret", [CANARY, None], ids=["confidential", "public"])
async def test_an_unknown_application_is_told(bench: DirectoryBench, secret: str | None) -> None:
    for flow in AuthFlow:
        with pytest.raises(ConfigurationError):
            await bench.directory.try_application(attrs.evolve(bench.unknown, flow=flow), secret)


async def test_an_application_of_an_unknown_tenant_is_told(bench: DirectoryBench) -> None:
    application = attrs.evolve(bench.confidential, tenant_id="nobody.example")
    for secret in (application.client_secrets[0], None):
        with pytest.raises(ConfigurationError):
            await bench.directory.try_application(application, secret)


async def test_the_sessions_of_the_owner_end(bench: DirectoryBench) -> None:
    grant = await _signed_in(bench, "User.RevokeSessions.All")
    await bench.directory.revoke_sessions(grant.token.access.value)
    with refusal(ReauthenticationRequiredError):
        await bench.provider.refresh(bench.public, None, grant.token.refresh or "")
    assert await bench.provider.validate_token(grant.token.access.value), "access tokens live on"


async def test_a_token_without_the_permission_ends_no_session(bench: DirectoryBench) -> None:
    grant = await _signed_in(bench)
    with refusal(PermissionDeniedError):
        await bench.directory.revoke_sessions(grant.token.access.value)
    await bench.provider.refresh(bench.public, None, grant.token.refresh or "")


@pytest.mark.parametrize("token", ["made-up", "made up\r\nX-Header: 1", ""])
async def test_a_token_that_is_not_accepted_ends_no_session(bench: DirectoryBench, token: str) -> None:
    with refusal(AuthenticationError):
        await bench.directory.revoke_sessions(token)


async def test_an_expired_token_and_one_of_an_application_end_no_session(bench: DirectoryBench) -> None:
    own = await bench.provider.client_credentials(bench.daemon, bench.daemon.client_secrets[0])
    with refusal(AuthenticationError):
        await bench.directory.revoke_sessions(own.token.access.value)
    grant = await _signed_in(bench, "User.RevokeSessions.All")
    await bench.advance(61 * MINUTE)
    with refusal(AuthenticationError):
        await bench.directory.revoke_sessions(grant.token.access.value)


@pytest.mark.parametrize(
    "error", [APIConnectionError("down"), ThrottledError("busy", retry_after=MINUTE)], ids=["down", "busy"]
)
async def test_a_directory_that_cannot_answer_says_so(bench: DirectoryBench, error: IACSGraphError) -> None:
    grant = await _signed_in(bench, "User.RevokeSessions.All")
    for call in (
        lambda: bench.directory.reach(bench.confidential.tenant_id),
        lambda: bench.directory.try_application(bench.daemon, bench.daemon.client_secrets[0]),
        lambda: bench.directory.revoke_sessions(grant.token.access.value),
    ):
        async with bench.failing(error):
            with refusal(type(error)):
                await call()
