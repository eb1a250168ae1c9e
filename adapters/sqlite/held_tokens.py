"""Tokens of SQLite for reading alone: whoever hands one out and ends need not load what changes an account."""

import sqlite3
from datetime import datetime

import attrs

from adapters.sqlite.database import Database
from adapters.sqlite.token_rows import time, to_access, to_state
from domain.account import AccountId, AccountStatus, user_key
from ports.cipher import Cipher
from ports.held_tokens import HeldToken, HeldTokens

_READ = (
    "SELECT a.account_id, a.user_id, a.status, a.reauth_reason, t.access_token, t.obtained_at, t.expires_at,"
    " t.refresh_at, t.scopes, t.due_at, t.fence, t.owner, t.leased_until, t.retry_at, t.failures, t.attempts"
    " FROM accounts a LEFT JOIN tokens t USING (account_id) WHERE a.user_key = ?"
)


@attrs.frozen
class SqliteHeldTokens(HeldTokens):
    """Reads the tables `tokens` and `accounts`."""

    database: Database
    cipher: Cipher

    async def read(self, user_id: str, now: datetime) -> HeldToken | None:
        """Read one row of a join and decrypt one secret, in one hop."""

        def work(connection: sqlite3.Connection) -> HeldToken | None:
            rows = connection.execute(_READ, (user_key(user_id),)).fetchall()
            return self._held(rows[0], now) if rows else None

        return await self.database.read(work, operation="read", table="tokens", single=True)

    def _held(self, row: sqlite3.Row, now: datetime) -> HeldToken:
        account_id, state = AccountId(row["account_id"]), to_state(row)
        return HeldToken(
            account_id=account_id,
            user_id=row["user_id"],
            status=AccountStatus(row["status"]),
            reauth_reason=row["reauth_reason"],
            access=to_access(row, account_id, self.cipher),
            due_at=time(row["due_at"]),
            wait=state.obstacle(now),
            fence=state.fence,
        )
