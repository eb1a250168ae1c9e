"""All secrets move to a new key, as `iacsgraph keys rotate` does it, while others read."""

import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import attrs
from cryptography.fernet import Fernet

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.fernet.cipher import KEY_ID_DIGITS, FernetCipher, generate_key
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.secrets import ACCESS_TOKEN
from adapters.sqlite.token_store import SqliteTokenStore
from application.key_rotation import BATCH
from benchmarks.accounts import access_token, account_id, add_accounts, refresh_token, user_id
from benchmarks.harness.plan import Benchmark, Contender, Count, Limit, Plan, Ratio, Size
from benchmarks.harness.timing import cpu_of, wall
from modules.admin.compose import wire
from modules.admin.settings import KeyToolSettings
from modules.runtime.settings import DatabaseSettings, EncryptionSettings

Run = Callable[[], Awaitable[float]]

_ROTATE: Final = ("-c", "from modules.iacsgraph.cli import main; main()", "keys", "rotate")
_ENOUGH: Final = 20
"""Reads, at least, of which a percentile is told."""
_PAUSE_SECONDS: Final = 0.002
"""Between two reads of somebody else."""


@attrs.define(kw_only=True)
class _Office:
    """A database of accounts, two secrets each, and the key that holds them."""

    database: Database
    count: int
    key: str = attrs.field(repr=False)

    @property
    def secrets(self) -> int:
        return 2 * self.count

    async def rotate(self) -> float:
        """Move to a key that was never used before."""
        after, before = generate_key(), self.key
        settings = KeyToolSettings(
            database=DatabaseSettings(path=self.database.path), encryption=EncryptionSettings(keys=(after, before))
        )
        rotation = wire(self.database, settings).rotation

        async def all_of_it() -> None:
            async for _ in rotation.rotate():
                pass

        cost = await wall(all_of_it(), self.secrets)
        self.key = after
        return cost

    async def ciphertexts(self) -> list[tuple[str, str]]:
        """Return owner and access token of some accounts, as they are stored."""
        sql = "SELECT account_id, access_token FROM tokens LIMIT 5000"
        rows = await self.database.read(lambda connection: connection.execute(sql).fetchall())
        return [tuple(row) for row in rows]

    async def read_while(self, going_on: Callable[[], bool], keys: Sequence[str]) -> float:
        """Read one token after the other, with little pauses; return the 99th percentile, in milliseconds."""
        store = SqliteTokenStore(self.database, FernetCipher(keys), CloudEventCodec())
        took: list[float] = []
        number = 0
        while going_on() or len(took) < _ENOUGH:
            number = (number + 7919) % self.count
            began = time.perf_counter()
            await store.read(user_id(number), datetime.now(UTC))
            took.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(_PAUSE_SECONDS)
        return statistics.quantiles(took, n=100)[-1]


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    few, many = size.of(5_000, 20), size.of(50_000, 100)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tenth, office = [await _office(stack, directory, count) for count in (few, many)]
        yield Plan(
            contenders=(
                Contender(name="ours", run=office.rotate),
                Contender(name="ours, a tenth", run=tenth.rotate),
                Contender(name="floor", run=_floor(stack, directory, many)),
                Contender(name="decrypt", run=partial(_decrypt, tenth)),
                Contender(name="Fernet", run=partial(_decrypt_alone, tenth)),
            ),
            ratios=(
                Ratio(label="our rate / floor's", cost_of="floor", over="ours", limit=Limit(at_least=0.6)),
                Ratio(
                    label=f"{2 * many:,} / {2 * few:,} secrets",
                    cost_of="ours",
                    over="ours, a tenth",
                    limit=Limit(at_most=1.2),
                ),
                Ratio(
                    label="decrypt afterwards / a single Fernet",
                    cost_of="decrypt",
                    over="Fernet",
                    limit=Limit(at_most=1.1),
                ),
            ),
            counts=lambda: _reading(office, size),
        )


