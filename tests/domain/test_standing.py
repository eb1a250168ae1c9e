"""What is behind its limit, and what is not: a pure function of how everything stands."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from domain.account import AccountStatus
from domain.standing import (
    LOOP,
    STEADY,
    AccountStanding,
    LagLimits,
    OutboxStanding,
    Overdue,
    Standing,
    StoredStanding,
    TaskPhase,
    TaskState,
    overdue,
)

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=1)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LIMITS = LagLimits(keeper=2 * MINUTE, relay=3 * MINUTE, sync=10 * MINUTE)
KIM = AccountStanding(
    user_id="kim",
    status=AccountStatus.ACTIVE,
    active_since=BEGAN - timedelta(days=9),
    complete_at=NOW - MINUTE,
)
STORED = StoredStanding(read_at=NOW, accounts=(KIM,))
WELL = Standing(at=NOW, began_at=BEGAN, keeper_idle=MINUTE, stored=STORED)


def parts(standing: Standing) -> list[tuple[str, str | None]]:
    return [(each.part, each.user_id) for each in overdue(standing, LIMITS)]


def having(**changes: object) -> Standing:
    """Return where all is well but for what the store says."""
    return attrs.evolve(WELL, stored=attrs.evolve(STORED, **changes))  # type: ignore[arg-type]  # fields of any type


def syncing(**changes: object) -> Standing:
    """Return where all is well but for one account."""
    return having(accounts=(attrs.evolve(KIM, **changes),))  # type: ignore[arg-type]  # fields of any type


def test_where_all_is_well_nothing_is_behind() -> None:
    assert overdue(WELL, LIMITS) == ()


@pytest.mark.parametrize("more", [timedelta(0), SECOND])
def test_a_limit_may_be_reached_and_not_passed(more: timedelta) -> None:
    late = bool(more)
    assert parts(attrs.evolve(WELL, keeper_idle=LIMITS.keeper + more)) == [("keeper", None)] * late
    waiting = OutboxStanding(pending=1, waiting_since=NOW - LIMITS.relay - more)
    assert parts(having(outbox=waiting)) == [("relay", None)] * late
    assert parts(syncing(complete_at=NOW - LIMITS.sync - more)) == [("sync", "kim")] * late
    assert parts(having(read_at=NOW - LIMITS.relay - more)) == [("store", None)] * late


def test_what_is_behind_is_told_with_its_lag_and_its_limit() -> None:
    (late,) = overdue(syncing(complete_at=NOW - timedelta(minutes=20)), LIMITS)
    assert late == Overdue(part="sync", user_id="kim", lag=timedelta(minutes=20), limit=timedelta(minutes=10))


@pytest.mark.parametrize("status", [each for each in AccountStatus if each is not AccountStatus.ACTIVE])
def test_an_account_that_cannot_be_synced_is_nobody_s_fault(status: AccountStatus) -> None:
    standing = syncing(status=status, active_since=None, complete_at=BEGAN - timedelta(days=30))
    assert parts(standing) == []


def test_an_account_that_never_was_complete_is_given_its_time_from_when_it_became_active() -> None:
    assert parts(syncing(complete_at=None, active_since=NOW - LIMITS.sync)) == []
    assert parts(syncing(complete_at=None, active_since=NOW - LIMITS.sync - SECOND)) == [("sync", "kim")]


def test_after_a_long_pause_of_the_program_it_is_given_time_to_catch_up() -> None:
    behind = attrs.evolve(KIM, complete_at=BEGAN - timedelta(days=2))
    soon = BEGAN + LIMITS.sync
    assert parts(attrs.evolve(having(accounts=(behind,), read_at=soon), at=soon)) == []
    assert parts(having(accounts=(behind,))) == [("sync", "kim")]
    assert behind.lag(NOW) == timedelta(days=2, hours=1), "the lag itself is not made less"


def test_an_account_that_is_active_again_is_given_time_to_catch_up() -> None:
    assert parts(syncing(complete_at=BEGAN - timedelta(days=2), active_since=NOW - MINUTE)) == []


def test_events_that_waited_before_the_program_began_are_given_the_time_to_go_out() -> None:
    old = OutboxStanding(pending=9, waiting_since=BEGAN - timedelta(days=2))
    soon = BEGAN + LIMITS.relay
    assert parts(attrs.evolve(having(outbox=old, read_at=soon, accounts=()), at=soon)) == []
    (late,) = overdue(attrs.evolve(having(outbox=old, read_at=soon, accounts=()), at=soon + SECOND), LIMITS)
    assert late == Overdue(part="relay", lag=timedelta(days=2) + LIMITS.relay + SECOND, limit=LIMITS.relay)


def test_a_store_that_was_never_read_is_behind_once_the_program_has_run_for_so_long() -> None:
    begun = attrs.evolve(WELL, stored=None, at=BEGAN + LIMITS.relay)
    assert parts(begun) == []
    assert parts(attrs.evolve(begun, at=BEGAN + LIMITS.relay + SECOND)) == [("store", None)]


def test_each_of_several_accounts_is_judged_by_itself() -> None:
    lee = attrs.evolve(KIM, user_id="lee", complete_at=NOW - timedelta(hours=1))
    assert parts(having(accounts=(KIM, lee))) == [("sync", "lee")]


def test_a_clock_that_was_set_back_makes_no_negative_lag() -> None:
    assert KIM.lag(BEGAN) == timedelta(0)


RUNNING = TaskState(name="relay", phase=TaskPhase.RUNNING, since=BEGAN)


def test_a_task_loops_from_some_failures_on_until_it_is_steady() -> None:
    failed = RUNNING
    for number in range(1, LOOP + 1):
        failed = failed.failed("KeyError", NOW, steady=False).entered(TaskPhase.RESTARTING, NOW)
        assert failed.is_looping(NOW) is (number == LOOP)
    again = failed.restarted().entered(TaskPhase.RUNNING, NOW)
    assert again.is_looping(NOW + STEADY - SECOND)
    assert not again.is_looping(NOW + STEADY)
    assert again.is_steady(NOW + STEADY)
    assert (again.restarts, again.failures, again.last_error, again.last_failed_at) == (1, LOOP, "KeyError", NOW)
    assert again.failed("KeyError", NOW, steady=True).failures == 1


@pytest.mark.parametrize("phase", TaskPhase)
def test_a_task_that_never_failed_is_steady_while_it_runs_and_never_loops(phase: TaskPhase) -> None:
    state = RUNNING.entered(phase, NOW)
    assert state.is_steady(NOW) is (phase is TaskPhase.RUNNING)
    assert not state.is_looping(NOW)
