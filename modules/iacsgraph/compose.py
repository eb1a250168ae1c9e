"""Composition root of the demonstration: the practice provider, and the other programs' roots on one database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

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
from domain.token import Token
from modules.iacsgraph.settings import CLIENT_ID, CLIENT_SECRET, DemoSettings
from modules.runtime.provider import Provider
from modules.runtime.settings import AzureSettings, DatabaseSettings, EncryptionSettings, ProviderSettings


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
