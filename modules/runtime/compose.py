"""Which parts the settings and the terminal ask for. A part is imported when it is chosen: each costs 30-150 ms."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, timedelta, tzinfo
from typing import TYPE_CHECKING, Protocol, TextIO

import attrs

from domain.errors import ConfigurationError
from modules.runtime.settings import (
    AzureSettings,
    DatabaseSettings,
    EncryptionSettings,
    GraphSettings,
    LogSettings,
    ProviderSettings,
    TimeSettings,
)

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.sqlite.database import Database
    from application.applications import Applications
    from application.token_service import TokenService
    from modules.runtime.event_bus import EventBus
    from modules.runtime.event_settings import BusSettings, EventSettings
    from modules.runtime.provider import Provider
    from ports.access_tokens import AccessTokens
    from ports.authentication_log import AuthenticationLog
    from ports.event_codec import EventCodec
    from ports.mailbox import Mailbox
    from ports.mailbox_log import MailboxLog

_ANSWER = timedelta(seconds=10)
_WITH_BODIES = 100
"""Mails with bodies in one page: of more, Graph's answer may come too late (504)."""
_ATTEMPTS = 3
"""Of servers that say nothing, one after the other, or of requests that get lost, within the time for an answer."""


def formatter_for(settings: LogSettings, zone: tzinfo | None, *, colour: bool) -> logging.Formatter:
    """Choose how lines look."""
    if settings.format == "json":
        from modules.runtime.log_json import JsonLineFormatter

        return JsonLineFormatter()
    from modules.runtime.log_lines import TextFormatter

    return TextFormatter(zone=zone, colour=colour)


def file_handlers_for(path: "Path | None", variable: str, settings: LogSettings) -> list[logging.Handler]:
    """Open a log's own file, if the variable names one.

    Raises: ConfigurationError if it cannot be written.
    """
    if path is None:
        return []
    from modules.runtime.log_files import open_log_file

    return [open_log_file(path, variable, settings)]


@asynccontextmanager
async def open_provider(settings: ProviderSettings, *, log: "MailboxLog | None" = None) -> "AsyncIterator[Provider]":
    """Open the identity provider that the settings name, with the one HTTP session of the process.

    `log` hears how mailboxes answer; by default nobody does.
    """
    from adapters.system.clock import SystemClock
    from adapters.system.identifiers import SystemIdentifiers
    from modules.runtime.provider import Provider

    clock, identifiers = SystemClock(), SystemIdentifiers()
    if settings.provider == "memory":
        from adapters.memory.identity_provider import MemoryIdentityProvider
        from adapters.memory.tenant_directory import MemoryTenantDirectory

        practice = MemoryIdentityProvider(clock=clock, identifiers=identifiers)
        yield Provider(identity=practice, directory=MemoryTenantDirectory(provider=practice))
        return
    from adapters.azure_ad.endpoints import Endpoints
    from adapters.azure_ad.identity_provider import AzureADIdentityProvider
    from adapters.azure_ad.tenant_directory import AzureADTenantDirectory
    from adapters.http_client.session import open_session

    endpoints = Endpoints(authority=settings.authority, graph_url=settings.graph_url)
    async with open_session(ca_file=settings.ca_file) as session:

        def mailbox(tokens: "AccessTokens", graph: GraphSettings) -> "Mailbox":
            from adapters.graph.limits import Limits
            from adapters.graph.mailbox import GraphMailbox
            from adapters.graph.service import GraphService

            service = GraphService(
                session=session,
                root=endpoints.graph,
                tokens=tokens,
                clock=clock,
                identifiers=identifiers,
                limits=Limits(clock=clock, total=graph.max_concurrency),
                log=log,
            )
            size = graph.page_size
            return GraphMailbox(service=service, page_size=size, page_size_with_bodies=min(size, _WITH_BODIES))

        yield Provider(
            mailbox=mailbox,
            identity=AzureADIdentityProvider(
                session=session, endpoints=endpoints, clock=clock, identifiers=identifiers
            ),
            directory=AzureADTenantDirectory(
                session=session, endpoints=endpoints, clock=clock, identifiers=identifiers
            ),
        )


@asynccontextmanager
async def open_tokens(
    database: "Database",
    provider: "Provider",
    applications: "Applications",
    encryption: EncryptionSettings,
    *,
    log: "AuthenticationLog | None" = None,
) -> "AsyncIterator[TokenService]":
    """Open the one token service of a process, on an open database and provider; its tasks end with the block.

    `log` is by default the authentication log.
    """
    from adapters.cloudevents.event_codec import CloudEventCodec
    from adapters.fernet.cipher import FernetCipher
    from adapters.logging.authentication_log import LoggingAuthenticationLog
    from adapters.sqlite.account_store import SqliteAccountStore
    from adapters.sqlite.token_store import SqliteTokenStore
    from adapters.system.clock import SystemClock
    from adapters.system.identifiers import SystemIdentifiers
    from application.refresher import Refresher
    from application.token_service import open_token_service

    cipher, codec = FernetCipher(encryption.keys), CloudEventCodec()
    refresher = Refresher(
        tokens=SqliteTokenStore(database, cipher, codec),
        provider=provider.identity,
        clock=SystemClock(),
        identifiers=SystemIdentifiers(),
        log=LoggingAuthenticationLog() if log is None else log,
        applications=applications,
    )
    async with open_token_service(SqliteAccountStore(database, cipher, codec), refresher) as service:
        yield service


