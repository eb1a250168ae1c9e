"""Numbered SQL migrations `NNNN_name.sql`, applied once, in order, each in a transaction of its own.

The schema version is SQLite's `user_version`, written in the same transaction as the migration, and `application_id`
marks a file as ours. Everything here runs on the connection's thread.
"""

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import attrs

from adapters.sqlite.faults import safe_cause, translate
from adapters.sqlite.statements import split_script
from domain.errors import DatabaseError, ValidationError

APPLICATION_ID = int.from_bytes(b"IACS", "big")

_NAME = re.compile(r"([0-9]{4})_[a-z0-9_]+\.sql")


@attrs.frozen(kw_only=True)
class Migration:
    """One step of the schema. `statements` run in order; none of them controls transactions."""

    version: int
    name: str
    statements: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Identity:
    """What a database file says about itself. `is_blank`: no table, no version, no owner."""

    application_id: int
    schema_version: int
    is_blank: bool


def load_migrations(folder: Path) -> tuple[Migration, ...]:
    """Return the migrations of `folder` in order; files that do not end in `.sql` are ignored.

    Raises:
        DatabaseError: MIGRATIONS_INVALID: the folder is missing, a name is malformed, a number is missing or used
            twice, or a script is unusable.
    """
    if not folder.is_dir():
        raise _invalid("The migrations folder is missing: install the program again", folder.name)
    migrations = tuple(_load(path) for path in sorted(folder.glob("*.sql")))
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            raise _invalid(f"Migration {migration.name} should have the number {expected:04}", migration.name)
    return migrations


def identify(connection: sqlite3.Connection) -> Identity:
    """Read who owns the file and its schema version, in one snapshot."""
    connection.execute("BEGIN")
    try:
        (application_id,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (objects,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    finally:
        connection.execute("ROLLBACK")
    blank = (application_id, version, objects) == (0, 0, 0)
    return Identity(application_id=application_id, schema_version=version, is_blank=blank)


def refuse_foreign(identity: Identity) -> None:
    """Make sure that the file is ours or blank.

    Raises:
        DatabaseError: FOREIGN_DATABASE.
    """
    if identity.application_id != APPLICATION_ID and not identity.is_blank:
        message = "The file is an SQLite database of another program: change DATABASE_PATH"
        raise DatabaseError(message, operation="open", error_code="FOREIGN_DATABASE")


def refuse_newer(identity: Identity, latest: int) -> None:
    """Make sure that the program knows the schema.

    Raises:
        DatabaseError: SCHEMA_NEWER.
    """
    if identity.schema_version > latest:
        raise DatabaseError(
            f"The database has schema version {identity.schema_version}, this program knows up to {latest}:"
            " update the program, or change DATABASE_PATH",
            operation="open",
            error_code="SCHEMA_NEWER",
            details={"found": identity.schema_version, "known": latest},
        )


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Bring the schema up to the last of `migrations`; other processes may do the same at the same time.

    Each step takes the write lock before it looks which one is due. Foreign keys must be off on `connection`, so that a
    table can be rebuilt (hence nothing cascades); they are checked before each step commits.

    Raises:
        DatabaseError: MIGRATION_FAILED: that step was rolled back, the earlier ones stay. SCHEMA_NEWER.
        sqlite3.Error: The database is locked, full or damaged.
    """
    while _is_due(connection, migrations):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _is_due(connection, migrations):
                _advance(connection, migrations)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _is_due(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> bool:
    """Tell whether a step is left; an empty folder still marks the file as ours."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    if version > len(migrations):
        refuse_newer(Identity(application_id=owner, schema_version=version, is_blank=False), len(migrations))
    return bool(version < len(migrations) or owner != APPLICATION_ID)


def _advance(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    if version == len(migrations):
        return
    migration = migrations[version]
    try:
        for statement in migration.statements:
            connection.execute(statement).close()
    except sqlite3.Error as error:
        fault = translate(error, operation="migrate")
        if fault.error_code not in {"SQL_ERROR", "CONSTRAINT_VIOLATED"}:
            raise  # a locked, full or damaged database is not the migration's fault
        raise _failed(migration, fault.message) from safe_cause(error)
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise _failed(migration, "it leaves references to missing rows")
    connection.execute(f"PRAGMA user_version = {migration.version}")


def _failed(migration: Migration, reason: str) -> DatabaseError:
    return DatabaseError(
        f"Migration {migration.name} failed and was rolled back: {reason}",
        operation="migrate",
        error_code="MIGRATION_FAILED",
        details={"migration": migration.name},
    )


def _load(path: Path) -> Migration:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise _invalid(f"Migration {path.name} is not named like 0001_initial.sql", path.name)
    try:
        statements = split_script(path.read_text(encoding="utf-8"))
    except (ValidationError, ValueError) as error:
        raise _invalid(f"Migration {path.name} cannot be used: {error}", path.name) from error
    return Migration(version=int(match.group(1)), name=path.name, statements=statements)


def _invalid(message: str, name: str) -> DatabaseError:
    return DatabaseError(message, operation="migrate", error_code="MIGRATIONS_INVALID", details={"migration": name})
