"""A worker: one SQLite connection and the thread that alone uses it, one hop per call."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from threading import Event
from typing import Any, Generic, TypeVar

import aiosqlite

from adapters.sqlite.faults import FOREIGN, safe_cause, translate, translated
from domain.errors import DatabaseError

T = TypeVar("T")

# Some 10 ms: seldom enough not to queue for the interpreter's lock.
_INSTRUCTIONS_BETWEEN_LOOKS = 500_000


class Job(Generic[T]):
    """One call for the thread, which keeps its outcome here.

    It never raises there and has no arguments: aiosqlite logs both, and they may hold a value.
    """

    _result: T

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self.error: BaseException | None = None

    def __call__(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:  # noqa: BLE001 - raised again where the call is awaited
            self.error = error

    def outcome(self) -> T:
        """Return or raise, once, what the call did."""
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # or the exception's own traceback would keep it alive
        return self._result


class Worker:
    """Runs functions on the connection's thread, in the order of the calls.

    A `reading` worker abandons what it does when it is cancelled or asked to `hurry`; a writing one always ends it.
    """

    def __init__(
        self, connection: aiosqlite.Connection, raw: sqlite3.Connection, *, reading: bool, hurried: Event
    ) -> None:
        self._connection = connection
        self._raw = raw
        self._reading = reading
        self.hurried = hurried
        self.closed = False

    async def run(self, fn: Callable[[sqlite3.Connection], T], *, operation: str, table: str | None = None) -> T:
        """Run `fn` to its end and return what it returns. A cancelled call raises CancelledError once `fn` has ended.

        Raises:
            DatabaseError: What sqlite3 raises in `fn`, translated; DATABASE_CLOSED.
        """
        self.require_open(operation)
        job = Job(partial(fn, self._raw))
        try:
            await self._hop(job)
        except asyncio.CancelledError:
            if self._reading:
                self.hurry()
            await uninterrupted(self._hop(self.hurried.clear))  # the thread takes its jobs in order
            raise
        try:
            return job.outcome()
        except FOREIGN as error:
            fault = translate(error, operation=operation, table=table, reading=self._reading)
            raise fault from safe_cause(error)

    def require_open(self, operation: str) -> None:
        """Make sure that the connection is not closed.

        Raises:
            DatabaseError: DATABASE_CLOSED.
        """
        if self.closed:
            raise DatabaseError("The database is closed", operation=operation, error_code="DATABASE_CLOSED")

    def hurry(self) -> None:
        """Make the statement which a reading worker runs, or is about to run, fail with SQLITE_INTERRUPT."""
        self.hurried.set()  # `interrupt` alone would miss a statement that is about to begin
        self._raw.interrupt()

    def _hop(self, job: Callable[[], None]) -> Coroutine[Any, Any, None]:
        """Use aiosqlite's private way to run a function on its thread, here and nowhere else; it has no public one."""
        return self._connection._execute(job)  # type: ignore[no-untyped-call]  # noqa: SLF001


@asynccontextmanager
async def open_worker(connect: Callable[[], sqlite3.Connection], *, reading: bool = False) -> AsyncIterator[Worker]:
    """Call `connect` on a new thread; on leaving, finish what is queued, close the connection and end the thread.

    Leaving rolls back an open transaction. Neither opening nor closing is left half done by a cancellation.

    Raises:
        DatabaseError: What sqlite3 raises in `connect`, translated.
    """
    job = Job(connect)
    hurried = Event()
    opened: list[sqlite3.Connection] = []

    def connector() -> sqlite3.Connection:
        job()
        # After a failure there is a connection all the same, so that closing it ends the thread in the ordinary way.
        opened.append(sqlite3.connect(":memory:") if job.error else job.outcome())
        if reading:
            opened[0].set_progress_handler(hurried.is_set, _INSTRUCTIONS_BETWEEN_LOOKS)
        return opened[0]

    connection = aiosqlite.Connection(connector, iter_chunk_size=64)
    try:
        _ = await uninterrupted(connection)
        if job.error is not None:
            with translated(operation="open"):
                job.outcome()
        worker = Worker(connection, opened[0], reading=reading, hurried=hurried)
        try:
            yield worker
        finally:
            worker.closed = True
    finally:
        await uninterrupted(connection.close())


async def uninterrupted(work: Awaitable[T]) -> T:
    """Await `work` to its end even when cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as cancelled:
            cancellation = cancelled
    if cancellation is None:
        return task.result()
    task.exception()  # marks it as seen: the cancellation comes first
    raise cancellation
