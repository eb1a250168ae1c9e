"""A valid token that this process has handed out before: of 1 account, of 100, of 10,000, of 100,000."""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msal

from adapters.fernet.cipher import generate_key
from application.token_service import TokenService
from benchmarks.accounts import LIFETIME, access_token, user_id
from benchmarks.harness.plan import Benchmark, Contender, Limit, Plan, Ratio, Size
from benchmarks.harness.timing import cpu, cpu_of
from benchmarks.honouring import counts_of_honouring
from benchmarks.msal_accounts import application, serialized, silent
from benchmarks.token_services import NOWHERE, open_token_office

Run = Callable[[], Awaitable[float]]


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    numbers = (1, size.of(100, 10), size.of(10_000, 20), size.of(100_000, 30))
    one, few, many, most = (f"{count:,}" for count in numbers)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contenders = []
        for count in numbers:
            service, floor = await _service(stack, directory, count), _floor_of(count)
            for name, among in ((f"{count:,}", numbers[1]), (f"any of {count:,}", count)):
                asked = _asked(count, size.of(20_000, 100), among)
                contenders += [
                    Contender(name=f"ours, {name}", run=partial(_ours, service, asked)),
                    Contender(name=f"floor, {name}", run=partial(_floor, floor, asked)),
                ]
        contenders += [
            Contender(name=f"MSAL, {count:,}", run=_peer(count, _asked(count, calls, count)))
            for count, calls in ((numbers[0], size.of(2000, 10)), (numbers[2], size.of(10, 2)))
        ]
        at_most, growth = Limit(at_most=8), Limit(at_most=1.1)
        yield Plan(
            contenders=tuple(contenders),
            ratios=(
                *(
                    Ratio(
                        label=f"ours / floor, {each}",
                        cost_of=f"ours, {each}",
                        over=f"floor, {each}",
                        limit=at_most,
                    )
                    for each in (one, few, many, most, f"any of {most}")
                ),
                Ratio(
                    label="MSAL / ours, 1 account",
                    cost_of=f"MSAL, {one}",
                    over=f"ours, {one}",
                    limit=Limit(at_least=30),
                ),
                Ratio(
                    label=f"MSAL / ours, {many} accounts",
                    cost_of=f"MSAL, {many}",
                    over=f"ours, {many}",
                    limit=Limit(at_least=10_000),
                ),
                Ratio(
                    label=f"{few} accounts asked for among {most} / alone",
                    cost_of=f"ours, {most}",
                    over=f"ours, {few}",
                    limit=growth,
                ),
                Ratio(label=f"any of {most} / {few}", cost_of=f"ours, any of {most}", over=f"ours, {few}"),
                Ratio(label=f"any of {most} / {few}, the floor", cost_of=f"floor, any of {most}", over=f"floor, {few}"),
            ),
            counts=partial(counts_of_honouring, directory / "honouring", size.of(20, 1)),
        )


BENCHMARK: Final = Benchmark(
    name="token-seen", title="a valid token, seen before in this process, per call", open=_open
)


def _asked(count: int, calls: int, among: int) -> Sequence[str]:
    """Return whom to ask for, in no order: so many of all accounts, chosen by chance."""
    drawn = random.Random(count)  # noqa: S311 - the same each time
    users = [user_id(number) for number in drawn.sample(range(count), min(among, count))]
    return drawn.choices(users, k=calls)


async def _service(stack: AsyncExitStack, directory: Path, count: int) -> TokenService:
    """Open a token service that has seen every account."""
    office = await stack.enter_async_context(open_token_office(directory, NOWHERE, generate_key(), count))
    service = await stack.enter_async_context(office.service())
    await _trusted(service)
    for number in range(count):
        await service.get_valid_token(user_id(number))
    return service


async def _trusted(service: TokenService) -> None:
    """Wait until the news are followed again, which nobody did while other contenders held the event loop."""
    first = user_id(0)
    await asyncio.sleep(0.05)
    while service.cache.get(first) is None:
        await service.get_valid_token(first)
        await asyncio.sleep(0.01)


async def _ours(service: TokenService, asked: Sequence[str]) -> float:
    await _trusted(service)

    async def ask() -> None:
        for user in asked:
            await service.get_valid_token(user)

    return await cpu(ask(), len(asked))


def _floor_of(count: int) -> dict[str, tuple[str, float]]:
    expiry = time.time() + LIFETIME.total_seconds()
    return {user_id(number): (access_token(), expiry + number) for number in range(count)}


async def _floor(held: dict[str, tuple[str, float]], asked: Sequence[str]) -> float:
    async def get(user: str) -> str:
        token, expires_at = held[user]
        if expires_at <= time.time():
            raise LookupError(user)
        return token

    async def ask() -> None:
        for user in asked:
            await get(user)

    return await cpu(ask(), len(asked))


def _peer(count: int, asked: Sequence[str]) -> Run:
    cache = msal.SerializableTokenCache()
    cache.deserialize(serialized(count))
    app, numbers = application(cache), [int(user.removeprefix("user")) for user in asked]

    async def run() -> float:
        return cpu_of(lambda: [silent(app, number) for number in numbers], len(numbers))

    return run
