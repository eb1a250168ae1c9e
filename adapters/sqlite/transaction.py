"""A transaction that spans several awaits, and the functions which begin and end one on the writer's thread."""

import sqlite3
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import TypeVar

from adapters.sqlite.statements import require_transaction
from adapters.sqlite.verbs import Verbs
from adapters.sqlite.worker import Worker
from domain.errors import DatabaseError

T = TypeVar("T")


class Transaction(Verbs):
    """What `async with database.transaction() as tx` yields: every verb runs on the writer, and sees what it wrote."""

    def __init__(self, writer: Worker) -> None:
        self.writer = writer
        self._ended = False

    async def read(
        self, fn: Callable[[sqlite3.Connection], T], *, operation: str = "read", table: str | None = None
    ) -> T:
        """Run `fn` inside the transaction.

        Raises:
            DatabaseError: TRANSACTION_ENDED, TRANSACTION_LOST, or what SQLite refuses.
        """
        if self._ended:
            message = "The transaction has ended: use tx only inside its `async with`"
            raise DatabaseError(message, operation=operation, table=table, error_code="TRANSACTION_ENDED")
        return await self.writer.run(partial(_inside, fn), operation=operation, table=table)

    async def write(
        self, fn: Callable[[sqlite3.Connection], T], *, operation: str = "write", table: str | None = None
    ) -> T:
        """Run `fn` inside the transaction; what it wrote before it raises stays if the block survives the error.

        Raises:
            DatabaseError: TRANSACTION_ENDED, TRANSACTION_LOST, or what SQLite refuses.
        """
        return await self.read(fn, operation=operation, table=table)

    def enter(self) -> None:
        """Make this task, and the tasks it starts, know that it is inside."""
        _entered.set((*_entered.get(), self))

    def leave(self) -> None:
        """Refuse every further verb."""
        self._ended = True
        _entered.set(tuple(other for other in _entered.get() if other is not self))

    @classmethod
    def refuse_nesting(cls, writer: Worker, operation: str) -> None:
        """Make sure that the running task, or a task that started it, is not inside a transaction of `writer`.

        Raises:
            DatabaseError: NESTED_TRANSACTION: waiting for the writer would be waiting for oneself.
        """
        if any(other.writer is writer and not other._ended for other in _entered.get()):  # noqa: SLF001 - own class
            message = f"{operation} was called inside a transaction of the same task: use the verbs of its tx"
            raise DatabaseError(message, operation=operation, error_code="NESTED_TRANSACTION")


# A child task inherits it, and must be refused too: the parent may be waiting for it. One that outlives the
# transaction is not, since the transaction has then ended.
_entered: ContextVar[tuple[Transaction, ...]] = ContextVar("_entered", default=())


def transact(fn: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    """Run `fn` in a transaction of its own: committed when it returns, rolled back when it or the commit raises."""
    begin(connection)
    try:
        result = fn(connection)
        commit(connection)
    except BaseException:
        roll_back(connection)
        raise
    return result


def snapshot(fn: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    """Run `fn` so that all its reads see the same state; costs about 3 microseconds and no I/O."""
    connection.execute("BEGIN")
    try:
        return fn(connection)
    finally:
        roll_back(connection)


def begin(connection: sqlite3.Connection) -> None:
    """Take the write lock now: a transaction that begins by reading could lose it to another process."""
    connection.execute("BEGIN IMMEDIATE")


def commit(connection: sqlite3.Connection) -> None:
    """Commit, unless the transaction is gone: then what should have been atomic was not, and that is an error."""
    require_transaction(connection)
    connection.execute("COMMIT")


def roll_back(connection: sqlite3.Connection) -> None:
    """Roll back if a transaction is open."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _inside(fn: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    require_transaction(connection)
    return fn(connection)
