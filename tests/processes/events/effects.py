"""What the consumers of these tests do with an event: one row, in the order in which the effects came about."""

import sqlite3
from collections import Counter

import attrs

from adapters.sqlite.database import Database
from adapters.sqlite.handled_rows import first_time
from domain.errors import APIConnectionError
from domain.messages import Handled
from ports.clock import Clock
from ports.event_codec import ReceivedEvent
from tests.fakes.shared_provider import AtWindow

HANDLING = "handling"
"""The handler runs; it has no effect yet."""
AFTER_EFFECT = "after_effect"
"""The effect is stored; the offset is not committed."""

TABLE = """
    CREATE TABLE IF NOT EXISTS effects (
        position  INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id  TEXT NOT NULL,
        user_id   TEXT NOT NULL,
        number    INTEGER NOT NULL
    )
"""
_INSERT = "INSERT INTO effects (event_id, user_id, number) VALUES (?, ?, ?)"


@attrs.frozen(kw_only=True)
class Effects:
    """A store as the product's are, that takes `handled`; unless `heeds_handled`, it forgets to look at it.

    Each event fails `failures` times in each process before it has its effect.
    """

    database: Database
    clock: Clock
    at_window: AtWindow
    failures: int
    heeds_handled: bool
    tried: Counter[str] = attrs.field(factory=Counter, init=False)

    async def handle(self, event: ReceivedEvent, handled: Handled) -> None:
        """Make the effect of one event.

        Raises:
            APIConnectionError (transient): as often as it is to fail.
            DatabaseError: the store failed.
        """
        await self.at_window(HANDLING, "")
        self.tried[event.event_id] += 1
        if self.tried[event.event_id] <= self.failures:
            msg = "The handler fails as it was told to."
            raise APIConnectionError(msg)
        await self.make(event, handled)
        await self.at_window(AFTER_EFFECT, "")

    async def make(self, event: ReceivedEvent, handled: Handled) -> bool:
        """Write the effect; False if the event was handled before."""
        row = (event.event_id, str(event.value["user_id"]), number_of(event))

        def work(connection: sqlite3.Connection) -> bool:
            if self.heeds_handled and not first_time(connection, handled, self.clock.now()):
                return False
            connection.execute(_INSERT, row)
            return True

        return await self.database.write(work, operation="make", table="effects")


def number_of(event: ReceivedEvent) -> int:
    """Return the version of the account to which the event led: it is in the reason; enrolling has none and is 1."""
    reason = str(event.value.get("reason") or "1")
    return int(reason.split(maxsplit=1)[0])
