"""CloudEvents 1.0, Kafka protocol binding, binary content mode: attributes as `ce_*` headers, data as a JSON value.

The value keeps a flat shape that also readers who know nothing of CloudEvents understand: `event_type` (underscores),
`event_id`, `user_id`, `timestamp` (the fact's time), `occurred_at`, and the fact's own members.
Source: CloudEvents specification 1.0.2; Kafka Protocol Binding for CloudEvents 1.0.2 section 3.2.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from domain.account import AccountStatus
from domain.errors import IACSGraphError, ValidationError
from domain.events import (
    AccountEnrolled,
    AccountEvent,
    AccountRecovered,
    AccountSignedIn,
    AccountStatusChanged,
    AccountUpdated,
    Event,
    ReauthRequired,
)
from ports.event_codec import EncodedEvent, EventCodec

ACCOUNT_TOPIC = "account.events"
SOURCE = "/iacsgraph"
TYPES: Mapping[type[AccountEvent], str] = {
    AccountEnrolled: "account.enrolled",
    AccountUpdated: "account.updated",
    AccountStatusChanged: "account.status_changed",
    AccountSignedIn: "account.signed_in",
    ReauthRequired: "account.reauth_required",
    AccountRecovered: "account.recovered",
}
CLASSES = {name: cls for cls, name in TYPES.items()}
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def make_converter() -> cattrs.Converter:
    """Return the converter of event values: strict types, unknown members ignored, times as UTC text."""
    converter = cattrs.Converter()
    converter.register_unstructure_hook(datetime, _time_text)
    converter.register_structure_hook(datetime, _time)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(AccountStatus, lambda value, kind: kind(_text(value, str)))
    converter.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _texts)
    for cls in TYPES:
        renamed = {"occurred_at": override(rename="timestamp")}
        converter.register_unstructure_hook(cls, make_dict_unstructure_fn(cls, converter, **renamed))  # type: ignore[arg-type]
        converter.register_structure_hook(cls, make_dict_structure_fn(cls, converter, **renamed))  # type: ignore[arg-type]
    return converter


class CloudEventCodec(EventCodec):
    """Encodes account events; the key is the user id, so that one account's events stay in order."""

    @cached_property
    def _converter(self) -> cattrs.Converter:
        """Made when the first event comes: it costs as much as reading a token from a new process."""
        return make_converter()

    def encode(self, event: Event) -> EncodedEvent:
        """Encode; members in a fixed order."""
        name = TYPES[type(event)]
        members = self._converter.unstructure(event)
        value = {"event_type": name.replace(".", "_"), **members, "occurred_at": members["timestamp"]}
        return EncodedEvent(
            event_id=event.event_id,
            topic=ACCOUNT_TOPIC,
            key=event.user_id,
            value=json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
            headers={
                "ce_specversion": "1.0",
                "ce_id": event.event_id,
                "ce_source": SOURCE,
                "ce_type": name,
                "ce_subject": event.account_id,
                "ce_time": members["timestamp"],
                "content-type": "application/json; charset=utf-8",
            },
        )

    def decode(self, message: EncodedEvent) -> Event:
        """Decode by the `ce_type` header."""
        cls = CLASSES.get(message.headers.get("ce_type", ""))
        if cls is None:
            problem = f"of unknown type {message.headers.get('ce_type')!r}"
            raise _undecodable(message, problem)
        try:
            event: Event = self._converter.structure(json.loads(message.value), cls)  # type: ignore[assignment]
        except (ValueError, cattrs.BaseValidationError, KeyError, TypeError, RecursionError, IACSGraphError) as error:
            raise _undecodable(message, "malformed") from error
        return event


def _undecodable(message: EncodedEvent, problem: str) -> ValidationError:
    return ValidationError(
        f"Event {message.event_id!r} on topic {message.topic!r} is {problem}.",
        error_code="EVENT_UNDECODABLE",
        details={"event_id": message.event_id, "topic": message.topic},
    )


def _time_text(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _time(value: Any, _: type) -> datetime:  # noqa: ANN401 - JSON
    if not isinstance(value, str) or not _DATETIME.fullmatch(value):
        msg = "not a UTC time with microseconds"
        raise ValueError(msg)
    return datetime.fromisoformat(value)


def _texts(value: Any, _: type) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    if not isinstance(value, list):
        msg = "not a list"
        raise TypeError(msg)
    return tuple(_text(item, str) for item in value)


def _text(value: Any, _: type) -> str:  # noqa: ANN401 - JSON
    if not isinstance(value, str):
        msg = "not text"
        raise TypeError(msg)
    return value
