"""The provider that processes share keeps the promises of the port: the suite of the contract, run on it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from domain.account import Identity, OAuthApplication
from domain.errors import IACSGraphError
from ports.identity_provider import SignInRequest
from tests.contracts import test_identity_provider as contract
from tests.fakes.shared_provider import SharedIdentityProvider, open_shared_provider

ANN = "ann@example.com"
globals().update({name: test for name, test in vars(contract).items() if name.startswith("test_")})


class SharedBench(contract.Bench):
    """The provider in a file."""

    def __init__(self, shared: SharedIdentityProvider, clock: MemoryClock) -> None:
        self.clock = clock
        self.shared = shared
        self.provider = shared
        for application in (contract.CONFIDENTIAL, contract.PUBLIC, contract.DAEMON):
            shared.register(application)
        shared.add_user(ANN)

    def authorize(self, application: OAuthApplication, request: SignInRequest) -> str:
        return self.shared.authorize(application, request, ANN)

    def identity(self) -> Identity:
        return Identity(tenant_id="tenant", object_id=f"oid-{ANN}")

    def revoke(self) -> None:
        self.shared.revoke(ANN)

    def meet(self, error: IACSGraphError) -> None:
        self.shared.fail_next(type(error), retry_after=error.retry_after)

    def now(self) -> datetime:
        return self.clock.now()

    async def advance(self, duration: timedelta) -> None:
        await self.clock.advance(duration)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[contract.Bench]:
    clock = MemoryClock()
    with open_shared_provider(tmp_path / "provider.db", clock, MemoryIdentifiers()) as shared:
        yield SharedBench(shared, clock)
