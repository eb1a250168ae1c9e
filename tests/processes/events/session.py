"""What a worker does with events: the product's stores and use cases on one database file, wired as a program would."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import attrs

from adapters.cloudevents.event_codec import ACCOUNT_TOPIC, CloudEventCodec
from adapters.memory.cipher import MemoryCipher
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.inbox import SqliteInbox
from adapters.sqlite.outbox import SqliteOutbox
from adapters.sqlite.parked_events import SqliteParkedEvents
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.dead_letter_queue import DeadLetterQueue
from application.event_consumer import EventConsumer
from application.outbox_relay import OutboxRelay, RelayTimes, open_outbox_relay
from application.partition_work import ConsumerTimes
from domain import lifecycle
from domain.account import Account, AccountId, AccountStatus
from domain.change import AccountChange
from domain.errors import IACSGraphError
from domain.events import Event, EventId
from domain.lifecycle import Act
from domain.messages import Delivery, Message, Partition
from domain.retrying import RetryPolicy
from ports.event_codec import EncodedEvent
from ports.event_publisher import EventPublisher
from ports.event_subscriber import EventSubscriber, Start
from tests.fakes.shared_heedless_events import (
    EarlyCommittingSubscriber,
    EarlyMarkingPublisher,
    HeedlessPublisher,
    UnleasedOutbox,
)
from tests.fakes.shared_watched_relay import WatchedOutbox, WatchedPublisher, append_lines
from tests.fakes.shared_watched_store import Say
from tests.processes.commands import Opener
from tests.processes.events.bus import Bus, BusNeeds, BusOpener
from tests.processes.events.effects import TABLE, Effects, number_of
from tests.processes.events.told_log import ToldLog
from tests.processes.windows import Windows

HANDLED, MARK, LEASE, COMMIT, ORDER = PROTECTIONS = ("handled", "mark", "lease", "commit", "order")
"""What can be switched off: see `tests/fakes/shared_heedless_events.py` and `Effects.heeds_handled`."""
_PAUSE = 0.05
_HURRIED = RetryPolicy(first=timedelta(milliseconds=50), last=timedelta(seconds=1))


@attrs.frozen(kw_only=True)
class Options:
    """What `open` is told. Durations are in seconds. `books` is a directory for what processes write down."""

    database: str
    books: str
    topic: str = ACCOUNT_TOPIC
    servers: str = ""
    without: str = ""
    busy: float = 0.5
    patience: float = 2.0
    member: float = 1.0
    lease: float = 1.0
    failures: int = 0

    @property
    def relay_times(self) -> RelayTimes:
        """Return times after which a killed relay is soon replaced."""
        lease = timedelta(seconds=self.lease)
        return RelayTimes(lease=lease, publish=lease / 2, poll=timedelta(milliseconds=100), drain=timedelta(seconds=2))


@attrs.frozen(kw_only=True)
class TopicCodec(CloudEventCodec):
    """Writes to a topic of the test's own: a broker may be shared."""

    topic: str

    def encode(self, event: Event) -> EncodedEvent:
        """Encode as ever, but for the topic."""
        return attrs.evolve(super().encode(event), topic=self.topic)


