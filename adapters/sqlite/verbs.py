"""The verbs for adapter authors, the same on a database and inside a transaction."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from adapters.sqlite import statements
from adapters.sqlite.statements import Parameters, Row

T = TypeVar("T")


class Verbs(ABC):
    """One thread hop per verb. Table and column names are checked, values are bound; clauses and SQL are the author's.

    Every verb raises ValidationError for a malformed name, empty data, an empty condition, SQL that controls
    transactions, or values that SQLite would not store as they are; and DatabaseError for whatever SQLite refuses.
    """

    @abstractmethod
    async def read(
        self, fn: Callable[[sqlite3.Connection], T], *, operation: str = "read", table: str | None = None
    ) -> T:
        """Run `fn` where it may read."""

    @abstractmethod
    async def write(
        self, fn: Callable[[sqlite3.Connection], T], *, operation: str = "write", table: str | None = None
    ) -> T:
        """Run `fn` where it may write."""

    async def fetch_one(self, sql: str, params: Parameters = ()) -> Row | None:
        """Return the first row by column name, or None; of columns that share a name the last counts."""
        return await self.read(_prepare(statements.fetch_one, sql, params), operation="fetch_one")

    async def fetch_all(self, sql: str, params: Parameters = ()) -> list[Row]:
        """Return every row by column name."""
        return await self.read(_prepare(statements.fetch_all, sql, params), operation="fetch_all")

    async def insert(self, table: str, data: Mapping[str, object]) -> int:
        """Insert one row and return its row id (of no meaning for a table WITHOUT ROWID)."""
        sql = statements.insert_sql(table, tuple(data))
        return await self.write(_prepare(statements.insert, sql, tuple(data.values())), operation="insert", table=table)

    async def update(
        self, table: str, data: Mapping[str, object], where_clause: str, where_params: Sequence[object] = ()
    ) -> int:
        """Set the columns of `data` in every row that fulfils `where_clause`; return the number of such rows."""
        sql = statements.update_sql(table, tuple(data), where_clause)
        params = (*data.values(), *_sequence(where_params))
        return await self.write(_prepare(statements.execute, sql, params), operation="update", table=table)

    async def delete(self, table: str, where_clause: str, where_params: Sequence[object] = ()) -> int:
        """Delete every row that fulfils `where_clause`; return their number, without rows deleted by cascade."""
        sql = statements.delete_sql(table, where_clause)
        params = _sequence(where_params)
        return await self.write(_prepare(statements.execute, sql, params), operation="delete", table=table)

    async def execute(self, sql: str, params: Parameters = ()) -> int:
        """Execute one statement; return the number of rows inserted, updated or deleted, 0 for any other statement."""
        return await self.write(_prepare(statements.execute, sql, params), operation="execute")

    async def execute_script(self, sql: str) -> None:
        """Execute the statements of a script: all of them or, after an error, none."""
        script = statements.split_script(sql)
        await self.write(lambda connection: statements.run_script(connection, script), operation="execute_script")


def _prepare(
    verb: Callable[[sqlite3.Connection, str, Parameters], T], sql: str, params: Parameters
) -> Callable[[sqlite3.Connection], T]:
    """Check what is to be run before anything waits for a connection."""
    statement, values = statements.check_statement(sql), statements.check_parameters(params)
    return lambda connection: verb(connection, statement, values)


def _sequence(params: Sequence[object]) -> tuple[object, ...]:
    return tuple(statements.check_parameters(params))
