"""Events of the outbox as rows, read with `any_text`. Runs on the database's thread."""

import sqlite3
from collections.abc import Sequence

import msgspec

from adapters.sqlite.row_decoding import is_text, shown
from adapters.sqlite.timestamps import from_text
from domain.errors import ValidationError
from domain.events import EventId
from ports.event_codec import EncodedEvent
from ports.parked_events import ParkedEvent

COLUMNS = "event_id, topic, key, value, headers"

_HEADERS = msgspec.json.Decoder(dict[str, str])


def to_events(rows: Sequence[sqlite3.Row]) -> list[EncodedEvent | None]:
    """Return the event of each row; None for a row that is damaged: it does not hold what a store writes.

    The rows have a number before `COLUMNS`.
    """
    events = [_whole(*row) for row in rows]
    of_topics = {event.topic: event for event in events if event is not None}  # what can be wrong lies in the topic
    refused = {topic for topic, event in of_topics.items() if not _is_sendable(event)}
    return [None if event is None or event.topic in refused else event for event in events]


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


def _whole(_: int, event_id: object, topic: object, key: object, value: object, headers: object) -> EncodedEvent | None:
    found = _headers(headers)
    if found is None or not isinstance(value, bytes) or not (is_text(event_id) and is_text(topic) and is_text(key)):
        return None
    return EncodedEvent(event_id=EventId(event_id), topic=topic, key=key, value=value, headers=found)


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
        return _HEADERS.decode(text) if isinstance(text, str) else None
    except ValueError:  # no such JSON, or halves of surrogate pairs in it
        return None
