"""Rows that do not hold what a store once wrote: damaged, or edited by hand."""

import functools
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeGuard, TypeVar

from domain.errors import DatabaseError, ValidationError

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Let text that is not UTF-8 be read, with surrogates for its bytes, where one such row must not stop a query.

    Whoever reads so tells it by `is_text`.
    """
    before = connection.text_factory
    connection.text_factory = _escaped
    try:
        yield
    finally:
        connection.text_factory = before


def fetch(
    connection: sqlite3.Connection, sql: str, params: Sequence[object] | Mapping[str, object] = ()
) -> list[sqlite3.Row]:
    """Return all rows, as `any_text` lets them be read if one of them holds text that is not UTF-8."""
    return reading_any_text(connection, lambda connection: connection.execute(sql, params).fetchall())


def reading_any_text(connection: sqlite3.Connection, read: Callable[[sqlite3.Connection], T]) -> T:
    """Return what `read` returns, called again with `any_text` if a row holds text that is not UTF-8.

    `any_text` makes every text cost a call, which thousands of sound rows need not pay for.
    """
    try:
        return read(connection)
    except sqlite3.OperationalError:  # of whatever kind: if it was not that, it is raised again
        with any_text(connection):
            return read(connection)


def is_text(value: object) -> TypeGuard[str]:
    """Tell whether it is text, all of which is Unicode."""
    try:
        return isinstance(value, str) and (value.isascii() or value.encode() is not None)
    except UnicodeEncodeError:
        return False


def shown(value: object) -> str:
    """Return what is legible of a value, as text that can be shown and stored."""
    return str(value).encode(errors="replace").decode()


def decodes(
    table: str, key: str = "account_id"
) -> Callable[[Callable[Concatenate[sqlite3.Row, P], T]], Callable[Concatenate[sqlite3.Row, P], T]]:
    """Decorate a function that decodes a row of the table: a row that does not fit is one clear error.

    Raises:
        DatabaseError: ROW_MALFORMED. The details name the row by the column `key`; no other value is quoted.
    """

    def decorate(decode: Callable[Concatenate[sqlite3.Row, P], T]) -> Callable[Concatenate[sqlite3.Row, P], T]:
        @functools.wraps(decode)
        def decoding(row: sqlite3.Row, /, *args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return decode(row, *args, **kwargs)
            except (ValueError, TypeError, KeyError, IndexError, AttributeError, ValidationError) as error:
                raise malformed(table, key, row[key], error) from None

        return decoding

    return decorate


def malformed(table: str, key: str, value: object, error: Exception) -> DatabaseError:
    """Return the error of a row that does not fit, named by what stands in the column `key`."""
    name, owner = key.removesuffix("_id").replace("_", " "), str(value)
    msg = f"The stored row of {name} {owner} in {table} is malformed ({type(error).__name__})."
    return DatabaseError(msg, error_code="ROW_MALFORMED", table=table, details={key: owner})


def _escaped(data: bytes) -> str:
    return data.decode(errors="surrogateescape")
