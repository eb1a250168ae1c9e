"""Events of the outbox as rows, read with `any_text`. Runs on the database's thread."""

import json
import sqlite3

from adapters.sqlite.row_decoding import is_text, shown
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
    if headers is None or not isinstance(row["value"], bytes) or not all(map(is_text, texts)):
        return None
    event = _event(row, headers, row["value"])
    return event if _is_sendable(event) else None


def to_parked(row: sqlite3.Row) -> ParkedEvent:
    """Return the parked event, of a damaged row what is legible: an operator must see it to decide.

    Raises:
        ValidationError: the time is none of ours.
    """
    return ParkedEvent(event=legible(row), parked_at=from_text(row["parked_at"]), reason=shown(row["parked_reason"]))


def legible(row: sqlite3.Row) -> EncodedEvent:
    """Return the event, of a damaged row without what cannot be read."""
    value = row["value"]
    return _event(row, _headers(row["headers"]) or {}, value if isinstance(value, bytes) else shown(value).encode())


def _is_sendable(event: EncodedEvent) -> bool:
    try:
        event.message()
    except ValidationError:
        return False
    return True


def _event(row: sqlite3.Row, headers: dict[str, str], value: bytes) -> EncodedEvent:
    return EncodedEvent(
        event_id=EventId(shown(row["event_id"])),
        topic=shown(row["topic"]),
        key=shown(row["key"]),
        value=value,
        headers=headers,
    )


def _headers(text: object) -> dict[str, str] | None:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(is_text(each) for header in found.items() for each in header):
        return None
    return found
