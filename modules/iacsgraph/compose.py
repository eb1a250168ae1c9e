"""Composition root of the demonstration: the practice provider, and the other programs' roots on one database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import attrs

from adapters.fernet.cipher import generate_key
from adapters.memory.identity_provider import MemoryIdentityProvider
from adapters.sqlite.database import open_database
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.key_rotation import KeyRotation
from domain.account import OAuthApplication
from modules.admin import compose as admin
from modules.admin.settings import KeyToolSettings
from modules.auth import compose as auth
from modules.auth.compose import Auth
from modules.auth.settings import AuthSettings


@attrs.frozen(kw_only=True)
class Demo:
    """One process of the demonstration."""

    auth: Auth
    rotation: KeyRotation


def make_provider(application: OAuthApplication, usernames: Sequence[str]) -> MemoryIdentityProvider:
    """Return the practice provider, knowing one application and its users."""
    provider = MemoryIdentityProvider(clock=SystemClock(), identifiers=SystemIdentifiers())
    provider.register(application)
    for username in usernames:
        provider.add_user(username)
    return provider


def new_key() -> str:
    """Return a new encryption key."""
    return generate_key()


@asynccontextmanager
async def compose(settings: AuthSettings, provider: MemoryIdentityProvider) -> AsyncIterator[Demo]:
    """Open the database once and wire both programs on it."""
    async with open_database(settings.database.path) as database:
        keys = admin.wire(database, KeyToolSettings(database=settings.database, encryption=settings.encryption))
        async with auth.wire(database, provider, settings) as wired:
            yield Demo(auth=wired, rotation=keys.rotation)
