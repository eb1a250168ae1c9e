"""Messages of any producer: which content mode they are in, their attributes, and the JSON object in them.

Source: CloudEvents specification 1.0.2 section 3.1; Kafka Protocol Binding 1.0.2 sections 3.2 and 3.3; JSON Event
Format 1.0.2 sections 2 and 3.
"""

import binascii
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final

from adapters.cloudevents.attributes import (
    ATTRIBUTES,
    CONTENT_TYPE,
    JSON,
    PREFIX,
    SPECVERSION,
    Attributes,
    dotted,
    headers_of_fact,
)
from adapters.cloudevents.json_text import read_object
from adapters.cloudevents.times import any_time, exact_time
from domain.errors import ValidationError
from domain.events import EventId
from domain.messages import Delivery, Message
from ports.event_codec import ReceivedEvent

_CLOUDEVENTS = "application/cloudevents"
_PREFIXED = len(PREFIX)
_OURS = frozenset([CONTENT_TYPE, *(PREFIX + name for name in ATTRIBUTES)])
"""What needs no lowering, since we write it so."""
_AS_WRITTEN: Final = tuple(headers_of_fact(EventId(""), "", "", ""))
"""The names of our headers, in the order in which a fact has them."""
_VERSION = re.compile(r"1\.[0-9]+")


def read_message(delivery: Delivery, zone: tzinfo) -> ReceivedEvent:
    """Return what is in the message.

    Raises: ValueError, ValidationError, neither of which quotes anything, if it is no event or a malformed one.
    """
    headers = dict(delivery.message.headers)  # the last one of a name counts
    if tuple(headers) == _AS_WRITTEN and (event := _as_we_write(headers, delivery)) is not None:
        return event
    attributes, value = _read_any(delivery.message, headers, delivery, zone)
    return ReceivedEvent(
        event_id=attributes.id,
        source=attributes.source,
        type=attributes.type,
        occurred_at=attributes.time,
        value=value,
        delivery=delivery,
    )


def _as_we_write(headers: Mapping[str, bytes], delivery: Delivery) -> ReceivedEvent | None:
    """Read a message with the headers of a fact; None if something about them is unusual.

    Raises: as `read_message`.
    """
    version, event_id, source, event_type, subject, at, media_type = headers.values()
    try:
        producer = _producer(media_type, version, event_type, source)
        known_by, moment = event_id.decode(), exact_time(at.decode())
        subject.decode()
    except (UnicodeDecodeError, ValidationError):
        return None
    if producer is None or moment is None:
        return None
    return ReceivedEvent(
        event_id=EventId(known_by),
        source=producer.source,
        type=producer.type,
        occurred_at=moment,
        value=read_object(delivery.message.value),
        delivery=delivery,
    )


@lru_cache(maxsize=256)  # thousands of events have the same
def _producer(media_type: bytes, version: bytes, event_type: bytes, source: bytes) -> Attributes | None:
    """Return what one producer's events of one type have in common, checked; None if they are not in binary mode.

    Raises: UnicodeDecodeError, ValidationError.
    """
    if media_type != JSON.encode() or version != SPECVERSION.encode():
        return None
    return Attributes(id=EventId("any"), type=event_type.decode(), source=source.decode(), time=None)


def _read_any(
    message: Message, headers: dict[str, bytes], delivery: Delivery, zone: tzinfo
) -> tuple[Attributes, Mapping[str, object]]:
    if not headers.keys() <= _OURS:
        headers = {name.lower(): value for name, value in message.headers}
    media_type = headers.pop(CONTENT_TYPE, b"").decode(errors="replace").partition(";")[0].strip().lower()
    if media_type.startswith(_CLOUDEVENTS):
        return _structured(message, media_type)
    if attributes := headers if headers.keys() <= _OURS else {n: v for n, v in headers.items() if n.startswith(PREFIX)}:
        return _attributes(_binary(attributes)), read_object(message.value)
    return _plain(delivery, zone)


def _binary(attributes: Mapping[str, bytes]) -> Mapping[str, str]:
    """Decode strictly: two ids must not become one by what is put in place of broken bytes."""
    try:
        return {name[_PREFIXED:]: value.decode() for name, value in attributes.items()}
    except UnicodeDecodeError:
        msg = "a header is not UTF-8"
        raise ValueError(msg) from None


def _structured(message: Message, media_type: str) -> tuple[Attributes, Mapping[str, object]]:
    if media_type != f"{_CLOUDEVENTS}+json":
        msg = "a CloudEvents format other than JSON"
        raise ValueError(msg)
    envelope = read_object(message.value)
    return _attributes(envelope), _data(envelope)


def _data(envelope: Mapping[str, object]) -> Mapping[str, object]:
    data, base64 = envelope.get("data"), envelope.get("data_base64")
    if isinstance(data, dict) and base64 is None:
        return data
    if isinstance(base64, str) and data is None:
        try:
            return read_object(binascii.a2b_base64(base64, strict_mode=True))
        except binascii.Error:
            pass
    msg = "the data is no JSON object"
    raise ValueError(msg)


def _attributes(found: Mapping[str, object]) -> Attributes:
    """An attribute that is null is not there; others than these are extensions, and of no concern."""
    texts: dict[str, str] = {}
    for name in ("specversion", "id", "type", "source", "time"):
        text = found.get(name)
        if isinstance(text, str):
            texts[name] = text
        elif text is not None or name != "time":
            msg = f"the attribute {name} is missing or no text"
            raise ValueError(msg)
    if texts["specversion"] != SPECVERSION and not _VERSION.fullmatch(texts["specversion"]):
        msg = "not CloudEvents 1.x"
        raise ValueError(msg)
    return Attributes(
        id=EventId(texts["id"]), type=texts["type"], source=texts["source"], time=_exact(texts.get("time"))
    )


def _exact(text: str | None) -> datetime | None:
    moment = None if text is None else exact_time(text)
    if text is not None and moment is None:
        msg = "the attribute time is no time (RFC 3339)"
        raise ValueError(msg)
    return moment


def _plain(delivery: Delivery, zone: tzinfo) -> tuple[Attributes, Mapping[str, object]]:
    """Take what is there: only an id that cannot be kept is refused, not a sloppy time."""
    value = read_object(delivery.message.value)
    own_id, event_type, timestamp = (value.get(name) for name in ("event_id", "event_type", "timestamp"))
    attributes = Attributes(
        id=EventId(own_id if isinstance(own_id, str) and own_id.strip() else delivery.event_id),
        type=dotted(event_type) if isinstance(event_type, str) and event_type.strip() else None,
        time=any_time(timestamp, zone) if isinstance(timestamp, str) else None,
    )
    return attributes, value
