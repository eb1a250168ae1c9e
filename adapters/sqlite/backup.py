"""Online backup of a database into a new file. Everything here blocks and runs on the source connection's thread."""

import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from threading import Event

from adapters.sqlite.faults import translate_file_error
from adapters.sqlite.opening import find_problems
from domain.errors import DatabaseError

_ADVICE = "Check the write permission of its directory, or choose another file"
_PAGES_PER_STEP = 1024
_INSTRUCTIONS_PER_STEP = 100_000


def back_up(target: Path, stop: Event, source: sqlite3.Connection) -> None:
    """Copy `source`, as it is at the beginning, to `target`, which appears only when it is complete, sound and on disk.

    The copy is a single file with mode 0600. When `stop` is set it ends soon, with an error and without a trace.

    Raises:
        DatabaseError: BACKUP_TARGET_EXISTS; BACKUP_UNSOUND; DATABASE_FULL.
        ConnectionError: `target` cannot be written.
        sqlite3.Error: The source cannot be read.
    """
    if os.path.lexists(target):
        raise _exists(target)
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        os.close(descriptor)
        part = Path(name)
        try:
            _copy(source, part, stop)
            _sync(part)
            _publish(part, target)
        finally:
            for suffix in ("", "-journal", "-wal", "-shm"):
                part.with_name(part.name + suffix).unlink(missing_ok=True)
        _sync(target.parent)
    except OSError as error:
        if isinstance(error, DatabaseError):  # the tree's ConnectionError is also the builtin one
            raise
        raise translate_file_error(error, target, operation="backup", advice=_ADVICE) from error


def _copy(source: sqlite3.Connection, part: Path, stop: Event) -> None:
    def stop_if_asked(_status: int, _remaining: int, _total: int) -> None:
        if stop.is_set():
            raise InterruptedError

    with closing(sqlite3.connect(part, isolation_level=None)) as copy:
        copy.set_progress_handler(stop.is_set, _INSTRUCTIONS_PER_STEP)
        copy.execute("PRAGMA synchronous = OFF")  # the whole file is synchronised once, at the end
        # A snapshot held open: without it each commit of another connection would begin the copy anew.
        source.execute("BEGIN")
        try:
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            source.backup(copy, pages=_PAGES_PER_STEP, progress=stop_if_asked)
        finally:
            source.execute("ROLLBACK")
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()  # so that the copy is one file
        problems = find_problems(copy)
    if problems:
        message = "The copy is unsound, so the database is probably damaged: run `iacsgraph db check`"
        details = {"problems": problems}
        raise DatabaseError(message, operation="backup", error_code="BACKUP_UNSOUND", details=details)


def _publish(part: Path, target: Path) -> None:
    """Give the copy its name; a hard link never replaces a file that has appeared meanwhile, a rename would."""
    try:
        os.link(part, target)
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise _exists(target) from None
        part.rename(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exists(target: Path) -> DatabaseError:
    message = f"{target} exists already and is not overwritten: choose another name"
    return DatabaseError(message, operation="backup", error_code="BACKUP_TARGET_EXISTS", details={"path": str(target)})
