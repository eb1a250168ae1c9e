"""Tokens, the right to refresh them, and news of what other processes did to them."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NewType, Protocol

import attrs

from domain.account import Account, AccountId
from domain.change import AccountChange
from domain.lifecycle import Transition
from domain.refreshing import Wait
from domain.token import Token, TokenCounts
from ports.held_tokens import HeldToken, HeldTokens

Cursor = NewType("Cursor", str)
"""How far somebody has read the store's news; only the store can tell what it means."""


@attrs.frozen(kw_only=True)
class Lease:
    """The right of one owner to refresh one account's token until `expires_at`, with what it takes to do so."""

    owner: str
    fence: int
    expires_at: datetime
    account: Account
    refresh: str | None = attrs.field(repr=False)
    """The refresh token, if the account has one."""
    attempts: tuple[datetime, ...]
    """When refreshes were begun, as far as that counts for the budget; the last one is this lease's."""


@attrs.frozen(kw_only=True)
class News:
    """Accounts whose token or own record was written, and the cursor to ask with next. None: too many to tell,
    assume all.
    """

    cursor: Cursor
    account_ids: frozenset[AccountId] | None


class TokenStore(HeldTokens, Protocol):
    """Keeps one token per account, encrypted. Whatever is stored is durable when the call returns, but for a lease.

    At most one lease per account is alive at a time, over all processes that share the store. A write under a lease
    is refused once another lease was given or `replace` was called (fencing), even if the holder does not know.
    A `Transition` is run on the current account inside the write: account, audit entry, event and token commit as one.
    """

    @abstractmethod
    async def claim(self, held: HeldToken | str, owner: str, now: datetime, lasting: timedelta) -> Lease | Wait:
        """Give `owner` the right to refresh, or say what it must wait for. A lease given counts as an attempt.

        `held` is what was read of the account, or its user id alone, where nothing that is stored would do anyway.

        A lease outlives its holder's process, but need not outlive a loss of power: that ends every holder, too.

        Where a stored secret is damaged, everybody waits as after a failure, and the error is raised; a key that only
        this process lacks concerns nobody else.

        Raises:
            ConflictError: somebody leased, refreshed or replaced since `held` was read, or the account may not be used
                (`HeldToken.usable`), which is found before any secret or key is looked at: read again, decide again.
            NotFoundError: the account does not exist.
            StaleKeyError: a new token could not be stored with this process's first key.
            EncryptionError: the refresh token or a client secret does not open.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def commit(
        self, lease: Lease, token: Token, due_at: datetime, transition: Transition
    ) -> AccountChange | None:
        """Store the refreshed token, end the lease and forget earlier failures; return what the transition changed.

        A process whose first key is no longer the recorded one stores the token under the recorded key if it has it:
        a token in hand is not thrown away.

        Raises:
            LeaseLostError: another lease was given or the token was replaced. Nothing was written.
            StaleKeyError: the recorded key is not at hand.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def fail(
        self, lease: Lease, now: datetime, retry_after: timedelta | None, spread: float, transition: Transition
    ) -> AccountChange | None:
        """End the lease without a token: everybody waits by `RefreshState.failed`; the stored token is kept.

        A token whose account needs a sign-in afterwards is not due any more.

        Raises:
            LeaseLostError: another lease was given or the token was replaced. Nothing was written.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def replace(
        self,
        account_id: AccountId,
        token: Token | None,
        due_at: datetime | None,
        transition: Transition,
        enrolment: AccountChange | None = None,
    ) -> AccountChange | None:
        """Store the token of a new sign-in, or forget the token (None); whoever is refreshing is fenced off.

        A sign-in that brings no refresh token leaves none: the grant it replaces is over. `enrolment` adds the account
        first; without client secrets, and in the same transaction. The token is stored as `commit` does, under the
        recorded key.

        Raises:
            ConflictError: the enrolment's account or user id exists. Nothing was written.
            NotFoundError: the account does not exist.
            PermissionDeniedError: the transition refuses; nothing was written.
            StaleKeyError: the recorded key is not at hand.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def due(self, now: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """Return up to `limit` user ids of ACTIVE accounts with their due time, the earliest first.

        Also those that are not due yet, so that the caller knows when to come back; an account that must wait is due
        when the waiting ends, one with a live lease when that expires, one whose due time is unreadable now.

        Raises:
            StaleKeyError: this process could not store what it refreshes: its first key is not the recorded one.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def counts(self, now: datetime) -> TokenCounts:
        """Return how many of all accounts have a fresh token at `now`, by the stored expiry; nothing is decrypted.

        Raises:
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def news(self, since: Cursor | None) -> News:
        """Return whose token or account was committed, by any process, before this call and not told for `since`.

        With None it returns a cursor and no accounts. Telling somebody twice is allowed, forgetting is not.

        Raises:
            DatabaseError: the store failed.
        """
