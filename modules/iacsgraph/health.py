"""What `/health` says: how every task and every account stands, without a secret and without mail."""

from datetime import datetime, timedelta

import attrs

from domain.account import AccountStatus
from domain.standing import AccountStanding, LagLimits, Overdue, Standing, TaskState, overdue

OK, DEGRADED, FAILING = "ok", "degraded", "failing"


@attrs.frozen(kw_only=True)
class Behind:
    """One that is behind its limit."""

    part: str
    user: str | None
    lag_seconds: float
    limit_seconds: float


@attrs.frozen(kw_only=True)
class TaskLine:
    """One task."""

    task: str
    status: str
    since: str
    restarts: int
    failures: int
    crash_loop: bool
    last_error: str | None
    last_failed_at: str | None


@attrs.frozen(kw_only=True)
class AccountLine:
    """One account. `sync` is ok, behind, failing, `owner must act`, or off: it is not to be synced."""

    user: str
    status: str
    reason: str | None
    sync: str
    complete_at: str | None
    lag_seconds: float | None
    last_error: str | None


@attrs.frozen(kw_only=True)
class HealthReport:
    """`degraded`: nothing is behind its limit, but a task is not steady. Counts of the store are as of `read_at`."""

    status: str
    at: str
    since: str
    behind: list[Behind]
    tasks: list[TaskLine]
    accounts: list[AccountLine]
    keeper_idle_seconds: float
    event_loop_lag_seconds: float
    read_at: str | None
    mails_waiting: int | None
    events_pending: int | None
    events_parked: int | None


def health_report(standing: Standing, limits: LagLimits) -> HealthReport:
    """Return how everything stands; `failing` if anything is behind its limit."""
    late, stored = overdue(standing, limits), standing.stored
    steady = all(task.is_steady(standing.at) for task in standing.tasks)
    behind = {each.user_id for each in late if each.part == "sync"}
    return HealthReport(
        status=FAILING if late else OK if steady else DEGRADED,
        at=_text(standing.at),
        since=_text(standing.began_at),
        behind=[_behind(each) for each in late],
        tasks=[_task(task, standing.at) for task in standing.tasks],
        accounts=[_account(each, standing.at, behind) for each in (stored.accounts if stored else ())],
        keeper_idle_seconds=_seconds(standing.keeper_idle),
        event_loop_lag_seconds=_seconds(standing.loop_lag),
        read_at=_text(stored.read_at) if stored else None,
        mails_waiting=stored.mail.new if stored else None,
        events_pending=stored.outbox.pending if stored else None,
        events_parked=stored.outbox.parked if stored else None,
    )


def _behind(late: Overdue) -> Behind:
    lag, limit = _seconds(late.lag), _seconds(late.limit)
    return Behind(part=late.part, user=late.user_id, lag_seconds=lag, limit_seconds=limit)


def _task(task: TaskState, now: datetime) -> TaskLine:
    return TaskLine(
        task=task.name,
        status=task.phase.value,
        since=_text(task.since),
        restarts=task.restarts,
        failures=0 if task.is_steady(now) else task.failures,
        crash_loop=task.is_looping(now),
        last_error=task.last_error,
        last_failed_at=None if task.last_failed_at is None else _text(task.last_failed_at),
    )


def _account(account: AccountStanding, now: datetime, behind: set[str | None]) -> AccountLine:
    lag = account.lag(now)
    return AccountLine(
        user=account.user_id,
        status=account.status.value,
        reason=account.reauth_reason,
        sync=_sync(account, behind),
        complete_at=None if account.complete_at is None else _text(account.complete_at),
        lag_seconds=None if lag is None else _seconds(lag),
        last_error=account.sync_error,
    )


def _sync(account: AccountStanding, behind: set[str | None]) -> str:
    if account.status is AccountStatus.REAUTH_REQUIRED:
        return "owner must act"
    if account.status is not AccountStatus.ACTIVE:
        return "off"
    if account.user_id in behind:
        return "behind"
    return "ok" if account.sync_error is None else "failing"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 3)
