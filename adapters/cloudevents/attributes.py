"""The context attributes of CloudEvents 1.0, as `ce_*` headers.

Source: CloudEvents specification 1.0.2; Kafka Protocol Binding for CloudEvents 1.0.2 section 3.2.
"""

import re
from collections.abc import Mapping
from datetime import datetime

import attrs

from adapters.cloudevents.times import time_text
from domain.events import EventId
from domain.validation import not_blank, optional, utc

PREFIX = "ce_"
ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time")
SPECVERSION = "1.0"
SOURCE = "/iacsgraph"
CONTENT_TYPE = "content-type"
JSON = "application/json; charset=utf-8"
_VERSION = re.compile(r"_(?=v[0-9]+\Z)")


@attrs.frozen(kw_only=True)
class Attributes:
    """What tells about an event. Only plain JSON has no `type`, and no `source`."""

    id: EventId = attrs.field(validator=not_blank)
    type: str | None = attrs.field(validator=optional(not_blank))
    source: str | None = attrs.field(default=None, validator=optional(not_blank))
    subject: str | None = None
    time: datetime | None = attrs.field(validator=optional(utc))

    def headers(self) -> Mapping[str, str]:
        """Return the headers of binary mode, data being JSON."""
        present = {
            "specversion": SPECVERSION,
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": None if self.time is None else time_text(self.time),
        }
        named = {PREFIX + name: value for name, value in present.items() if value is not None}
        return {**named, CONTENT_TYPE: JSON}


def headers_of_fact(event_id: EventId, event_type: str, subject: str, moment: str) -> Mapping[str, str]:
    """Return what `Attributes.headers` does, of what a fact has checked already; `moment` is a `time_text`."""
    return {
        "ce_specversion": SPECVERSION,
        "ce_id": event_id,
        "ce_source": SOURCE,
        "ce_type": event_type,
        "ce_subject": subject,
        "ce_time": moment,
        CONTENT_TYPE: JSON,
    }


def dotted(event_type: str) -> str:
    """Return the CloudEvents type of an `event_type`: `email_received_v2` is `email.received.v2`."""
    return event_type if "." in event_type else _VERSION.sub(".", event_type).replace("_", ".", 1)


def underscored(name: str) -> str:
    """Return the `event_type` of a CloudEvents type."""
    return name.replace(".", "_")
