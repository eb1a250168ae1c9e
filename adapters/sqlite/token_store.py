"""Tokens in SQLite: leases and fences are decided inside write transactions, so they hold for every process."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from adapters.sqlite.account_rows import load, to_account, to_status, touch, write_change
from adapters.sqlite.held_tokens import SqliteHeldTokens
from adapters.sqlite.secrets import may_encrypt, recorded_key, refuse_stale
from adapters.sqlite.timestamps import from_text, to_text
from adapters.sqlite.token_rows import (
    CLAIMED,
    CLAIMED_BY_NAME,
    STATE,
    make_row,
    renew_token,
    time,
    to_refresh,
    to_state,
    write_state,
    write_token,
)
from domain.account import Account, AccountId, user_key
from domain.change import AccountChange
from domain.errors import (
    ConflictError,
    EncryptionError,
    LeaseLostError,
    NotFoundError,
    UnknownKeyError,
    ValidationError,
)
from domain.lifecycle import Transition
from domain.refreshing import BACKOFF_LAST, RefreshState, Wait
from domain.token import Token, TokenCounts
from ports.event_codec import EventCodec
from ports.held_tokens import HeldToken
from ports.token_store import Cursor, Lease, News, TokenStore

NEWS_AT_ONCE = 10_000
"""More accounts than this are not named one by one."""

_DUE = (
    "SELECT a.user_id, t.wake_at, t.due_at FROM tokens t JOIN accounts a USING (account_id)"
    " WHERE t.wake_at IS NOT NULL AND a.status = 'ACTIVE' ORDER BY t.wake_at LIMIT ?"
)
_COUNTS = (
    "SELECT COUNT(*) FILTER (WHERE t.expires_at > :now) AS fresh,"
    " COUNT(*) FILTER (WHERE t.expires_at <= :now) AS expired,"
    " COUNT(*) FILTER (WHERE t.expires_at IS NULL) AS absent,"
    " MIN(t.expires_at) FILTER (WHERE a.status = 'ACTIVE') AS soonest"
    " FROM accounts a LEFT JOIN tokens t USING (account_id)"
)


@attrs.frozen
class SqliteTokenStore(SqliteHeldTokens, TokenStore):
    """Owns the tables `tokens` and `news`; changes of accounts go through `account_rows`."""

    codec: EventCodec

    async def claim(self, held: HeldToken | str, owner: str, now: datetime, lasting: timedelta) -> Lease | Wait:
        """Decide by the state's own rules."""

        def work(connection: sqlite3.Connection) -> Lease | Wait | EncryptionError:
            row = claimed(connection, held)
            state = to_state(row)
            if isinstance(held, HeldToken) and state.fence != held.fence:
                msg = f"The token of account {held.user_id!r} was written meanwhile."
                raise ConflictError(msg, error_code="FENCE_MOVED", details={"user_id": held.user_id})
            wait = state.obstacle(now)
            if wait is not None:
                return wait
            if not to_status(row).usable:  # whether its secrets open is of no interest
                msg = f"Account {row['user_id']!r} may not be used."
                raise ConflictError(msg, error_code="ACCOUNT_NOT_USABLE", details={"user_id": row["user_id"]})
            if row["recorded"] != self.cipher.key_ids[0]:
                refuse_stale(connection, self.cipher)
            return self._leased(connection, row, state, (owner, now, lasting))

        outcome = await self.database.write(work, operation="claim", table="tokens", durable=False, clean=True)
        if isinstance(outcome, EncryptionError):
            raise outcome
        return outcome

    async def commit(
        self, lease: Lease, token: Token, due_at: datetime, transition: Transition
    ) -> AccountChange | None:
        """Encrypt under the recorded key, which may be newer than the process."""
        key = self.cipher.key_ids[0]  # the recorded one when the lease was given
        leased = RefreshState(fence=lease.fence, owner=lease.owner, attempts=lease.attempts)

        def work(connection: sqlite3.Connection) -> AccountChange | None:
            if renew_token(connection, lease.account, (token, leased, due_at), self.cipher, key):
                return self._changed(connection, lease.account.account_id, transition, lease.account)
            row = _held(connection, lease)
            account_id, stored = lease.account.account_id, (token, to_state(row).succeeded(), due_at)
            unchanged = row["version"] == lease.account.version
            account = (
                lease.account if unchanged else _existing(connection, account_id)
            )  # may raise: before it is written
            write_token(connection, account_id, stored, self.cipher, recorded_key(connection))
            return self._changed(connection, account_id, transition, account)

        return await self.database.write(work, operation="commit", table="tokens", clean=True)

    async def fail(
        self, lease: Lease, now: datetime, retry_after: timedelta | None, spread: float, transition: Transition
    ) -> AccountChange | None:
        """Write the state, keep the token."""

        def work(connection: sqlite3.Connection) -> AccountChange | None:
            row, account_id = _held(connection, lease), lease.account.account_id
            state, due_at = to_state(row), time(row["due_at"])
            change = self._changed(connection, account_id, transition)
            if change is not None and change.after.reauth_reason is not None:
                due_at = None
            write_state(connection, account_id, state.failed(now, retry_after, spread), due_at)
            return change

        return await self.database.write(work, operation="fail", table="tokens")

    async def replace(
        self,
        account_id: AccountId,
        token: Token | None,
        due_at: datetime | None,
        transition: Transition,
        enrolment: AccountChange | None = None,
    ) -> AccountChange | None:
        """Write token and state; the fence moves."""

        def work(connection: sqlite3.Connection) -> AccountChange | None:
            if enrolment is not None:
                write_change(connection, enrolment, self.codec)
            row = _found(connection, STATE, account_id)
            make_row(connection, row)
            recorded = recorded_key(connection)
            if token is not None and recorded not in self.cipher.key_ids:  # a token in hand is not thrown away
                recorded = may_encrypt(connection, self.cipher)
            write_token(connection, account_id, (token, to_state(row).superseded(), due_at), self.cipher, recorded)
            return self._changed(connection, account_id, transition)

        return await self.database.write(work, operation="replace", table="tokens")

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """Read along the index of wake-up times."""

        def work(connection: sqlite3.Connection) -> list[tuple[str, datetime]]:
            refuse_stale(connection, self.cipher)
            return [
                (row["user_id"], _time_or(row["wake_at"], _time_or(row["due_at"], now)))
                for row in connection.execute(_DUE, (limit,))
            ]

        return await self.database.read(work, operation="due", table="tokens")

    async def counts(self, now: datetime) -> TokenCounts:
        """Read times only; an expiry that is unreadable and the earliest counts as one that is now."""

        def work(connection: sqlite3.Connection) -> TokenCounts:
            row = connection.execute(_COUNTS, {"now": to_text(now)}).fetchone()
            soonest = None if row["soonest"] is None else _time_or(row["soonest"], now)
            return TokenCounts(fresh=row["fresh"], expired=row["expired"], absent=row["absent"], soonest=soonest)

        return await self.database.read(work, operation="counts", table="tokens")

    async def news(self, since: Cursor | None) -> News:
        """Read along the numbers; SQLite has one writer at a time, so that numbers are committed in their order."""

        def work(connection: sqlite3.Connection) -> News:
            newest = connection.execute("SELECT coalesce(max(number), 0) AS newest FROM news").fetchone()["newest"]
            cursor = Cursor(str(newest))
            if since is None or int(since) == newest:
                return News(cursor=cursor, account_ids=frozenset())
            rows = connection.execute(
                "SELECT account_id FROM news WHERE number > ? LIMIT ?",
                (int(since), NEWS_AT_ONCE + 1),
            ).fetchall()
            too_many = len(rows) > NEWS_AT_ONCE
            told = None if too_many else frozenset(AccountId(row["account_id"]) for row in rows)
            return News(cursor=cursor, account_ids=told)

        return await self.database.read(work, operation="news", table="news")

    def _leased(
        self,
        connection: sqlite3.Connection,
        row: sqlite3.Row,
        state: RefreshState,
        asked: tuple[str, datetime, timedelta],
    ) -> Lease | EncryptionError:
        """Give the lease; a secret that does not open is returned as an error, so that the waiting is committed.

        Nothing is written before it raises.
        """
        account_id, due_at, (owner, now, lasting) = AccountId(row["account_id"]), time(row["due_at"]), asked
        try:
            account = to_account(row, self.cipher)
            refresh = to_refresh(row, account_id, self.cipher)
        except UnknownKeyError:
            raise  # this process lacks a key: no news to those that have it
        except EncryptionError as error:
            make_row(connection, row)
            write_state(connection, account_id, state.failed(now, BACKOFF_LAST, 0), due_at)
            return error
        leased = state.leased(owner, now, lasting)
        if row["recorded"] is None:
            may_encrypt(connection, self.cipher)
        make_row(connection, row)
        write_state(connection, account_id, leased, due_at)
        return Lease(
            owner=owner,
            fence=leased.fence,
            expires_at=leased.leased_until or now,
            account=account,
            refresh=refresh,
            attempts=leased.attempts,
        )

    def _changed(
        self,
        connection: sqlite3.Connection,
        account_id: AccountId,
        transition: Transition,
        current: Account | None = None,
    ) -> AccountChange | None:
        """Write what the transition changes; the account is loaded unless it is known to be `current`."""
        change = transition(current or _existing(connection, account_id))
        if change is not None:
            write_change(connection, change, self.codec)
        touch(connection, account_id)
        return change


