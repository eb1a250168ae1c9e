"""Tokens of SQLite for reading alone: whoever hands one out and ends need not load what changes an account."""

import json
import sqlite3
from datetime import datetime
from functools import lru_cache

import attrs

from adapters.sqlite.database import Database
from adapters.sqlite.row_decoding import decodes
from adapters.sqlite.secrets import ACCESS_TOKEN
from adapters.sqlite.timestamps import from_text
from adapters.sqlite.token_rows import time, to_attempts
from domain.account import AccountStatus, user_key
from domain.refreshing import RefreshState, Wait
from domain.token import AccessToken
from domain.validation import checked_utc
from ports.cipher import Cipher
from ports.held_tokens import HeldToken, HeldTokens

_READ = (
    "SELECT a.account_id, a.user_id, a.status, a.reauth_reason, t.access_token, t.obtained_at, t.expires_at,"
    " t.refresh_at, t.scopes, t.due_at, t.fence, t.leased_until, t.retry_at, t.attempts"
    " FROM accounts a LEFT JOIN tokens t USING (account_id) WHERE a.user_key = ?"
)


@attrs.frozen
class SqliteHeldTokens(HeldTokens):
    """Reads the tables `tokens` and `accounts`."""

    database: Database
    cipher: Cipher

    async def read(self, user_id: str, now: datetime) -> HeldToken | None:
        """Read one row of a join and decrypt one secret, in one hop; what has expired is not opened."""
        checked_utc(now)

        def work(connection: sqlite3.Connection) -> HeldToken | None:
            rows = connection.execute(_READ, (user_key(user_id),)).fetchall()
            return _to_held(rows[0], now, self.cipher) if rows else None

        return await self.database.read(work, operation="read", table="tokens", single=True)


@decodes("tokens")
def _to_held(row: sqlite3.Row, now: datetime, cipher: Cipher) -> HeldToken:
    """Return what `_READ` found, by position: a search for each of so many names would take longer than the rest.

    Raises:
        EncryptionError: the access token does not open.
    """
    account_id, user_id, status, reauth_reason, sealed, obtained_at, expires_at, refresh_at, scopes, *state = row
    due_at, fence, leased_until, retry_at, attempts = state
    access, expiry = None, time(expires_at)
    if sealed is not None and (expiry is None or expiry > now):
        access = AccessToken(
            value=cipher.decrypt(sealed, ACCESS_TOKEN.binding(account_id)),
            obtained_at=from_text(obtained_at),
            expires_at=expiry or from_text(expires_at),
            refresh_at=time(refresh_at),
            scopes=_to_scopes(scopes),
        )
    return HeldToken(
        account_id=account_id,
        user_id=user_id,
        status=AccountStatus(status),
        reauth_reason=reauth_reason,
        access=access,
        expires_at=expiry,
        due_at=time(due_at),
        wait=_to_wait(leased_until, retry_at, attempts, now),
        fence=fence or 0,
    )


def _to_wait(leased_until: str | None, retry_at: str | None, attempts: str | None, now: datetime) -> Wait | None:
    if leased_until is None and retry_at is None and not attempts:
        return None
    state = RefreshState(leased_until=time(leased_until), retry_at=time(retry_at), attempts=to_attempts(attempts))
    return state.obstacle(now)


@lru_cache(maxsize=256)  # accounts of one application have the same, and need not each hold them
def _to_scopes(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))
