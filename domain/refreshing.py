"""Who may refresh an account's token, and when: one at a time, not before the provider allows, within a budget.

Every process sharing a store decides by these rules on the same state, so that they hold across processes.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from domain.validation import checked_utc, not_negative, optional, utc

BUDGET = 10
"""Refreshes per account in `BUDGET_WINDOW`. Entra treats 15 like requests in 5 minutes as a loop (AADSTS50196)."""

BUDGET_WINDOW = timedelta(minutes=5)

BACKOFF_FIRST = timedelta(seconds=1)
BACKOFF_LAST = timedelta(minutes=5)

LEASE_LAST = timedelta(minutes=5)
"""Longest lease. One that seems to last longer was given before the clock was set back, and is not believed."""

RETRY_AFTER_LAST = timedelta(hours=1)
"""Longest wait that a provider is believed in one answer; a longer one comes from before the clock was set back."""


class WaitReason(StrEnum):
    """Why a refresh may not begin now."""

    LEASED = "leased"
    RETRY_LATER = "retry_later"
    BUDGET_SPENT = "budget_spent"


@attrs.frozen(kw_only=True)
class Wait:
    """A refresh may not begin before `until`."""

    until: datetime = attrs.field(validator=utc)
    reason: WaitReason


@attrs.frozen(kw_only=True)
class RefreshState:
    """What all processes know about refreshing one account. `fence` numbers the writes: who knows an old one is
    late.
    """

    fence: int = attrs.field(default=0, validator=not_negative)
    owner: str | None = None
    leased_until: datetime | None = attrs.field(default=None, validator=optional(utc))
    retry_at: datetime | None = attrs.field(default=None, validator=optional(utc))
    failures: int = attrs.field(default=0, validator=not_negative)
    attempts: tuple[datetime, ...] = ()

    def obstacle(self, now: datetime) -> Wait | None:
        """Return what keeps anybody from beginning a refresh at `now`, if anything does.

        Raises:
            ValidationError: `now` is not in UTC; so does every method here.
        """
        checked_utc(now)
        if self.leased_until is not None and now < self.leased_until <= now + LEASE_LAST:
            return Wait(until=self.leased_until, reason=WaitReason.LEASED)
        if self.retry_at is not None and now < self.retry_at <= now + RETRY_AFTER_LAST:
            return Wait(until=self.retry_at, reason=WaitReason.RETRY_LATER)
        recent = self._recent(now)
        if len(recent) >= BUDGET:
            return Wait(until=recent[-BUDGET] + BUDGET_WINDOW, reason=WaitReason.BUDGET_SPENT)
        return None

    def wake_at(self, due_at: datetime | None) -> datetime | None:
        """Return when somebody should look at a token due at `due_at`: not while it is leased or must wait."""
        if due_at is None:
            return None
        checked_utc(due_at)
        spent = self.attempts[-BUDGET] + BUDGET_WINDOW if len(self.attempts) >= BUDGET else due_at
        return max(due_at, spent, self.leased_until or due_at, self.retry_at or due_at)

    def leased(self, owner: str, now: datetime, lasting: timedelta) -> "RefreshState":
        """Return the state with the lease given to `owner`: the attempt is counted, earlier holders are fenced off."""
        return attrs.evolve(
            self,
            fence=self.fence + 1,
            owner=owner,
            leased_until=checked_utc(now) + min(lasting, LEASE_LAST),
            attempts=(*self._recent(now), now)[-BUDGET:],
        )

    def superseded(self) -> "RefreshState":
        """Return the state after a sign-in or a sign-out: whoever is refreshing is fenced off, old troubles
        are over.
        """
        return RefreshState(fence=self.fence + 1, attempts=self.attempts)

    def succeeded(self) -> "RefreshState":
        """Return the state after a refresh was stored: no lease, no waiting."""
        return attrs.evolve(self, fence=self.fence + 1, owner=None, leased_until=None, retry_at=None, failures=0)

    def failed(self, now: datetime, retry_after: timedelta | None, spread: float) -> "RefreshState":
        """Return the state after a failure: everybody waits as the provider asks, else twice as long each time.

        `spread` in [0, 1] draws the backoff between half and the whole of it.
        """
        exponent = min(self.failures, 16)
        backoff = min(BACKOFF_FIRST * 2**exponent, BACKOFF_LAST) * (0.5 + spread / 2)
        return attrs.evolve(
            self,
            fence=self.fence + 1,
            owner=None,
            leased_until=None,
            retry_at=checked_utc(now) + (backoff if retry_after is None else min(retry_after, RETRY_AFTER_LAST)),
            failures=self.failures + 1,
        )

    def _recent(self, now: datetime) -> tuple[datetime, ...]:
        return tuple(at for at in self.attempts if now - BUDGET_WINDOW < at <= now)
