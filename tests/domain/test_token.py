"""When a token is fresh, should be refreshed, or has expired."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ValidationError
from domain.token import (
    CLOCK_SKEW,
    REFRESH_LEAD,
    REFRESH_TOKEN_IDLE,
    SPREAD,
    AccessToken,
    Token,
    TokenState,
)
from tests.domain.strategies import access_tokens, tokens

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def hour_long(refresh_at: datetime | None = None) -> AccessToken:
    """Return a token that lives from NOW for an hour."""
    return AccessToken(value="at", obtained_at=NOW, expires_at=NOW + HOUR, refresh_at=refresh_at)


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (timedelta(0), TokenState.FRESH),
        (HOUR - REFRESH_LEAD - SECOND, TokenState.FRESH),
        (HOUR - REFRESH_LEAD, TokenState.REFRESH_SOON),
        (HOUR - CLOCK_SKEW - SECOND, TokenState.REFRESH_SOON),
        (HOUR - CLOCK_SKEW, TokenState.EXPIRED),
        (2 * HOUR, TokenState.EXPIRED),
    ],
)
def test_an_hour_long_token_is_refreshed_in_its_last_ten_minutes_and_expires_two_minutes_early(
    after: timedelta, state: TokenState
) -> None:
    assert hour_long().state(NOW + after) is state


def test_the_providers_wish_when_to_refresh_comes_before_our_own_lead() -> None:
    token = hour_long(refresh_at=NOW + HOUR / 2)
    assert token.state(NOW + HOUR / 2 - SECOND) is TokenState.FRESH
    assert token.state(NOW + HOUR / 2) is TokenState.REFRESH_SOON


def test_the_true_expiry_is_kept_and_the_margin_only_applied() -> None:
    token = hour_long()
    assert token.expires_at == NOW + HOUR
    late = NOW + HOUR - SECOND
    assert not token.meets(late, timedelta(0))
    assert token.lives(late, timedelta(0))
    assert not token.lives(NOW + HOUR, timedelta(0))


def test_a_token_that_came_expired_is_expired() -> None:
    token = AccessToken(value="at", obtained_at=NOW, expires_at=NOW - HOUR)
    assert token.lifetime == timedelta(0)
    assert token.state(NOW) is TokenState.EXPIRED


def test_a_response_without_refresh_token_keeps_the_old_one() -> None:
    assert Token(access=hour_long()).keeping("old").refresh == "old"
    assert Token(access=hour_long(), refresh="new").keeping("old").refresh == "new"


def test_a_long_lived_token_is_due_before_its_refresh_token_dies_of_inactivity() -> None:
    access = AccessToken(value="at", obtained_at=NOW, expires_at=NOW + timedelta(days=365))
    assert Token(access=access, refresh="rt").due_at(0) == NOW + REFRESH_TOKEN_IDLE


@pytest.mark.parametrize("field", ["obtained_at", "expires_at", "refresh_at"])
def test_naive_times_are_refused(field: str) -> None:
    values: dict[str, Any] = {"obtained_at": NOW, "expires_at": NOW + HOUR, "refresh_at": NOW}
    with pytest.raises(ValidationError, match=f"AccessToken.{field} must be timezone-aware"):
        AccessToken(value="at", **(values | {field: datetime(2026, 1, 1)}))  # noqa: DTZ001 - naive on purpose


def test_times_of_other_zones_are_refused() -> None:
    seoul = datetime.fromisoformat("2026-01-01T18:00:00+09:00")
    with pytest.raises(ValidationError, match="must be in UTC"):
        AccessToken(value="at", obtained_at=seoul, expires_at=NOW)


def test_no_secret_is_shown() -> None:
    token = Token(
        access=AccessToken(value="CANARY-access", obtained_at=NOW, expires_at=NOW + HOUR), refresh="CANARY-refresh"
    )
    assert "CANARY" not in repr(token)
    assert "CANARY" not in str(token)


@given(access_tokens(), st.timedeltas(timedelta(days=-1), timedelta(days=3)))
def test_states_follow_each_other_in_their_order(token: AccessToken, later: timedelta) -> None:
    order = list(TokenState)
    now = token.obtained_at
    first, second = token.state(now), token.state(now + abs(later))
    assert order.index(first) <= order.index(second)


@given(access_tokens(), st.timedeltas(timedelta(0), timedelta(days=3)), st.timedeltas(timedelta(0), timedelta(days=2)))
def test_what_meets_a_need_also_lives_for_it(token: AccessToken, later: timedelta, wanted: timedelta) -> None:
    now = token.obtained_at + later
    assert not token.meets(now, wanted) or token.lives(now, wanted)


@given(tokens, st.floats(0, 1))
def test_a_token_is_due_while_it_is_fresh_and_never_before_it_was_obtained(token: Token, spread: float) -> None:
    due = token.due_at(spread)
    assert token.access.obtained_at <= due <= max(token.access.soft_expiry, token.access.obtained_at)
    assert due - token.access.obtained_at >= (token.due_at(0) - token.access.obtained_at) * (1 - SPREAD) - SECOND
