"""The readers of a database: opened on first use, each lent to one call at a time, first come first served."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from adapters.sqlite.worker import Worker, open_worker, uninterrupted
from domain.errors import DatabaseError, ValidationError

T = TypeVar("T")


class Readers:
    """Lends workers. Open with `open_readers`."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], count: int) -> None:
        self._connect = connect
        self._count = count
        self._free: list[Worker] = []
        self._busy: set[Worker] = set()
        self._turns = asyncio.Semaphore(count)
        self._open = AsyncExitStack()
        self._closed = False

    async def lend(self, fn: Callable[[sqlite3.Connection], T], *, operation: str, table: str | None = None) -> T:
        """Run `fn` on a free reader, for which calls wait in order of arrival.

        Raises: as `Worker.run`; DatabaseError also if a reader cannot be opened.
        """
        reader = await self._borrow(operation)
        try:
            return await reader.run(fn, operation=operation, table=table)
        finally:
            self._give_back(reader)

    async def _borrow(self, operation: str) -> Worker:
        """Wait for a free reader; the one used last is preferred, its cache is warm."""
        await self._turns.acquire()
        try:
            worker = await self._ready(operation)
        except BaseException:
            self._turns.release()
            raise
        self._busy.add(worker)
        return worker

    def _give_back(self, worker: Worker) -> None:
        self._busy.remove(worker)
        self._free.append(worker)
        self._turns.release()

    async def close(self) -> None:
        """Interrupt running reads, wait until every reader is back, close them in reverse order."""
        self._closed = True
        for worker in self._busy:
            worker.hurry()
        for _ in range(self._count):
            await self._turns.acquire()
        for _ in range(self._count):  # whoever still waits for a turn learns that the database is closed
            self._turns.release()
        await self._open.aclose()

    async def _ready(self, operation: str) -> Worker:
        if self._closed:
            raise DatabaseError("The database is closed", operation=operation, error_code="DATABASE_CLOSED")
        if self._free:
            return self._free.pop()
        return await self._open.enter_async_context(open_worker(self._connect, reading=True))


@asynccontextmanager
async def open_readers(connect: Callable[[], sqlite3.Connection], count: int) -> AsyncIterator[Readers]:
    """Lend up to `count` readers, each opened by `connect` on a thread of its own when it is first needed.

    Raises:
        ValidationError: `count` is less than 1.
    """
    if count < 1:
        raise ValidationError("A database needs at least one reader", error_code="INVALID_READERS")
    readers = Readers(connect, count)
    try:
        yield readers
    finally:
        await uninterrupted(readers.close())