BENCHMARK: Final = Benchmark(name="key-rotation", title="rotation of 100,000 secrets, per secret", open=_open)


async def _office(stack: AsyncExitStack, directory: Path, count: int) -> _Office:
    key = generate_key()
    database = await stack.enter_async_context(open_database(directory / f"{count}.db"))
    await add_accounts(database, FernetCipher([key]), count)
    return _Office(database=database, count=count, key=key)


async def _decrypt(office: _Office) -> float:
    """Open what was rotated, with both keys at hand as after a rotation."""
    cipher, stored = FernetCipher([office.key, generate_key()]), await office.ciphertexts()
    bound = [(ciphertext, ACCESS_TOKEN.binding(owner)) for owner, ciphertext in stored]

    def work() -> None:
        for ciphertext, binding in bound:
            cipher.decrypt(ciphertext, binding)

    return cpu_of(work, len(bound))


async def _decrypt_alone(office: _Office) -> float:
    """Open the same bytes as one Fernet would that knows no bindings and no other keys."""
    fernet, stored = Fernet(office.key), await office.ciphertexts()
    tokens = [ciphertext[KEY_ID_DIGITS + 1 :] for _, ciphertext in stored]

    def work() -> None:
        for token in tokens:
            fernet.decrypt(token).decode()

    return cpu_of(work, len(tokens))


async def _reading(office: _Office, size: Size) -> Sequence[Count]:
    """Let the command rotate in a process of its own while this one, which has both keys, reads."""
    until = time.perf_counter() + (0.2 if size.tiny else 10)
    quiet = await office.read_while(lambda: time.perf_counter() < until, [office.key])
    after, before = generate_key(), office.key
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "DATABASE_PATH": str(office.database.path),
        "ENCRYPTION_KEY": f"{after},{before}",
    }
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, *_ROTATE),
        env=environment,
        cwd=office.database.path.parent,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    during = await office.read_while(lambda: child.returncode is None, [after, before])
    _, told = await child.communicate()
    if child.returncode != 0:
        raise RuntimeError(told.decode())
    office.key = after
    return (Count(label="readers' p99 during it / before", value=during / quiet),)


def _floor(stack: AsyncExitStack, directory: Path, count: int) -> Run:
    """Rows of two secrets, as durable as ours and in batches as large."""
    connection = stack.enter_context(closing(sqlite3.connect(directory / "floor.db", isolation_level=None)))
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE tokens (account_id TEXT PRIMARY KEY, access TEXT, refresh TEXT) WITHOUT ROWID")
    keys = [Fernet.generate_key()]
    _fill(connection, Fernet(keys[0]), count)

    async def run() -> float:
        keys.append(Fernet.generate_key())
        old, new = Fernet(keys[-2]), Fernet(keys[-1])

        def moved(token: str) -> str:
            return new.encrypt(old.decrypt(token)).decode()

        began, last = time.perf_counter(), ""
        while rows := connection.execute(
            "SELECT account_id, access, refresh FROM tokens WHERE account_id > ? ORDER BY account_id LIMIT ?",
            (last, BATCH // 2),
        ).fetchall():
            last = rows[-1][0]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "UPDATE tokens SET access = ?, refresh = ? WHERE account_id = ?",
                [(moved(access), moved(refresh), owner) for owner, access, refresh in rows],
            )
            connection.execute("COMMIT")
        return (time.perf_counter() - began) / (2 * count)

    return run


def _fill(connection: sqlite3.Connection, fernet: Fernet, count: int) -> None:
    for first in range(0, count, 5000):
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO tokens VALUES (?, ?, ?)",
            [
                (
                    account_id(number),
                    *(fernet.encrypt(text.encode()).decode() for text in (access_token(), refresh_token())),
                )
                for number in range(first, min(first + 5000, count))
            ],
        )
        connection.execute("COMMIT")
