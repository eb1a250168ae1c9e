"""What a worker does: the product's own stores and use cases on one database file, wired as a program would."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.fernet.cipher import FernetCipher
from adapters.memory.authentication_log import MemoryAuthenticationLog
from adapters.sqlite.account_store import SqliteAccountStore
from adapters.sqlite.database import BUSY_TIMEOUT, Database, open_database
from adapters.sqlite.secret_store import SqliteSecretStore
from adapters.sqlite.token_store import SqliteTokenStore
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.accounts import Accounts
from application.applications import Applications
from application.key_rotation import KeyRotation
from application.refresher import Refresher, RefreshTimes
from application.token_keeper import TokenKeeper
from application.token_service import TokenService, open_token_service
from domain.account import OAuthApplication
from domain.errors import IACSGraphError
from domain.token import Token
from ports.cipher import Cipher
from tests.fakes.shared_provider import SharedIdentityProvider, open_shared_provider
from tests.fakes.shared_stalling_cipher import StallingCipher
from tests.fakes.shared_unfenced_store import UnfencedTokenStore, UnleasedTokenStore
from tests.fakes.shared_watched_store import Say, WatchedTokenStore
from tests.processes.hammer import Hammer
from tests.processes.windows import Windows

APPLICATION = OAuthApplication(
    client_id="app", tenant_id="tenant", scopes=("Mail.Read",), client_secrets=("s3cret-app",)
)
ROTATING = "rotating"
"""The new key is recorded; some batches of secrets, at first none, were moved to it."""
STORES = {"fenced": SqliteTokenStore, "unfenced": UnfencedTokenStore, "unleased": UnleasedTokenStore}


@attrs.frozen(kw_only=True)
class Options:
    """What `open` is told. Durations are in seconds; `call` is long, so that being stopped makes holders late."""

    database: str
    provider: str
    keys: Sequence[str]
    lease: float = 30
    call: float = 60
    poll: float = 0.05
    busy: float = BUSY_TIMEOUT.total_seconds()
    store: str = "fenced"
    stall_at: int = 0

    @property
    def times(self) -> RefreshTimes:
        """Return the durations as the refresher takes them."""
        call, lease, poll = (timedelta(seconds=value) for value in (self.call, self.lease, self.poll))
        return RefreshTimes(call=call, lease=lease, poll=poll)

    def cipher(self, say: Say) -> Cipher:
        """Return the cipher, stalling if it is to be killed while it encrypts."""
        if self.stall_at:
            return StallingCipher(self.keys, self.stall_at, lambda: say("stalled"))
        return FernetCipher(self.keys)


@attrs.frozen(kw_only=True)
class Session:
    """One open database in one process. Each public method is a command; answers are JSON."""

    database: Database
    service: TokenService
    tokens: WatchedTokenStore
    accounts: Accounts
    rotation: KeyRotation
    provider: SharedIdentityProvider
    hammer: Hammer
    windows: Windows
    say: Say

    async def get(
        self, user: str, callers: int = 1, min_lifetime: float = 0, rejected: str | None = None
    ) -> Mapping[str, int]:
        """Ask many times at once; return how often each token, or error code behind `!`, was the outcome."""
        life = timedelta(seconds=min_lifetime)
        asking = (outcome(self.service.get(user, life, rejected=rejected)) for _ in range(callers))
        return Counter(await asyncio.gather(*asking))

    async def refresh(self, user: str) -> str:
        """Refresh whatever is stored."""
        return await outcome(self.service.refresh_token(user))

    async def stored(self, user: str) -> str | None:
        """Return the stored access token, past every cache."""
        held = await self.tokens.read(user, self.service.refresher.clock.now())
        return None if held is None or held.access is None else held.access.value

    async def status(self, user: str) -> str:
        """Return the account's status."""
        return (await self.accounts.find(user)).status

    async def enrol(self, users: Sequence[str], age: float = 0, secret: str | None = None) -> None:
        """Enrol and sign in; tokens seem to be `age` seconds old. `secret` gives each its own application."""
        for user in users:
            application = APPLICATION
            if secret is not None:
                application = attrs.evolve(APPLICATION, client_id=f"app-{user}", client_secrets=(f"{secret}-{user}",))
                self.provider.register(application)
            await self.accounts.enrol(
                email=f"{user}@example.org",
                name=user,
                actor="test",
                user_id=user,
                application=None if secret is None else application,
            )
            self.provider.add_user(user)
            token = aged(self.provider.sign_in(application, user), timedelta(seconds=age))
            await self.service.store_tokens(user, token)

    async def sign_in(self, user: str) -> Mapping[str, object]:
        """Replace the token by that of a new sign-in; return it and when it was stored."""
        token = self.provider.sign_in(APPLICATION, user)
        await self.service.store_tokens(user, token)
        return {"token": token.access.value, "at": time.monotonic(), "wall": time.time()}

    async def lock(self, user: str) -> Mapping[str, object]:
        """Lock the account; return when that was stored."""
        await self.accounts.lock(user, actor="test", reason="test")
        return {"at": time.monotonic(), "wall": time.time()}

    async def settle(self, user: str) -> str:
        """Ask until the token is cached for good: the store told its news twice and was not read meanwhile."""
        asked, read, since = self.tokens.asked, -1, 0
        while True:
            if read != asked["read"]:
                read, since = asked["read"], asked["news"]
            token = await outcome(self.service.get_valid_token(user))
            if read == asked["read"] and asked["news"] >= since + 2:
                return token
            await asyncio.sleep(0.002)

    async def watch(self, user: str) -> Mapping[str, object]:
        """Ask until the outcome changes, saying `watching` at first; return when the last old one was asked for."""
        last_old = time.monotonic()
        old = await self.settle(user)
        self.say("watching", user=user)
        while True:
            asked = time.monotonic()
            new = await outcome(self.service.get_valid_token(user))
            if new != old:
                return {"old": old, "new": new, "last_old": last_old, "seen": time.monotonic()}
            last_old = asked
            await asyncio.sleep(0.002)

    async def look(self) -> None:
        """Let a keeper look once for due accounts."""
        clock = self.service.refresher.clock
        await TokenKeeper(service=self.service, tokens=self.tokens, clock=clock, concurrency=5).look()

    async def rotate(self, batch: int) -> Mapping[str, object]:
        """Rotate the keys, with a window of no user after each progress; return the last progress."""
        last = None
        async for progress in self.rotation.rotate(batch):
            last = progress
            await self.windows.at(ROTATING, "")
        return {} if last is None else {"moved": last.moved, "left": last.left}

    async def keys(self) -> Mapping[str, object]:
        """Return how many secrets each key holds, and how many are not under this process's first."""
        status = await self.rotation.status()
        return {"old": status.old, "counts": dict(status.counts), "primary": status.primary, "first": status.first}

    async def faults(self) -> list[str]:
        """Return what is wrong with secrets that do not open."""
        return [fault.problem for fault in await self.rotation.secrets.faults()]

    async def strike(self, users: Sequence[str], rounds: int, tasks: int, seed: int) -> Mapping[str, object]:
        """Hammer the stores; return what was written."""
        return await self.hammer.strike(users, rounds, tasks, seed)

    async def back_up(self, target: str) -> None:
        """Copy the database while it is in use."""
        await self.database.backup(Path(target))


