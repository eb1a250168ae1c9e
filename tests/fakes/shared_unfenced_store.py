"""SQLite token stores with their protection switched off, to show that the tests of the protection would notice."""

import sqlite3
from datetime import datetime, timedelta

import attrs

from adapters.sqlite.account_rows import to_account
from adapters.sqlite.token_rows import CLAIMED, to_refresh, to_state, write_state, write_token
from adapters.sqlite.token_store import SqliteTokenStore, claimed
from domain.account import AccountId
from domain.change import AccountChange
from domain.lifecycle import Transition
from domain.refreshing import Wait
from domain.token import Token
from ports.held_tokens import HeldToken
from ports.token_store import Lease


@attrs.frozen
class UnfencedTokenStore(SqliteTokenStore):
    """Breaks "a write under a lease is refused once another lease was given": the write is made all the same."""

    async def commit(
        self, lease: Lease, token: Token, due_at: datetime, transition: Transition
    ) -> AccountChange | None:
        """Store the token without looking at the fence."""

        def work(connection: sqlite3.Connection) -> AccountChange | None:
            account_id = lease.account.account_id
            state = to_state(_row(connection, account_id))
            write_token(connection, account_id, (token, state.succeeded(), due_at), self.cipher, None)
            return self._changed(connection, account_id, transition)

        return await self.database.write(work)

    async def fail(
        self, lease: Lease, now: datetime, retry_after: timedelta | None, spread: float, transition: Transition
    ) -> AccountChange | None:
        """Store the failure without looking at the fence."""

        def work(connection: sqlite3.Connection) -> AccountChange | None:
            account_id = lease.account.account_id
            state = to_state(_row(connection, account_id)).failed(now, retry_after, spread)
            write_state(connection, account_id, state, None)
            return self._changed(connection, account_id, transition)

        return await self.database.write(work)


@attrs.frozen
class UnleasedTokenStore(UnfencedTokenStore):
    """Breaks besides "at most one lease per account is alive at a time": everybody gets one, and none is kept."""

    async def claim(self, held: HeldToken | str, owner: str, now: datetime, lasting: timedelta) -> Lease | Wait:
        """Give the lease, write nothing."""

        def work(connection: sqlite3.Connection) -> Lease:
            row = claimed(connection, held)
            account = to_account(row, self.cipher)
            refresh = to_refresh(row, account.account_id, self.cipher)
            return Lease(
                owner=owner,
                fence=row["fence"],
                expires_at=now + lasting,
                account=account,
                refresh=refresh,
                attempts=(),
            )

        return await self.database.read(work)


def _row(connection: sqlite3.Connection, account_id: AccountId) -> sqlite3.Row:
    row: sqlite3.Row = connection.execute(CLAIMED, (account_id,)).fetchone()
    return row
