"""Reads of a row or a few: those that came while one was under way share the next hop to a reader's thread.

A hop costs more than such a read, and at each of its ends one thread waits for the other's interpreter.
"""

import asyncio
import copy
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from adapters.sqlite.faults import translated
from adapters.sqlite.readers import Readers
from adapters.sqlite.worker import Job, uninterrupted

T = TypeVar("T")

SHARED_AT_MOST = 50
"""Reads in one hop: the first of them waits for the last."""


class _Read(Generic[T]):
    """One call that waits until it is `called`: because its function ran, or its hop failed, or it is to lead."""

    def __init__(self, fn: Callable[[sqlite3.Connection], T]) -> None:
        self._fn = fn
        self._job: Job[T] | None = None
        self._failure: Exception | None = None
        self.called: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def done(self) -> bool:
        """Whether there is an outcome."""
        return self._job is not None or self._failure is not None

    def run(self, connection: sqlite3.Connection) -> None:
        """Call the function; what it raises is kept."""
        job = Job(partial(self._fn, connection))
        job()
        self._job = job

    def fail(self, error: Exception) -> None:
        """Let it raise a copy of the error that kept its hop from being made."""
        if self._job is None:
            self._failure = copy.copy(error)

    def outcome(self) -> T:
        """Return or raise, once, what the call did."""
        if self._job is not None:
            return self._job.outcome()
        failure, self._failure = self._failure, None
        assert failure is not None  # noqa: S101 - asked once it is done
        try:
            raise failure
        finally:
            del failure  # as `Job.outcome` does


class ShortReads:
    """Whoever finds nobody reading reads alone; then the first who came meanwhile reads for all who wait.

    One hop at a time: readers on several threads would only wait for each other. A cancelled call disturbs no other.
    """

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._waiting: deque[_Read[Any]] = deque()
        self._led = False

    async def run(self, fn: Callable[[sqlite3.Connection], T], *, operation: str, table: str | None) -> T:
        """Return what `fn` returned.

        Raises: as `Database.read`.
        """
        if self._led:
            return await self._in_company(fn, operation, table)
        self._led = True
        try:
            return await self._readers.lend(fn, operation=operation, table=table)
        finally:
            self._call_next()

    async def _in_company(self, fn: Callable[[sqlite3.Connection], T], operation: str, table: str | None) -> T:
        read = _Read(fn)
        self._waiting.append(read)
        try:
            await read.called
        except asyncio.CancelledError:
            if read.called.done() and not read.called.cancelled() and not read.done:  # it was to lead
                self._waiting.remove(read)
                self._call_next()
            raise
        if not read.done:
            await self._lead(operation)
        with translated(operation=operation, table=table, reading=True):
            return read.outcome()

    async def _lead(self, operation: str) -> None:
        """Read for those who wait, and tell them; also when cancelled, after which the reads end all the same."""
        group = tuple(self._waiting.popleft() for _ in range(min(len(self._waiting), SHARED_AT_MOST)))
        try:
            await uninterrupted(self._hop(group, operation))
        finally:
            for each in group:
                if not each.called.done():
                    each.called.set_result(None)
            self._call_next()

    async def _hop(self, group: Sequence[_Read[Any]], operation: str) -> None:
        """Run them; a failure becomes theirs here, not where the leader waits, who may have been cancelled."""
        try:
            await self._readers.lend(partial(_each, group), operation=operation)
        except Exception as error:  # noqa: BLE001 - raised again where each call is awaited
            for each in group:
                each.fail(error)

    def _call_next(self) -> None:
        while self._waiting and self._waiting[0].called.done():
            self._waiting.popleft()  # cancelled
        self._led = bool(self._waiting)
        if self._waiting:
            self._waiting[0].called.set_result(None)


def _each(group: Sequence[_Read[Any]], connection: sqlite3.Connection) -> None:
    for each in group:
        if not each.called.cancelled():
            each.run(connection)
