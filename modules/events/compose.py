"""Composition root of the events on their way."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import attrs

from adapters.logging.messaging_log import LoggingMessagingLog
from adapters.sqlite.database import Database, open_current, open_database
from adapters.sqlite.inbox import SqliteInbox
from adapters.sqlite.outbox import SqliteOutbox
from adapters.sqlite.parked_events import SqliteParkedEvents
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.dead_letter_queue import DeadLetterQueue
from application.event_consumer import EventConsumer
from application.event_sender import EventSender
from application.outbox_relay import OutboxRelay, RelayTimes
from modules.events.schema import SchemaDocuments
from modules.events.settings import BusToolSettings, OutboxSettings
from modules.runtime.compose import event_codec, open_event_bus
from modules.runtime.event_bus import EventBus
from modules.runtime.event_settings import EventSettings
from ports.clock import Clock
from ports.event_codec import EventCodec
from ports.inbox import Inbox
from ports.messaging_log import MessagingLog
from ports.parked_events import ParkedEvents

_FOR_EVER = timedelta(days=36_500)


@attrs.frozen(kw_only=True)
class BusTools:
    """What can be done on the bus."""

    bus: EventBus
    codec: EventCodec
    sender: EventSender
    dead_letters: DeadLetterQueue
    clock: Clock


@attrs.frozen(kw_only=True)
class OutboxTools:
    """What can be done about the outbox without the bus."""

    parked: ParkedEvents
    codec: EventCodec
    clock: Clock


@attrs.frozen(kw_only=True)
class Events:
    """The use cases of this module."""

    tools: BusTools
    outbox: OutboxTools
    relay: OutboxRelay
    consumer: EventConsumer
    inbox: Inbox


def wire(database: Database, bus: EventBus, settings: OutboxSettings, *, log: MessagingLog | None = None) -> Events:
    """Build the use cases on an open database and bus. The relay is run with `open_outbox_relay`.

    `log` is by default the messaging log.
    """
    clock, identifiers, inbox = SystemClock(), SystemIdentifiers(), SqliteInbox(database)
    log = LoggingMessagingLog() if log is None else log
    return Events(
        tools=_wire_bus(bus, settings),
        outbox=_wire_outbox(database, settings),
        relay=OutboxRelay(
            outbox=SqliteOutbox(database, clock),
            inbox=inbox,
            publisher=bus.publisher,
            transfer=bus.transfer,
            clock=clock,
            identifiers=identifiers,
            log=log,
            times=relay_times(settings.bus.events),
        ),
        consumer=EventConsumer(
            subscriber=bus.subscriber,
            publisher=bus.publisher,
            codec=_codec(settings),
            clock=clock,
            identifiers=identifiers,
            log=log,
        ),
        inbox=inbox,
    )


@asynccontextmanager
async def compose(settings: OutboxSettings) -> AsyncIterator[Events]:
    """Open the database, migrating it, and the bus, and wire."""
    async with (
        open_database(settings.database.path) as database,
        open_event_bus(settings.bus, database) as bus,
    ):
        yield wire(database, bus, settings)


@asynccontextmanager
async def compose_bus(settings: BusToolSettings, *, reading: bool = False) -> AsyncIterator[BusTools]:
    """Open the bus, with the database if it is the bus: migrating that or, for `reading`, as it is."""
    async with AsyncExitStack() as stack:
        database = None
        if settings.bus.kind == "embedded" and settings.database is not None:
            opened = (open_current if reading else open_database)(settings.database.path)
            database = await stack.enter_async_context(opened)
        bus = await stack.enter_async_context(open_event_bus(settings.bus, database))
        yield _wire_bus(bus, settings)


@asynccontextmanager
async def compose_outbox(settings: OutboxSettings, *, reading: bool = False) -> AsyncIterator[OutboxTools]:
    """Open the database alone: migrating it or, for `reading`, as it is."""
    async with (open_current if reading else open_database)(settings.database.path) as database:
        yield _wire_outbox(database, settings)


def relay_times(settings: EventSettings) -> RelayTimes:
    """Remember what was handled for as long as a message may come again: by a replay, and by a replay of that."""
    kept = settings.plan.retention, settings.plan.dead_letter_retention
    handled = min(2 * sum((each for each in kept if each), timedelta()), _FOR_EVER)
    return RelayTimes(
        keep_published=timedelta(hours=settings.outbox_retention_hours),
        keep_handled=_FOR_EVER if None in kept else handled,
    )


def _wire_bus(bus: EventBus, settings: BusToolSettings | OutboxSettings) -> BusTools:
    codec, clock = _codec(settings), SystemClock()
    return BusTools(
        bus=bus,
        codec=codec,
        sender=EventSender(publisher=bus.publisher, codec=codec, clock=clock, identifiers=SystemIdentifiers()),
        dead_letters=DeadLetterQueue(
            subscriber=bus.subscriber, publisher=bus.publisher, topics=bus.topics, clock=clock
        ),
        clock=clock,
    )


def _wire_outbox(database: Database, settings: OutboxSettings) -> OutboxTools:
    return OutboxTools(parked=SqliteParkedEvents(database), codec=_codec(settings), clock=SystemClock())


def _codec(settings: BusToolSettings | OutboxSettings) -> EventCodec:
    return event_codec(settings.bus.events, settings.time)


def schema_documents() -> SchemaDocuments:
    """Return what describes our events."""
    from adapters.cloudevents.asyncapi import asyncapi
    from adapters.cloudevents.schemas import schemas

    return SchemaDocuments(by_type=schemas(), all_events=asyncapi())