@attrs.frozen(kw_only=True)
class Session:
    """One open database in one process. Each public method is a command; answers are JSON."""

    database: Database
    accounts: SqliteAccountStore
    outbox: WatchedOutbox
    relaying: OutboxRelay
    bus: Bus
    consumer: EventConsumer
    effects: Effects
    acknowledged: Path
    topic: str
    stopping: asyncio.Event = attrs.field(factory=asyncio.Event)

    @property
    def group(self) -> str:
        """The group of all consumers."""
        return f"effects-of-{self.topic}"

    async def enrol(self, users: Sequence[str]) -> None:
        """Add accounts, and the table of effects."""
        await self.database.execute(TABLE)
        for user in users:
            account_id = AccountId(SystemIdentifiers().unique())
            email = f"{user}@example.org"
            await self.accounts.save(lifecycle.enrol(account_id, act(), user_id=user, name=user, email=email))

    async def append(
        self, users: Sequence[str], rounds: int | None = None, burst: int = 5, pause: float = 0, reason: str = ""
    ) -> None:
        """Change accounts, several times in a row each, until stopped; a store that fails for a moment is asked again.

        What was acknowledged is written down.
        """
        chance = random.Random()  # noqa: S311 - a choice of work, not a secret
        for _ in count() if rounds is None else range(rounds):
            user = chance.choice(users)
            for _ in range(burst):
                change = await self._change(user, reason)
                append_lines(self.acknowledged, [f"{user} {change.after.version}"])
            await asyncio.sleep(pause)
            if self.stopping.is_set():
                return

    async def relay(self) -> None:
        """Relay until stopped."""
        async with open_outbox_relay(self.relaying):
            await self.stopping.wait()

    async def consume(self) -> None:
        """Consume until stopped."""
        async with self.consumer.subscribe(self.topic, self.effects.handle, self.group):
            await self.stopping.wait()

    async def carry(self) -> None:
        """Relay and consume until stopped, as a program does that runs both."""
        async with (
            open_outbox_relay(self.relaying),
            self.consumer.subscribe(self.topic, self.effects.handle, self.group),
        ):
            await self.stopping.wait()

    async def stop(self) -> None:
        """Let the others come to their end."""
        self.stopping.set()

    async def asked(self) -> int:
        """Return how often this process's relay had an answer to its claim, or settled something."""
        return self.outbox.asked

    async def publish(self, values: Sequence[str], key: str) -> None:
        """Publish text as it is, past the outbox."""
        messages = [Message(topic=self.topic, key=key.encode(), value=value.encode()) for value in values]
        assert await self.bus.publisher.publish(messages) == [None] * len(values)

    async def waiting(self) -> int:
        """Return how many events wait in the outbox."""
        return (await SqliteParkedEvents(self.database).summary()).pending

    async def state(self) -> Mapping[str, int]:
        """Return how many events wait in the outbox, are parked there, and wait on the log; -1 if it does not say."""
        summary = await SqliteParkedEvents(self.database).summary()
        try:
            behind = await self._behind()
        except IACSGraphError:
            behind = -1
        return {"pending": summary.pending, "parked": summary.parked, "behind": behind}

    async def log(self) -> Sequence[tuple[str, str, int]]:
        """Return the id, the user and the number of each event on the log, in the order of each partition."""
        ends = await self.bus.topics.ends([self.topic])
        found: list[Delivery] = []
        subscriber, codec = self.bus.subscriber, CloudEventCodec()
        async with subscriber.subscribe([self.topic], None, start=Start.EARLIEST, revoked=_keep) as subscription:
            while not _reached(await subscription.positions(), ends):
                found += await subscription.receive(500, timedelta(milliseconds=200))
        events = [codec.read(delivery) for delivery in found]
        return [(event.event_id, str(event.value["user_id"]), number_of(event)) for event in events]

    async def letters(self) -> Sequence[tuple[str, int]]:
        """Return code and attempts of each dead letter."""
        queue = DeadLetterQueue(
            subscriber=self.bus.subscriber,
            publisher=self.bus.publisher,
            topics=self.bus.topics,
            clock=self.relaying.clock,
        )
        found = await queue.letters(self.topic)
        return [(letter.failure.error_code, letter.failure.attempts) for letter in found]

    async def _behind(self) -> int:
        """Return how much the group has yet to read; -1 while it does not know yet that it reads all of the topic."""
        lags = {lag.partition: lag.behind for lag in await self.bus.topics.lag(self.group)}
        everything = await self.bus.topics.ends([self.topic])
        return sum(lags.values()) if lags.keys() == everything.keys() else -1

    async def _change(self, user: str, reason: str) -> AccountChange:
        while True:
            try:
                change = await self.accounts.apply(user, lambda account: turned(account, reason))
            except IACSGraphError as error:
                if not error.transient:
                    raise
                await asyncio.sleep(_PAUSE)
            else:
                assert change is not None
                return change