async def outcome(work: Awaitable[Any]) -> str:
    """Return the token's value, or the error's code behind `!`."""
    try:
        return str((await work).value)
    except IACSGraphError as error:
        return f"!{error.error_code}"


def aged(token: Token, age: timedelta) -> Token:
    """Return the token as if it had been issued earlier."""
    access = token.access
    moved = attrs.evolve(access, obtained_at=access.obtained_at - age, expires_at=access.expires_at - age)
    return attrs.evolve(token, access=moved)


@asynccontextmanager
async def open_session(options: Options, windows: Windows, say: Say) -> AsyncIterator[Session]:
    """Open everything, as a composition root would."""
    clock, identifiers, log = SystemClock(), SystemIdentifiers(), MemoryAuthenticationLog()
    cipher, codec = options.cipher(say), CloudEventCodec()
    busy = timedelta(seconds=options.busy)
    with open_shared_provider(Path(options.provider), clock, identifiers, windows.at) as provider:
        async with open_database(Path(options.database), busy_timeout=busy) as database:
            store = STORES[options.store](database, cipher, codec)
            accounts = SqliteAccountStore(database, cipher, codec)
            tokens = WatchedTokenStore(inner=store, say=say, at_window=windows.at)
            refresher = Refresher(
                tokens=tokens,
                provider=provider,
                clock=clock,
                identifiers=identifiers,
                log=log,
                applications=Applications(default=APPLICATION),
                times=options.times,
            )
            async with open_token_service(accounts, refresher) as service:
                yield Session(
                    database=database,
                    service=service,
                    tokens=tokens,
                    accounts=Accounts(store=accounts, log=log, clock=clock, identifiers=identifiers),
                    rotation=KeyRotation(secrets=SqliteSecretStore(database, cipher), cipher=cipher),
                    provider=provider,
                    hammer=Hammer(accounts=accounts, tokens=store, identifiers=identifiers),
                    windows=windows,
                    say=say,
                )
