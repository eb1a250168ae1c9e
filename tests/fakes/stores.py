"""Token stores that break one promise each."""

from collections import deque
from datetime import datetime

import attrs

from adapters.memory.token_store import MemoryTokenStore
from domain.change import AccountChange
from domain.errors import IACSGraphError
from domain.lifecycle import Transition
from domain.token import Token
from ports.token_store import Cursor, Lease, News


@attrs.frozen
class FailingTokenStore(MemoryTokenStore):
    """Breaks the promise to work: the next calls of `commit` and `news` raise what is queued for them."""

    commits: deque[IACSGraphError] = attrs.field(factory=deque)
    polls: deque[IACSGraphError] = attrs.field(factory=deque)

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
