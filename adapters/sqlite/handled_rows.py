"""Which group has handled which event, as rows: written in the transaction of the effect, on the database's thread."""

import sqlite3
from datetime import datetime

from adapters.sqlite.timestamps import to_text
from domain.messages import Handled


def first_time(connection: sqlite3.Connection, handled: Handled, now: datetime) -> bool:
    """Remember that the group handles the event; False if it did before. Rolled back, it was not handled."""
    cursor = connection.execute(
        "INSERT INTO handled_events (group_id, event_id, handled_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (handled.group_id, handled.event_id, to_text(now)),
    )
    return cursor.rowcount == 1
