"""Dates are looked for around digits alone: they are found wherever these are, and once."""

from datetime import date

import pytest

from adapters.offline_text.dates import calendar_dates

SENT_ON = date(2025, 5, 21)


@pytest.mark.parametrize("first", ["14 June 2025", "Saturday, the 14th of June 2025", "2025년 6월 14일(토요일)"])
@pytest.mark.parametrize("second", ["15/06/2025", "Sunday, June the 15th, 2025", "6월 15일 일요일"])
def test_two_dates_however_far_apart_are_found_once_each(first: str, second: str) -> None:
    for gap in range(1, 260):
        text = f"{'x' * gap} {first} {'x ' * (gap // 2)}; {second} {'x' * gap}"
        found = list(calendar_dates(text, SENT_ON))
        assert [each.day for each in found] == [date(2025, 6, 14), date(2025, 6, 15)], gap
        assert [text[each.start : each.end] for each in found] == [first, second], gap


@pytest.mark.parametrize("text", ["14 June 1925", "14 June, 1925", "1 Junebug 14", "14/06/2025/3"])
def test_what_rules_a_date_out_is_seen_behind_it(text: str) -> None:
    assert not list(calendar_dates(f"{'x' * 60} {text} {'x' * 60}", SENT_ON))
