"""Moments as people write them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.runtime.periods import beginning, ending

NOW = datetime(2026, 7, 15, 12, 30, tzinfo=UTC)
SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year, month, day and so on


@pytest.mark.parametrize(
    ("text", "since", "before"),
    [
        ("2026-03-01", utc(2026, 2, 28, 15), utc(2026, 3, 1, 15)),
        (" 2026-03-01 ", utc(2026, 2, 28, 15), utc(2026, 3, 1, 15)),
        ("2026-12-31", utc(2026, 12, 30, 15), utc(2026, 12, 31, 15)),
        ("2026-03-01T09:30", utc(2026, 3, 1, 0, 30), utc(2026, 3, 1, 0, 30)),
        ("2026-03-01 09:30:15", utc(2026, 3, 1, 0, 30, 15), utc(2026, 3, 1, 0, 30, 15)),
        ("2026-03-01T09:30Z", utc(2026, 3, 1, 9, 30), utc(2026, 3, 1, 9, 30)),
        ("2026-03-01T09:30-05:00", utc(2026, 3, 1, 14, 30), utc(2026, 3, 1, 14, 30)),
        ("7d", NOW - timedelta(days=7), NOW - timedelta(days=7)),
        ("24h", NOW - timedelta(days=1), NOW - timedelta(days=1)),
        ("90m", NOW - timedelta(minutes=90), NOW - timedelta(minutes=90)),
        ("2w", NOW - timedelta(days=14), NOW - timedelta(days=14)),
    ],
)
def test_dates_are_days_of_the_zone_and_the_last_one_is_included(text: str, since: datetime, before: datetime) -> None:
    assert beginning(text, NOW, SEOUL) == since
    assert ending(text, NOW, SEOUL) == before


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Africa/Cairo", "2026-04-24", 23),
        ("America/Havana", "2026-11-01", 25),
        ("Asia/Beirut", "2026-03-29", 23),
        ("Pacific/Apia", "2011-12-29", 24),
    ],
)
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(zone: str, day: str, hours: int) -> None:
    """In Cairo, Havana and Beirut it is midnight itself that is skipped or comes twice."""
    length = ending(day, NOW, ZoneInfo(zone)) - beginning(day, NOW, ZoneInfo(zone))
    assert length == timedelta(hours=hours)


@given(
    day=st.dates(min_value=date(1971, 1, 1), max_value=date(2037, 12, 30)),
    zone=st.sampled_from(sorted(available_timezones() & {"UTC", "Asia/Seoul", "Africa/Cairo", "America/Sao_Paulo"})),
)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    here = ZoneInfo(zone)
    assert ending(day.isoformat(), NOW, here) == beginning((day + timedelta(days=1)).isoformat(), NOW, here)
    first = beginning(day.isoformat(), NOW, here)
    assert first.astimezone(here).date() == day
    assert (first - timedelta(seconds=1)).astimezone(here).date() < day


def test_without_a_zone_the_systems_counts() -> None:
    local = datetime(2026, 3, 1).astimezone()
    assert beginning("2026-03-01", NOW, None) == local
    assert beginning("2026-03-01T00:00", NOW, None) == local


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "01.03.2026",
        "7",
        "7y",
        "-7d",
        "999999w",
        "9999-12-31",
        "2026-3-1",
        "20260301",
        "2026-W09-7",
    ],
)
def test_anything_else_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match="a date"):
        ending(text, NOW, BERLIN)
