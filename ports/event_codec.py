"""How events look on the wire."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import attrs

from domain.events import Event, EventId
from domain.messages import Delivery, Message
from domain.validation import not_blank, optional, utc


@attrs.frozen(kw_only=True)
class EncodedEvent:
    """Final bytes: what is stored in the outbox is what is published. Events with one key keep their order."""

    event_id: EventId
    topic: str
    key: str
    value: bytes = attrs.field(repr=False)
    headers: Mapping[str, str]

    def message(self) -> Message:
        """Return what is handed to the log of events."""
        headers = tuple([(name, value.encode()) for name, value in self.headers.items()])  # thousands at once
        return Message(topic=self.topic, key=self.key.encode(), value=self.value, headers=headers)


@attrs.frozen(kw_only=True)
class ReceivedEvent:
    """An event as a consumer gets it, from whatever producer; `value` is the JSON object, `type` as `email.received`.

    `event_id` is the producer's; of a message that carries none it is `Delivery.event_id`, the same every time, also
    when it is published again from a dead letter. `source` names the producer, where a CloudEvent does.
    """

    event_id: EventId = attrs.field(validator=not_blank)
    source: str | None = None
    type: str | None
    occurred_at: datetime | None = attrs.field(validator=optional(utc))
    value: Mapping[str, object] = attrs.field(repr=False)
    delivery: Delivery

    @property
    def identity(self) -> EventId:
        """What no other event has: producers number their events without knowing of each other.

        Source: CloudEvents specification 1.0.2 section 3.1.1, `id`: unique together with `source`.
        """
        if self.source is None:
            return EventId(_one_word(self.event_id))  # without a space: none that has a source is the same
        return EventId(f"{_one_word(self.source)} {self.event_id}")  # so that the first space parts them


def _one_word(text: str) -> str:
    return text.replace("%", "%25").replace(" ", "%20")


class EventCodec(Protocol):
    """Translates facts to messages and back. Pure computation; safe in any thread."""

    @abstractmethod
    def encode(self, event: Event) -> EncodedEvent:
        """Return the message; the same fact always gives the same bytes.

        Raises:
            ValidationError: EVENT_UNENCODABLE: a text in it is no Unicode (half of a surrogate pair).
        """

    @abstractmethod
    def wrap(
        self, topic: str, value: Mapping[str, object], *, event_id: EventId, key: str | None, now: datetime
    ) -> EncodedEvent:
        """Return the message for a JSON object that is not one of our facts.

        Its members `event_type`, `user_id` and `timestamp` become type, key and time where they are given; `key` goes
        before `user_id`, `event_id` before the member of that name, and `now` is the time of one without any.

        Raises:
            ValidationError: it cannot be written as JSON, or a member named here is not what it must be.
        """

    @abstractmethod
    def read(self, delivery: Delivery) -> ReceivedEvent:
        """Return the event in a message: CloudEvents in binary or structured mode, or plain JSON with `event_type`.

        Raises:
            ValidationError: EVENT_UNDECODABLE: it holds no JSON object, or its attributes are malformed.
        """

    @abstractmethod
    def decode(self, event: ReceivedEvent) -> Event:
        """Return the fact that `encode` was given. Unknown members are ignored: events grow additively.

        Raises:
            ValidationError: EVENT_UNDECODABLE: it is not of a known type or does not fit it.
        """
