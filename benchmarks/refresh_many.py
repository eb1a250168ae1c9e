"""The tokens of five thousand accounts expire at once, and every one is asked for."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp
import msal
import requests

from adapters.fernet.cipher import generate_key
from benchmarks.accounts import expire_all, refresh_token, user_id
from benchmarks.harness.plan import Benchmark, Contender, Limit, Plan, Ratio, Size, growth
from benchmarks.harness.timing import wall
from benchmarks.msal_accounts import LocalHttp, application, serialized, silent
from benchmarks.token_floor import request_token
from benchmarks.token_server import open_token_server
from benchmarks.token_services import open_token_office

CONNECTIONS: Final = 100
"""Of the token service's session, and of the floor's."""
THREADS: Final = 50

Run = Callable[[], Awaitable[float]]


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    few, many, asked = size.of(500, 10), size.of(5000, 50), size.of(100, 5)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = await stack.enter_async_context(open_token_server())
        yield Plan(
            contenders=(
                Contender(name="ours", run=await _ours(stack, directory, server, many)),
                Contender(name="ours, a tenth", run=await _ours(stack, directory, server, few)),
                Contender(name="floor", run=await _floor(stack, server, many)),
                Contender(name="floor, a tenth", run=await _floor(stack, server, few)),
                Contender(name="peer", run=_peer(stack, server, many, asked)),
            ),
            ratios=(
                Ratio(label="our rate / floor's", cost_of="floor", over="ours", limit=Limit(at_least=0.5)),
                Ratio(label="MSAL / ours", cost_of="peer", over="ours", limit=Limit(at_least=2)),
                *growth(f"{many:,} / {few:,} accounts", ("ours", "ours, a tenth"), ("floor", "floor, a tenth")),
            ),
        )


BENCHMARK: Final = Benchmark(
    name="refresh-many", title="5,000 accounts expire at once, encrypted and committed, per account", open=_open
)


async def _ours(stack: AsyncExitStack, directory: Path, server: str, count: int) -> Run:
    office = await stack.enter_async_context(open_token_office(directory, server, generate_key(), count))

    async def run() -> float:
        await expire_all(office.database, count)
        async with office.service() as service:
            calls = (service.get_valid_token(user_id(number)) for number in range(count))
            return await wall(asyncio.gather(*calls), count)

    return run


async def _floor(stack: AsyncExitStack, server: str, count: int) -> Run:
    """Nothing is stored: the client, its connections and the server alone."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
    token = refresh_token()

    async def run() -> float:
        calls = (request_token(session, server, token) for _ in range(count))
        return await wall(asyncio.gather(*calls), count)

    return run


def _peer(stack: AsyncExitStack, server: str, count: int, asked: int) -> Run:
    """All accounts are in MSAL's memory, and some of them are refreshed: each searches among all, so all cost the same.

    Nothing is written to disk.
    """
    cache = msal.SerializableTokenCache()
    cache.deserialize(serialized(count))
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))
    http = LocalHttp(server, session)
    stack.callback(http.close)
    app, threads = application(cache, http), stack.enter_context(ThreadPoolExecutor(THREADS))

    async def refresh() -> None:
        loop = asyncio.get_running_loop()
        call = partial(silent, app, force_refresh=True)
        calls = (loop.run_in_executor(threads, call, number) for number in range(asked))
        await asyncio.gather(*calls)

    return lambda: wall(refresh(), asked)
