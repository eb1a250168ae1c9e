"""Rows that do not hold what a store once wrote: damaged, or edited by hand."""

import functools
import sqlite3
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from domain.errors import DatabaseError, ValidationError

P = ParamSpec("P")
T = TypeVar("T")


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
                name, owner = key.removesuffix("_id").replace("_", " "), str(row[key])
                msg = f"The stored row of {name} {owner} in {table} is malformed ({type(error).__name__})."
                raise DatabaseError(msg, error_code="ROW_MALFORMED", table=table, details={key: owner}) from None

        return decoding

    return decorate
