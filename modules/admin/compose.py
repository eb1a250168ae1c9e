"""Composition root of the operator's tools."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.fernet.cipher import FernetCipher, generate_key
from adapters.logging.authentication_log import LoggingAuthenticationLog
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import Database, inspect_database, open_database, open_unchanged
from adapters.sqlite.opening import Inspection
from adapters.sqlite.parked_events import SqliteParkedEvents
from adapters.sqlite.secret_store import SqliteSecretStore
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.accounts import Accounts
from application.applications import Applications
from application.checkup import Checkup
from application.key_rotation import KeyRotation
from application.preflight import Preflight
from modules.admin.checks import Secrets
from modules.admin.settings import DatabaseToolSettings, KeyToolSettings
from modules.runtime.compose import open_event_bus, open_provider
from modules.runtime.event_settings import BusSettings
from modules.runtime.settings import ProviderSettings
from ports.event_topics import EventTopics
from ports.parked_events import ParkedEvents

__all__ = [
    "Keys",
    "compose",
    "compose_bus",
    "compose_checkup",
    "compose_database",
    "compose_reading",
    "inspect",
    "new_key",
    "open_preflight",
    "open_unchanged",
    "wire",
]

PATIENCE = timedelta(seconds=20)
"""How long the check-up goes on asking the directory."""
ANSWER = timedelta(seconds=5)
"""How long it waits for Kafka."""


@attrs.frozen(kw_only=True)
class BusView:
    """What the check-up looks at of the event bus, and of the outbox if there is a database."""

    topics: EventTopics
    parked: ParkedEvents | None


@attrs.frozen(kw_only=True)
class Keys:
    """The use cases about encryption keys."""

    rotation: KeyRotation

    async def secrets(self) -> Secrets:
        """Count all secrets and open each.

        Raises: as `SecretStore`.
        """
        return Secrets(status=await self.rotation.status(), faults=await self.rotation.secrets.faults())


def wire(database: Database, settings: KeyToolSettings) -> Keys:
    """Build the use cases on an open database."""
    cipher = FernetCipher(settings.encryption.keys)
    return Keys(rotation=KeyRotation(secrets=SqliteSecretStore(database, cipher), cipher=cipher))


@asynccontextmanager
async def compose(settings: KeyToolSettings) -> AsyncIterator[Keys]:
    """Open the database and wire."""
    async with open_database(settings.database.path) as database:
        yield wire(database, settings)


@asynccontextmanager
async def compose_database(settings: DatabaseToolSettings) -> AsyncIterator[Database]:
    """Open the database alone, migrating it."""
    async with open_database(settings.database.path) as database:
        yield database


@asynccontextmanager
async def compose_reading(settings: KeyToolSettings) -> AsyncIterator[Keys]:
    """Open the database as it is, and wire."""
    async with open_unchanged(settings.database.path) as database:
        yield wire(database, settings)


@asynccontextmanager
async def open_preflight(settings: ProviderSettings) -> AsyncIterator[Preflight]:
    """Open the way to the directory."""
    async with open_provider(settings) as provider:
        yield Preflight(directory=provider.directory, clock=SystemClock(), patience=PATIENCE)


@asynccontextmanager
async def compose_checkup(
    settings: KeyToolSettings, applications: Applications, preflight: Preflight
) -> AsyncIterator[Checkup]:
    """Open the database as it is, and wire the examination of its accounts' applications."""
    async with open_unchanged(settings.database.path) as database:
        store = SqliteAccountStore(database, FernetCipher(settings.encryption.keys), CloudEventCodec())
        accounts = Accounts(
            store=store, log=LoggingAuthenticationLog(), clock=SystemClock(), identifiers=SystemIdentifiers()
        )
        yield Checkup(accounts=accounts, applications=applications, preflight=preflight)


@asynccontextmanager
async def compose_bus(settings: BusSettings, database: Path | None) -> AsyncIterator[BusView]:
    """Open the bus, and the database as it is, if there is one."""
    async with AsyncExitStack() as stack:
        opened = None if database is None else await stack.enter_async_context(open_unchanged(database))
        bus = await stack.enter_async_context(open_event_bus(settings, opened, answer_within=ANSWER))
        yield BusView(topics=bus.topics, parked=None if opened is None else SqliteParkedEvents(opened))


async def inspect(path: Path) -> Inspection:
    """Look at a database without touching it.

    Raises: as `inspect_database`.
    """
    return await inspect_database(path)


def new_key() -> str:
    """Return a new encryption key."""
    return generate_key()
