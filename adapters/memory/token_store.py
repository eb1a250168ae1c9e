"""Tokens in memory."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from adapters.memory.account_store import revealed
from adapters.memory.database import ACCESS_TOKEN, HIDDEN, REFRESH_TOKEN, MemoryDatabase, TokenRow
from domain.account import Account, AccountId, AccountStatus
from domain.change import AccountChange
from domain.errors import ConflictError, EncryptionError, LeaseLostError, NotFoundError, UnknownKeyError
from domain.lifecycle import Transition
from domain.refreshing import BACKOFF_LAST, RefreshState, Wait
from domain.token import AccessToken, Token, TokenCounts
from domain.validation import checked_utc
from ports.cipher import Binding, KeyId
from ports.held_tokens import HeldToken
from ports.token_store import Cursor, Lease, News, TokenStore


@attrs.frozen
class MemoryTokenStore(TokenStore):
    """Follows the port to the letter, one dictionary row per account."""

    database: MemoryDatabase

    async def read(self, user_id: str, now: datetime) -> HeldToken | None:
        """Decrypt the access token only, unless it has expired."""
        checked_utc(now)
        account = self.database.named(user_id)
        if account is None:
            return None
        row = self.database.tokens[account.account_id]
        return HeldToken(
            account_id=account.account_id,
            user_id=account.user_id,
            status=account.status,
            reauth_reason=account.reauth_reason,
            access=self._access(account.account_id, row, now),
            expires_at=None if row.access is None else row.access.expires_at,
            due_at=row.due_at,
            wait=row.state.obstacle(now),
            fence=row.state.fence,
        )

    async def claim(self, held: HeldToken | str, owner: str, now: datetime, lasting: timedelta) -> Lease | Wait:
        """Decide by the state's own rules."""
        account_id = held.account_id if isinstance(held, HeldToken) else self._id_of(held)
        row = self._row(account_id)
        if isinstance(held, HeldToken) and row.state.fence != held.fence:
            msg = f"The token of account {held.user_id!r} was written meanwhile."
            raise ConflictError(msg, error_code="FENCE_MOVED", details={"user_id": held.user_id})
        wait = row.state.obstacle(now)
        if wait is not None:
            return wait
        account = self.database.accounts[account_id]
        if not account.usable:
            msg = f"Account {account.user_id!r} may not be used."
            raise ConflictError(msg, error_code="ACCOUNT_NOT_USABLE", details={"user_id": account.user_id})
        self.database.refuse_stale()
        try:
            account = revealed(self.database, account)
            refresh = self._opened(account_id, REFRESH_TOKEN)
        except UnknownKeyError:
            raise  # this process lacks a key: no news to those that have it
        except EncryptionError:
            row.state = row.state.failed(now, BACKOFF_LAST, 0)
            raise
        self.database.may_encrypt()
        row.state = row.state.leased(owner, now, lasting)
        return Lease(
            owner=owner,
            fence=row.state.fence,
            expires_at=row.state.leased_until or now,
            account=account,
            refresh=refresh,
            attempts=row.state.attempts,
        )

    async def commit(
        self, lease: Lease, token: Token, due_at: datetime, transition: Transition
    ) -> AccountChange | None:
        """Encrypt under the recorded key, which may be newer than the process."""
        row = self._leased(lease)
        under = self.database.primary_key
        change = self._change(lease.account.account_id, transition)
        self._keep(lease.account.account_id, row, token, due_at, under)
        row.state = row.state.succeeded()
        return self._stored(lease.account.account_id, change)

    async def fail(
        self, lease: Lease, now: datetime, retry_after: timedelta | None, spread: float, transition: Transition
    ) -> AccountChange | None:
        """Keep the token."""
        row = self._leased(lease)
        change = self._change(lease.account.account_id, transition)
        row.state = row.state.failed(now, retry_after, spread)
        if change is not None and change.after.reauth_reason is not None:
            row.due_at = None
        return self._stored(lease.account.account_id, change)

    async def replace(
        self,
        account_id: AccountId,
        token: Token | None,
        due_at: datetime | None,
        transition: Transition,
        enrolment: AccountChange | None = None,
    ) -> AccountChange | None:
        """Fence off whoever is refreshing."""
        if enrolment is not None:
            self.database.check(enrolment)
        account = self._account(account_id) if enrolment is None else enrolment.after
        change = transition(account)
        if change is not None:
            self.database.check(change, None if enrolment is None else account)
        RefreshState().wake_at(due_at)  # refuses a time that is not UTC before anything is written
        under = self.database.primary_key
        if token is not None and under not in self.database.cipher.key_ids:
            under = self.database.may_encrypt()
        if enrolment is not None:
            self.database.store(enrolment)
        row = self._row(account_id)
        self._keep(account_id, row, token, due_at, under)
        row.state = row.state.superseded()
        return self._stored(account_id, change)

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[str, datetime]]:  # noqa: ARG002 - all are told
        """Sort all accounts by when they should be looked at."""
        self.database.refuse_stale()
        waking = (
            (account.user_id, row.state.wake_at(row.due_at))
            for account_id, row in self.database.tokens.items()
            if (account := self.database.accounts[account_id]).status is AccountStatus.ACTIVE
        )
        return sorted(((user, at) for user, at in waking if at is not None), key=lambda pair: pair[1])[:limit]

    async def counts(self, now: datetime) -> TokenCounts:
        """Look at every row."""
        expiries = {
            account_id: row.access.expires_at
            for account_id, row in self.database.tokens.items()
            if row.access is not None
        }
        accounts = self.database.accounts
        active = [at for account_id, at in expiries.items() if accounts[account_id].status is AccountStatus.ACTIVE]
        fresh = sum(at > now for at in expiries.values())
        return TokenCounts(
            fresh=fresh,
            expired=len(expiries) - fresh,
            absent=len(accounts) - len(expiries),
            soonest=min(active, default=None),
        )

    async def news(self, since: Cursor | None) -> News:
        """Count writes."""
        cursor = Cursor(str(self.database.writes))
        if since is None:
            return News(cursor=cursor, account_ids=frozenset())
        told = {account_id for account_id, write in self.database.written.items() if write > int(since)}
        return News(cursor=cursor, account_ids=frozenset(told))

    def _id_of(self, user_id: str) -> AccountId:
        account = self.database.named(user_id)
        if account is None:
            msg = f"Account {user_id!r} does not exist."
            raise NotFoundError(msg, details={"user_id": user_id})
        return account.account_id

    def _account(self, account_id: AccountId) -> Account:
        self._row(account_id)
        return self.database.accounts[account_id]

    def _row(self, account_id: AccountId) -> TokenRow:
        row = self.database.tokens.get(account_id)
        if row is None:
            msg = f"Account {account_id} does not exist."
            raise NotFoundError(msg, details={"account_id": account_id})
        return row

    def _leased(self, lease: Lease) -> TokenRow:
        row = self._row(lease.account.account_id)
        if (row.state.fence, row.state.owner) != (lease.fence, lease.owner):
            msg = f"The lease on account {lease.account.user_id!r} was lost: a newer token is stored or on its way."
            raise LeaseLostError(msg, details={"user_id": lease.account.user_id, "fence": lease.fence})
        return row

    def _change(self, account_id: AccountId, transition: Transition) -> AccountChange | None:
        change = transition(self.database.accounts[account_id])
        if change is not None:
            self.database.check(change)
        return change

    def _stored(self, account_id: AccountId, change: AccountChange | None) -> AccountChange | None:
        if change is not None:
            self.database.store(change)
        self.database.touch(account_id)
        return change

    def _keep(
        self, account_id: AccountId, row: TokenRow, token: Token | None, due_at: datetime | None, under: KeyId | None
    ) -> None:
        row.state.wake_at(due_at)  # refuses a time that is not UTC before anything is written
        values = {} if token is None else {ACCESS_TOKEN: token.access.value, REFRESH_TOKEN: token.refresh}
        encrypted = {
            binding: self.database.cipher.encrypt(value, binding, under=under)
            for binding, value in ((Binding(account_id, field), value) for field, value in values.items())
            if value is not None
        }
        for field in (ACCESS_TOKEN, REFRESH_TOKEN):
            self.database.ciphertexts.pop(Binding(account_id, field), None)
        self.database.ciphertexts |= encrypted
        row.access = None if token is None else attrs.evolve(token.access, value=HIDDEN)
        row.due_at = due_at

    def _access(self, account_id: AccountId, row: TokenRow, now: datetime) -> AccessToken | None:
        if row.access is None or row.access.expires_at <= now:
            return None
        value = self._opened(account_id, ACCESS_TOKEN)
        return None if value is None else attrs.evolve(row.access, value=value)

    def _opened(self, account_id: AccountId, field: str) -> str | None:
        binding = Binding(account_id, field)
        ciphertext = self.database.ciphertexts.get(binding)
        return None if ciphertext is None else self.database.cipher.decrypt(ciphertext, binding)
