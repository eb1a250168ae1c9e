"""What a worker does: everything that `iacsgraph up` does, by its own code, in a hurry and with windows."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs

from adapters.sqlite.mail_queue import SqliteMailQueue
from adapters.sqlite.mail_sync_store import SqliteMailSyncStore
from adapters.system.clock import SystemClock
from application.mail_processing import MailProcessing, ProcessingTimes
from application.mail_sync_watch import MailSyncWatch
from application.outbox_relay import OutboxRelay, RelayTimes
from domain.mail_sync import MailId
from domain.retrying import RetryPolicy
from modules.iacsgraph.compose import Up, compose_up
from modules.iacsgraph.settings import UpProgramSettings
from modules.iacsgraph.up import serve, works
from modules.runtime.environment import Environment
from modules.runtime.settings_loading import load
from tests.fakes.shared_heedless_events import EarlyMarkingPublisher
from tests.fakes.shared_heedless_mail import (
    CursorFirstStore,
    LateEventsQueue,
    UncomparedStore,
    UnleasedQueue,
    UnverifiedStore,
)
from tests.fakes.shared_watched_mail import Gate, WatchedAnalyses, WatchedQueue, WatchedSyncStore
from tests.fakes.shared_watched_relay import WatchedPublisher, WatchedTransfer
from tests.fakes.shared_watched_store import Say
from tests.processes.windows import Windows

CURSOR, REVISION, VERIFICATION, EVENT, LEASE, MARK = PROTECTIONS = (
    *("cursor", "revision", "verification"),
    *("event", "lease", "mark"),
)
"""What can be switched off: see `tests/fakes/shared_heedless_mail.py`, for the last `shared_heedless_events.py`."""
CLAIMS = "claims"
"""Where processes write down what they claim."""
_STORES = {CURSOR: CursorFirstStore, REVISION: UncomparedStore, VERIFICATION: UnverifiedStore}
_QUEUES = {EVENT: LateEventsQueue, LEASE: UnleasedQueue}
_SOON = timedelta(milliseconds=200)
_POLL = timedelta(milliseconds=100)


@attrs.frozen(kw_only=True)
class Options:
    """What `open` is told. `books` is a directory for what processes write down; `lease` is in seconds."""

    database: str
    books: str
    variables: Mapping[str, str]
    without: str = ""
    lease: float = 1.5

    @property
    def settings(self) -> UpProgramSettings:
        """Return the settings, as the program reads them."""
        own = {"DATABASE_PATH": self.database, "UP_LISTEN": "127.0.0.1:0"}
        return load(UpProgramSettings, Environment.read({**self.variables, **own}, Path(self.books)))


@attrs.define(kw_only=True)
class Session:
    """Everything, open in one process. Each public method is a command."""

    parts: Up
    settings: UpProgramSettings
    stopping: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def up(self) -> None:
        """Do all of it until stopped."""
        await serve(self.parts, works(self.parts), self.settings.up, self.stopping, ready=lambda _: None)

    async def stop(self) -> None:
        """Let it come to its end."""
        self.stopping.set()

    async def page(self) -> Sequence[str]:
        """Return the ids of mails that are held on their way from the mailbox to the store."""
        store = self.parts.sync.watch.sync.store
        assert isinstance(store, WatchedSyncStore)
        return list(store.waiting)

    async def restore(self, mail_id: str) -> bool:
        """Restore a mail that was dropped."""
        return await self.parts.queue.restore(MailId(mail_id), "test", SystemClock().now())


def opened(told: Mapping[str, Any], windows: Windows, say: Say) -> AbstractAsyncContextManager[Session]:
    """Open a session with these options."""
    return open_session(Options(**told), windows, say)


@asynccontextmanager
async def open_session(options: Options, windows: Windows, say: Say) -> AsyncIterator[Session]:
    """Open everything as the program does, and put the windows in."""
    settings = options.settings
    async with compose_up(settings) as up:
        gate = Gate(windows.at, asyncio.get_running_loop())
        up.sync.watch = _sync(options, up.sync.watch, gate)
        queue, processing = _processing(options, up.processing, gate)
        relay = _relay(options, up.relay, windows, say)
        yield Session(parts=attrs.evolve(up, processing=processing, queue=queue, relay=relay), settings=settings)


def _sync(options: Options, watch: MailSyncWatch, gate: Gate) -> MailSyncWatch:
    store = watch.sync.store
    assert isinstance(store, SqliteMailSyncStore)
    watched = _STORES.get(options.without, WatchedSyncStore)(store.database, store.codec, gate)
    retry = RetryPolicy(first=_SOON, last=timedelta(seconds=1))
    times = attrs.evolve(watch.times, look=timedelta(seconds=1), retry=retry)
    return attrs.evolve(watch, sync=attrs.evolve(watch.sync, store=watched), times=times)


def _processing(options: Options, processing: MailProcessing, gate: Gate) -> tuple[WatchedQueue, MailProcessing]:
    queue, reading, clock = processing.queue, processing.reading, processing.clock
    assert isinstance(queue, SqliteMailQueue)
    claims = Path(options.books) / CLAIMS
    watched = _QUEUES.get(options.without, WatchedQueue)(queue.database, queue.codec, clock, gate=gate, claims=claims)
    if reading.analysis is not None:
        analysis = attrs.evolve(reading.analysis, analyses=WatchedAnalyses(queue.database, gate))
        reading = attrs.evolve(reading, analysis=analysis)
    times = ProcessingTimes(lease=timedelta(seconds=options.lease), poll=_POLL, drain=timedelta(seconds=2))
    return watched, attrs.evolve(processing, queue=watched, reading=reading, times=times, limit=8)


def _relay(options: Options, relay: OutboxRelay, windows: Windows, say: Say) -> OutboxRelay:
    """Watch how events leave; only over messages are they marked apart from being sent."""
    lease = timedelta(seconds=options.lease)
    times = RelayTimes(lease=lease, publish=lease / 2, poll=_POLL, drain=timedelta(seconds=2))
    if options.without == MARK:
        sent = WatchedPublisher(inner=relay.publisher, say=say, at_window=windows.at)
        early = EarlyMarkingPublisher(inner=sent, outbox=relay.outbox, clock=relay.clock)
        return attrs.evolve(relay, publisher=early, transfer=None, times=times)
    assert relay.transfer is not None, "the embedded log is in the outbox's database"
    transfer = WatchedTransfer(inner=relay.transfer, outbox=relay.outbox, at_window=windows.at)
    return attrs.evolve(relay, transfer=transfer, times=times)
