"""Composition root of the accounts."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.fernet.cipher import FernetCipher
from adapters.logging.authentication_log import LoggingAuthenticationLog
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import Database, open_current, open_database
from adapters.sqlite.token_store import SqliteTokenStore
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.accounts import Accounts
from application.applications import Applications
from application.checkup import Checkup
from application.preflight import Preflight
from application.stored_tokens import StoredTokens
from modules.account.settings import AccountSettings
from modules.runtime.applications import default_application
from modules.runtime.compose import open_provider
from ports.clock import Clock
from ports.tenant_directory import TenantDirectory


@attrs.frozen(kw_only=True)
class AccountTools:
    """The use cases of this module."""

    accounts: Accounts
    applications: Applications
    tokens: StoredTokens
    clock: Clock

    def checkup(self, directory: TenantDirectory | None) -> Checkup:
        """Return the examination of applications; without a directory nobody is asked."""
        preflight = Preflight(directory=directory, clock=self.clock)
        return Checkup(accounts=self.accounts, applications=self.applications, preflight=preflight)


def wire(database: Database, settings: AccountSettings) -> AccountTools:
    """Build the use cases on an open database.

    Raises: ConfigurationError if the global application's certificate cannot be read.
    """
    clock, identifiers, log = SystemClock(), SystemIdentifiers(), LoggingAuthenticationLog()
    cipher, codec = FernetCipher(settings.encryption.keys), CloudEventCodec()
    store = SqliteAccountStore(database, cipher, codec)
    return AccountTools(
        accounts=Accounts(store=store, log=log, clock=clock, identifiers=identifiers),
        applications=Applications(default=default_application(settings.azure)),
        tokens=StoredTokens(tokens=SqliteTokenStore(database, cipher, codec), clock=clock),
        clock=clock,
    )


@asynccontextmanager
async def compose(settings: AccountSettings) -> AsyncIterator[AccountTools]:
    """Open the database, migrating it, and wire."""
    async with open_database(settings.database.path) as database:
        yield wire(database, settings)


@asynccontextmanager
async def compose_reading(settings: AccountSettings) -> AsyncIterator[AccountTools]:
    """Open the database as it is, for reading alone, and wire."""
    async with open_current(settings.database.path) as database:
        yield wire(database, settings)


@asynccontextmanager
async def compose_planning(settings: AccountSettings) -> AsyncIterator[AccountTools]:
    """Do as `compose_reading`; where there is no database yet, an empty one stands in for it and is thrown away."""
    if settings.database.path.exists():
        async with compose_reading(settings) as tools:
            yield tools
        return
    with tempfile.TemporaryDirectory(prefix="iacsgraph-") as name:
        async with open_database(Path(name) / "empty.db") as database:
            yield wire(database, settings)


@asynccontextmanager
async def open_directory(settings: AccountSettings) -> AsyncIterator[TenantDirectory | None]:
    """Open the way to the directory; None with the practice provider, which knows nobody."""
    if settings.provider.provider == "memory":
        yield None
        return
    async with open_provider(settings.provider) as provider:
        yield provider.directory
