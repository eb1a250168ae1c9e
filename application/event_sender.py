"""Publishes single events that no store appends: an operator's, or another program's."""

from collections.abc import Mapping

import attrs

from domain.events import EventId
from ports.clock import Clock
from ports.event_codec import EventCodec
from ports.event_publisher import EventPublisher
from ports.identifiers import Identifiers


@attrs.frozen(kw_only=True)
class EventSender:
    """Sends past the outbox: what it returns from is on the log."""

    publisher: EventPublisher
    codec: EventCodec
    clock: Clock
    identifiers: Identifiers

    async def publish(
        self, topic: str, message: Mapping[str, object], *, key: str | None = None, event_id: EventId | None = None
    ) -> EventId:
        """Publish a JSON object and return the id under which consumers know it; the same id is the same event.

        Without `event_id` the member of that name counts, or a new one; without `key` the member `user_id`.

        Raises:
            ValidationError: it is no event (`EventCodec.wrap`).
            MessageRejectedError, MessagingError, DatabaseError: as `EventPublisher.publish`.
        """
        given = message.get("event_id")
        if event_id is None:
            event_id = EventId(given if isinstance(given, str) and given else self.identifiers.unique())
        event = self.codec.wrap(topic, message, event_id=event_id, key=key, now=self.clock.now())
        (error,) = await self.publisher.publish([event.message()])
        if error is not None:
            raise error
        return event.event_id
