"""The log of events as programs hold it."""

import attrs

from ports.event_publisher import EventPublisher
from ports.event_subscriber import EventSubscriber
from ports.event_topics import EventTopics
from ports.outbox_transfer import OutboxTransfer


@attrs.frozen(kw_only=True)
class EventBus:
    """The three sides of one log; `kind` is `embedded` or `kafka`. `transfer` is there if the outbox is in it, too."""

    kind: str
    publisher: EventPublisher
    subscriber: EventSubscriber
    topics: EventTopics
    transfer: OutboxTransfer | None = None
