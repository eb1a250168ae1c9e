"""Token stores that break one promise each."""

from collections import deque
from datetime import datetime, timedelta

import attrs

from adapters.memory.token_store import MemoryTokenStore
from domain.change import AccountChange
from domain.errors import IACSGraphError
from domain.lifecycle import Transition
from domain.refreshing import Wait
from domain.token import Token
from ports.token_store import Cursor, HeldToken, Lease, News


@attrs.frozen
class FailingTokenStore(MemoryTokenStore):
    """Breaks the promise to work: the next calls of each method raise what is queued for it."""

    commits: deque[IACSGraphError] = attrs.field(factory=deque)
    polls: deque[IACSGraphError] = attrs.field(factory=deque)
    claims: deque[IACSGraphError] = attrs.field(factory=deque)
    fails: deque[IACSGraphError] = attrs.field(factory=deque)

    async def claim(self, held: HeldToken, owner: str, now: datetime, lasting: timedelta) -> Lease | Wait:
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

    async def news(self, since: Cursor | None) -> News:
        """Raise what is queued, else tell."""
        if self.polls:
            raise self.polls.popleft()
        return await super().news(since)
