"""Many writes and reads at once on the stores, with an account of everything that was committed."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from domain import lifecycle
from domain.account import Account, AccountStatus
from domain.change import AccountChange
from domain.errors import ConflictError
from domain.events import EventId
from domain.lifecycle import Act
from domain.token import AccessToken, Token
from ports.account_store import AccountStore
from ports.held_tokens import HeldToken
from ports.identifiers import Identifiers
from ports.token_store import Lease, TokenStore

LASTING = timedelta(minutes=1)
LIFETIME = timedelta(hours=1)
TRIES = 10
"""How often one cycle waits for other leases before it is left."""


@attrs.define(kw_only=True)
class Tally:
    """What was committed: event id and version of each change, fence and access token of each write of a token."""

    changes: list[tuple[str, str, int]] = attrs.field(factory=list)
    fences: list[tuple[str, int, str | None]] = attrs.field(factory=list)
    counts: Counter[str] = attrs.field(factory=Counter)

    def changed(self, change: AccountChange | None) -> None:
        """Note a change that was committed."""
        if change is not None:
            self.changes.append((change.after.user_id, change.event.event_id, change.after.version))


Verb = Callable[[str, random.Random, Tally], Awaitable[None]]


@attrs.frozen(kw_only=True)
class Hammer:
    """Uses the ports directly, with times of its own: what it waits for is over at once."""

    accounts: AccountStore
    tokens: TokenStore
    identifiers: Identifiers

    async def strike(self, users: Sequence[str], rounds: int, tasks: int, seed: int) -> Mapping[str, object]:
        """Let `tasks` at once do `rounds` things each, again after a conflict; every other error is raised."""
        tally = Tally()
        async with asyncio.TaskGroup() as group:
            for number in range(tasks):
                chance = random.Random(seed * 1000 + number)  # noqa: S311 - a choice of work, not a secret
                group.create_task(self._work(users, rounds, chance, tally))
        return {"changes": tally.changes, "fences": tally.fences, "counts": dict(tally.counts)}

    async def _work(self, users: Sequence[str], rounds: int, chance: random.Random, tally: Tally) -> None:
        doing = (self._save, self._save, self._cycle, self._cycle, self._read)
        for verb, user in [(chance.choice(doing), chance.choice(users)) for _ in range(rounds)]:
            while not await self._done(verb, user, chance, tally):
                pass

    async def _done(self, verb: Verb, user: str, chance: random.Random, tally: Tally) -> bool:
        """Try once. Who collides may try again at once: somebody else has come further."""
        try:
            await verb(user, chance, tally)
        except ConflictError as error:
            tally.counts[error.error_code] += 1
            return False
        tally.counts[verb.__name__] += 1
        return True

    async def _save(self, user: str, chance: random.Random, tally: Tally) -> None:
        account = await self.accounts.find(user)
        assert account is not None
        change = self._decide(account, chance)
        await self.accounts.save(change)
        tally.changed(change)

    def _decide(self, account: Account, chance: random.Random) -> AccountChange:
        if account.status is AccountStatus.LOCKED:
            return lifecycle.unlock(account, self._act(), "hammer")
        if chance.random() < 0.5:
            return lifecycle.lock(account, self._act(), "hammer")
        change = lifecycle.update(account, self._act(), name=f"name {self.identifiers.unique()}")
        assert change is not None
        return change

    async def _cycle(self, user: str, chance: random.Random, tally: Tally) -> None:
        now = datetime.now(UTC)
        for _ in range(TRIES):
            held = await self.tokens.read(user, now)
            assert held is not None
            if not held.usable:  # nobody is given a lease on it
                await self._save(user, chance, tally)
                return
            outcome = await self.tokens.claim(held, self.identifiers.unique(), now, LASTING)
            if isinstance(outcome, Lease):
                tally.fences.append((user, outcome.fence, None))
                await asyncio.sleep(0)
                await self._end(outcome, now, chance, tally)
                return
            now = outcome.until

    async def _end(self, lease: Lease, now: datetime, chance: random.Random, tally: Tally) -> None:
        user, act, token = lease.account.user_id, self._act(), self._token(now)
        if chance.random() < 0.3:
            change = await self.tokens.fail(
                lease, now, None, 0.0, lambda account: lifecycle.lose_grant(account, act, "hammered")
            )
            tally.fences.append((user, lease.fence + 1, None))
        else:
            change = await self.tokens.commit(
                lease, token, token.due_at(0), lambda account: lifecycle.recover(account, act)
            )
            tally.fences.append((user, lease.fence + 1, token.access.value))
        tally.changed(change)

    async def _read(self, user: str, chance: random.Random, tally: Tally) -> None:
        held = await self.tokens.read(user, datetime.now(UTC))
        account = await self.accounts.find(user)
        assert isinstance(held, HeldToken)
        assert account is not None
        trail = await self.accounts.audit_trail(account.account_id)
        assert len(trail) >= account.version  # one entry each; more may have come since
        tally.counts["entries read"] += len(trail)
        await self.accounts.page(limit=chance.randrange(1, 10))
        await self.tokens.due(datetime.now(UTC), 10)
        await self.tokens.news(None)

    def _act(self) -> Act:
        return Act(actor="hammer", at=datetime.now(UTC), event_id=EventId(self.identifiers.unique()))

    def _token(self, now: datetime) -> Token:
        value = self.identifiers.unique()
        access = AccessToken(value=f"at-{value}", obtained_at=now, expires_at=now + LIFETIME)
        return Token(access=access, refresh=f"rt-{value}")
