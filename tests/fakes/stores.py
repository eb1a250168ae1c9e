"""Stores that break one promise each, and one that counts."""

from collections import deque
from datetime import datetime, timedelta

import attrs

from adapters.memory.sign_in_store import MemorySignInStore
from adapters.memory.token_store import MemoryTokenStore
from domain.account import AccountId
from domain.change import AccountChange
from domain.errors import IACSGraphError
from domain.lifecycle import Transition
from domain.refreshing import Wait
from domain.sign_in import SignIn, SignInId, SignInTransition
from domain.token import Token
from ports.held_tokens import HeldToken
from ports.token_store import Cursor, Lease, News


@attrs.frozen
class CountingTokenStore(MemoryTokenStore):
    """Keeps every promise, and what was read and claimed."""

    reads: list[str] = attrs.field(factory=list)
    claims: list[HeldToken | str] = attrs.field(factory=list)

    async def read(self, user_id: str, now: datetime) -> HeldToken | None:
        """Count and read."""
        self.reads.append(user_id)
        return await super().read(user_id, now)

    async def claim(self, held: HeldToken | str, owner: str, now: datetime, lasting: timedelta) -> Lease | Wait:
        """Count and claim."""
        self.claims.append(held)
        return await super().claim(held, owner, now, lasting)


@attrs.frozen
class FailingTokenStore(MemoryTokenStore):
    """Breaks the promise to work: the next calls of each method raise what is queued for it."""

    commits: deque[IACSGraphError] = attrs.field(factory=deque)
    polls: deque[IACSGraphError] = attrs.field(factory=deque)
    claims: deque[IACSGraphError] = attrs.field(factory=deque)
    fails: deque[IACSGraphError] = attrs.field(factory=deque)
    replaces: deque[IACSGraphError] = attrs.field(factory=deque)

    async def claim(self, held: HeldToken | str, owner: str, now: datetime, lasting: timedelta) -> Lease | Wait:
        """Raise what is queued, else claim."""
        if self.claims:
            raise self.claims.popleft()
        return await super().claim(held, owner, now, lasting)

    async def fail(
        self, lease: Lease, now: datetime, retry_after: timedelta | None, spread: float, transition: Transition
    ) -> AccountChange | None:
        """Raise what is queued, else fail."""
        if self.fails:
            raise self.fails.popleft()
        return await super().fail(lease, now, retry_after, spread, transition)

    async def commit(
        self, lease: Lease, token: Token, due_at: datetime, transition: Transition
    ) -> AccountChange | None:
        """Raise what is queued, else commit."""
        if self.commits:
            raise self.commits.popleft()
        return await super().commit(lease, token, due_at, transition)

    async def replace(
        self,
        account_id: AccountId,
        token: Token | None,
        due_at: datetime | None,
        transition: Transition,
        enrolment: AccountChange | None = None,
    ) -> AccountChange | None:
        """Raise what is queued, else replace."""
        if self.replaces:
            raise self.replaces.popleft()
        return await super().replace(account_id, token, due_at, transition, enrolment)

    async def news(self, since: Cursor | None) -> News:
        """Raise what is queued, else tell."""
        if self.polls:
            raise self.polls.popleft()
        return await super().news(since)


@attrs.frozen
class FailingSignInStore(MemorySignInStore):
    """Breaks the promise to work: each call of `apply` takes the next of `applies` and raises it, unless it is None."""

    applies: deque[IACSGraphError | None] = attrs.field(factory=deque)

    async def apply(self, sign_in_id: SignInId, transition: SignInTransition, now: datetime) -> SignIn:
        """Raise what is queued, else apply."""
        error = self.applies.popleft() if self.applies else None
        if error is not None:
            raise error
        return await super().apply(sign_in_id, transition, now)
