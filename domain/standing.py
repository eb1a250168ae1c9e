"""How the whole stands at one moment: tasks, accounts, what waits where; and what of it is behind its limit."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import attrs

from domain.account import AccountStatus
from domain.mail_results import QueueDepth
from domain.token import TokenCounts
from domain.validation import not_blank, not_negative, optional, utc

STEADY: Final = timedelta(minutes=1)
"""A task that went on for so long has got over the failures before."""

LOOP: Final = 3
"""So many failures of a task, none of which it got over, are a crash loop."""


class TaskPhase(StrEnum):
    """RESTARTING: it failed, and begins anew after a while. STOPPED: it was told to end, and did."""

    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"


@attrs.frozen(kw_only=True)
class TaskState:
    """One supervised task. `failures` counts those since it was last steady; `since` is when the phase began.

    `last_error` is the last failure's error code; of an exception that is not of our tree, its class.
    """

    name: str = attrs.field(validator=not_blank)
    phase: TaskPhase
    since: datetime = attrs.field(validator=utc)
    restarts: int = attrs.field(default=0, validator=not_negative)
    failures: int = attrs.field(default=0, validator=not_negative)
    last_error: str | None = None
    last_failed_at: datetime | None = attrs.field(default=None, validator=optional(utc))

    def entered(self, phase: TaskPhase, now: datetime) -> "TaskState":
        """Return the state in which this phase begins."""
        return attrs.evolve(self, phase=phase, since=now)

    def failed(self, error: str, now: datetime, *, steady: bool) -> "TaskState":
        """Return the state after one failure more; `steady`: it had got over those before."""
        failures = 1 if steady else self.failures + 1
        return attrs.evolve(self, failures=failures, last_error=error, last_failed_at=now)

    def restarted(self) -> "TaskState":
        """Return the state with one restart more."""
        return attrs.evolve(self, restarts=self.restarts + 1)

    def is_steady(self, now: datetime) -> bool:
        """Return whether it runs, and has got over what it failed of."""
        return self.phase is TaskPhase.RUNNING and (not self.failures or now - self.since >= STEADY)

    def is_looping(self, now: datetime) -> bool:
        """Return whether it fails again and again."""
        return self.failures >= LOOP and not self.is_steady(now)


@attrs.frozen(kw_only=True)
class AccountStanding:
    """One mailbox. `complete_at`: until when all of its synced folders are complete; None: not yet.

    `active_since`: since when it could be synced; None unless it is ACTIVE. `sync_error`: the code of what went wrong
    when it was last synced, if anything did.
    """

    user_id: str
    status: AccountStatus
    reauth_reason: str | None = None
    active_since: datetime | None = attrs.field(default=None, validator=optional(utc))
    complete_at: datetime | None = attrs.field(default=None, validator=optional(utc))
    sync_error: str | None = None

    def lag(self, now: datetime) -> timedelta | None:
        """Return how far the stored mail is behind, of one that was never complete since it is ACTIVE; None: it is not
        ACTIVE.
        """
        if self.active_since is None:
            return None
        return max(now - (self.complete_at or self.active_since), timedelta(0))

    def overdue(self, now: datetime, began_at: datetime) -> timedelta | None:
        """Return for how long it has not been complete although it could: since `began_at` somebody looks after it."""
        lag = self.lag(now)
        if lag is None or self.active_since is None:
            return None
        return min(lag, max(now - max(began_at, self.active_since), timedelta(0)))


@attrs.frozen(kw_only=True)
class OutboxStanding:
    """`waiting_since`: when the oldest pending event was appended; None: nothing waits."""

    pending: int = 0
    parked: int = 0
    waiting_since: datetime | None = attrs.field(default=None, validator=optional(utc))


@attrs.frozen(kw_only=True)
class StoredStanding:
    """What the store said at `read_at`."""

    read_at: datetime = attrs.field(validator=utc)
    accounts: tuple[AccountStanding, ...] = ()
    tokens: TokenCounts = attrs.field(factory=TokenCounts)
    mail: QueueDepth = attrs.field(factory=QueueDepth)
    outbox: OutboxStanding = attrs.field(factory=OutboxStanding)


@attrs.frozen(kw_only=True)
class Standing:
    """Everything. `keeper_idle`: since the keeper last looked through all accounts; it did so `keeper_looks` times.

    `stored` None: not read yet.
    """

    at: datetime = attrs.field(validator=utc)
    began_at: datetime = attrs.field(validator=utc)
    tasks: tuple[TaskState, ...] = ()
    keeper_idle: timedelta = timedelta(0)
    keeper_looks: int = attrs.field(default=0, validator=not_negative)
    loop_lag: timedelta = timedelta(0)
    stored: StoredStanding | None = None


@attrs.frozen(kw_only=True)
class LagLimits:
    """How far each may be behind before somebody must be told."""

    keeper: timedelta
    relay: timedelta
    sync: timedelta


@attrs.frozen(kw_only=True)
class Overdue:
    """One that is behind its limit: `keeper`, `relay`, `sync` of an account, or `store`, which cannot be read."""

    part: str
    user_id: str | None = None
    lag: timedelta
    limit: timedelta


def overdue(standing: Standing, limits: LagLimits) -> tuple[Overdue, ...]:
    """Return what is behind its limit; nothing is before the program has run for that long."""
    found = _keeper_and_store(standing, limits), _relay(standing, limits), _syncs(standing, limits)
    return tuple(each for several in found for each in several)


def _keeper_and_store(standing: Standing, limits: LagLimits) -> Iterator[Overdue]:
    if standing.keeper_idle > limits.keeper:
        yield Overdue(part="keeper", lag=standing.keeper_idle, limit=limits.keeper)
    read_at = standing.began_at if standing.stored is None else standing.stored.read_at
    if standing.at - read_at > limits.relay:
        yield Overdue(part="store", lag=standing.at - read_at, limit=limits.relay)


def _relay(standing: Standing, limits: LagLimits) -> Iterator[Overdue]:
    since = None if standing.stored is None else standing.stored.outbox.waiting_since
    if since is not None and standing.at - max(since, standing.began_at) > limits.relay:
        yield Overdue(part="relay", lag=standing.at - since, limit=limits.relay)


def _syncs(standing: Standing, limits: LagLimits) -> Iterator[Overdue]:
    for account in () if standing.stored is None else standing.stored.accounts:
        lag = account.overdue(standing.at, standing.began_at)
        if lag is not None and lag > limits.sync:
            yield Overdue(part="sync", user_id=account.user_id, lag=lag, limit=limits.sync)
