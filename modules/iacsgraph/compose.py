"""Composition roots of everything at once and of the demonstration: the other programs' roots on one database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import attrs

from adapters.fernet.cipher import generate_key
from adapters.memory.identity_provider import MemoryIdentityProvider
from adapters.memory.tenant_directory import MemoryTenantDirectory
from adapters.sqlite.database import open_database
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.accounts import Accounts
from application.key_rotation import KeyRotation
from application.token_keeper import TokenKeeper
from application.token_service import TokenService
from domain.account import Identity, OAuthApplication
from domain.errors import ConfigurationError
from domain.token import Token
from modules.iacsgraph.settings import CLIENT_ID, CLIENT_SECRET, DemoSettings, UpProgramSettings
from modules.runtime.provider import Provider
from modules.runtime.settings import AzureSettings, DatabaseSettings, EncryptionSettings, ProviderSettings
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.mail_archive import MailArchive
from ports.mail_queue import MailQueue
from ports.parked_events import ParkedEvents
from ports.supervision_log import SupervisionLog

if TYPE_CHECKING:
    from adapters.prometheus.metrics import PrometheusMetrics
    from adapters.sqlite.database import Database
    from application.mail_processing import MailProcessing
    from application.outbox_relay import OutboxRelay
    from modules.auth.compose import Auth
    from modules.iacsgraph.http import Page
    from modules.iacsgraph.syncing import Syncing
    from modules.runtime.event_bus import EventBus
    from ports.mail_analyst import MailAnalyst
    from ports.mailbox import Mailbox


@attrs.frozen(kw_only=True)
class Demo:
    """One process of the demonstration."""

    accounts: Accounts
    service: TokenService
    keeper: TokenKeeper
    rotation: KeyRotation


@attrs.frozen
class Practice:
    """The practice provider with the one application that it knows."""

    provider: MemoryIdentityProvider
    application: OAuthApplication

    def sign_in(self, username: str) -> tuple[Token, Identity]:
        """Return what a person's completed sign-in gives."""
        return self.provider.sign_in(self.application, username), self.provider.users[username].identity

    def revoke(self, username: str) -> None:
        """Revoke the person's grant."""
        self.provider.revoke(username)

    def issued(self) -> list[str]:
        """Return every token that was ever given out."""
        return self.provider.issued()

    @property
    def refreshes(self) -> int:
        """Return how often a refresh was asked for."""
        return self.provider.calls["refresh"]


def make_practice(application: OAuthApplication, usernames: Sequence[str], lifetime: timedelta) -> Practice:
    """Return a provider that knows these users and gives tokens of this lifetime."""
    provider = MemoryIdentityProvider(clock=SystemClock(), identifiers=SystemIdentifiers(), lifetime=lifetime)
    provider.register(application)
    for username in usernames:
        provider.add_user(username)
    return Practice(provider, application)


def new_key() -> str:
    """Return a new encryption key."""
    return generate_key()


@asynccontextmanager
async def compose(settings: DemoSettings, practice: Practice) -> AsyncIterator[Demo]:
    """Open the database once and wire both programs on it."""
    from modules.admin import compose as admin
    from modules.admin.settings import KeyToolSettings
    from modules.auth import compose as auth
    from modules.auth.settings import AuthSettings

    database = DatabaseSettings(path=settings.directory / "demo.db")
    encryption = EncryptionSettings(keys=settings.keys)
    azure = AzureSettings(client_id=CLIENT_ID, client_secrets=(CLIENT_SECRET,))
    provider = ProviderSettings(provider="memory")
    async with open_database(database.path) as opened:
        keys = admin.wire(opened, KeyToolSettings(database=database, encryption=encryption))
        needs = AuthSettings(database=database, encryption=encryption, provider=provider, azure=azure)
        sides = Provider(identity=practice.provider, directory=MemoryTenantDirectory(provider=practice.provider))
        async with auth.wire(opened, sides, needs) as wired:
            yield Demo(accounts=wired.accounts, service=wired.service, keeper=wired.keeper, rotation=keys.rotation)


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
    bus: "EventBus"
    metrics: "PrometheusMetrics"


@asynccontextmanager
async def compose_up(settings: UpProgramSettings) -> AsyncIterator[Up]:
    """Open database, provider, bus and token service once, and wire every program on them.

    Raises:
        ConfigurationError: the provider has no mailboxes (PROVIDER_FOR_PRACTICE).
    """
    from adapters.logging.authentication_log import LoggingAuthenticationLog
    from adapters.logging.mailbox_log import LoggingMailboxLog
    from adapters.prometheus.metrics import PrometheusMetrics
    from application.several_logs import SeveralAuthenticationLogs, SeveralMailboxLogs
    from modules.auth import compose as auth
    from modules.auth.settings import AuthSettings
    from modules.mail_process.compose import open_analyst
    from modules.runtime.compose import open_event_bus, open_provider

    metrics = PrometheusMetrics()
    needs = AuthSettings(
        database=settings.database, encryption=settings.encryption, provider=settings.provider, azure=settings.azure
    )
    log = SeveralAuthenticationLogs([LoggingAuthenticationLog(), metrics.authentication])
    mailbox_log = SeveralMailboxLogs([LoggingMailboxLog(), metrics.mailbox])
    async with (
        open_provider(settings.provider, log=mailbox_log) as provider,
        open_analyst(settings.openai) as analyst,
        open_database(settings.database.path) as database,
        open_event_bus(settings.bus, database) as bus,
        auth.wire(database, provider, needs, log=log) as wired,
    ):
        if provider.mailbox is None:
            msg = "IDENTITY_PROVIDER=memory has no mailboxes: use azure; without a tenant, see: iacsgraph simulator"
            raise ConfigurationError(msg, error_code="PROVIDER_FOR_PRACTICE")
        mailbox = provider.mailbox(wired.service, settings.graph)
        opened = _Opened(database=database, auth=wired, mailbox=mailbox, analyst=analyst, bus=bus, metrics=metrics)
        yield _wire_up(opened, settings)


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
    processing = mail_process.wire(database, of_processing, opened.analyst, log=mail_log)
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
