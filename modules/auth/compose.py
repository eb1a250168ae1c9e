"""Composition root of sign-in and tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs

from adapters.fernet.cipher import FernetCipher
from adapters.sqlite.database import Database, open_current, open_database
from adapters.sqlite.held_tokens import SqliteHeldTokens
from adapters.system.clock import SystemClock
from application.stored_tokens import StoredTokens
from modules.auth.settings import AuthSettings
from modules.runtime.compose import open_provider, open_tokens

if TYPE_CHECKING:
    from application.accounts import Accounts
    from application.sign_ins import SignIns
    from application.token_keeper import TokenKeeper
    from application.token_service import TokenService
    from modules.runtime.provider import Provider
    from ports.authentication_log import AuthenticationLog
    from ports.clock import Clock
    from ports.sign_in_store import SignInStore
    from ports.tenant_directory import TenantDirectory


@attrs.frozen(kw_only=True)
class Auth:
    """The use cases of this module."""

    accounts: "Accounts"
    service: "TokenService"
    keeper: "TokenKeeper"
    sign_ins: "SignIns"
    directory: "TenantDirectory"
    clock: "Clock"


@attrs.frozen(kw_only=True)
class Stored:
    """What can be told without the network and without writing."""

    accounts: "Accounts"
    tokens: StoredTokens
    sign_ins: "SignInStore"
    clock: "Clock"


@asynccontextmanager
async def wire(
    database: Database, provider: "Provider", settings: AuthSettings, *, log: "AuthenticationLog | None" = None
) -> AsyncIterator[Auth]:
    """Build the use cases on an open database and provider; the token service's tasks end with the block.

    `log` is by default the authentication log.
    """
    from adapters.cloudevents.event_codec import CloudEventCodec
    from adapters.logging.authentication_log import LoggingAuthenticationLog
    from adapters.sqlite.account_store import SqliteAccountStore
    from adapters.sqlite.sign_in_store import SqliteSignInStore
    from adapters.sqlite.token_store import SqliteTokenStore
    from adapters.system.identifiers import SystemIdentifiers
    from application.accounts import Accounts
    from application.applications import Applications
    from application.sign_ins import SignIns
    from application.token_keeper import TokenKeeper
    from modules.runtime.applications import default_application

    clock, identifiers, log = SystemClock(), SystemIdentifiers(), log or LoggingAuthenticationLog()
    cipher, codec = FernetCipher(settings.encryption.keys), CloudEventCodec()
    accounts, tokens = SqliteAccountStore(database, cipher, codec), SqliteTokenStore(database, cipher, codec)
    applications = Applications(default=default_application(settings.azure))
    async with open_tokens(database, provider, applications, settings.encryption, log=log) as service:
        yield Auth(
            accounts=Accounts(store=accounts, log=log, clock=clock, identifiers=identifiers),
            service=service,
            keeper=TokenKeeper(service=service, tokens=tokens, clock=clock),
            sign_ins=SignIns(
                store=SqliteSignInStore(database, cipher),
                accounts=accounts,
                service=service,
                provider=provider.identity,
                applications=applications,
                clock=clock,
                identifiers=identifiers,
                log=log,
            ),
            directory=provider.directory,
            clock=clock,
        )


@asynccontextmanager
async def compose(settings: AuthSettings) -> AsyncIterator[Auth]:
    """Open the database and the provider, and wire."""
    async with (
        open_database(settings.database.path) as database,
        open_provider(settings.provider) as provider,
        wire(database, provider, settings) as auth,
    ):
        yield auth


@asynccontextmanager
async def compose_stored(settings: AuthSettings) -> AsyncIterator[Stored]:
    """Open the database as it is, for reading."""
    from adapters.cloudevents.event_codec import CloudEventCodec
    from adapters.logging.authentication_log import LoggingAuthenticationLog
    from adapters.sqlite.account_store import SqliteAccountStore
    from adapters.sqlite.sign_in_store import SqliteSignInStore
    from adapters.system.identifiers import SystemIdentifiers
    from application.accounts import Accounts

    clock, identifiers, log = SystemClock(), SystemIdentifiers(), LoggingAuthenticationLog()
    cipher = FernetCipher(settings.encryption.keys)
    async with open_current(settings.database.path) as database:
        accounts = SqliteAccountStore(database, cipher, CloudEventCodec())
        yield Stored(
            accounts=Accounts(store=accounts, log=log, clock=clock, identifiers=identifiers),
            tokens=StoredTokens(tokens=SqliteHeldTokens(database, cipher), clock=clock),
            sign_ins=SqliteSignInStore(database, cipher),
            clock=clock,
        )


@asynccontextmanager
async def compose_tokens(settings: AuthSettings) -> AsyncIterator[StoredTokens]:
    """Open the database as it is, for reading a token: little is imported for it, programs ask often."""
    async with open_current(settings.database.path) as database:
        store = SqliteHeldTokens(database, FernetCipher(settings.encryption.keys))
        yield StoredTokens(tokens=store, clock=SystemClock())
