"""The CloudEvents project's own SDK reads what we write, and we read what it writes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from adapters.cloudevents.event_codec import CloudEventCodec
from domain.events import EventId
from domain.messages import Delivery, Message, Partition
from ports.event_codec import EncodedEvent
from tests.adapters.cloudevents.samples import AT, EXAMPLES
from tests.contracts.samples import NOW

CODEC = CloudEventCodec()
FORMAT = JSONFormat()
Writer = Callable[[CloudEvent, JSONFormat], KafkaMessage]


def as_the_sdk_reads(event: EncodedEvent) -> CloudEvent:
    """Return the event that the SDK finds in the message's headers, key and value."""
    message = event.message()
    assert message.value is not None
    found = from_kafka(KafkaMessage(headers=dict(message.headers), key=message.key, value=message.value), FORMAT)
    assert isinstance(found, CloudEvent), "version 1.0, and every attribute as the specification wants it"
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_sdk_reads_every_fact(name: str) -> None:
    event = CODEC.encode(EXAMPLES[name][0])
    found = as_the_sdk_reads(event)
    assert (found.get_id(), found.get_source(), found.get_type()) == ("event-1", "/iacsgraph", name)
    assert (found.get_subject(), found.get_time()) == (dict(event.headers)["ce_subject"], AT)
    assert found.get_data() == json.loads(event.value)


def test_the_sdk_reads_what_was_wrapped() -> None:
    value = {"event_type": "email_received", "user_id": "zoë", "timestamp": "2026-03-01T12:30:15.000042"}
    found = as_the_sdk_reads(CODEC.wrap("email.received", value, event_id=EventId("é 1"), key=None, now=NOW))
    assert (found.get_id(), found.get_type(), found.get_time()) == ("é 1", "email.received", AT)
    assert found.get_data() == value


@pytest.mark.parametrize("write", [to_binary, to_structured], ids=["binary", "structured"])
@pytest.mark.parametrize("time", [AT, datetime(2026, 3, 1, tzinfo=UTC)], ids=str)
def test_we_read_what_the_sdk_writes(write: Writer, time: datetime) -> None:
    attributes = {"id": "é 1", "source": "/shop?a=b", "type": "order.placed", "specversion": "1.0", "time": time}
    written = write(CloudEvent(attributes, {"a": ["zoë", 1.5, None]}), FORMAT)
    headers = tuple(written.headers.items())
    message = Message(topic="orders", key=None, value=written.value, headers=headers)
    event = CODEC.read(Delivery(partition=Partition(topic="orders", number=0), offset=0, at=NOW, message=message))
    assert (event.event_id, event.source, event.type, event.occurred_at) == ("é 1", "/shop?a=b", "order.placed", time)
    assert event.value == {"a": ["zoë", 1.5, None]}
