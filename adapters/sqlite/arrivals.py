"""Waiting for new rows without polling while only this process writes."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta

import attrs

from adapters.sqlite.database import Database
from domain.errors import DatabaseError
from ports.clock import Clock


@attrs.define(kw_only=True, eq=False)
class Arrivals:
    """`newest` reads the last number given to a row of `table`, which never goes back; it runs on a reader's thread."""

    database: Database
    clock: Clock
    table: str
    newest: Callable[[sqlite3.Connection], int]
    _seen: int = attrs.field(default=0, init=False)

    async def wait(self, longest: timedelta) -> None:
        """Return when a row came since the last call, at the latest after `longest`: look after each transaction."""
        deadline = self.clock.monotonic() + longest.total_seconds()
        while True:
            count = self.database.writes.count
            newest = await self._newest()
            if newest != self._seen:
                self._seen = newest
                return
            left = timedelta(seconds=deadline - self.clock.monotonic())
            if left <= timedelta(0):
                return
            await self.database.writes.wait(count, self.clock, left)

    async def _newest(self) -> int:
        """Return the number; what was seen if the store fails: whoever asks it next is told why."""
        try:
            return await self.database.read(self.newest, operation="wait", table=self.table)
        except DatabaseError:
            return self._seen
