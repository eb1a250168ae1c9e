"""Events of the outbox as rows. Runs on the database's thread."""

import json
import sqlite3

from adapters.sqlite.timestamps import from_text
from domain.errors import ValidationError
from domain.events import EventId
from ports.event_codec import EncodedEvent
from ports.parked_events import ParkedEvent

COLUMNS = "event_id, topic, key, value, headers"
PENDING = "published_at IS NULL AND parked_at IS NULL"


def to_event(row: sqlite3.Row) -> EncodedEvent | None:
    """Return the event; None if the row is damaged: it does not hold what a store writes."""
    headers = _headers(row["headers"])
    texts = (row["event_id"], row["topic"], row["key"])
    if headers is None or not isinstance(row["value"], bytes) or not all(isinstance(text, str) for text in texts):
        return None
    event = _event(row, headers, row["value"])
    return event if _is_sendable(event) else None


def to_parked(row: sqlite3.Row) -> ParkedEvent:
    """Return the parked event, of a damaged row what is legible: an operator must see it to decide.

    Raises:
        ValidationError: the time is none of ours.
    """
    return ParkedEvent(event=legible(row), parked_at=from_text(row["parked_at"]), reason=str(row["parked_reason"]))


def legible(row: sqlite3.Row) -> EncodedEvent:
    """Return the event, of a damaged row without what cannot be read."""
    value = row["value"]
    return _event(row, _headers(row["headers"]) or {}, value if isinstance(value, bytes) else str(value).encode())


def _is_sendable(event: EncodedEvent) -> bool:
    try:
        event.message()
    except ValidationError:
        return False
    return True


def _event(row: sqlite3.Row, headers: dict[str, str], value: bytes) -> EncodedEvent:
    return EncodedEvent(
        event_id=EventId(str(row["event_id"])),
        topic=str(row["topic"]),
        key=str(row["key"]),
        value=value,
        headers=headers,
    )


def _headers(text: object) -> dict[str, str] | None:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        return None
    return found