class MailboxNeeds(Protocol):
    """The settings of whoever reads mail. `azure` is the application of accounts that have none of their own."""

    @property
    def database(self) -> DatabaseSettings: ...
    @property
    def encryption(self) -> EncryptionSettings: ...
    @property
    def provider(self) -> ProviderSettings: ...
    @property
    def azure(self) -> AzureSettings | None: ...
    @property
    def graph(self) -> GraphSettings: ...


@attrs.frozen(kw_only=True)
class OpenMailboxes:
    """The mailboxes of all accounts, and what they stand on."""

    database: "Database"
    applications: "Applications"
    mailbox: "Mailbox"


@asynccontextmanager
async def open_mailboxes(settings: MailboxNeeds) -> AsyncIterator[OpenMailboxes]:
    """Open the provider, the database and the token service.

    Raises:
        ConfigurationError: the provider has no mailboxes (PROVIDER_FOR_PRACTICE); the database is not opened then.
    """
    from adapters.sqlite.database import open_database
    from application.applications import Applications
    from modules.runtime.applications import default_application

    applications = Applications(default=default_application(settings.azure))
    async with open_provider(settings.provider) as provider:
        mailbox_for = provider.needed_mailbox()
        async with (
            open_database(settings.database.path) as database,
            open_tokens(database, provider, applications, settings.encryption) as tokens,
        ):
            mailbox = mailbox_for(tokens, settings.graph)
            yield OpenMailboxes(database=database, applications=applications, mailbox=mailbox)


def event_codec(events: "EventSettings", time: TimeSettings) -> "EventCodec":
    """Return how events look on the wire: those of mail have the topic that the settings name.

    Whoever writes or reads no mail events needs no setting for it.
    """
    from adapters.cloudevents.event_codec import CloudEventCodec

    return CloudEventCodec(zone=time.zone or UTC, email_topic=events.topic_email_events)


@asynccontextmanager
async def open_event_bus(
    settings: "BusSettings", database: "Database | None", *, answer_within: timedelta = _ANSWER
) -> "AsyncIterator[EventBus]":
    """Open the log of events that the settings name: the embedded one in the database, or Kafka.

    Opening asks nobody: that Kafka cannot be reached is told by the first call. `answer_within` bounds each call of
    `topics`; a server that says nothing is given up, in every call, after a third of it.
    """
    from adapters.system.clock import SystemClock
    from adapters.system.identifiers import SystemIdentifiers
    from modules.runtime.event_bus import EventBus

    plan = settings.events.plan
    if settings.kafka is None or settings.kind == "embedded":
        from adapters.sqlite.event_publisher import SqliteEventPublisher
        from adapters.sqlite.event_subscriber import SqliteEventSubscriber
        from adapters.sqlite.event_topics import SqliteEventTopics
        from adapters.sqlite.outbox_transfer import SqliteOutboxTransfer

        if database is None:
            msg = "The embedded event bus is in the database: open it first."
            raise ConfigurationError(msg)
        clock = SystemClock()
        yield EventBus(
            kind=settings.kind,
            publisher=SqliteEventPublisher(database, clock, plan),
            subscriber=SqliteEventSubscriber(database, clock, SystemIdentifiers(), plan),
            topics=SqliteEventTopics(database, clock),
            transfer=SqliteOutboxTransfer(database, clock, plan),
        )
        return
    from adapters.kafka.connection import KafkaConnection
    from adapters.kafka.event_publisher import open_kafka_event_publisher
    from adapters.kafka.event_subscriber import KafkaEventSubscriber
    from adapters.kafka.event_topics import open_kafka_event_topics

    kafka = settings.kafka
    connection = KafkaConnection(
        servers=kafka.bootstrap_servers,
        security_protocol=kafka.protocol,
        sasl_mechanism=kafka.sasl_mechanism,
        username=kafka.sasl_username,
        password=kafka.sasl_password,
        ca_file=kafka.ssl_ca_file,
        certificate_file=kafka.ssl_certificate,
        key_file=kafka.ssl_key,
        answer_within=answer_within / _ATTEMPTS,
    )
    replication = kafka.replication_factor or -1
    async with (
        open_kafka_event_publisher(connection, plan=plan, replication=replication) as publisher,
        open_kafka_event_topics(connection, replication=replication, patience=answer_within) as topics,
    ):
        subscriber = KafkaEventSubscriber(connection=connection, plan=plan, replication=replication)
        yield EventBus(kind=settings.kind, publisher=publisher, subscriber=subscriber, topics=topics)


def draw_on_terminal(names: Sequence[str], cells: Sequence[Sequence[str]], target: TextIO) -> None:
    """Draw a table as wide as the terminal."""
    from modules.runtime.terminal_table import draw

    draw(names, cells, target)
