"""The log of events of one session, whichever it is."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import attrs

from adapters.sqlite.database import Database
from domain.topics import TopicPlan
from ports.clock import Clock
from ports.event_publisher import EventPublisher
from ports.event_subscriber import EventSubscriber
from ports.event_topics import EventTopics
from ports.identifiers import Identifiers

PLAN = TopicPlan(partitions=4)


@attrs.frozen(kw_only=True)
class Bus:
    """The three ports of one log."""

    publisher: EventPublisher
    subscriber: EventSubscriber
    topics: EventTopics


@attrs.frozen(kw_only=True)
class BusNeeds:
    """What a log is made with. `servers` is Kafka's address.

    `patience` is how long a broker is waited for, `member` how long a member of a group may be silent.
    """

    database: Database
    clock: Clock
    identifiers: Identifiers
    servers: str
    patience: timedelta
    member: timedelta


BusOpener = Callable[[BusNeeds], AbstractAsyncContextManager[Bus]]
