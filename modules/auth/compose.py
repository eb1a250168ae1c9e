"""Composition root of sign-in and tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.fernet.cipher import FernetCipher
from adapters.logging.authentication_log import LoggingAuthenticationLog
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.token_store import SqliteTokenStore
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.accounts import Accounts
from application.refresher import Refresher
from application.token_keeper import TokenKeeper
from application.token_service import TokenService, open_token_service
from domain.account import OAuthApplication
from modules.auth.settings import AuthSettings
from ports.identity_provider import IdentityProvider


@attrs.frozen(kw_only=True)
class Auth:
    """The use cases of this module."""

    accounts: Accounts
    service: TokenService
    keeper: TokenKeeper


@asynccontextmanager
async def wire(database: Database, provider: IdentityProvider, settings: AuthSettings) -> AsyncIterator[Auth]:
    """Build the use cases on an open database and provider; the token service's tasks end with the block."""
    clock, identifiers, log = SystemClock(), SystemIdentifiers(), LoggingAuthenticationLog()
    cipher, codec = FernetCipher(settings.encryption.keys), CloudEventCodec()
    accounts, tokens = SqliteAccountStore(database, cipher, codec), SqliteTokenStore(database, cipher, codec)
    refresher = Refresher(
        tokens=tokens,
        provider=provider,
        clock=clock,
        identifiers=identifiers,
        log=log,
        default_application=_default_application(settings),
    )
    async with open_token_service(accounts, refresher) as service:
        yield Auth(
            accounts=Accounts(store=accounts, log=log, clock=clock, identifiers=identifiers),
            service=service,
            keeper=TokenKeeper(service=service, tokens=tokens, clock=clock),
        )


@asynccontextmanager
async def compose(settings: AuthSettings) -> AsyncIterator[Auth]:
    """Open the database and the provider, and wire."""
    from adapters.memory.identity_provider import MemoryIdentityProvider

    async with open_database(settings.database.path) as database:
        provider = MemoryIdentityProvider(clock=SystemClock(), identifiers=SystemIdentifiers())
        async with wire(database, provider, settings) as auth:
            yield auth


def _default_application(settings: AuthSettings) -> OAuthApplication | None:
    azure = settings.azure
    if azure is None:
        return None
    return OAuthApplication(
        client_id=azure.client_id,
        tenant_id=azure.tenant_id,
        scopes=azure.scopes,
        redirect_uri=azure.redirect_uri,
        client_secrets=azure.client_secrets,
    )
