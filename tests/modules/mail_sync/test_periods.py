"""How far back, and how often, as people write it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from application.mail_sync import EVERYTHING
from modules.mail_sync.periods import interval, reach

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SEOUL = ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (None, None),
        ("all", EVERYTHING),
        (" ALL ", EVERYTHING),
        ("30", NOW - timedelta(days=30)),
        ("24h", NOW - timedelta(hours=24)),
        ("2w", NOW - timedelta(weeks=2)),
        ("2026-03-01", datetime(2026, 2, 28, 15, tzinfo=UTC)),
        ("2026-03-01T00:00Z", datetime(2026, 3, 1, tzinfo=UTC)),
    ],
)
def test_a_reach_is_a_date_a_number_of_days_a_duration_or_all(text: str | None, moment: datetime | None) -> None:
    assert reach(text, NOW, SEOUL) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "-3", "2026-13-01", "3 days", "2026-03-11", "2027-01-01T00:00Z"])
def test_anything_else_and_the_future_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|has not come yet"):
        reach(text, NOW, SEOUL)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("30s", 30), ("5m", 300), ("24h", 86_400)])
def test_an_interval_is_seconds_minutes_or_hours(text: str, seconds: int) -> None:
    assert interval(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "0", "0m", "25h", "2d", "-1", "1.5h", "soon"])
def test_no_interval_and_one_that_is_too_long_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an interval"):
        interval(text)
