"""Composition roots of everything at once and of its demonstration: the other programs' roots on one database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from adapters.fernet.cipher import generate_key
from adapters.sqlite.database import open_database
from adapters.system.identifiers import SystemIdentifiers
from application.accounts import Accounts
from application.key_rotation import KeyRotation
from application.token_keeper import TokenKeeper
from modules.iacsgraph.settings import UpProgramSettings
from modules.runtime.environment import Environment
from modules.runtime.settings_loading import load
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.mail_archive import MailArchive
from ports.mail_queue import MailQueue
from ports.parked_events import ParkedEvents
from ports.supervision_log import SupervisionLog

if TYPE_CHECKING:
    from adapters.prometheus.metrics import PrometheusMetrics
    from adapters.sqlite.database import Database
    from application.event_consumer import EventConsumer
    from application.mail_processing import MailProcessing
    from application.outbox_relay import OutboxRelay
    from modules.account.schema import FileResult
    from modules.auth.compose import Auth
    from modules.auth.schema import SignInResult
    from modules.auth.signing_in import Board
    from modules.iacsgraph.http import Page
    from modules.iacsgraph.syncing import Syncing
    from modules.runtime.event_bus import EventBus
    from modules.simulator.browser import Browser
    from ports.event_codec import EventCodec
    from ports.mail_analyst import MailAnalyst
    from ports.mail_readers import MailReaders
    from ports.mailbox import Mailbox


@attrs.frozen(kw_only=True)
class Up:
    """Everything at once: what is to be done, and what tells how it stands."""

    keeper: TokenKeeper
    sync: "Syncing"
    processing: "MailProcessing"
    relay: "OutboxRelay"
    accounts: Accounts
    archive: MailArchive
    queue: MailQueue
    outbox: ParkedEvents
    page: "Page"
    clock: Clock
    identifiers: Identifiers
    log: SupervisionLog


@attrs.frozen(kw_only=True)
class _Opened:
    """What is open, once for all programs."""

    database: "Database"
    auth: "Auth"
    mailbox: "Mailbox"
    analyst: "MailAnalyst | None"
    readers: "MailReaders | None"
    bus: "EventBus"
    metrics: "PrometheusMetrics"


@asynccontextmanager
async def compose_up(settings: UpProgramSettings) -> AsyncIterator[Up]:
    """Open database, provider, bus and token service once, and wire every program on them.

    Raises:
        ConfigurationError: the provider has no mailboxes (PROVIDER_FOR_PRACTICE).
    """
    async with _open(settings) as opened:
        yield _wire_up(opened, settings)


@asynccontextmanager
async def _open(settings: UpProgramSettings) -> AsyncIterator[_Opened]:
    from adapters.logging.authentication_log import LoggingAuthenticationLog
    from adapters.logging.mailbox_log import LoggingMailboxLog
    from adapters.prometheus.metrics import PrometheusMetrics
    from application.several_logs import SeveralAuthenticationLogs, SeveralMailboxLogs
    from modules.auth import compose as auth
    from modules.auth.settings import AuthSettings
    from modules.mail_process.compose import open_analyst, open_readers
    from modules.runtime.compose import open_event_bus, open_provider

    metrics = PrometheusMetrics()
    needs = AuthSettings(
        database=settings.database, encryption=settings.encryption, provider=settings.provider, azure=settings.azure
    )
    log = SeveralAuthenticationLogs([LoggingAuthenticationLog(), metrics.authentication])
    mailbox_log = SeveralMailboxLogs([LoggingMailboxLog(), metrics.mailbox])
    async with (
        open_provider(settings.provider, log=mailbox_log) as provider,
        open_analyst(settings.openai, settings.provider.ca_file) as analyst,
        open_readers(settings.processing) as readers,
        open_database(settings.database.path) as database,
        open_event_bus(settings.bus, database) as bus,
        auth.wire(database, provider, needs, log=log) as wired,
    ):
        mailbox = provider.needed_mailbox()(wired.service, settings.graph)
        yield _Opened(
            database=database,
            auth=wired,
            mailbox=mailbox,
            analyst=analyst,
            readers=readers,
            bus=bus,
            metrics=metrics,
        )


def _wire_up(opened: _Opened, settings: UpProgramSettings) -> Up:
    from adapters.logging.mail_log import LoggingMailLog
    from adapters.logging.messaging_log import LoggingMessagingLog
    from adapters.logging.supervision_log import LoggingSupervisionLog
    from adapters.prometheus.metrics import CONTENT_TYPE
    from application.applications import Applications
    from application.several_logs import SeveralMailLogs, SeveralMessagingLogs
    from modules.events import compose as events
    from modules.events.settings import OutboxSettings
    from modules.iacsgraph.http import Page
    from modules.iacsgraph.syncing import Syncing
    from modules.mail_process import compose as mail_process
    from modules.mail_process.settings import MailProcessSettings
    from modules.mail_sync import compose as mail_sync
    from modules.mail_sync.settings import MailSyncSettings
    from modules.runtime.applications import default_application

    database, metrics, kept = opened.database, opened.metrics, settings.bus.events
    mail_log = SeveralMailLogs([LoggingMailLog(), metrics.mail])
    messaging_log = SeveralMessagingLogs([LoggingMessagingLog(), metrics.messaging])
    of_sync = MailSyncSettings(
        database=settings.database,
        encryption=settings.encryption,
        graph=settings.graph,
        sync=settings.sync,
        events=kept,
        time=settings.time,
    )
    of_processing = MailProcessSettings(
        database=settings.database, processing=settings.processing, openai=settings.openai, events=kept
    )
    of_events = OutboxSettings(database=settings.database, bus=settings.bus, time=settings.time)
    applications = Applications(default=default_application(settings.azure))
    syncing = mail_sync.wire(database, opened.mailbox, applications, of_sync, log=mail_log)
    processing = mail_process.wire(database, of_processing, opened.analyst, readers=opened.readers, log=mail_log)
    carrying = events.wire(database, opened.bus, of_events, log=messaging_log)
    return Up(
        keeper=opened.auth.keeper,
        sync=Syncing(syncing.watch),
        processing=processing.processing,
        relay=carrying.relay,
        accounts=opened.auth.accounts,
        archive=processing.archive,
        queue=processing.queue,
        outbox=carrying.outbox.parked,
        page=Page(content_type=CONTENT_TYPE, write=metrics.page),
        clock=opened.auth.clock,
        identifiers=SystemIdentifiers(),
        log=LoggingSupervisionLog(),
    )


def new_key() -> str:
    """Return a new encryption key."""
    return generate_key()


def open_browser(username: str, password: str) -> "AbstractAsyncContextManager[Browser]":
    """Open the browser of a person of the local Microsoft 365."""
    from modules.simulator.browser import Browser

    return Browser(username, password)


@attrs.frozen(kw_only=True)
class Demo:
    """Everything at once as `iacsgraph up` wires it, and what else a demonstration does with it."""

    up: Up
    settings: UpProgramSettings
    environment: Environment = attrs.field(repr=False)
    consumer: "EventConsumer"
    codec: "EventCodec"
    rotation: KeyRotation
    opened: _Opened = attrs.field(repr=False)

    async def enrol(self, directory: Path) -> "Sequence[FileResult]":
        """Enrol the accounts of a directory's YAML files, as `account enroll` does.

        Raises: as `enrol_files`.
        """
        from modules.account import compose as account
        from modules.account.enrolling import Wishes, enrol_files
        from modules.account.settings import read_settings

        tools = account.wire(self.opened.database, read_settings(self.environment))
        run = await enrol_files(tools, Wishes(paths=(directory,), actor="demo"), self.environment)
        return run.results

    async def sign_in(self, board: "Board") -> "Sequence[SignInResult]":
        """Sign in the owners of all accounts, as `auth login` does; `board` is told where each has to go.

        Raises: ConfigurationError if there is no port for browsers to come back to.
        """
        from modules.auth.listening import listening
        from modules.auth.signing_in import Login
        from modules.auth.visitors import Visitors

        auth, visitors = self.opened.auth, Visitors()
        accounts = [account async for account in self.up.accounts.every()]
        applications = [await auth.sign_ins.application_of(account.user_id) for account in accounts]
        uris = [each.redirect_uri for each in applications if each.redirect_uri is not None]
        async with listening(auth, uris, self.settings.provider.authority, visitors) as redirects:
            login = Login(auth=auth, board=board, redirects=redirects, visitors=visitors)
            return [result for result, _ in await login.run(accounts)]


@asynccontextmanager
async def compose_demo(environment: Environment) -> AsyncIterator[Demo]:
    """Open everything as `compose_up` does, with the settings of the demonstration.

    Raises: as `compose_up`.
    """
    from modules.admin import compose as admin
    from modules.admin.settings import KeyToolSettings
    from modules.events import compose as events
    from modules.events.settings import OutboxSettings

    settings = load(UpProgramSettings, environment)
    async with _open(settings) as opened:
        database, of_events = opened.database, OutboxSettings(database=settings.database, bus=settings.bus)
        carried = events.wire(database, opened.bus, of_events)
        keys = admin.wire(database, KeyToolSettings(database=settings.database, encryption=settings.encryption))
        yield Demo(
            up=_wire_up(opened, settings),
            settings=settings,
            environment=environment,
            consumer=carried.consumer,
            codec=carried.tools.codec,
            rotation=keys.rotation,
            opened=opened,
        )
