"""Ten thousand tasks want the token of one account at the same moment, and it has expired."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from adapters.fernet.cipher import generate_key
from adapters.memory.identity_provider import MemoryIdentityProvider
from adapters.memory.tenant_directory import MemoryTenantDirectory
from adapters.sqlite.database import Database
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.token_service import TokenService
from benchmarks import accounts
from benchmarks.accounts import account_id, expire_all, user_id
from benchmarks.harness.plan import Benchmark, Contender, Count, Limit, Plan, Ratio, Size, growth
from benchmarks.harness.timing import cpu
from benchmarks.token_services import NOWHERE, open_token_office
from domain.account import AccountId, OAuthApplication
from domain.errors import APIConnectionError, IACSGraphError
from domain.token import AccessToken, Grant, Token
from modules.runtime.provider import Provider

_USER: Final = user_id(0)
_CANCELLED_AT_ONCE: Final = 20_000

Run = Callable[[], Awaitable[float]]


@attrs.define(kw_only=True, eq=False)
class SlowProvider(MemoryIdentityProvider):
    """Answers a refresh once it is told to; counts the requests."""

    asked: asyncio.Event = attrs.field(factory=asyncio.Event)
    answered: asyncio.Event = attrs.field(factory=asyncio.Event)
    failing: bool = False
    requests: int = 0

    async def refresh(
        self,
        application: OAuthApplication,  # noqa: ARG002 - the port's
        client_secret: str | None,  # noqa: ARG002 - the port's
        refresh_token: str,  # noqa: ARG002 - the port's
        claims: str | None = None,  # noqa: ARG002 - the port's
    ) -> Grant:
        self.requests += 1
        self.asked.set()
        await self.answered.wait()
        if self.failing:
            raise APIConnectionError("The provider is out of order.")
        now = self.clock.now()
        access = AccessToken(value=accounts.access_token(), obtained_at=now, expires_at=now + self.lifetime)
        return Grant(token=Token(access=access, refresh=accounts.refresh_token()))


@attrs.frozen(kw_only=True)
class Crowd:
    """One account, the service, and callers of it."""

    database: Database
    provider: SlowProvider
    service: TokenService

    async def expire(self) -> None:
        """Let the token have expired, and be known to have."""
        self.provider.asked.clear()
        self.provider.answered.clear()
        self.provider.requests = 0
        await expire_all(self.database, 1)
        self.service.cache.forget(AccountId(account_id(0)))
        while self.service.cache.get(_USER) is None:
            await self.service.is_token_valid(_USER)

    def callers(self, count: int) -> "list[asyncio.Task[AccessToken]]":
        return [asyncio.create_task(self.service.get_valid_token(_USER)) for _ in range(count)]

    async def served(self, count: int) -> None:
        """Let so many ask, and get what the provider says once all of them wait."""
        callers = self.callers(count)
        await self.provider.asked.wait()
        self.provider.answered.set()
        await asyncio.gather(*callers, return_exceptions=True)


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    many, most = size.of(10_000, 100), size.of(100_000, 200)
    some, crowd = size.of(1000, 50), size.of(_CANCELLED_AT_ONCE, 100)
    async with _opened() as opened:
        yield Plan(
            contenders=(
                Contender(name="ours", run=partial(_served, opened, many)),
                Contender(name="ours, 10x", run=partial(_served, opened, most)),
                Contender(name="floor", run=partial(_waited, many)),
                Contender(name="floor, 10x", run=partial(_waited, most)),
                Contender(name="failed", run=partial(_served, opened, many, failing=True)),
                Contender(name="some", run=partial(_cancelled, opened, some, crowd // some)),
                Contender(name="crowd", run=partial(_cancelled, opened, crowd, 1)),
            ),
            ratios=(
                Ratio(label=f"waiter / plain task, {many:,}", cost_of="ours", over="floor", limit=Limit(at_most=1.6)),
                Ratio(
                    label=f"waiter / plain task, {most:,}",
                    cost_of="ours, 10x",
                    over="floor, 10x",
                    limit=Limit(at_most=1.6),
                ),
                *growth(f"{most:,} / {many:,}", ("ours, 10x", "ours"), ("floor, 10x", "floor"), "plain tasks"),
                Ratio(label="waiter for a failure / for a token", cost_of="failed", over="ours"),
                Ratio(
                    label=f"cancelling {crowd:,} / {some:,} waiters",
                    cost_of="crowd",
                    over="some",
                    limit=Limit(at_most=3),
                ),
            ),
            counts=partial(_requests, opened, many),
        )


BENCHMARK: Final = Benchmark(name="token-callers", title="10,000 callers of one expired token, per caller", open=_open)


@asynccontextmanager
async def _opened() -> AsyncIterator[Crowd]:
    clock, identifiers = SystemClock(), SystemIdentifiers()
    slow = SlowProvider(clock=clock, identifiers=identifiers)
    provider = Provider(identity=slow, directory=MemoryTenantDirectory(provider=slow))
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        office = await stack.enter_async_context(open_token_office(directory, NOWHERE, generate_key(), 1))
        service = await stack.enter_async_context(office.service(provider))
        yield Crowd(database=office.database, provider=slow, service=service)


async def _served(crowd: Crowd, count: int, *, failing: bool = False) -> float:
    crowd.provider.failing = failing
    await crowd.expire()
    cost = await cpu(crowd.served(count), count)
    crowd.provider.failing = False
    return cost


async def _waited(count: int) -> float:
    """Plain tasks that wait for one event."""
    happened = asyncio.Event()

    async def wait() -> None:
        tasks = [asyncio.create_task(happened.wait()) for _ in range(count)]
        await asyncio.sleep(0)
        happened.set()
        await asyncio.gather(*tasks)

    return await cpu(wait(), count)


async def _cancelled(crowd: Crowd, count: int, times: int) -> float:
    """Cancelling so many that wait, so many times, and nothing else."""
    total = 0.0
    for _ in range(times):
        await crowd.expire()
        callers = crowd.callers(count)
        await crowd.provider.asked.wait()
        total += await cpu(_all_cancelled(callers), count)
        crowd.provider.answered.set()
        await crowd.service.get_valid_token(_USER)
    return total / times


async def _all_cancelled(callers: "Sequence[asyncio.Task[AccessToken]]") -> None:
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)


async def _requests(crowd: Crowd, count: int) -> Sequence[Count]:
    """Count what the provider is asked, and make sure of what the callers get."""
    once = Limit(at_most=1, at_least=1)
    counts = []
    for label, failing, first_cancelled in (
        ("requests", False, False),
        ("requests, when it fails", True, False),
        ("requests, when the first caller is cancelled", False, True),
    ):
        await crowd.expire()
        crowd.provider.failing = failing
        callers = crowd.callers(count)
        await crowd.provider.asked.wait()
        if first_cancelled:
            callers.pop(0).cancel()
        crowd.provider.answered.set()
        outcomes = await asyncio.gather(*callers, return_exceptions=True)
        wanted = IACSGraphError if failing else AccessToken
        if not all(isinstance(outcome, wanted) for outcome in outcomes):
            raise RuntimeError(f"{label}: not every caller got what it should")
        counts.append(Count(label=label, value=crowd.provider.requests, limit=once))
    return counts
