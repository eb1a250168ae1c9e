"""Databases with accounts and tokens, as the programs themselves would have stored them."""

import asyncio
import hashlib
import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.memory.identity_provider import MemoryIdentityProvider
from adapters.memory.tenant_directory import MemoryTenantDirectory
from adapters.sqlite.database import open_database
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from domain.account import OAuthApplication
from domain.token import AccessToken, Token
from modules.auth.compose import Auth, wire
from modules.auth.settings import AuthSettings
from modules.runtime.provider import Provider
from modules.runtime.settings import DatabaseSettings, EncryptionSettings, ProviderSettings

OLD, NEW, LOST = (urlsafe_b64encode(hashlib.sha256(name).digest()).decode() for name in (b"old", b"new", b"lost"))
"""Encryption keys."""

LONG_AGO = timedelta(hours=2)
"""The age of a token that has expired an hour ago."""

EACH = 3
"""Secrets of a seeded account: an access token, a refresh token and a client secret."""


def canaries(user: str) -> tuple[str, str, str]:
    """Return the secrets of a seeded account, none of them in the shape of a secret."""
    return f"canary-access-of-{user}", f"canary-refresh-of-{user}", f"canary-client-of-{user}"


def application(user: str) -> OAuthApplication:
    """Return an application that only this account has."""
    return OAuthApplication(client_id=f"app-of-{user}", tenant_id="tenant", client_secrets=(canaries(user)[2],))


def token(user: str, age: timedelta) -> Token:
    """Return a token of an hour's life."""
    obtained = datetime.now(UTC) - age
    access, refresh, _ = canaries(user)
    return Token(
        access=AccessToken(value=access, obtained_at=obtained, expires_at=obtained + timedelta(hours=1)),
        refresh=refresh,
    )


def settings(database: Path, *keys: str) -> AuthSettings:
    """Return settings with the practice provider."""
    return AuthSettings(
        database=DatabaseSettings(path=database),
        encryption=EncryptionSettings(keys=keys),
        provider=ProviderSettings(provider="memory"),
    )


def sides(provider: MemoryIdentityProvider) -> Provider:
    """Return both sides of the practice provider."""
    return Provider(identity=provider, directory=MemoryTenantDirectory(provider=provider))


def seed(database: Path, *users: str, keys: tuple[str, ...] = (OLD,), age: timedelta = LONG_AGO) -> None:
    """Enrol the users, each with an application of their own, and sign them in; the database is created."""

    async def work() -> None:
        provider = MemoryIdentityProvider(clock=SystemClock(), identifiers=SystemIdentifiers())
        async with open_database(database) as opened, wire(opened, sides(provider), settings(database, *keys)) as auth:
            await sign_in(auth, *users, age=age)

    asyncio.run(work())


async def sign_in(auth: Auth, *users: str, age: timedelta = LONG_AGO) -> None:
    """Enrol the users and sign them in."""
    for user in users:
        await auth.accounts.enrol(
            email=f"{user}@office.example", name=user.title(), actor="test", application=application(user)
        )
        await auth.service.store_tokens(user, token(user, age))


def rows(database: Path, sql: str, *values: object) -> list[Any]:
    """Read past the stores."""
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        return connection.execute(sql, values).fetchall()


def vandalise(database: Path, *statements: str) -> None:
    """Write past the stores; nothing protects anything."""
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        for statement in statements:
            connection.execute(statement).close()
        connection.commit()


def fingerprints(directory: Path) -> Mapping[str, str]:
    """Return all files below a directory with what identifies their contents."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
