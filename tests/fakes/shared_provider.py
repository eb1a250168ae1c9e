"""An authorization server that several processes share: its state is a small SQLite file of its own.

It is for tests that start, stop and kill real processes: whoever opens the file sees what all of them asked, and each
process can be held between asking and being answered. It keeps the promises of the port; nothing here is hostile.
"""

import hashlib
import json
import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import attrs

from adapters.memory.refusals import refusal
from domain.account import Identity, OAuthApplication
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    ConfigurationError,
    IACSGraphError,
    InvalidClientError,
    PolicyBlockedError,
    ReauthenticationRequiredError,
    ThrottledError,
)
from domain.token import AccessToken, Grant, Token
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.identity_provider import (
    AuthorizationResponse,
    DeviceAuthorization,
    DevicePoll,
    IdentityProvider,
    SignInRequest,
)

BEFORE_ANSWER = "before_answer"
"""The request has arrived and is counted; nothing was decided."""
AFTER_ANSWER = "after_answer"
"""The answer stands at the provider, new tokens included; the process that asked does not know it yet."""

AtWindow = Callable[[str, str], Awaitable[None]]
"""Is awaited with a window's name and the user's (the client's, where there is no user)."""

AUTHORITY = "https://login.shared.invalid"
CODE_LIFETIME = timedelta(minutes=10)
DEVICE_LIFETIME = timedelta(minutes=15)
INTERVAL = timedelta(seconds=5)
FAULTS = {kind.__name__: kind for kind in (APIConnectionError, ThrottledError, ConfigurationError, PolicyBlockedError)}
SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value REAL NOT NULL);
CREATE TABLE IF NOT EXISTS applications (client_id TEXT PRIMARY KEY, secrets TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS users (
    username TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, generation INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS codes (
    value TEXT PRIMARY KEY, client_id TEXT, username TEXT, redirect_uri TEXT, nonce TEXT, challenge TEXT, issued TEXT
);
CREATE TABLE IF NOT EXISTS refresh_tokens (
    number INTEGER PRIMARY KEY, value TEXT UNIQUE, client_id TEXT, username TEXT, generation INTEGER,
    spent INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS access_tokens (number INTEGER PRIMARY KEY, value TEXT UNIQUE, holder TEXT, expires_at TEXT);
CREATE TABLE IF NOT EXISTS devices (
    number INTEGER PRIMARY KEY, value TEXT UNIQUE, client_id TEXT, user_code TEXT, expires_at TEXT,
    slower REAL NOT NULL DEFAULT 0, polled_at TEXT, username TEXT, declined INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS calls (number INTEGER PRIMARY KEY, method TEXT NOT NULL, holder TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faults (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, retry_after REAL);
"""


async def pass_by(window: str, username: str) -> None:
    """Hold nobody."""


@attrs.define(kw_only=True, eq=False)
class SharedIdentityProvider(IdentityProvider):
    """As Entra ID: a refresh gives a new refresh token, the old one goes on working unless `configure` says `strict`.

    Then using an old one again revokes the whole family, as RFC 9700 section 4.14.2 advises.
    """

    connection: sqlite3.Connection
    clock: Clock
    identifiers: Identifiers
    at_window: AtWindow = pass_by

    def configure(self, *, lifetime: timedelta = timedelta(hours=1), strict: bool = False) -> None:
        """Set for all processes how long access tokens live and what becomes of old refresh tokens."""
        with self._transaction():
            for name, value in (("lifetime", lifetime.total_seconds()), ("strict", float(strict))):
                self.connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def register(self, application: OAuthApplication) -> None:
        """Make the application known with its client secrets."""
        row = (application.client_id, json.dumps(application.client_secrets))
        self.connection.execute("INSERT OR REPLACE INTO applications VALUES (?, ?)", row)

    def add_user(self, username: str, tenant_id: str = "tenant") -> None:
        """Make somebody known."""
        self.connection.execute("INSERT INTO users (username, tenant_id) VALUES (?, ?)", (username, tenant_id))

    def revoke(self, username: str) -> None:
        """Make every refresh token of the user worthless; access tokens go on living."""
        self.connection.execute("UPDATE users SET generation = generation + 1 WHERE username = ?", (username,))

    def fail_next(self, kind: type[IACSGraphError], *, times: int = 1, retry_after: timedelta | None = None) -> None:
        """Let the next calls fail, whichever process makes them."""
        seconds = None if retry_after is None else retry_after.total_seconds()
        for _ in range(times):
            self.connection.execute(
                "INSERT INTO faults (kind, retry_after) VALUES (?, ?)", (FAULTS[kind.__name__].__name__, seconds)
            )

    def sign_in(self, application: OAuthApplication, username: str) -> Token:
        """Return the tokens of a completed sign-in, without the detour over a browser."""
        with self._transaction():
            return self._grant(application, username).token

    def authorize(self, application: OAuthApplication, request: SignInRequest, username: str) -> str:
        """Return the code that the user's browser brings back after signing in."""
        code, now = f"code-{self.identifiers.unique()}", self.clock.now().isoformat()
        row = (code, application.client_id, username, request.redirect_uri, request.nonce, request.code_challenge, now)
        self.connection.execute("INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return code

    def approve(self, user_code: str, username: str) -> None:
        """Sign somebody in who typed the user code of a device flow."""
        self.connection.execute("UPDATE devices SET username = ? WHERE user_code = ?", (username, user_code))

    def decline(self, user_code: str) -> None:
        """Let somebody who typed the user code decline."""
        self.connection.execute("UPDATE devices SET declined = 1 WHERE user_code = ?", (user_code,))

    def calls(self, method: str, holder: str | None = None) -> int:
        """Return how often all processes together called the method, for one user or in all."""
        sql = "SELECT count(*) FROM calls WHERE method = ? AND holder = coalesce(?, holder)"
        return int(self._one(sql, method, holder)[0])

    def newest(self, holder: str) -> str:
        """Return the access token issued last to this user."""
        return str(self._one("SELECT value FROM access_tokens WHERE holder = ? ORDER BY number DESC", holder)[0])

    def issued(self) -> list[str]:
        """Return every token ever issued to anybody."""
        both = "SELECT value FROM access_tokens UNION ALL SELECT value FROM refresh_tokens"
        return [str(value) for (value,) in self.connection.execute(both)]

    def authorization_url(self, application: OAuthApplication, request: SignInRequest) -> str:
        """Return an address on a host that does not exist."""
        optional = {"login_hint": request.login_hint, "prompt": request.prompt, "claims": request.claims}
        query = {
            "client_id": application.client_id,
            "response_type": "code",
            "redirect_uri": request.redirect_uri,
            "scope": " ".join(application.scopes),
            "state": request.state,
            "nonce": request.nonce,
            "code_challenge": request.code_challenge,
            "code_challenge_method": "S256",
            **{name: value for name, value in optional.items() if value is not None},
        }
        return f"{AUTHORITY}/{application.tenant_id}/oauth2/v2.0/authorize?{urlencode(query)}"

    async def exchange_code(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        response: AuthorizationResponse,
        verifier: str,
        request: SignInRequest,
    ) -> Grant:
        """Redeem a code of `authorize`."""
        if response.code is None:
            raise refusal(response)
        await self._begin("exchange_code", application, client_secret, application.client_id)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        with self._transaction():
            row = self._one("SELECT * FROM codes WHERE value = ?", response.code)
            self.connection.execute("DELETE FROM codes WHERE value = ?", (response.code,))
        expected = (application.client_id, request.redirect_uri, request.nonce, request.code_challenge, challenge)
        if (
            not row
            or (row[1], row[3], row[4], row[5], row[5]) != expected
            or self.clock.now() - datetime.fromisoformat(row[6]) > CODE_LIFETIME
        ):
            msg = "The sign-in could not be completed: its code is wrong, expired or was used before. Sign in again."
            raise AuthenticationError(msg, error_code="CODE_REJECTED")
        with self._transaction():
            grant = self._grant(application, row[2])
        return await self._answer(grant, row[2])

    async def begin_device_flow(
        self,
        application: OAuthApplication,
        claims: str | None = None,  # noqa: ARG002 - nothing here can be challenged
    ) -> DeviceAuthorization:
        """Hand out a user code for `approve` and `decline`."""
        self._count("begin_device_flow", application.client_id)
        self._meet_fault()
        self._secrets(application)
        device_code, user_code = f"dc-{self.identifiers.unique()}", f"UC-{self.identifiers.unique()}"
        expires_at = self.clock.now() + DEVICE_LIFETIME
        self.connection.execute(
            "INSERT INTO devices (value, client_id, user_code, expires_at) VALUES (?, ?, ?, ?)",
            (device_code, application.client_id, user_code, expires_at.isoformat()),
        )
        return DeviceAuthorization(
            device_code=device_code,
            user_code=user_code,
            verification_uri=f"{AUTHORITY}/device",
            expires_at=expires_at,
            interval=INTERVAL,
        )

    async def redeem_device_code(
        self, application: OAuthApplication, client_secret: str | None, device_code: str
    ) -> Grant | DevicePoll:
        """Redeem the code of a flow that somebody has approved."""
        await self._begin("redeem_device_code", application, client_secret, application.client_id)
        with self._transaction():
            answer = self._poll(application, device_code)
            grant = None if isinstance(answer, DevicePoll) else self._grant(application, answer)
        if isinstance(answer, DevicePoll) or grant is None:
            return DevicePoll(answer)
        return await self._answer(grant, answer)

    async def refresh(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        refresh_token: str,
        claims: str | None = None,  # noqa: ARG002 - nothing here can be challenged
    ) -> Grant:
        """Redeem a refresh token of this provider."""
        owner = self._one("SELECT username FROM refresh_tokens WHERE value = ?", refresh_token)
        username = owner[0] if owner else "nobody"
        await self._begin("refresh", application, client_secret, username)
        with self._transaction():
            good = self._redeem(application, refresh_token)
            grant = self._grant(application, username) if good else None
        if grant is None:
            msg = "The grant was revoked or has expired: the owner must sign in again."
            raise ReauthenticationRequiredError(msg, reason="grant_revoked")
        return await self._answer(attrs.evolve(grant, identity=None), username)

    async def client_credentials(
        self,
        application: OAuthApplication,
        client_secret: str | None,
        claims: str | None = None,  # noqa: ARG002 - nothing here can be challenged
    ) -> Grant:
        """Grant the application a token of its own."""
        await self._begin("client_credentials", application, client_secret, application.client_id)
        grant = Grant(token=Token(access=self._access(application, application.client_id)))
        return await self._answer(grant, application.client_id)

    async def validate_token(self, access_token: str) -> bool:
        """Return whether it was issued here and has not expired."""
        row = self._one("SELECT holder, expires_at FROM access_tokens WHERE value = ?", access_token)
        self._count("validate_token", row[0] if row else "nobody")
        self._meet_fault()
        return bool(row) and self.clock.now() < datetime.fromisoformat(row[1])

    async def _begin(self, method: str, application: OAuthApplication, client_secret: str | None, holder: str) -> None:
        self._count(method, holder)
        await self.at_window(BEFORE_ANSWER, holder)
        self._meet_fault()
        if (client_secret or "") not in (self._secrets(application) or [""]):
            msg = f"A client secret of application {application.client_id} is wrong or expired: issue a new one."
            raise InvalidClientError(msg)

    def _secrets(self, application: OAuthApplication) -> list[str]:
        row = self._one("SELECT secrets FROM applications WHERE client_id = ?", application.client_id)
        if not row:
            msg = f"Application {application.client_id} is not registered: check AZURE_CLIENT_ID and AZURE_TENANT_ID."
            raise ConfigurationError(msg, error_code="APPLICATION_UNKNOWN")
        return list(json.loads(row[0]))

    def _meet_fault(self) -> None:
        with self._transaction():
            fault = self._one("SELECT number, kind, retry_after FROM faults ORDER BY number")
            self.connection.execute("DELETE FROM faults WHERE number = ?", fault[:1] or (None,))
        if fault:
            wait = None if fault[2] is None else timedelta(seconds=fault[2])
            error = FAULTS[fault[1]]("The provider fails as it was told to.")
            error.retry_after = wait
            raise error

    async def _answer(self, grant: Grant, holder: str) -> Grant:
        await self.at_window(AFTER_ANSWER, holder)
        return grant

    def _poll(self, application: OAuthApplication, device_code: str) -> str | DevicePoll:
        now = self.clock.now()
        row = self._one(
            "SELECT expires_at, slower, polled_at, username, declined FROM devices WHERE value = ? AND client_id = ?",
            device_code,
            application.client_id,
        )
        if not row or row[4] or now >= datetime.fromisoformat(row[0]):
            code = "DEVICE_CODE_REJECTED" if not row else "SIGN_IN_DECLINED" if row[4] else "DEVICE_CODE_EXPIRED"
            msg = "The device flow has ended without a sign-in: begin it again."
            raise AuthenticationError(msg, error_code=code)
        if row[3]:
            self.connection.execute("DELETE FROM devices WHERE value = ?", (device_code,))
            return str(row[3])
        wait = INTERVAL + timedelta(seconds=row[1])
        hurried = row[2] is not None and now - datetime.fromisoformat(row[2]) < wait
        self.connection.execute(
            "UPDATE devices SET polled_at = ?, slower = slower + ? WHERE value = ?",
            (now.isoformat(), INTERVAL.total_seconds() if hurried else 0, device_code),
        )
        return DevicePoll.SLOW_DOWN if hurried else DevicePoll.PENDING

    def _redeem(self, application: OAuthApplication, refresh_token: str) -> bool:
        row = self._one(
            "SELECT client_id, t.generation = u.generation, spent, username FROM refresh_tokens t JOIN users u"
            " USING (username) WHERE value = ?",
            refresh_token,
        )
        if not row or row[0] != application.client_id or not row[1]:
            return False
        if row[2] and self._setting("strict", 0):
            self.revoke(row[3])
            return False
        self.connection.execute("UPDATE refresh_tokens SET spent = 1 WHERE value = ?", (refresh_token,))
        return True

    def _grant(self, application: OAuthApplication, username: str) -> Grant:
        tenant_id, generation = self._one("SELECT tenant_id, generation FROM users WHERE username = ?", username)
        refresh = f"rt-{self.identifiers.unique()}"
        self.connection.execute(
            "INSERT INTO refresh_tokens (value, client_id, username, generation) VALUES (?, ?, ?, ?)",
            (refresh, application.client_id, username, generation),
        )
        return Grant(
            token=Token(access=self._access(application, username), refresh=refresh),
            identity=Identity(tenant_id=tenant_id, object_id=f"oid-{username}"),
            username=username,
            email=username,
            name=username.partition("@")[0],
        )

    def _access(self, application: OAuthApplication, holder: str) -> AccessToken:
        now, value = self.clock.now(), f"at-{self.identifiers.unique()}"
        expires_at = now + timedelta(seconds=self._setting("lifetime", 3600))
        row = (value, holder, expires_at.isoformat())
        self.connection.execute("INSERT INTO access_tokens (value, holder, expires_at) VALUES (?, ?, ?)", row)
        return AccessToken(value=value, obtained_at=now, expires_at=expires_at, scopes=application.scopes)

    def _setting(self, name: str, default: float) -> float:
        row = self._one("SELECT value FROM settings WHERE name = ?", name)
        return float(row[0]) if row else default

    def _count(self, method: str, holder: str) -> None:
        self.connection.execute("INSERT INTO calls (method, holder) VALUES (?, ?)", (method, holder))

    def _one(self, sql: str, *values: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self.connection.execute(sql, values).fetchone()
        return row or ()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")


@contextmanager
def open_shared_provider(
    path: Path, clock: Clock, identifiers: Identifiers, at_window: AtWindow = pass_by
) -> Iterator[SharedIdentityProvider]:
    """Open the provider whose state is in this file, made as needed. Calls block for a moment: no test minds."""
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.executescript(SCHEMA)
        yield SharedIdentityProvider(connection=connection, clock=clock, identifiers=identifiers, at_window=at_window)
