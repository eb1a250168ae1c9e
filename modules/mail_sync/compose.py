"""Composition root of the sync of mailboxes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.sqlite.database import Database, open_current
from adapters.sqlite.mail_archive import SqliteMailArchive
from adapters.sqlite.mail_queue import SqliteMailQueue
from adapters.system.clock import SystemClock

if TYPE_CHECKING:
    from datetime import datetime

    from application.applications import Applications
    from application.mail_reconciliation import MailReconciliation
    from application.mail_sync import MailSync
    from application.mail_sync_watch import MailSyncWatch
    from modules.mail_sync.settings import MailStatsSettings, MailSyncSettings
    from ports.clock import Clock
    from ports.mail_archive import MailArchive
    from ports.mail_log import MailLog
    from ports.mail_queue import MailQueue
    from ports.mailbox import Mailbox


@attrs.frozen(kw_only=True)
class MailSyncing:
    """The use cases of this module. `watch` syncs all accounts again and again, as the settings say."""

    sync: "MailSync"
    reconciliation: "MailReconciliation"
    watch: "MailSyncWatch"
    clock: "Clock"


@attrs.frozen(kw_only=True)
class Stored:
    """What is stored, for looking."""

    archive: "MailArchive"
    queue: "MailQueue"


def now() -> "datetime":
    """Return the time, for what people say relative to it."""
    return SystemClock().now()


def wire(
    database: Database,
    mailbox: "Mailbox",
    applications: "Applications",
    settings: "MailSyncSettings",
    *,
    log: "MailLog | None" = None,
) -> MailSyncing:
    """Build the use cases on an open database and the process's mailboxes; `log` is by default the mail log."""
    from adapters.fernet.cipher import FernetCipher
    from adapters.logging.mail_log import LoggingMailLog
    from adapters.sqlite.account_store import SqliteAccountStore
    from adapters.sqlite.mail_sync_store import SqliteMailSyncStore
    from adapters.system.identifiers import SystemIdentifiers
    from application.mail_reconciliation import MailReconciliation
    from application.mail_sync import MailSync
    from application.mail_sync_watch import MailSyncWatch, SyncTimes
    from modules.runtime.compose import event_codec

    clock, codec, wanted = SystemClock(), event_codec(settings.events, settings.time), settings.sync
    sync = MailSync(
        accounts=SqliteAccountStore(database, FernetCipher(settings.encryption.keys), codec),
        applications=applications,
        mailbox=mailbox,
        store=SqliteMailSyncStore(database, codec),
        clock=clock,
        log=LoggingMailLog() if log is None else log,
        excluded=wanted.exclude,
        reach=wanted.reach,
    )
    watch = MailSyncWatch(
        sync=sync,
        clock=clock,
        identifiers=SystemIdentifiers(),
        times=SyncTimes(interval=wanted.interval),
        concurrency=wanted.concurrency,
    )
    return MailSyncing(sync=sync, reconciliation=MailReconciliation(sync=sync), watch=watch, clock=clock)


@asynccontextmanager
async def compose(settings: "MailSyncSettings") -> AsyncIterator[MailSyncing]:
    """Open the provider, the database and the token service, and wire.

    Raises:
        ConfigurationError: the provider has no mailboxes (PROVIDER_FOR_PRACTICE).
    """
    from modules.runtime.compose import open_mailboxes

    async with open_mailboxes(settings) as opened:
        yield wire(opened.database, opened.mailbox, opened.applications, settings)


@asynccontextmanager
async def compose_stats(settings: "MailStatsSettings") -> AsyncIterator[Stored]:
    """Open the database as it is."""
    async with open_current(settings.database.path) as database:
        queue = SqliteMailQueue(database, CloudEventCodec(), SystemClock())
        yield Stored(archive=SqliteMailArchive(database), queue=queue)
