"""How a connection comes to be: the file, the checks before anything is written, WAL, migrations; and inspection.

Everything here blocks and runs on the connection's thread.
"""

import errno
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import attrs

from adapters.sqlite.faults import translate_file_error, translated
from adapters.sqlite.migrator import Identity, identify, load_migrations, migrate, refuse_foreign, refuse_newer
from domain.errors import ConnectionError as DatabaseConnectionError
from domain.errors import DatabaseError

T = TypeVar("T")

_PAUSE_SECONDS = 0.01
_WRITER_KIB = 16 * 1024
"""Pages that the writer may keep. A page of mail changes 5 MB of a database with 100,000, and SQLite's own 2 MB would
not hold that until the commit: what does not fit is written early and read again.
"""


@attrs.frozen(kw_only=True)
class Inspection:
    """The state of a database file. `found` and `known` are schema versions; no `problems` means that it is sound."""

    found: int
    known: int
    problems: tuple[str, ...]


def open_writer(path: Path, *, migrations: Path, busy_timeout: timedelta) -> sqlite3.Connection:
    """Open the database for writing, creating and migrating it as needed.

    Raises:
        DatabaseError: The file is damaged, of a newer program, of another program, or no database; nothing was written
            to it. Or a migration cannot be applied.
        ConnectionError: The file or its directory cannot be created or written.
        sqlite3.Error: Locked for longer than `busy_timeout`, and whatever else SQLite may raise.
    """
    steps = load_migrations(migrations)
    _create_file(path)
    _refuse_early(path, len(steps))
    connection = connect(path, "rw", busy_timeout)
    try:
        identity = _patiently(lambda: identify(connection), busy_timeout)
        refuse_foreign(identity)
        refuse_newer(identity, len(steps))
        _require_writable(path)
        _patiently(lambda: _switch_to_wal(connection), busy_timeout)
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection, steps)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_WRITER_KIB}")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path, *, busy_timeout: timedelta) -> sqlite3.Connection:
    """Open an existing, migrated database for reading; a write on this connection is refused."""
    connection = connect(path, "rw", busy_timeout)  # not "ro": a reader must be able to recover the WAL after a crash
    connection.execute("PRAGMA query_only = ON")
    return connection


def open_current_reader(path: Path, *, migrations: Path, busy_timeout: timedelta) -> sqlite3.Connection:
    """Open an existing database for reading if its schema is the one that this program knows.

    Raises:
        ConnectionError: DATABASE_MISSING.
        DatabaseError: SCHEMA_OLDER, SCHEMA_NEWER, or it is another program's.
    """
    known = len(load_migrations(migrations))
    _require_file(path, operation="open")
    connection = open_reader(path, busy_timeout=busy_timeout)
    try:
        identity = identify(connection)
        refuse_foreign(identity)
        refuse_newer(identity, known)
        _refuse_older(identity, known)
    except BaseException:
        connection.close()
        raise
    return connection


def connect(path: Path, mode: str, busy_timeout: timedelta) -> sqlite3.Connection:
    """Connect to an existing file in autocommit, with rows read by column name; `mode` is that of an SQLite URI."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=busy_timeout.total_seconds())
    connection.row_factory = sqlite3.Row
    return connection


def find_problems(connection: sqlite3.Connection) -> list[str]:
    """Return what integrity_check and foreign_key_check find, by table, index and row id; empty when sound."""
    try:
        problems = [str(text) for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
        for table, row_id, parent, _ in connection.execute("PRAGMA foreign_key_check"):
            problems.append(f"row {row_id} of {table} refers to a missing row of {parent}")
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return [str(error)]
    return problems


def inspect_file(path: Path, *, migrations: Path) -> Inspection:
    """Look at the database without creating, migrating or writing it; other processes may be using it.

    A newer schema is reported, not refused.

    Raises:
        ConnectionError: DATABASE_MISSING, or the file cannot be read.
        DatabaseError: It is no database, of another program, or too damaged to be looked at.
    """
    _refuse_directory(path)
    known = len(load_migrations(migrations))
    _require_file(path, operation="inspect")
    with translated(operation="inspect"):
        alone = not _wal(path).exists()
        report = _look(path, known, alone=alone)
        # Somebody came meanwhile, whom a look without locks does not respect: look again.
        return _look(path, known, alone=False) if alone and _wal(path).exists() else report


def _look(path: Path, known: int, *, alone: bool) -> Inspection:
    """`alone`: without locks and without a -wal and -shm file, which would be left behind."""
    with closing(connect(path, "ro&immutable=1" if alone else "ro", timedelta(seconds=5))) as connection:
        identity = identify(connection)
        refuse_foreign(identity)
        problems = find_problems(connection)
    return Inspection(found=identity.schema_version, known=known, problems=tuple(problems))


def _create_file(path: Path) -> None:
    """Create the file and its directory if they are missing, closed to other users; -wal and -shm inherit the mode.

    An existing file is never opened here: closing any descriptor of a file drops the POSIX locks that SQLite holds on
    it elsewhere in this process.
    """
    _refuse_directory(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:  # of mkdir: something that is no directory has the directory's name
        raise translate_file_error(
            NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)), path, operation="open"
        ) from error
    except OSError as error:
        raise translate_file_error(error, path, operation="open") from error


def _require_file(path: Path, *, operation: str) -> None:
    if not path.exists():
        message = f"{path}: there is no database yet, `iacsgraph db migrate` creates it"
        raise DatabaseConnectionError(message, operation=operation, error_code="DATABASE_MISSING")


def _refuse_older(identity: Identity, known: int) -> None:
    if identity.schema_version < known:
        msg = f"The database's schema version is {identity.schema_version}, this program's is {known}."
        raise DatabaseError(msg, error_code="SCHEMA_OLDER", operation="open")


def _refuse_directory(path: Path) -> None:
    if path.is_dir():
        msg = f"{path} is a directory: DATABASE_PATH must name a file in it"
        raise DatabaseConnectionError(msg, operation="open", error_code="DATABASE_CANNOT_OPEN")


def _refuse_early(path: Path, latest: int) -> None:
    """Refuse a foreign or newer database that was left with a WAL, which closing a writing connection would fold in.

    What cannot be read this way is left to the writing connection to judge.
    """
    if not _wal(path).exists():
        return
    identity: Identity | None = None
    with suppress(sqlite3.Error), closing(connect(path, "ro", timedelta(0))) as connection:
        identity = identify(connection)
    if identity is not None:
        refuse_foreign(identity)
        refuse_newer(identity, latest)


def _require_writable(path: Path) -> None:
    """SQLite opens a write-protected file quietly for reading: say so now and not at the first write.

    Raises:
        ConnectionError: DATABASE_READ_ONLY.
    """
    for place in (path, path.parent):
        if not os.access(place, os.W_OK):
            raise translate_file_error(PermissionError(13, "Permission denied"), place, operation="open")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        message = "The file system cannot hold the database (no WAL): put DATABASE_PATH on a local disk"
        raise DatabaseError(message, operation="open", error_code="WAL_UNAVAILABLE")


def _patiently(step: Callable[[], T], busy_timeout: timedelta) -> T:
    """Repeat `step` while SQLite is busy: around a change of the journal mode its busy timeout does not apply."""
    deadline = time.monotonic() + busy_timeout.total_seconds()
    while True:
        try:
            return step()
        except sqlite3.OperationalError as error:
            busy = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL}
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in busy or time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE_SECONDS)


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")
