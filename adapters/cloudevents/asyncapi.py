"""All events as an AsyncAPI document: topics, keys, headers and values.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0; its Kafka bindings 0.5.0.
"""

from collections.abc import Mapping
from typing import Any, Final

from adapters.cloudevents.attributes import JSON, SOURCE, SPECVERSION
from adapters.cloudevents.event_codec import ACCOUNT_TOPIC, EMAIL_TOPIC
from adapters.cloudevents.fact_members import TYPES
from adapters.cloudevents.fact_values import TIME_PATTERN
from adapters.cloudevents.schemas import summary, value_schema
from domain.events import AccountEvent, MailEvent

VERSION: Final = "1.0.0"
"""Of the events: the second number counts additions; there is no other change but a new type."""

_KAFKA: Final = "0.5.0"
_ABOUT: Final = (
    "What happens to accounts and their mail. CloudEvents 1.0 in binary mode: attributes are headers, the value is a"
    " flat JSON object. An event may come twice, always with the same id; those of one key keep their order. Types grow"
    " by additional members; any other change is a new type."
)
_CHANNELS: Final[Mapping[str, tuple[str, str]]] = {
    "accounts": (ACCOUNT_TOPIC, "What happens to accounts."),
    "mail": (
        EMAIL_TOPIC,
        "What happens to mail, of each mail email.received first. KAFKA_TOPIC_EMAIL_EVENTS may name another topic.",
    ),
}
"""Address and description by name."""


def asyncapi() -> Mapping[str, Any]:
    """Return the document."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "IACSGraph events", "version": VERSION, "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": {name: _channel(name) for name in _CHANNELS},
        "operations": {f"tellOf{name.capitalize()}": _operation(name) for name in _CHANNELS},
        "components": {"messages": {name: _message(cls, name) for cls, name in TYPES.items()}},
    }


def _channel(name: str) -> Mapping[str, Any]:
    address, description = _CHANNELS[name]
    return {
        "address": address,
        "description": description,
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in _types_of(name)},
        "bindings": {"kafka": {"topic": address, "bindingVersion": _KAFKA}},
    }


def _operation(name: str) -> Mapping[str, Any]:
    channel = f"#/channels/{name}"
    messages = [{"$ref": f"{channel}/messages/{each}"} for each in _types_of(name)]
    return {"action": "send", "channel": {"$ref": channel}, "messages": messages}


def _types_of(channel: str) -> list[str]:
    return [name for cls, name in TYPES.items() if issubclass(cls, MailEvent) is (channel == "mail")]


def _message(cls: type[AccountEvent], name: str) -> Mapping[str, Any]:
    key = {"type": "string", "description": "The account's user_id."}
    return {
        "name": name,
        "title": cls.__name__,
        "summary": summary(cls),
        "contentType": "application/json",
        "headers": _headers(name, "mail_id" if issubclass(cls, MailEvent) else "account_id"),
        "payload": value_schema(cls),
        "bindings": {"kafka": {"key": key, "bindingVersion": _KAFKA}},
    }


def _headers(name: str, subject: str) -> Mapping[str, Any]:
    text = {"type": "string", "minLength": 1}
    properties = {
        "ce_specversion": {"type": "string", "const": SPECVERSION},
        "ce_id": {**text, "description": "The event_id."},
        "ce_source": {"type": "string", "const": SOURCE},
        "ce_type": {"type": "string", "const": name},
        "ce_subject": {**text, "description": f"The {subject}."},
        "ce_time": {"type": "string", "format": "date-time", "pattern": f"^{TIME_PATTERN}$"},
        "content-type": {"type": "string", "const": JSON},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}
