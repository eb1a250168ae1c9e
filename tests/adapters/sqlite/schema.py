"""The schema of these tests, and ways to hold a database's threads and locks at a chosen point."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from adapters.sqlite.database import open_database
from domain.errors import IACSGraphError

ACCOUNTS = """
-- People; the comment holds a ; on purpose.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL UNIQUE,
    user_name TEXT,
    status TEXT NOT NULL DEFAULT 'ACTIVE' CHECK (status <> 'NONSENSE;'),
    is_active INTEGER NOT NULL DEFAULT 1
);
"""
TOKENS = """
CREATE TABLE tokens (
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    value TEXT
);
CREATE TRIGGER tokens_are_kept BEFORE DELETE ON tokens BEGIN
    SELECT RAISE(ABORT, 'kept');
    SELECT 1;
END;
INSERT INTO accounts (user_id) VALUES ('first')
"""
WAIT_SECONDS = 60


def write_migrations(folder: Path, *more: str) -> Path:
    """Write 0001_accounts.sql, 0002_tokens.sql and `more` into `folder`."""
    folder.mkdir(exist_ok=True)
    names = ["0001_accounts.sql", "0002_tokens.sql", *(f"{3 + n:04}_more.sql" for n in range(len(more)))]
    for name, script in zip(names, (ACCOUNTS, TOKENS, *more), strict=True):
        (folder / name).write_text(script, encoding="utf-8")
    return folder


class Gate:
    """Holds a database thread inside a function until the test lets it through."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._opened = threading.Event()

    def __call__(self, _connection: sqlite3.Connection) -> str:
        self._entered.set()
        assert self._opened.wait(WAIT_SECONDS), "the test never opened the gate"
        return "through"

    async def entered(self) -> None:
        assert await asyncio.to_thread(self._entered.wait, WAIT_SECONDS), "nobody came to the gate"

    @property
    def is_entered(self) -> bool:
        return self._entered.is_set()

    def open(self) -> None:
        self._opened.set()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep the database write-locked, as another process would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def is_locked(path: Path) -> bool:
    """Tell whether somebody has a write transaction open."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


def count(path: Path, table: str) -> int:
    """Count the committed rows, over a connection of its own."""
    with closing(sqlite3.connect(path)) as other:
        (rows,) = other.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(rows)


def damage(path: Path, start: int, length: int) -> None:
    """Overwrite a part of the file; no connection may be open."""
    content = path.read_bytes()
    path.write_bytes(content[:start] + b"\xaa" * length + content[start + length :])


def names(folder: Path) -> set[str]:
    """List the files of a folder."""
    return {each.name for each in folder.iterdir()}


async def turns(number: int) -> None:
    """Let every other task run `number` times."""
    for _ in range(number):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for is no event of the loop
            await asyncio.sleep(0.001)


async def failure(attempt: Coroutine[Any, Any, object]) -> IACSGraphError:
    """Return the error of the tree which `attempt` must raise."""
    try:
        result = await attempt
    except IACSGraphError as error:
        return error
    raise AssertionError(f"no error, but {result!r}")


async def opening(path: Path, migrations: Path) -> None:
    """Open and close the database."""
    async with open_database(path, migrations=migrations):
        pass
