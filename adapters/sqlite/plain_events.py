"""Pending events as they nearly always are: sound, and with headers in ASCII. Values are measured, and not read.

A row costs the interpreter's lock twice when it is fetched; here all of a page come as one row, as JSON.
"""

import sqlite3
from collections.abc import Mapping, Sequence

import attrs
from msgspec.json import Decoder

from domain.topics import is_topic_name

_FIRST = (
    "SELECT min(position), max(position), total(length(value))"
    " FROM (SELECT position FROM outbox_pending ORDER BY position LIMIT ?) CROSS JOIN outbox USING (position)"
)
_PAGE = (
    "SELECT json_group_array(json_array(position, event_id, topic, key)), '[' || group_concat(headers) || ']',"
    " max(length(CAST(key AS BLOB)) + length(value) + length(CAST(headers AS BLOB))),"
    " min(typeof(value) = 'blob' AND typeof(headers) = 'text' AND json_valid(headers))"
    " FROM outbox_pending CROSS JOIN outbox USING (position) WHERE outbox_pending.position BETWEEN ? AND ?"
)
"""Bytes of keys and of headers as JSON are no fewer than those of the message."""

_Row = tuple[int, str, str, str]
_decode_rows = Decoder(list[_Row]).decode
_decode_headers = Decoder(list[dict[str, str]]).decode


@attrs.frozen
class PlainEvents:
    """The first pending events, in order: position, id, topic and key of each, and its headers."""

    rows: Sequence[_Row]
    headers: Sequence[Mapping[str, str]]


def plain_events(connection: sqlite3.Connection, limit: int, size_bytes: int, largest: int) -> PlainEvents | None:
    """Return the first `limit` events that are pending; None if they must be taken one by one, or there are none.

    That is so if one is damaged, has odd headers or a topic that cannot be, or may be larger than `largest`, or if
    their values have more than `size_bytes` together.
    """
    first, last, size = connection.execute(_FIRST, (max(limit, 0),)).fetchone()
    if first is None or size > size_bytes:
        return None
    try:
        rows_text, headers_text, longest, are_sound = connection.execute(_PAGE, (first, last)).fetchone()
        if not are_sound or longest > largest or "\\" in headers_text or not headers_text.isascii():
            return None
        events = PlainEvents(_decode_rows(rows_text), _decode_headers(headers_text))
    except (sqlite3.Error, ValueError):  # what no JSON can hold, is no UTF-8 or of another type; else it comes again
        return None
    return events if all(map(is_topic_name, {topic for _, _, topic, _ in events.rows})) else None
