"""A valid token that this process has not handed out before: one read of the database, and decryption."""

import os
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import aiosqlite
import msal_extensions
from cryptography.fernet import Fernet

from adapters.fernet.cipher import generate_key
from application.token_service import TokenService
from benchmarks.accounts import LIFETIME, access_token, account_id, refresh_token, user_id
from benchmarks.harness.plan import Benchmark, Contender, Count, Limit, Plan, Ratio, Size
from benchmarks.harness.timing import cpu, cpu_of
from benchmarks.msal_accounts import application, serialized, silent
from benchmarks.token_services import NOWHERE, open_token_office
from domain.account import AccountId

_AT_ONCE: Final = 50
"""Accounts that are forgotten, and then read one after the other."""

Run = Callable[[], Awaitable[float]]


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    numbers, calls = (100, size.of(10_000, 200), size.of(100_000, 300)), size.of(1000, _AT_ONCE)
    few, many, most = (f"{count:,}" for count in numbers)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contenders, reads = [], []
        for count in numbers:
            asked = _asked(count, calls)
            reads.append(await _ours(stack, directory, count, asked))
            contenders += [
                Contender(name=f"ours, {count:,}", run=reads[-1]),
                Contender(name=f"floor, {count:,}", run=await _floor(stack, directory, count, asked)),
            ]
        contenders.append(Contender(name="peer", run=_peer(directory, numbers[1])))
        yield Plan(
            contenders=tuple(contenders),
            ratios=(
                *(
                    Ratio(
                        label=f"ours / floor, {each} accounts",
                        cost_of=f"ours, {each}",
                        over=f"floor, {each}",
                        limit=Limit(at_most=1.5),
                    )
                    for each in (few, many, most)
                ),
                Ratio(
                    label=f"MSAL / ours, {many} accounts",
                    cost_of="peer",
                    over=f"ours, {many}",
                    limit=Limit(at_least=1000),
                ),
                Ratio(
                    label=f"{most} / {few} accounts",
                    cost_of=f"ours, {most}",
                    over=f"ours, {few}",
                    limit=Limit(at_most=1.5),
                ),
            ),
            counts=partial(_grown, [directory / f"{count}.db-wal" for count in numbers], reads),
        )


BENCHMARK: Final = Benchmark(
    name="token-first-read", title="a valid token, first read: database and decryption, per call", open=_open
)


def _asked(count: int, calls: int) -> Sequence[Sequence[int]]:
    """Return whom to ask for, in no order, nobody twice in one portion."""
    drawn = random.Random(count)  # noqa: S311 - the same each time
    return [drawn.sample(range(count), _AT_ONCE) for _ in range(calls // _AT_ONCE)]


async def _ours(stack: AsyncExitStack, directory: Path, count: int, asked: Sequence[Sequence[int]]) -> Run:
    office = await stack.enter_async_context(open_token_office(directory, NOWHERE, generate_key(), count))
    service = await stack.enter_async_context(office.service())

    async def ask(users: Sequence[str]) -> None:
        for user in users:
            await service.get_valid_token(user)

    async def run() -> float:
        total = 0.0
        for portion in asked:
            _forget(service, portion)
            total += await cpu(ask([user_id(number) for number in portion]), len(portion))
        return total / len(asked)

    return run


def _forget(service: TokenService, numbers: Sequence[int]) -> None:
    for number in numbers:
        service.cache.forget(AccountId(account_id(number)))


async def _floor(stack: AsyncExitStack, directory: Path, count: int, asked: Sequence[Sequence[int]]) -> Run:
    """One row per account: whether it may be used, and its tokens, encrypted, with the expiry."""
    fernet, expiry = Fernet(Fernet.generate_key()), time.time() + LIFETIME.total_seconds()
    database = await stack.enter_async_context(aiosqlite.connect(directory / f"floor-{count}.db"))
    await database.execute("PRAGMA journal_mode = WAL")
    await database.execute(
        "CREATE TABLE tokens"
        " (user_id TEXT PRIMARY KEY, status TEXT, expires_at REAL, access BLOB, refresh BLOB) WITHOUT ROWID"
    )

    def sealed(token: str) -> bytes:
        return fernet.encrypt(token.encode())

    await database.executemany(
        "INSERT INTO tokens VALUES (?, 'ACTIVE', ?, ?, ?)",
        ((user_id(number), expiry, sealed(access_token()), sealed(refresh_token())) for number in range(count)),
    )
    await database.commit()

    async def get(user: str) -> str:
        rows = await database.execute_fetchall(
            "SELECT status, expires_at, access FROM tokens WHERE user_id = ?", (user,)
        )
        ((status, expires_at, access),) = rows
        if status != "ACTIVE" or expires_at <= time.time():
            raise LookupError(user)
        return fernet.decrypt(access).decode()

    async def ask(users: Sequence[str]) -> None:
        for user in users:
            await get(user)

    async def run() -> float:
        costs = [await cpu(ask([user_id(number) for number in portion]), len(portion)) for portion in asked]
        return sum(costs) / len(costs)

    return run


def _peer(directory: Path, count: int) -> Run:
    """The file is as another process wrote it: MSAL looks at the time at which that was, and reads all of it."""
    place = directory / "msal.json"
    place.write_text(serialized(count), encoding="utf-8")
    cache = msal_extensions.PersistedTokenCache(msal_extensions.FilePersistence(str(place)))
    app, drawn = application(cache), random.Random(count)  # noqa: S311 - the same each time

    async def run() -> float:
        later = time.time() + 1
        os.utime(place, (later, later))
        return cpu_of(lambda: silent(app, drawn.randrange(count)), 1)

    return run


async def _grown(logs: Sequence[Path], reads: Sequence[Run]) -> Sequence[Count]:
    """Read everything once more, and compare the write-ahead logs with what they were before."""
    before = [log.read_bytes() for log in logs]
    for read in reads:
        await read()
    grown = sum(abs(log.stat().st_size - len(content)) for log, content in zip(logs, before, strict=True))
    if not grown and [log.read_bytes() for log in logs] != before:
        raise RuntimeError("a write-ahead log was written anew in its place")
    return [Count(label="bytes that reading added to the write-ahead log", value=grown, limit=Limit(at_most=0))]
