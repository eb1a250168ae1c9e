"""Who may refresh, and when."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.refreshing import (
    BACKOFF_FIRST,
    BACKOFF_LAST,
    BUDGET,
    BUDGET_WINDOW,
    RETRY_AFTER_LAST,
    RefreshState,
    Wait,
    WaitReason,
)

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)


def test_nothing_keeps_the_first_refresh() -> None:
    assert RefreshState().obstacle(NOW) is None


def test_a_lease_keeps_everybody_until_it_expires() -> None:
    state = RefreshState().leased("me", NOW, LEASE)
    assert state.obstacle(NOW) == Wait(until=NOW + LEASE, reason=WaitReason.LEASED)
    assert state.obstacle(NOW + LEASE) is None


def test_every_write_moves_the_fence() -> None:
    states = [RefreshState()]
    states.append(states[-1].leased("me", NOW, LEASE))
    states.append(states[-1].succeeded())
    states.append(states[-1].leased("me", NOW, LEASE))
    states.append(states[-1].failed(NOW, None, 0))
    states.append(states[-1].superseded())
    fences = [state.fence for state in states]
    assert fences == sorted(set(fences))


def test_after_a_failure_everybody_waits_as_the_provider_asks() -> None:
    state = RefreshState().leased("me", NOW, LEASE).failed(NOW, timedelta(seconds=17), 0.3)
    assert state.obstacle(NOW) == Wait(until=NOW + timedelta(seconds=17), reason=WaitReason.RETRY_LATER)


def test_a_provider_is_not_believed_for_ever() -> None:
    state = RefreshState().failed(NOW, timedelta(days=400), 0)
    assert state.retry_at == NOW + RETRY_AFTER_LAST


def test_without_advice_the_wait_doubles_up_to_its_limit() -> None:
    state, waits = RefreshState(), []
    for _ in range(12):
        state = state.failed(NOW, None, 1)
        assert state.retry_at is not None
        waits.append(state.retry_at - NOW)
    assert waits[:4] == [BACKOFF_FIRST * 2**n for n in range(4)]
    assert waits[-1] == BACKOFF_LAST


def test_a_success_ends_waiting_and_failures() -> None:
    state = RefreshState().failed(NOW, None, 0).leased("me", NOW, LEASE).succeeded()
    assert (state.retry_at, state.failures, state.owner, state.leased_until) == (None, 0, None, None)


def test_ten_refreshes_in_five_minutes_are_the_budget() -> None:
    state = RefreshState()
    for n in range(BUDGET):
        assert state.obstacle(NOW + n * SECOND) is None
        state = state.leased("me", NOW + n * SECOND, LEASE).succeeded()
    spent = Wait(until=NOW + BUDGET_WINDOW, reason=WaitReason.BUDGET_SPENT)
    assert state.obstacle(NOW + BUDGET * SECOND) == spent
    assert state.obstacle(NOW + BUDGET_WINDOW) is None


def test_a_new_sign_in_ends_waiting_but_not_the_budget() -> None:
    state = RefreshState().leased("me", NOW, LEASE).failed(NOW, None, 0).superseded()
    assert state.obstacle(NOW) is None
    assert state.attempts == (NOW,)


def test_a_clock_set_back_does_not_block_anybody_for_the_size_of_the_jump() -> None:
    leased = RefreshState().leased("a holder that died", NOW, LEASE)
    waiting = RefreshState().failed(NOW, SECOND, 0)
    for state in (leased, waiting):
        assert state.obstacle(NOW - timedelta(days=1)) is None


def test_a_clock_set_back_does_not_spend_the_budget_for_ever() -> None:
    state = RefreshState(attempts=tuple(NOW + timedelta(days=1) for _ in range(BUDGET)))
    assert state.obstacle(NOW) is None


@given(st.integers(0, 40), st.floats(0, 1))
def test_backoff_is_between_half_and_the_whole(failures: int, spread: float) -> None:
    state = RefreshState(failures=failures).failed(NOW, None, spread)
    assert state.retry_at is not None
    whole = min(BACKOFF_FIRST * 2 ** min(failures, 16), BACKOFF_LAST)
    assert whole / 2 <= state.retry_at - NOW <= whole


@given(st.lists(st.integers(0, 600), max_size=40), st.integers(0, 600))
def test_whoever_looks_when_told_to_finds_no_obstacle(ends: list[int], due: int) -> None:
    state, now = RefreshState(), NOW
    for seconds in ends:
        wait = state.obstacle(now)
        now = max(now, wait.until) if wait else now
        state = state.leased("me", now, LEASE).failed(now, timedelta(seconds=seconds), 0)
    wake = state.wake_at(NOW + timedelta(seconds=due))
    assert wake is not None
    assert state.obstacle(max(wake, now)) is None
    assert state.wake_at(None) is None
