"""The log of events as programs hold it."""

import attrs

from ports.event_publisher import EventPublisher
from ports.event_subscriber import EventSubscriber
from ports.event_topics import EventTopics


@attrs.frozen(kw_only=True)
class EventBus:
    """The three sides of one log; `kind` is `embedded` or `kafka`."""

    kind: str
    publisher: EventPublisher
    subscriber: EventSubscriber
    topics: EventTopics