def turned(account: Account, reason: str) -> AccountChange:
    """Lock or unlock; the reason begins with the number of the version to which it leads."""
    told = f"{account.version + 1} {reason}".rstrip()
    verb = lifecycle.unlock if account.status is AccountStatus.LOCKED else lifecycle.lock
    return verb(account, act(), told)


def act() -> Act:
    """Return an act of now."""
    return Act(actor="test", at=SystemClock().now(), event_id=EventId(SystemIdentifiers().unique()))


def _reached(positions: Mapping[Partition, int], ends: Mapping[Partition, int]) -> bool:
    return all(positions.get(each, 0) >= end for each, end in ends.items())


async def _keep(_: frozenset[Partition]) -> None:
    """Nothing is to be finished."""


def opener(open_bus: BusOpener) -> Opener:
    """Return what opens sessions on one kind of log."""

    def opened(told: Mapping[str, Any], windows: Windows, say: Say) -> AbstractAsyncContextManager[Session]:
        return open_session(Options(**told), windows, say, open_bus)

    return opened


@asynccontextmanager
async def open_session(options: Options, windows: Windows, say: Say, open_bus: BusOpener) -> AsyncIterator[Session]:
    """Open everything, as a composition root would."""
    clock, identifiers, codec = SystemClock(), SystemIdentifiers(), TopicCodec(topic=options.topic)
    books, log = Path(options.books), ToldLog(say)
    async with open_database(Path(options.database), busy_timeout=timedelta(seconds=options.busy)) as database:
        needs = BusNeeds(
            database=database,
            clock=clock,
            identifiers=identifiers,
            servers=options.servers,
            patience=timedelta(seconds=options.patience),
            member=timedelta(seconds=options.member),
        )
        store = UnleasedOutbox(database, clock) if options.without == LEASE else SqliteOutbox(database, clock)
        async with open_bus(needs) as bus:
            outbox = WatchedOutbox(inner=store, settled=books / "settled", clock=clock)
            relay = OutboxRelay(
                outbox=outbox,
                inbox=SqliteInbox(database),
                publisher=_publisher(options, bus.publisher, store, windows, say),
                clock=clock,
                identifiers=identifiers,
                log=log,
                times=options.relay_times,
            )
            consumer = EventConsumer(
                subscriber=_subscriber(options, bus.subscriber),
                publisher=bus.publisher,
                codec=codec,
                clock=clock,
                identifiers=identifiers,
                log=log,
                policy=_HURRIED,
                times=ConsumerTimes(commit=timedelta(milliseconds=200), poll=timedelta(milliseconds=200)),
            )
            effects = Effects(
                database=database,
                clock=clock,
                at_window=windows.at,
                failures=options.failures,
                heeds_handled=options.without != HANDLED,
            )
            yield Session(
                database=database,
                accounts=SqliteAccountStore(database, MemoryCipher(), codec),
                outbox=outbox,
                relaying=relay,
                bus=bus,
                consumer=consumer,
                effects=effects,
                acknowledged=books / "acknowledged",
                topic=options.topic,
            )


def _publisher(
    options: Options, publisher: EventPublisher, outbox: SqliteOutbox, windows: Windows, say: Say
) -> EventPublisher:
    if options.without == ORDER:
        publisher = HeedlessPublisher(inner=publisher, failed=lambda: say("refused"), clock=outbox.clock)
    watched = WatchedPublisher(inner=publisher, say=say, at_window=windows.at)
    if options.without == MARK:
        return EarlyMarkingPublisher(inner=watched, outbox=outbox, clock=outbox.clock)
    return watched


def _subscriber(options: Options, subscriber: EventSubscriber) -> EventSubscriber:
    return EarlyCommittingSubscriber(inner=subscriber) if options.without == COMMIT else subscriber
