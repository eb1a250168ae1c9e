"""SQL of the verbs: identifiers are checked and quoted, values are only ever bound, scripts are split into statements.

The functions that take a connection run on its thread.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from typing import Any, NoReturn

from domain.errors import DatabaseError, ValidationError

Parameters = Sequence[object] | Mapping[str, object]
Row = dict[str, Any]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
# The byte order mark is white space to SQLite.
_BLANK = re.compile(r"(?:[\s;\ufeff]|--[^\n]*(?:\n|\Z)|/\*.*?(?:\*/|\Z))*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]*")
_CONTROL = frozenset({"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"})


def quote(identifier: str) -> str:
    """Return `identifier` in double quotes.

    Raises:
        ValidationError: It is not 1 to 63 ASCII letters, digits and underscores that begin with no digit.
    """
    if _IDENTIFIER.fullmatch(identifier) is None:
        _refuse("INVALID_IDENTIFIER", "A table or column name has 1 to 63 letters, digits or _, no digit first")
    return f'"{identifier}"'


def check_statement(sql: str) -> str:
    """Return `sql` if it may run inside a transaction that somebody else ends.

    Raises:
        ValidationError: It is blank or begins, ends or nests a transaction.
    """
    word = _first_word(sql)
    if word in _CONTROL:
        _refuse("TRANSACTION_CONTROL", f"{word} is not a statement to execute: use transaction()")
    if not sql[_end_of_blank(sql) :]:
        _refuse("EMPTY_STATEMENT", "There is no SQL to execute")
    return sql


def check_parameters(params: Parameters) -> Parameters:
    """Return `params` if every value is stored as it is.

    Raises:
        ValidationError: They are one text instead of a sequence, or hold a date, which sqlite3 would quietly write in a
            form of its own.
    """
    if isinstance(params, str | bytes):
        _refuse("INVALID_PARAMETERS", "Parameters are a sequence or a mapping: write (value,) for a single one")
    values: Iterable[object] = params.values() if isinstance(params, Mapping) else params
    if any(isinstance(value, date) for value in values):
        _refuse("INVALID_PARAMETERS", "A time is stored as text: convert it with timestamps.to_text")
    return params


def insert_sql(table: str, columns: Sequence[str]) -> str:
    """Return the INSERT of one row with a `?` for each column, in their order.

    Raises:
        ValidationError: A name is not an identifier, or there is no column, or one is named twice.
    """
    names = ", ".join(_columns(columns))
    return f"INSERT INTO {quote(table)} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - quoted


def update_sql(table: str, columns: Sequence[str], where_clause: str) -> str:
    """Return the UPDATE with a `?` for each column, in their order, before those of `where_clause`.

    Raises:
        ValidationError: A name is not an identifier, or there is no column or no condition.
    """
    assignments = ", ".join(f"{name} = ?" for name in _columns(columns))
    return f"UPDATE {quote(table)} SET {assignments} WHERE {_condition(where_clause)}"  # noqa: S608 - quoted


def delete_sql(table: str, where_clause: str) -> str:
    """Return the DELETE of the rows that fulfil `where_clause`.

    Raises:
        ValidationError: The name is not an identifier, or there is no condition.
    """
    return f"DELETE FROM {quote(table)} WHERE {_condition(where_clause)}"  # noqa: S608 - quoted


def split_script(sql: str) -> tuple[str, ...]:
    """Return the statements of a script, in order; `;` in texts, comments and triggers divides none.

    Raises:
        ValidationError: The script holds no statement, a NUL character, or one that controls transactions.
    """
    if "\0" in sql:
        _refuse("INVALID_SCRIPT", "The script holds a NUL character")
    statements, start = [], 0
    for match in re.finditer(";", sql):
        if sqlite3.complete_statement(sql[start : match.end()]):
            statements.append(sql[start : match.end()])
            start = match.end()
    statements.append(sql[start:])
    kept = tuple(check_statement(each) for each in statements if each[_end_of_blank(each) :])
    if not kept:
        _refuse("EMPTY_STATEMENT", "The script holds no statement")
    return kept


def fetch_one(connection: sqlite3.Connection, sql: str, params: Parameters) -> Row | None:
    """Return the first row by column name, or None; of columns that share a name the last counts."""
    with closing(connection.execute(sql, params)) as cursor:
        row = cursor.fetchone()
        return None if row is None else dict(row)


def fetch_all(connection: sqlite3.Connection, sql: str, params: Parameters) -> list[Row]:
    """Return every row by column name."""
    with closing(connection.execute(sql, params)) as cursor:
        return [dict(row) for row in cursor]


def insert(connection: sqlite3.Connection, sql: str, params: Parameters) -> int:
    """Return the row id of the inserted row."""
    with closing(connection.execute(sql, params)) as cursor:
        return cursor.lastrowid or 0


def execute(connection: sqlite3.Connection, sql: str, params: Parameters) -> int:
    """Return the number of rows inserted, updated or deleted; 0 for any other statement."""
    with closing(connection.execute(sql, params)) as cursor:
        for _ in cursor:  # `RETURNING`: the count is known once every row has been fetched
            pass
        return max(0, cursor.rowcount)


def run_script(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
    """Run all statements or, after an error, none, inside the open transaction, which goes on either way."""
    with savepoint(connection):
        for statement in statements:
            connection.execute(statement).close()


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo what was written inside if it raises, and nothing else of the open transaction.

    After some errors, as of a full disk, SQLite itself has rolled back all of it: then no transaction is open any more.
    """
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


def require_transaction(connection: sqlite3.Connection) -> None:
    """Make sure that the transaction is still open.

    Raises:
        DatabaseError: TRANSACTION_LOST: SQLite has rolled it back after a grave error, or a function has ended it.
    """
    if not connection.in_transaction:
        message = "The transaction is no longer open, after an earlier error in it: begin a new one"
        raise DatabaseError(message, error_code="TRANSACTION_LOST")


def _columns(columns: Sequence[str]) -> list[str]:
    if not columns:
        _refuse("EMPTY_DATA", "There is nothing to store: data has no column")
    if len({name.lower() for name in columns}) < len(columns):
        _refuse("INVALID_IDENTIFIER", "A column is named twice")
    return [quote(name) for name in columns]


def _condition(where_clause: str) -> str:
    if not where_clause[_end_of_blank(where_clause) :]:
        _refuse("EMPTY_WHERE", "A condition is required: write 1 = 1 to mean every row")
    return where_clause


def _end_of_blank(sql: str) -> int:
    """Return where leading white space, comments and semicolons end."""
    match = _BLANK.match(sql)
    return match.end() if match else 0


def _first_word(sql: str) -> str:
    match = _WORD.match(sql, _end_of_blank(sql))
    return match.group().upper() if match else ""


def _refuse(code: str, message: str) -> NoReturn:
    raise ValidationError(message, error_code=code)
