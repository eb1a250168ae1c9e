"""The provider that processes share keeps the promises of the port: the suite of the contract, run on it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from domain.account import Identity, OAuthApplication
from domain.errors import IACSGraphError
from ports.identity_provider import AuthorizationResponse, SignInRequest
from tests.contracts import test_identity_provider as contract
from tests.contracts.provider_bench import ANN, Bench
from tests.fakes.shared_provider import SharedIdentityProvider, open_shared_provider

globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})


class SharedBench(Bench):
    """The provider in a file."""

    def __init__(self, shared: SharedIdentityProvider, clock: MemoryClock) -> None:
        self.clock = clock
        self.shared = shared
        self.provider = shared
        for application in (self.confidential, self.public, self.daemon):
            shared.register(application)
        shared.add_user(ANN)

    async def authorize(self, application: OAuthApplication, request: SignInRequest) -> AuthorizationResponse:
        return AuthorizationResponse(code=self.shared.authorize(application, request, ANN))

    async def decline(
        self,
        application: OAuthApplication,  # noqa: ARG002 - she says no to all
        request: SignInRequest,  # noqa: ARG002 - the same
    ) -> AuthorizationResponse:
        return AuthorizationResponse(error="access_denied")

    async def enter(self, verification_uri: str, user_code: str, *, approves: bool) -> None:  # noqa: ARG002 - no pages
        if approves:
            self.shared.approve(user_code, ANN)
        else:
            self.shared.decline(user_code)

    def identity(self) -> Identity:
        return Identity(tenant_id="tenant", object_id=f"oid-{ANN}")

    async def revoke(self) -> None:
        self.shared.revoke(ANN)

    @asynccontextmanager
    async def failing(self, error: IACSGraphError) -> AsyncIterator[None]:
        self.shared.fail_next(type(error), retry_after=error.retry_after)
        yield

    def now(self) -> datetime:
        return self.clock.now()

    async def advance(self, duration: timedelta) -> None:
        await self.clock.advance(duration)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = MemoryClock()
    with open_shared_provider(tmp_path / "provider.db", clock, MemoryIdentifiers()) as shared:
        yield SharedBench(shared, clock)
