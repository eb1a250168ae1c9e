"""Signed-in accounts, as many as a benchmark wants, written straight into the database of the project."""

import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.fernet.cipher import FernetCipher
from adapters.sqlite.database import Database
from adapters.sqlite.secrets import ACCESS_TOKEN, REFRESH_TOKEN, record_key
from adapters.sqlite.timestamps import to_text
from domain.account import OAuthApplication

SCOPES: Final = ("https://graph.microsoft.com/Mail.Read", "https://graph.microsoft.com/User.Read")
TENANT: Final = "7d2a1a52-4f0c-4a8e-9d57-1c6b0f3a9e11"
CLIENT: Final = "3f5b8c1e-92d4-4b7a-8f60-5a1d7e2c4b90"
CLIENT_SECRET: Final = "a-client-secret-of-forty-characters-long"
APPLICATION: Final = OAuthApplication(
    client_id=CLIENT, tenant_id=TENANT, scopes=SCOPES, client_secrets=(CLIENT_SECRET,)
)
LIFETIME: Final = timedelta(hours=1)

_ACCESS_BYTES: Final = 1200
_REFRESH_BYTES: Final = 900
_AT_ONCE: Final = 5000
_ACCOUNT: Final = (
    "INSERT INTO accounts (account_id, user_id, user_key, name, email, status, status_since, version, created_at)"
    " VALUES (?, ?, ?, ?, ?, 'ACTIVE', ?, 1, ?)"
)
_TOKEN: Final = (
    "INSERT INTO tokens (account_id, access_token, refresh_token, obtained_at, expires_at, scopes, due_at, wake_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def user_id(number: int) -> str:
    """Return the user id of the account with this number."""
    return f"user{number:06d}"


def account_id(number: int) -> str:
    """Return an id of the form that enrolment draws."""
    return f"00000000-0000-4000-8000-{number:012d}"


def access_token() -> str:
    """Return text as long as an access token for Graph is: 1,600 characters."""
    return secrets.token_urlsafe(_ACCESS_BYTES)


def refresh_token() -> str:
    """Return text as long as a refresh token of Entra is: 1,200 characters."""
    return secrets.token_urlsafe(_REFRESH_BYTES)


async def add_accounts(database: Database, cipher: FernetCipher, count: int) -> None:
    """Add accounts 0 to `count` - 1, each with a fresh token, encrypted with the cipher's first key."""
    await database.write(lambda connection: record_key(connection, cipher.key_ids[0]))
    for first in range(0, count, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, count))
        now = datetime.now(UTC)

        def write(
            connection: sqlite3.Connection,
            numbers: Sequence[int] = numbers,
            at: str = to_text(now),
            now: datetime = now,
        ) -> None:
            connection.executemany(_ACCOUNT, _accounts(numbers, at))
            connection.executemany(_TOKEN, _tokens(numbers, cipher, now))

        await database.write(write)


async def expire_all(database: Database, count: int) -> None:
    """Let the tokens of the first `count` accounts have expired a minute ago; no attempt to refresh is remembered."""
    ago = datetime.now(UTC) - timedelta(minutes=1)
    text = to_text(ago)

    def write(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE tokens SET obtained_at = ?, expires_at = ?, due_at = ?, wake_at = ?, owner = NULL,"
            " leased_until = NULL, retry_at = NULL, failures = 0, attempts = '' WHERE account_id < ?",
            (to_text(ago - LIFETIME), text, text, text, account_id(count)),
        )

    await database.write(write)


def _accounts(numbers: Sequence[int], at: str) -> Iterator[tuple[object, ...]]:
    for number in numbers:
        name = user_id(number)
        yield account_id(number), name, name, name.title(), f"{name}@office.example", at, at


def _tokens(numbers: Sequence[int], cipher: FernetCipher, now: datetime) -> Iterator[tuple[object, ...]]:
    obtained, expires, due = to_text(now), to_text(now + LIFETIME), to_text(now + LIFETIME * 0.8)
    scopes = json.dumps(SCOPES)
    for number in numbers:
        owner = account_id(number)
        access = cipher.encrypt(access_token(), ACCESS_TOKEN.binding(owner))
        refresh = cipher.encrypt(refresh_token(), REFRESH_TOKEN.binding(owner))
        yield owner, access, refresh, obtained, expires, scopes, due, due
