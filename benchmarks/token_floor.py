"""What a refresh needs at least: a request with aiohttp, one encryption, one durable write on a thread."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

import aiohttp
import attrs
from cryptography.fernet import Fernet

from benchmarks.accounts import (
    CLIENT,
    CLIENT_SECRET,
    SCOPES,
    TENANT,
    access_token,
    account_id,
    refresh_token,
)

_ROWS_AT_ONCE: Final = 5000


async def request_token(session: aiohttp.ClientSession, server: str, token: str) -> bytes:
    """Redeem a refresh token; return the answer as it came."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "scope": " ".join(SCOPES),
        "client_id": CLIENT,
        "client_secret": CLIENT_SECRET,
    }
    async with session.post(f"{server}/{TENANT}/oauth2/v2.0/token", data=form) as response:
        response.raise_for_status()
        return await response.read()


@attrs.frozen
class FloorStore:
    """One row per account with the provider's answer, encrypted as a whole."""

    _connection: sqlite3.Connection
    _thread: ThreadPoolExecutor
    _fernet: Fernet

    async def store(self, number: int, answer: bytes) -> None:
        """Encrypt and update, in one hop; durable afterwards."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._update, number, answer)

    def _update(self, number: int, answer: bytes) -> None:
        self._connection.execute(
            "UPDATE tokens SET answer = ? WHERE account_id = ?", (self._fernet.encrypt(answer), account_id(number))
        )


@asynccontextmanager
async def open_floor_store(path: Path, count: int) -> AsyncIterator[FloorStore]:
    """Make the database, as durable as ours (WAL, synchronous FULL), with a row for each account."""
    fernet = Fernet(Fernet.generate_key())
    with ThreadPoolExecutor(1) as thread, closing(sqlite3.connect(path, check_same_thread=False)) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE tokens (account_id TEXT PRIMARY KEY, answer BLOB) WITHOUT ROWID")
        for first in range(0, count, _ROWS_AT_ONCE):
            connection.execute("BEGIN")
            connection.executemany(
                "INSERT INTO tokens VALUES (?, ?)",
                (
                    (account_id(number), fernet.encrypt((access_token() + refresh_token()).encode()))
                    for number in range(first, min(first + _ROWS_AT_ONCE, count))
                ),
            )
            connection.execute("COMMIT")
        yield FloorStore(connection, thread, fernet)
