"""From messages to what is shown of them."""

import json
from collections.abc import Mapping
from datetime import tzinfo

import attrs

from domain.errors import ValidationError
from domain.messages import Delivery, Message
from modules.events.schema import EventLine
from modules.runtime.output import shortened
from ports.event_codec import EventCodec

_LEFT_OUT = frozenset({"event_type", "event_id", "account_id", "user_id", "timestamp", "occurred_at"})
"""Members of our events that a line for people has no room for, or shows outside the value."""
_KEY, _LONGEST_KEY, _TYPE = 12, 24, 22


def event_line(delivery: Delivery, codec: EventCodec) -> EventLine:
    """Return what is shown of a message, also of one that is no event."""
    message = delivery.message
    line = EventLine(
        id=None,
        type=None,
        time=delivery.at,
        key=as_text(message.key),
        value=None,
        topic=delivery.partition.topic,
        partition=delivery.partition.number,
        offset=delivery.offset,
        headers=headers_of(message),
    )
    try:
        event = codec.read(delivery)
    except ValidationError as error:
        return attrs.evolve(line, problem=error.message, bytes=as_text(message.value))
    time = event.occurred_at or delivery.at
    return attrs.evolve(line, id=event.event_id, type=event.type, time=time, value=event.value)


def for_people(line: EventLine, zone: tzinfo | None, columns: int) -> str:
    """Return time, key, type and the value in short, in so many columns."""
    moment = line.time.astimezone(zone)
    kind = "no event" if line.problem else line.type or "-"
    key = shortened(line.key or "-", _LONGEST_KEY)
    shown = f"{moment:%Y-%m-%d %H:%M:%S}  {key:<{_KEY}}  {kind:<{_TYPE}}  {_in_short(line)}"
    return shortened(shown, columns)


def as_text(value: bytes | None) -> str | None:
    """Return bytes as text; what is not UTF-8 becomes an escape."""
    return None if value is None else value.decode("utf-8", "backslashreplace")


def headers_of(message: Message) -> Mapping[str, str]:
    """Return the headers as text; of those with the same name the last one."""
    return {name: value.decode("utf-8", "backslashreplace") for name, value in message.headers}


def _in_short(line: EventLine) -> str:
    if line.value is None:
        return "(empty)" if line.bytes is None else line.bytes
    rest = {name: item for name, item in line.value.items() if name not in _LEFT_OUT}
    return json.dumps(rest, ensure_ascii=False, separators=(",", ":"))
