"""A token store that tells what is asked of it and can be held around its writes. It breaks no promise of the port."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import attrs

from domain.account import AccountId
from domain.change import AccountChange
from domain.errors import LeaseLostError
from domain.lifecycle import Transition
from domain.refreshing import Wait, WaitReason
from domain.token import Token, TokenCounts
from ports.held_tokens import HeldToken
from ports.token_store import Cursor, Lease, News, TokenStore
from tests.fakes.shared_provider import AtWindow

AFTER_CLAIM = "after_claim"
"""The lease is given; the provider was not asked yet."""
AFTER_COMMIT = "after_commit"
"""The answer is stored; nobody who waits for it was told."""
AFTER_DUE = "after_due"
"""A keeper knows what is due; others may know it too."""

Say = Callable[..., None]
"""Is called with what happened, and facts by name."""


@attrs.frozen(kw_only=True)
class WatchedTokenStore(TokenStore):
    """Says `waiting`, `leased`, `committed`, `commit_refused`, `failed` and `fail_refused`, each with the user."""

    inner: TokenStore
    say: Say
    at_window: AtWindow
    asked: Counter[str] = attrs.field(factory=Counter)
    """How often `read` and `news` were called."""
    _waiting: set[str] = attrs.field(factory=set)

    async def read(self, user_id: str, now: datetime) -> HeldToken | None:
        """Read; a token that somebody else is refreshing is told of once."""
        self.asked["read"] += 1
        held = await self.inner.read(user_id, now)
        if held is not None:
            self._heed(user_id, held.wait)
        return held

    async def claim(self, held: HeldToken | str, owner: str, now: datetime, lasting: timedelta) -> Lease | Wait:
        """Claim and tell."""
        outcome = await self.inner.claim(held, owner, now, lasting)
        if isinstance(outcome, Lease):
            self.say("leased", user=outcome.account.user_id, until=outcome.expires_at.timestamp())
            await self.at_window(AFTER_CLAIM, outcome.account.user_id)
        else:
            self._heed(held if isinstance(held, str) else held.user_id, outcome)
        return outcome

    async def commit(
        self, lease: Lease, token: Token, due_at: datetime, transition: Transition
    ) -> AccountChange | None:
        """Commit and tell."""
        user_id = lease.account.user_id
        try:
            change = await self.inner.commit(lease, token, due_at, transition)
        except LeaseLostError:
            self.say("commit_refused", user=user_id)
            raise
        self.say("committed", user=user_id)
        await self.at_window(AFTER_COMMIT, user_id)
        return change

    async def fail(
        self, lease: Lease, now: datetime, retry_after: timedelta | None, spread: float, transition: Transition
    ) -> AccountChange | None:
        """Fail and tell."""
        user_id = lease.account.user_id
        try:
            change = await self.inner.fail(lease, now, retry_after, spread, transition)
        except LeaseLostError:
            self.say("fail_refused", user=user_id)
            raise
        self.say("failed", user=user_id)
        return change

    async def replace(
        self,
        account_id: AccountId,
        token: Token | None,
        due_at: datetime | None,
        transition: Transition,
        enrolment: AccountChange | None = None,
    ) -> AccountChange | None:
        """Pass on."""
        return await self.inner.replace(account_id, token, due_at, transition, enrolment)

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """Read; between that and the answer is a window of no user."""
        found = await self.inner.due(now, limit)
        await self.at_window(AFTER_DUE, "")
        return found

    async def counts(self, now: datetime) -> TokenCounts:
        """Pass on."""
        return await self.inner.counts(now)

    async def news(self, since: Cursor | None) -> News:
        """Pass on; counted when it was answered."""
        news = await self.inner.news(since)
        self.asked["news"] += 1
        return news

    def _heed(self, user_id: str, wait: Wait | None) -> None:
        if wait is not None and wait.reason is WaitReason.LEASED and user_id not in self._waiting:
            self._waiting.add(user_id)
            self.say("waiting", user=user_id)
