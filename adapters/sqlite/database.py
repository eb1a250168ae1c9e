"""The database for adapter authors: one writer, several readers, everything off the event loop's thread."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from adapters.sqlite.backup import back_up
from adapters.sqlite.opening import (
    Inspection,
    find_problems,
    inspect_file,
    open_current_reader,
    open_reader,
    open_writer,
)
from adapters.sqlite.readers import Readers, open_readers
from adapters.sqlite.short_reads import ShortReads
from adapters.sqlite.transaction import Transaction, begin, commit, roll_back, snapshot
from adapters.sqlite.verbs import Verbs
from adapters.sqlite.worker import Worker, open_worker, uninterrupted
from adapters.sqlite.write_signal import WriteSignal
from adapters.sqlite.writes import Writes

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT = timedelta(seconds=5)

T = TypeVar("T")


class Database(Verbs):
    """One SQLite file. Open with `open_database`; usable by any number of tasks of one event loop.

    The verbs here are a transaction each; the reading ones see what is committed, also inside `transaction()`. `writes`
    tells when a transaction of this object has ended.
    """

    def __init__(self, path: Path, writer: Worker, readers: Readers, connect: Callable[[], sqlite3.Connection]) -> None:
        self.path = path
        self._writer = writer
        self._readers = readers
        self._short = ShortReads(readers)
        self._connect = connect
        self.writes = WriteSignal()
        self._turn = asyncio.Lock()
        self._shared = Writes(writer, self._turn, self.writes)

    async def read(
        self,
        fn: Callable[[sqlite3.Connection], T],
        *,
        operation: str = "read",
        table: str | None = None,
        single: bool = False,
    ) -> T:
        """Run `fn` on a reader's thread, in one hop; all its SELECTs see the same committed state.

        `single` says that it has only one, which is quick, and fetches all its rows: they agree without a transaction,
        and several such calls that wait share a hop.

        It may be called from several tasks; more than there are readers wait their turn. Rows are `sqlite3.Row`. A
        cancelled call interrupts the running SELECT, unless it shares the hop. What `fn` returns must not be a cursor.

        Raises:
            DatabaseError: What sqlite3 raises in `fn`, translated; READ_ONLY_CONNECTION if it writes. Other exceptions
                of `fn` pass unchanged.
        """
        if single:
            return await self._short.run(fn, operation=operation, table=table)
        return await self._readers.lend(partial(snapshot, fn), operation=operation, table=table)

    async def write(
        self,
        fn: Callable[[sqlite3.Connection], T],
        *,
        operation: str = "write",
        table: str | None = None,
        durable: bool = True,
        clean: bool = False,
    ) -> T:
        """Run `fn` in a transaction on the writer's thread, in one hop: committed if it returns, else rolled back.

        Calls take turns in order of arrival, though a `transaction()` may come between, and the call returns when it is
        durable; those that wait at the same time share a commit, in which each is undone alone if it raises. `fn` is
        called once and must not begin or end transactions. Cancelled while waiting for its turn, nothing happens.
        Cancelled later, the transaction goes its way to the end first: it is committed unless `fn` or SQLite raises,
        and CancelledError is raised once it is over.

        A write that is not `durable` outlives the process, however that ends; after a loss of power it may never have
        been, unless a durable one was committed since.

        `clean` says that `fn` raises, if at all, before it writes: then it needs no savepoint to be undone alone. If it
        raises later all the same, the writes that share its transaction are undone, too, and told TRANSACTION_LOST.

        Raises:
            DatabaseError: What sqlite3 raises, translated (DATABASE_LOCKED and DATABASE_FULL are transient);
                NESTED_TRANSACTION inside `transaction()` of the same task. Other exceptions of `fn` pass unchanged.
        """
        Transaction.refuse_nesting(self._writer, operation)
        return await self._shared.run(fn, operation=operation, table=table, durable=durable, clean=clean)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begin a transaction that lasts as long as the block: committed at its end, rolled back if it raises.

        Other tasks' writes wait meanwhile, also those of other processes (up to their busy timeout): await nothing slow
        inside. A cancellation rolls back, unless it comes during the commit, which then goes its way to the end.

        Raises:
            DatabaseError: As `write`.
        """
        Transaction.refuse_nesting(self._writer, "transaction")
        async with self._turn:
            tx = Transaction(self._writer)
            try:
                await self._writer.run(begin, operation="transaction")
                tx.enter()
                try:
                    yield tx
                finally:
                    tx.leave()
                await self._writer.run(commit, operation="transaction")
            except BaseException:
                if not self._writer.closed:  # closing has rolled back
                    await self._writer.run(roll_back, operation="transaction")
                raise
            finally:
                self.writes.tell()

    async def backup(self, target: Path) -> None:
        """Copy the present state to the new file `target` (mode 0600) while others read and write.

        `target` appears only when it is complete, checked and on disk. A cancelled call leaves nothing behind.

        Raises:
            DatabaseError: BACKUP_TARGET_EXISTS: it is never overwritten; BACKUP_UNSOUND; DATABASE_FULL.
            ConnectionError: `target` cannot be written.
        """
        self._writer.require_open("backup")
        async with open_worker(self._connect, reading=True) as worker:  # its own: a long copy keeps no reader busy
            await worker.run(partial(back_up, target, worker.hurried), operation="backup")

    async def check(self) -> list[str]:
        """Return the problems that integrity_check and foreign_key_check find; empty when the database is sound.

        Raises:
            DatabaseError: The database is too damaged to be read at all.
        """
        self._writer.require_open("check")
        async with open_worker(self._connect, reading=True) as worker:
            return await worker.run(find_problems, operation="check")


