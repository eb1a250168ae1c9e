"""CloudEvents 1.0, Kafka protocol binding, binary content mode: attributes as `ce_*` headers, data as a JSON value.

Source: CloudEvents specification 1.0.2; Kafka Protocol Binding for CloudEvents 1.0.2 section 3.2.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from functools import cached_property

import attrs
import cattrs

from adapters.cloudevents.attributes import SOURCE, Attributes, dotted, headers_of_fact
from adapters.cloudevents.fact_members import TYPES, Write, make_writer
from adapters.cloudevents.fact_values import CLASSES, faults, make_converter
from adapters.cloudevents.json_text import write_object
from adapters.cloudevents.reading import read_message
from adapters.cloudevents.times import any_time, time_text
from domain.errors import ValidationError
from domain.events import Event, EventId, MailEvent
from domain.messages import Delivery
from domain.validation import not_blank
from ports.event_codec import EncodedEvent, EventCodec, ReceivedEvent

ACCOUNT_TOPIC = "account.events"
EMAIL_TOPIC = "email.received"
_LONGEST_QUOTED = 100


@attrs.frozen(kw_only=True)
class CloudEventCodec(EventCodec):
    """Facts have their account's user id for a key, so that one account's events stay in order, of one topic each.

    `email_topic` is that of all that happens to mail. `zone` is that of times without an offset, which producers of
    plain JSON write (`datetime.now().isoformat()`). Such a producer's time that cannot be read is not known; that of a
    CloudEvent makes it undecodable.
    """

    zone: tzinfo = UTC
    email_topic: str = attrs.field(default=EMAIL_TOPIC, validator=not_blank)

    @cached_property
    def _converter(self) -> cattrs.Converter:
        """Made when the first event comes: it costs as much as reading a token from a new process."""
        return make_converter()

    @cached_property
    def _write(self) -> Write:
        """As the converter."""
        return make_writer()

    def encode(self, event: Event) -> EncodedEvent:
        """Encode; members in a fixed order."""
        moment = time_text(event.occurred_at)
        topic, subject = ACCOUNT_TOPIC, str(event.account_id)
        if isinstance(event, MailEvent):
            topic, subject = self.email_topic, event.mail_id
        try:
            value = self._write(event, moment)
        except UnicodeEncodeError:
            raise _unencodable(topic, event.event_id, "A text in it is no Unicode.") from None  # the cause holds it
        return EncodedEvent(
            event_id=event.event_id,
            topic=topic,
            key=event.user_id,
            value=value,
            headers=headers_of_fact(event.event_id, TYPES[type(event)], subject, moment),
        )

    def wrap(
        self, topic: str, value: Mapping[str, object], *, event_id: EventId, key: str | None, now: datetime
    ) -> EncodedEvent:
        """Wrap; without `event_type` the type is the topic's name, without any key the event's id is the key."""
        try:
            event = self._wrapped(topic, value, event_id, key, now)
            event.message()  # what can be stored but not be published would keep others back
        except ValidationError as error:
            raise _unencodable(topic, event_id, error.message) from error
        except (TypeError, ValueError, RecursionError) as error:
            raise _unencodable(topic, event_id, "It is no JSON.") from error
        return event

    def read(self, delivery: Delivery) -> ReceivedEvent:
        """Read; the attributes of a CloudEvent go before members of its value."""
        try:
            return read_message(delivery, self.zone)
        except (ValueError, ValidationError) as error:
            raise _undecodable(delivery, f"Message {delivery.place} is no event: {error}") from error

    def decode(self, event: ReceivedEvent) -> Event:
        """Decode by the type."""
        cls = CLASSES.get(event.type or "")
        known = {"event_id": event.event_id}
        if cls is None:
            name = repr(event.type)[:_LONGEST_QUOTED]
            raise _undecodable(event.delivery, f"Event {event.event_id!r} is of unknown type {name}.", known)
        try:
            fact: Event = self._converter.structure(event.value, cls)  # type: ignore[assignment]
        except cattrs.BaseValidationError as error:
            problem = f"Event {event.event_id!r} is malformed: {faults(error)}"
            raise _undecodable(event.delivery, problem, known) from error
        return fact

    def _wrapped(
        self, topic: str, value: Mapping[str, object], event_id: EventId, key: str | None, now: datetime
    ) -> EncodedEvent:
        owner, name, time = (_text_member(value, member) for member in ("user_id", "event_type", "timestamp"))
        moment = now if time is None else any_time(time, self.zone)
        if moment is None:
            raise ValidationError("`timestamp` must be a time (ISO 8601).")
        attributes = Attributes(id=event_id, type=topic if name is None else dotted(name), source=SOURCE, time=moment)
        keys = (each for each in (key, owner, event_id) if each is not None)
        return EncodedEvent(
            event_id=event_id, topic=topic, key=next(keys), value=write_object(value), headers=attributes.headers()
        )


def _text_member(value: Mapping[str, object], name: str) -> str | None:
    text = value.get(name)
    if text is None or (isinstance(text, str) and text.strip()):
        return text
    raise ValidationError(f"`{name}` must be text.")


def _unencodable(topic: str, event_id: EventId, problem: str) -> ValidationError:
    return ValidationError(
        f"The event {event_id!r} for topic {topic!r} cannot be written: {problem}",
        error_code="EVENT_UNENCODABLE",
        details={"event_id": event_id, "topic": topic},
    )


def _undecodable(delivery: Delivery, message: str, details: Mapping[str, object] | None = None) -> ValidationError:
    return ValidationError(
        message,
        error_code="EVENT_UNDECODABLE",
        details={**(details or {}), "topic": delivery.partition.topic, "place": delivery.place},
    )
