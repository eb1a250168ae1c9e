"""Removing what topics of the embedded log need not keep, beside what is appended to it."""

import sqlite3
from datetime import datetime, timedelta

import attrs

from adapters.sqlite.log_rows import trim
from adapters.sqlite.statements import savepoint
from domain.errors import DatabaseError
from ports.clock import Clock

TRIM_EVERY = timedelta(minutes=1)
TRIM_AT_ONCE = 1000


@attrs.define
class LogTrimming:
    """Removes a little, once in a while, and with each transaction as long as more is left."""

    clock: Clock
    _at: float | None = attrs.field(default=None, init=False)

    def run(self, connection: sqlite3.Connection) -> None:
        """Trim in the open transaction if it is time; if that is undone, what is left waits for the next time."""
        started = self.clock.monotonic()
        if self._at is None or started >= self._at:
            removed = _trim(connection, self.clock.now())
            self._at = started if removed >= TRIM_AT_ONCE else started + TRIM_EVERY.total_seconds()


def _trim(connection: sqlite3.Connection, now: datetime) -> int:
    """Return how many messages were removed; that it failed is no reason not to append, and others will trim."""
    try:
        with savepoint(connection):
            return trim(connection, now, TRIM_AT_ONCE)
    except (sqlite3.Error, DatabaseError):
        if not connection.in_transaction:  # what was to be appended is gone with it
            raise
        return 0
