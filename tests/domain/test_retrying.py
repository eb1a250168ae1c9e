"""How often the handling of an event is tried again, and what becomes of it in the end."""

import inspect
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import errors
from domain.errors import (
    APIConnectionError,
    ConfigurationError,
    ConnectionError,  # noqa: A004 - the tree's own
    DatabaseError,
    IACSGraphError,
    KafkaConnectionError,
    NotFoundError,
    PermissionDeniedError,
    ReauthenticationRequiredError,
    ThrottledError,
    UnknownKeyError,
    ValidationError,
)
from domain.retrying import RetryPolicy, Verdict, is_hopeless, verdict

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
POLICY = RetryPolicy()
CLASSES: list[type[IACSGraphError]] = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if cls.__module__ == errors.__name__ and issubclass(cls, IACSGraphError)
]
policies = st.builds(
    lambda first, more, patience, attempts: RetryPolicy(
        first=first, last=first + more, patience=patience, attempts=attempts
    ),
    st.timedeltas(timedelta(milliseconds=1), timedelta(hours=1)),
    st.timedeltas(timedelta(0), timedelta(hours=1)),
    st.timedeltas(timedelta(0), timedelta(days=7)),
    st.integers(1, 50),
)
failures = st.integers(1, 10_000)
spreads = st.floats(0, 1)
waits = st.timedeltas(timedelta(0), timedelta(days=30))


def test_waits_double_from_a_second_to_five_minutes() -> None:
    waits = [POLICY.backoff(count, 1).total_seconds() for count in range(1, 12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_chance_draws_up_to_half_of_a_wait_off_so_that_not_everybody_comes_at_once() -> None:
    assert [POLICY.backoff(3, spread).total_seconds() for spread in (0, 0.5, 1)] == [2, 3, 4]


@given(policy=policies, count=failures, spread=spreads)
def test_a_wait_is_never_shorter_than_half_the_first_nor_longer_than_the_last(
    policy: RetryPolicy, count: int, spread: float
) -> None:
    assert policy.first / 2 <= policy.backoff(count, spread) <= policy.last


@given(policy=policies, count=failures, spread=spreads)
def test_waits_grow_but_for_chance(policy: RetryPolicy, count: int, spread: float) -> None:
    assert policy.backoff(count, spread) <= policy.backoff(count + 1, spread)
    assert policy.backoff(count, 0) <= policy.backoff(count, spread) <= policy.backoff(count, 1)


@given(policy=policies, count=failures, spread=spreads, asked=waits)
def test_a_wait_that_was_asked_for_is_kept_up_to_the_last(
    policy: RetryPolicy, count: int, spread: float, asked: timedelta
) -> None:
    assert min(asked, policy.last) <= policy.backoff(count, spread, asked) <= policy.last


@pytest.mark.parametrize("asked", [timedelta(0), -SECOND])
def test_who_asks_for_no_wait_is_not_asked_again_at_once_for_a_day(asked: timedelta) -> None:
    delay = POLICY.delay(ThrottledError("Later.", retry_after=asked), 4, SECOND, 0)
    assert delay == 4 * SECOND


def test_what_may_pass_is_tried_again_for_a_day_however_often_it_failed() -> None:
    away = KafkaConnectionError("Away.")
    assert POLICY.delay(away, 1000, DAY - SECOND, 1) == POLICY.last
    assert POLICY.delay(away, 1, DAY, 1) is None


@given(policy=policies, count=failures, waited=waits, spread=spreads)
def test_patience_alone_ends_what_may_pass(policy: RetryPolicy, count: int, waited: timedelta, spread: float) -> None:
    delay = policy.delay(APIConnectionError("Away."), count, waited, spread)
    assert (delay is None) == (waited >= policy.patience)


@given(policy=policies, count=failures, waited=waits, spread=spreads)
def test_what_does_not_pass_is_not_tried_again(
    policy: RetryPolicy, count: int, waited: timedelta, spread: float
) -> None:
    assert policy.delay(NotFoundError("No."), count, waited, spread) is None


def test_an_unknown_exception_is_tried_five_times_in_all() -> None:
    delays = [POLICY.delay(KeyError("a"), count, timedelta(0), 1) for count in range(1, 7)]
    assert delays == [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND, None, None]


@given(policy=policies, count=failures, waited=waits, spread=spreads)
def test_attempts_alone_end_an_unknown_exception(
    policy: RetryPolicy, count: int, waited: timedelta, spread: float
) -> None:
    assert (policy.delay(OSError(), count, waited, spread) is None) == (count >= policy.attempts)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ThrottledError("Later."), Verdict.RETRY),
        (DatabaseError("Locked.", transient=True), Verdict.RETRY),
        (KeyError("a"), Verdict.RETRY),
        (ValidationError("No event."), Verdict.DEAD_LETTER),
        (NotFoundError("No account."), Verdict.DEAD_LETTER),
        (ReauthenticationRequiredError("Sign in."), Verdict.DEAD_LETTER),
        (PermissionDeniedError("Locked."), Verdict.DEAD_LETTER),
        (DatabaseError("Damaged."), Verdict.STOP),
        (ConnectionError("No such file."), Verdict.STOP),
        (ConfigurationError("No key."), Verdict.STOP),
        (UnknownKeyError("Another key."), Verdict.STOP),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_says_something_about_the_event_puts_it_aside(error: Exception, expected: Verdict) -> None:
    assert verdict(error) is expected


@pytest.mark.parametrize("cls", CLASSES)
def test_what_may_pass_is_tried_again_whatever_it_is(cls: type[IACSGraphError]) -> None:
    error = cls("It failed.")
    error.transient = True
    assert verdict(error) is Verdict.RETRY
    assert not is_hopeless(error)


@pytest.mark.parametrize("cls", CLASSES)
def test_what_stops_a_consumer_is_never_put_down_to_its_event(cls: type[IACSGraphError]) -> None:
    error = cls("It failed.")
    error.transient = False
    assert (verdict(error) is Verdict.STOP) == issubclass(cls, (ConfigurationError, DatabaseError))
    assert POLICY.delay(error, 1, timedelta(0), 1) is None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionDeniedError("Not this topic."), True),
        (ConfigurationError("No such mechanism."), True),
        (DatabaseError("Damaged."), True),
        (DatabaseError("Locked.", transient=True), False),
        (KafkaConnectionError("Away."), False),
        (ValidationError("No event."), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_log_that_an_operator_must_mend_first_is_not_asked_again(error: IACSGraphError, expected: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_hopeless(error) is expected
