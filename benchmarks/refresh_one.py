"""One account's token is refreshed and stored, among ten thousand accounts and among a hundred thousand."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import msal_extensions
import requests

from adapters.fernet.cipher import generate_key
from benchmarks.accounts import refresh_token, user_id
from benchmarks.harness.plan import Benchmark, Contender, Limit, Plan, Ratio, Size
from benchmarks.harness.timing import wall
from benchmarks.msal_accounts import LocalHttp, application, serialized, silent
from benchmarks.token_floor import open_floor_store, request_token
from benchmarks.token_server import open_token_server
from benchmarks.token_services import open_token_office

Run = Callable[[], Awaitable[float]]


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    few, many, refreshes = size.of(10_000, 50), size.of(100_000, 200), size.of(200, 3)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = await stack.enter_async_context(open_token_server())
        contenders = [
            Contender(name=name, run=await _ours(stack, directory, server, count, refreshes))
            for name, count in (("ours", few), ("ours, 10x", many))
        ]
        yield Plan(
            contenders=(
                *contenders,
                Contender(name="floor", run=await _floor(stack, directory, server, few, refreshes)),
                Contender(name="peer", run=_peer(stack, directory, server, few)),
            ),
            ratios=(
                Ratio(label="ours / floor", cost_of="ours", over="floor", limit=Limit(at_most=2)),
                Ratio(label="MSAL / ours", cost_of="peer", over="ours", limit=Limit(at_least=500)),
                Ratio(label=f"{many:,} / {few:,} accounts", cost_of="ours, 10x", over="ours", limit=Limit(at_most=1.2)),
            ),
        )


BENCHMARK: Final = Benchmark(
    name="refresh-one", title="one refresh, persisted, among 10,000 accounts, per refresh", open=_open
)


def _in_turn(count: int) -> Iterator[int]:
    """Give the accounts one after the other, far from each other, without end."""
    number = 0
    while True:
        number = (number + count * 5 // 8 + 1) % count
        yield number


async def _ours(stack: AsyncExitStack, directory: Path, server: str, count: int, refreshes: int) -> Run:
    office = await stack.enter_async_context(open_token_office(directory, server, generate_key(), count))
    service = await stack.enter_async_context(office.service())
    numbers = _in_turn(count)

    async def refresh() -> None:
        for _ in range(refreshes):
            await service.refresh_token(user_id(next(numbers)))

    return lambda: wall(refresh(), refreshes)


async def _floor(stack: AsyncExitStack, directory: Path, server: str, count: int, refreshes: int) -> Run:
    store = await stack.enter_async_context(open_floor_store(directory / "floor.db", count))
    session = await stack.enter_async_context(aiohttp.ClientSession())
    numbers, token = _in_turn(count), refresh_token()

    async def refresh() -> None:
        for _ in range(refreshes):
            await store.store(next(numbers), await request_token(session, server, token))

    return lambda: wall(refresh(), refreshes)


def _peer(stack: AsyncExitStack, directory: Path, server: str, count: int) -> Run:
    """One refresh each time: MSAL writes its file anew several times for each."""
    place = directory / "msal.json"
    place.write_text(serialized(count), encoding="utf-8")
    http = LocalHttp(server, requests.Session())
    stack.callback(http.close)
    cache = msal_extensions.PersistedTokenCache(msal_extensions.FilePersistence(str(place)))
    app, numbers = application(cache, http), _in_turn(count)

    def refresh() -> str:
        return silent(app, next(numbers), force_refresh=True)

    return lambda: wall(asyncio.to_thread(refresh), 1)