def _time_or(stored: str | None, otherwise: datetime) -> datetime:
    try:
        return otherwise if stored is None else from_text(stored)
    except ValidationError:
        return otherwise


def claimed(connection: sqlite3.Connection, held: HeldToken | str) -> sqlite3.Row:
    """Return what it takes to refresh the account's token."""
    if isinstance(held, HeldToken):
        return _found(connection, CLAIMED, held.account_id)
    row: sqlite3.Row | None = connection.execute(CLAIMED_BY_NAME, (user_key(held),)).fetchone()
    if row is None:
        msg = f"Account {held!r} does not exist."
        raise NotFoundError(msg, details={"user_id": held})
    return row


def _found(connection: sqlite3.Connection, select: str, account_id: AccountId) -> sqlite3.Row:
    """Return the row of an account; what it has in `tokens` is null if it has none there."""
    row: sqlite3.Row | None = connection.execute(select, (account_id,)).fetchone()
    if row is None:
        raise _unknown(account_id)
    return row


def _existing(connection: sqlite3.Connection, account_id: AccountId) -> Account:
    account = load(connection, account_id, None)
    if account is None:
        raise _unknown(account_id)
    return account


def _unknown(account_id: AccountId) -> NotFoundError:
    msg = f"Account {account_id} does not exist."
    return NotFoundError(msg, details={"account_id": account_id})


def _held(connection: sqlite3.Connection, lease: Lease) -> sqlite3.Row:
    row = _found(connection, STATE, lease.account.account_id)
    if (row["fence"], row["owner"]) != (lease.fence, lease.owner):
        msg = f"The lease on account {lease.account.user_id!r} was lost: a newer token is stored or on its way."
        raise LeaseLostError(msg, details={"user_id": lease.account.user_id, "fence": lease.fence})
    return row