@asynccontextmanager
async def open_database(
    path: Path, *, readers: int = 2, busy_timeout: timedelta = BUSY_TIMEOUT, migrations: Path = MIGRATIONS
) -> AsyncIterator[Database]:
    """Open the database at `path`: created (0600, its directory 0700) and migrated as needed, by one process of many.

    `busy_timeout` is how long a write waits for another process. Leaving refuses further calls, interrupts running
    reads, lets a running `write` finish, rolls back an open `transaction()` and ends every thread, also when cancelled.

    Raises:
        DatabaseError: SCHEMA_NEWER, FOREIGN_DATABASE, NOT_A_DATABASE, DATABASE_CORRUPT: nothing was written.
            MIGRATION_FAILED, MIGRATIONS_INVALID, DATABASE_LOCKED, DATABASE_FULL, WAL_UNAVAILABLE.
        ConnectionError: The file or its directory cannot be created or written.
        ValidationError: `readers` is less than 1.
    """
    async with AsyncExitStack() as stack:
        connect = partial(open_reader, path, busy_timeout=busy_timeout)
        prepare = partial(open_writer, path, migrations=migrations, busy_timeout=busy_timeout)
        writer = await stack.enter_async_context(open_worker(prepare))
        lender = await stack.enter_async_context(open_readers(connect, readers))
        yield Database(path, writer, lender, connect)


@asynccontextmanager
async def open_unchanged(path: Path, *, busy_timeout: timedelta = BUSY_TIMEOUT) -> AsyncIterator[Database]:
    """Open an existing database for reading and backup: nothing is migrated, every write is refused.

    Raises:
        ConnectionError: The file does not exist or cannot be read. Look at it with `inspect_database` first: a file of
            another program is not noticed here.
    """
    connect = partial(open_reader, path, busy_timeout=busy_timeout)
    async with open_worker(connect, reading=True) as worker, open_readers(connect, 1) as readers:
        yield Database(path, worker, readers, connect)


@asynccontextmanager
async def open_current(
    path: Path, *, busy_timeout: timedelta = BUSY_TIMEOUT, migrations: Path = MIGRATIONS
) -> AsyncIterator[Database]:
    """Open an existing database for reading if its schema is the present one: nothing is migrated, created, written.

    Raises:
        ConnectionError: DATABASE_MISSING, or it cannot be read.
        DatabaseError: SCHEMA_OLDER, SCHEMA_NEWER, FOREIGN_DATABASE, NOT_A_DATABASE, DATABASE_CORRUPT.
    """
    connect = partial(open_current_reader, path, migrations=migrations, busy_timeout=busy_timeout)
    async with open_worker(connect, reading=True) as worker, open_readers(connect, 1) as readers:
        yield Database(path, worker, readers, connect)


async def inspect_database(path: Path, *, migrations: Path = MIGRATIONS) -> Inspection:
    """Look at the database without creating, migrating or writing it; other processes may be using it.

    A newer schema is reported (`found` > `known`), not refused.

    Raises:
        ConnectionError: DATABASE_MISSING, or the file cannot be read.
        DatabaseError: NOT_A_DATABASE, FOREIGN_DATABASE, DATABASE_CORRUPT, DATABASE_LOCKED.
    """
    return await uninterrupted(asyncio.to_thread(inspect_file, path, migrations=migrations))
