"""The table of errors, against what SQLite really raises."""

import errno
import sqlite3
import traceback
from contextlib import closing
from pathlib import Path

import pytest

from adapters.sqlite.faults import translate, translate_file_error, translated
from domain.errors import ConnectionError as DatabaseConnectionError
from domain.errors import DatabaseError, IACSGraphError, ValidationError

CANARY = "canary-5f2d"
SCHEMA = """
CREATE TABLE things (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, size INTEGER CHECK (size < 5),
    parent INTEGER REFERENCES things (id)
);
CREATE TABLE strict_things (size INTEGER) STRICT;
CREATE TRIGGER guard BEFORE DELETE ON things BEGIN SELECT RAISE(ABORT, 'canary-5f2d'); END;
INSERT INTO things VALUES (1, 'canary-5f2d', 1, NULL);
"""


def provoke(sql: str, params: tuple[object, ...] = ()) -> IACSGraphError:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(SCHEMA)
        connection.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(IACSGraphError) as caught, translated(operation="test", table="things"):
            connection.execute(sql, params).fetchall()
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        return caught.value


@pytest.mark.parametrize(
    ("sql", "params", "constraint", "columns"),
    [
        ("INSERT INTO things (name) VALUES (?)", (CANARY,), "unique", "things.name"),
        ("INSERT INTO things (id, name) VALUES (1, ?)", (CANARY + "2",), "primarykey", "things.id"),
        ("INSERT INTO things (size) VALUES (1)", (), "notnull", "things.name"),
        ("INSERT INTO things (name, size) VALUES (?, 9)", (CANARY + "2",), "check", "size < 5"),
        ("INSERT INTO things (name, parent) VALUES (?, 9)", (CANARY + "2",), "foreignkey", None),
        ("INSERT INTO strict_things VALUES (?)", (CANARY,), "datatype", None),
        ("INSERT INTO things (id, name) VALUES (?, 'b')", (CANARY,), "datatype", None),
        ("DELETE FROM things", (), "trigger", None),
    ],
)
def test_a_broken_constraint_is_named_without_its_value(
    sql: str, params: tuple[object, ...], constraint: str, columns: str | None
) -> None:
    error = provoke(sql, params)
    assert isinstance(error, DatabaseError)
    assert (error.error_code, error.transient) == ("CONSTRAINT_VIOLATED", False)
    assert (error.operation, error.table) == ("test", "things")
    assert error.details["constraint"] == constraint
    assert error.details.get("columns") == columns


@pytest.mark.parametrize(
    ("sql", "params", "said"),
    [
        ("SELEC", (), "syntax error"),
        ("SELECT * FROM missing", (), "no such table: missing"),
        ("SELECT missing FROM things", (), "no such column: missing"),
        ("INSERT INTO things (missing) VALUES (1)", (), "no column named missing"),
        ("SELECT ?", (), "number of bindings"),
        ("SELECT ?", (object(),), "Error binding parameter 1"),
        ("SELECT 1; SELECT 2", (), "one statement at a time"),
    ],
)
def test_a_faulty_statement_says_what_is_wrong_with_it(sql: str, params: tuple[object, ...], said: str) -> None:
    error = provoke(sql, params)
    assert error.error_code == "SQL_ERROR"
    assert said in str(error)


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT CAST(x'ff' || ? AS TEXT)", (CANARY,)),
        ("SELECT json_extract('{}', ?)", (CANARY,)),
        ("SELECT json_extract(?, '$')", (CANARY,)),
        ("SELECT ?", (CANARY + "\ud800",)),
    ],
)
def test_text_of_sqlite_that_quotes_a_value_goes_no_further(sql: str, params: tuple[object, ...]) -> None:
    error = provoke(sql, params)
    assert error.__cause__ is None


def test_a_value_that_cannot_be_stored_is_a_validation_error() -> None:
    for value in (2**63, "\ud800"):
        error = provoke("SELECT ?", (value,))
        assert isinstance(error, ValidationError)
        assert error.error_code == "VALUE_NOT_STORABLE"


def test_a_write_on_a_reader_is_the_callers_mistake() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA query_only = ON")
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute("CREATE TABLE t (a)")
    assert translate(caught.value, operation="read", reading=True).error_code == "READ_ONLY_CONNECTION"
    assert isinstance(translate(caught.value, operation="write"), DatabaseConnectionError)


def test_what_is_not_foreign_passes_unchanged() -> None:
    for raised in (ValueError("x"), DatabaseError("y"), KeyboardInterrupt()):
        with pytest.raises(type(raised)) as caught, translated(operation="test"):
            raise raised
        assert caught.value is raised


@pytest.mark.parametrize(
    ("number", "code", "transient"),
    [
        (errno.ENOSPC, "DATABASE_FULL", True),
        (errno.EROFS, "DATABASE_READ_ONLY", False),
        (errno.EACCES, "DATABASE_READ_ONLY", False),
        (errno.ENOTDIR, "DATABASE_CANNOT_OPEN", False),
    ],
)
def test_a_fault_of_the_file_system_says_what_to_do(number: int, code: str, *, transient: bool) -> None:
    error = translate_file_error(OSError(number, "reason"), Path("/x/y"), operation="open")
    assert (error.error_code, error.transient) == (code, transient)
    assert "/x/y" in str(error)
    assert isinstance(error, DatabaseConnectionError) is not transient
