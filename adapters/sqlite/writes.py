"""Writes in the order of their calls: those that came while the disk was busy share one transaction and its sync."""

import asyncio
import copy
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from adapters.sqlite.faults import translated
from adapters.sqlite.statements import require_transaction
from adapters.sqlite.transaction import begin, commit, roll_back, transact
from adapters.sqlite.worker import Worker, uninterrupted
from adapters.sqlite.write_signal import WriteSignal
from domain.errors import DatabaseError

T = TypeVar("T")

SHARED_SECONDS = 0.01
"""After this long nothing more is taken into a transaction: another process may be waiting for its end."""
SHARED_AT_MOST = 100
"""Writes looked at for one transaction; there is seldom time for so many."""


class _Write(Generic[T]):
    """One call. Its outcome counts once it is `done`: what the function did is committed, or undone."""

    def __init__(self, fn: Callable[[sqlite3.Connection], T], *, durable: bool, clean: bool) -> None:
        self._fn = fn
        self._clean = clean
        self.durable = durable
        self._results: list[T] = []
        self._error: BaseException | None = None
        self.done = False
        self.taken = False
        self.abandoned = False
        self.woken = asyncio.Event()
        """Set when it is done, when it is abandoned and nothing came of it, or when it is to lead."""

    def run_alone(self, connection: sqlite3.Connection) -> None:
        """Call the function in a transaction of its own."""
        try:
            self._results.append(transact(self._fn, connection))
        except BaseException as error:  # noqa: BLE001 - raised again where the call is awaited
            self._error = error
        self.done = True

    def run_inside(self, connection: sqlite3.Connection) -> None:
        """Call the function in the open transaction; if it raises, undo what it did, and nothing else.

        Raises:
            sqlite3.Error, DatabaseError: the transaction is gone or must not be committed.
        """
        if self._clean:
            self._run_clean(connection)
            return
        connection.execute("SAVEPOINT write")
        try:
            result = self._fn(connection)
        except BaseException as error:
            self._error = error
            if connection.in_transaction:
                connection.execute("ROLLBACK TO write")
                connection.execute("RELEASE write")
            elif isinstance(error, sqlite3.Error):  # SQLite has rolled back all of it, as after a full disk
                raise
            require_transaction(connection)
        else:
            require_transaction(connection)
            connection.execute("RELEASE write")
            self._results.append(result)

    def _run_clean(self, connection: sqlite3.Connection) -> None:
        """Do without a savepoint: each statement lets another thread have the interpreter, and waits to get it back."""
        before = connection.total_changes
        try:
            self._results.append(self._fn(connection))
        except BaseException as error:
            self._error = error
            if connection.in_transaction and connection.total_changes != before:
                msg = "A write that shared the transaction failed in the middle: all of it was undone"
                raise DatabaseError(msg, error_code="TRANSACTION_LOST", transient=True) from None
            if isinstance(error, sqlite3.Error) and not connection.in_transaction:
                raise
        require_transaction(connection)

    def end(self, error: BaseException | None) -> None:
        """Count it as over, undone by `error` if there is one, of which each has a copy: all will raise it."""
        if error is not None and self._error is None:
            self._error = copy.copy(error).with_traceback(error.__traceback__)
        self.done = True

    def outcome(self) -> T:
        """Return or raise, once, what the call did."""
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # or the exception's own traceback would keep it alive
        return self._results.pop()


class Writes:
    """Whoever finds nobody writing leads: it writes for all who wait; then the first who came meanwhile leads.

    A write that fails is undone alone, but for a `clean` one that wrote. If the transaction fails, all in it are told.
    """

    def __init__(self, writer: Worker, turn: asyncio.Lock, signal: WriteSignal) -> None:
        self._writer = writer
        self._turn = turn
        self._signal = signal
        self._waiting: deque[_Write[Any]] = deque()
        self._led = False

    async def run(
        self, fn: Callable[[sqlite3.Connection], T], *, operation: str, table: str | None, durable: bool, clean: bool
    ) -> T:
        """Return what `fn` returned, once it is committed.

        Raises: as `Database.write`.
        """
        write = _Write(fn, durable=durable, clean=clean)
        self._waiting.append(write)
        if self._led:
            await self._called(write)
        if not write.done:
            await self._lead(write, operation, table)
        with translated(operation=operation, table=table):
            return write.outcome()

    async def _called(self, write: _Write[Any]) -> None:
        """Return when the write is done, or is the one to lead."""
        try:
            await write.woken.wait()
        except asyncio.CancelledError:
            if write.taken:
                write.abandoned = True
                await uninterrupted(write.woken.wait())
            else:
                self._waiting.remove(write)
                if write.woken.is_set():
                    self._call_next()
            raise

    async def _lead(self, write: _Write[Any], operation: str, table: str | None) -> None:
        """Write for all who wait, this one first."""
        self._led = True
        group: tuple[_Write[Any], ...] = ()
        try:
            async with self._turn:
                group = self._take()
                try:
                    await self._writer.run(partial(_together, group), operation=operation, table=table)
                finally:
                    self._signal.tell()  # also when cancelled: it may have been committed
        finally:
            self._give_back(write, group)
            self._call_next()

    def _take(self) -> tuple[_Write[Any], ...]:
        group = tuple(self._waiting.popleft() for _ in range(min(len(self._waiting), SHARED_AT_MOST)))
        for each in group:
            each.taken = True
        return group

    def _give_back(self, leader: _Write[Any], group: Sequence[_Write[Any]]) -> None:
        """Wake those that are done, and let the others wait again, before those who came later."""
        if leader in self._waiting:  # cancelled before its turn
            self._waiting.remove(leader)
        for each in reversed(group):
            if each.done or each.abandoned:
                each.woken.set()
            elif each is not leader:
                each.taken = False
                self._waiting.appendleft(each)

    def _call_next(self) -> None:
        self._led = bool(self._waiting)
        if self._waiting:
            self._waiting[0].woken.set()


def _together(group: Sequence[_Write[Any]], connection: sqlite3.Connection) -> None:
    """Run them in one transaction, which waits for the disk if one of them must; as many as there is time for.

    Those are done afterwards, however it ended.
    """
    if any(each.durable for each in group):
        _in_one(group, connection)
        return
    connection.execute("PRAGMA synchronous = NORMAL")  # the next durable commit brings this one to the disk, too
    try:
        _in_one(group, connection)
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def _in_one(group: Sequence[_Write[Any]], connection: sqlite3.Connection) -> None:
    if len(group) == 1:
        group[0].run_alone(connection)
        return
    ran = 0
    try:
        begin(connection)
        until = time.monotonic() + SHARED_SECONDS  # from now on others wait, until now this did
        for each in group:
            ran += 1
            each.run_inside(connection)
            if time.monotonic() >= until:
                break
        commit(connection)
    except BaseException as error:  # noqa: BLE001 - raised again where each call is awaited
        for each in group[: ran or None]:
            each.end(error)
        roll_back(connection)
    else:
        for each in group[:ran]:
            each.end(None)
