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

_OF_MAIL = frozenset({"email.received", "mail.moved", "mail.deleted"})
_LEFT_OUT = frozenset({"event_type", "event_id", "account_id", "user_id", "timestamp", "occurred_at"})
"""Members of our events that a line for people has no room for, or shows outside the value."""
_OF_INFO = (
    "agenda_code",
    "mail_type",
    "response_org",
    "urgency",
    "deadline",
    "duplicate_of",
    "sender_organization",
    "subject",
    "sender_address",
)
"""Of what `email.received` tells, what a line has room for."""
_USUAL = (None, "OTHER", "NORMAL")
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
    if line.type in _OF_MAIL:
        rest = _of_mail(rest)
    return json.dumps(rest, ensure_ascii=False, separators=(",", ":"))


def _of_mail(members: Mapping[str, object]) -> dict[str, object]:
    """What is worth knowing of the mail, or the paths of its folders; its id comes last."""
    info = members.get("event_info")
    if isinstance(info, Mapping):
        short = {name: info[name] for name in _OF_INFO if info.get(name) not in _USUAL}
    else:
        paths = {name.removesuffix("_id"): item for name, item in members.items() if name.endswith("folder_id")}
        short = {name: members.get(name) or folder_id for name, folder_id in paths.items()}
    return {**short, "mail_id": members.get("mail_id")}
