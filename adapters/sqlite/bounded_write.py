"""Writing for whoever must not be kept waiting, however many others wait for the writer."""

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from adapters.sqlite.database import Database
from domain.errors import DatabaseError

PATIENCE = timedelta(seconds=5)

T = TypeVar("T")


async def bounded_write(
    database: Database,
    fn: Callable[[sqlite3.Connection], T],
    *,
    operation: str,
    table: str,
    patience: timedelta = PATIENCE,
) -> T:
    """Write as `Database.write` does, but give up after `patience`; what is being written then is still ended first.

    Together that is at most `patience` and the database's busy timeout: real time, which SQLite waits in, too.

    Raises:
        DatabaseError: as `Database.write`; DATABASE_BUSY (transient): it took too long, but perhaps it was committed.
    """
    try:
        async with asyncio.timeout(patience.total_seconds()):
            return await database.write(fn, operation=operation, table=table)
    except TimeoutError:
        msg = "Too many others wait for the database: try again shortly"
        raise DatabaseError(msg, operation=operation, table=table, error_code="DATABASE_BUSY", transient=True) from None
