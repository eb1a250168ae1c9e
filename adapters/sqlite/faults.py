"""The one table from what sqlite3 and the file system raise to the error tree.

No message, detail or chained exception holds a stored or bound value: SQLite's own text is passed on only where it
is known to name nothing but tables, columns and SQL.
"""

import errno
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from domain.errors import ConnectionError as DatabaseConnectionError
from domain.errors import DatabaseError, IACSGraphError, ValidationError

FOREIGN = (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError)

CHECK_PERMISSION = "Check the write permission of the DATABASE_PATH directory, or change DATABASE_PATH"
_FREE_SPACE = "The disk is full, nothing was written: free some space and try again"
_RESTORE = "The database file is damaged: run `iacsgraph db check`, then restore a backup"


@attrs.frozen
class _Fault:
    code: str
    message: str
    kind: type[DatabaseError] = DatabaseError
    transient: bool = False


_LOCKED = _Fault("DATABASE_LOCKED", "Another program keeps the database locked: try again shortly", transient=True)

# Keyed by SQLite's result code, the extended code first, then its primary code (the lowest byte).
# Source: https://www.sqlite.org/rescode.html
_FAULTS = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_FULL: _Fault("DATABASE_FULL", _FREE_SPACE, transient=True),
    sqlite3.SQLITE_IOERR_SHMSIZE: _Fault("DATABASE_FULL", _FREE_SPACE, transient=True),
    sqlite3.SQLITE_IOERR: _Fault(
        "DATABASE_IO_ERROR", "The disk failed while the database was used: check the disk and the system's log"
    ),
    sqlite3.SQLITE_CORRUPT: _Fault("DATABASE_CORRUPT", _RESTORE),
    sqlite3.SQLITE_NOTADB: _Fault(
        "NOT_A_DATABASE", "The file is not an SQLite database: change DATABASE_PATH, or restore a backup"
    ),
    sqlite3.SQLITE_READONLY_DBMOVED: _Fault(
        "DATABASE_MOVED", "The database file was moved or deleted while in use: restart", DatabaseConnectionError
    ),
    sqlite3.SQLITE_READONLY: _Fault(
        "DATABASE_READ_ONLY", f"The database cannot be written. {CHECK_PERMISSION}", DatabaseConnectionError
    ),
    sqlite3.SQLITE_PERM: _Fault(
        "DATABASE_READ_ONLY", f"The database cannot be accessed. {CHECK_PERMISSION}", DatabaseConnectionError
    ),
    sqlite3.SQLITE_CANTOPEN: _Fault(
        "DATABASE_CANNOT_OPEN", f"The database cannot be opened. {CHECK_PERMISSION}", DatabaseConnectionError
    ),
    sqlite3.SQLITE_INTERRUPT: _Fault(
        "DATABASE_INTERRUPTED", "The statement was interrupted because the database is being closed", transient=True
    ),
    sqlite3.SQLITE_TOOBIG: _Fault("VALUE_TOO_LARGE", "A value is larger than SQLite can store"),
    sqlite3.SQLITE_NOMEM: _Fault("OUT_OF_MEMORY", "SQLite ran out of memory", transient=True),
}
_READ_CONNECTION = _Fault(
    "READ_ONLY_CONNECTION", "A read must not write: use write(), transaction() or one of the writing verbs"
)
_ILL_FORMED = _Fault("SQL_ERROR", "SQLite rejects the statement: this is a fault of the program")

# What SQLite says in these forms names only tables, columns and SQL, which are written by the programmer.
_HARMLESS = (
    r"no such (table|column|index|function|trigger|view|savepoint): .*"
    r"|table .* (has no column named .*|already exists|has \d+ columns but \d+ values were supplied)"
    r"|(UNIQUE|NOT NULL|CHECK) constraint failed: .*|FOREIGN KEY constraint failed"
    r"|cannot store \w+ value in \w+ column .*|datatype mismatch|incomplete input|near \".*\": syntax error"
    r"|cannot \w+ from within a transaction|cannot (start a transaction within|commit|rollback) .*"
)


def translate(error: Exception, *, operation: str, table: str | None = None, reading: bool = False) -> IACSGraphError:
    """Return the error of the tree that stands for `error`, one of `FOREIGN`.

    `reading` says that the connection was a reader: there "read-only" is a mistake of the caller, not of the disk.
    """
    if isinstance(error, OverflowError | UnicodeEncodeError):
        return ValidationError(
            "A value does not fit into the database: integers have 64 bits, text is valid Unicode",
            error_code="VALUE_NOT_STORABLE",
            details={"operation": operation, **({"table": table} if table else {})},
        )
    if isinstance(error, sqlite3.IntegrityError):
        return _constraint(error, operation, table)
    fault = _look_up(error, reading=reading)
    text = f" ({error})" if fault is _ILL_FORMED and _is_harmless(error) else ""
    name = getattr(error, "sqlite_errorname", None)
    return fault.kind(
        fault.message + text,
        operation=operation,
        table=table,
        error_code=fault.code,
        transient=fault.transient,
        details={"sqlite_error": name} if name else None,
    )


@contextmanager
def translated(*, operation: str, table: str | None = None, reading: bool = False) -> Iterator[None]:
    """Translate what is raised inside; the original is chained only if its text cannot hold a value."""
    try:
        yield
    except FOREIGN as error:
        fault = translate(error, operation=operation, table=table, reading=reading)
        raise fault from safe_cause(error)


def safe_cause(error: Exception) -> Exception | None:
    """Return `error`, to be chained, or None if its text or attributes may hold a value."""
    return error if _is_harmless(error) else None


def translate_file_error(
    error: OSError, path: Path, *, operation: str, advice: str = CHECK_PERMISSION
) -> DatabaseError:
    """Return the error of the tree for a file or directory that could not be created, written or renamed."""
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    kind, code = (DatabaseError, "DATABASE_FULL") if full else (DatabaseConnectionError, "DATABASE_CANNOT_OPEN")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        code = "DATABASE_READ_ONLY"
    reason = _FREE_SPACE if full else f"{error.strerror}. {advice}"
    return kind(f"{path}: {reason}", operation=operation, error_code=code, transient=full, details={"path": str(path)})


def _look_up(error: Exception, *, reading: bool) -> _Fault:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return _ILL_FORMED
    if reading and code == sqlite3.SQLITE_READONLY:
        return _READ_CONNECTION
    return _FAULTS.get(code) or _FAULTS.get(code & 0xFF) or _ILL_FORMED


def _constraint(error: sqlite3.IntegrityError, operation: str, table: str | None) -> DatabaseError:
    name = getattr(error, "sqlite_errorname", "")
    kind = name.removeprefix("SQLITE_CONSTRAINT_").lower() if name.startswith("SQLITE_CONSTRAINT_") else "datatype"
    text = f": {error}" if _is_harmless(error) else ""
    _, _, columns = text.partition("constraint failed: ")
    return DatabaseError(
        f"The database refuses the change because it breaks a constraint{text}",
        operation=operation,
        table=table,
        error_code="CONSTRAINT_VIOLATED",
        details={"constraint": kind, **({"columns": columns} if columns else {})},
    )


def _is_harmless(error: Exception) -> bool:
    """Tell whether the text of `error` cannot hold a value; UnicodeEncodeError carries the whole text itself."""
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError | sqlite3.Warning | OverflowError):
        return True
    if not isinstance(error, sqlite3.Error):
        return False
    code: int | None = getattr(error, "sqlite_errorcode", None)
    known = code is not None and (code in _FAULTS or code & 0xFF in _FAULTS)
    return known or re.fullmatch(_HARMLESS, str(error), re.DOTALL) is not None
