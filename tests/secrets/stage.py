"""A program full of canaries, and the search for them.

None of the canaries has the shape of a secret (but for encryption keys, which must), so that little here is owed to the
redaction of output.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs

from adapters.memory.identity_provider import MemoryIdentityProvider
from adapters.sqlite.database import Database, open_database
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from modules.auth.compose import Auth, wire
from tests.modules.auth.seeds import (
    LOST,
    NEW,
    OLD,
    application,
    canaries,
    settings,
    sides,
    sign_in,
)

USERS = ("ann", "bob")
GLOBAL = "canary-global-client-secret"
NEWER = "canary-newer-client-secret"
SECRETS = (*canaries("ann"), *canaries("bob"), GLOBAL, NEWER, OLD, NEW, LOST)


def found_in(text: str | bytes) -> list[str]:
    """Return the secrets that stand readable in the text."""
    whole = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    return [secret for secret in SECRETS if secret.encode() in whole]


@attrs.frozen(kw_only=True)
class Stage:
    """A program with two accounts that are signed in, and the provider that knows them."""

    database: Database
    provider: MemoryIdentityProvider
    auth: Auth


@asynccontextmanager
async def open_stage(path: Path) -> AsyncIterator[Stage]:
    """Open the program on a new database."""
    provider = MemoryIdentityProvider(clock=SystemClock(), identifiers=SystemIdentifiers())
    for user in USERS:
        provider.register(application(user))
        provider.add_user(f"{user}@office.example")
    async with open_database(path) as database, wire(database, sides(provider), settings(path, OLD)) as auth:
        await sign_in(auth, *USERS)
        yield Stage(database=database, provider=provider, auth=auth)
