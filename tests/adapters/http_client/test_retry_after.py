"""Every form in which a server asks to wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http_client.retry_after import LONGEST, parse_date, parse_retry_after

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("0", timedelta(0)),
        ("7", timedelta(seconds=7)),
        (" 7 ", timedelta(seconds=7)),
        ("2.128", timedelta(seconds=2.128)),
        ("+3", timedelta(seconds=3)),
        ("-5", timedelta(0)),
        ("Thu, 01 Jan 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Thursday, 01-Jan-26 12:00:30 GMT", timedelta(seconds=30)),
        ("Thu, 01 Jan 2026 11:00:00 GMT", timedelta(0)),
        ("Thu, 01 Jan 2026 13:00:30 +0100", timedelta(seconds=30)),
        ("3601", LONGEST),
        ("999999999999", LONGEST),
        ("Thu, 01 Jan 2099 12:00:30 GMT", LONGEST),
    ],
)
def test_a_number_and_a_date_are_understood_and_bounded(header: str, wait: timedelta) -> None:
    assert parse_retry_after(header, NOW) == wait


@pytest.mark.parametrize(
    "header", [None, "", " ", "soon", "1e9", "nan", "inf", "1,5", "٣", "12 seconds", "0x10", "9" * 400, "31 Feb"]
)
def test_what_cannot_be_understood_says_nothing(header: str | None) -> None:
    assert parse_retry_after(header, NOW) is None


@given(st.text())
def test_no_header_is_a_defect(header: str) -> None:
    wait = parse_retry_after(header, NOW)
    assert wait is None or timedelta(0) <= wait <= LONGEST


@given(st.timedeltas(min_value=timedelta(0), max_value=LONGEST))
def test_a_date_means_the_time_until_it(wait: timedelta) -> None:
    moment = (NOW + wait).replace(microsecond=0)
    assert parse_retry_after(format_datetime(moment, usegmt=True), NOW) == moment - NOW


@given(st.text())
def test_no_date_is_a_defect(header: str) -> None:
    moment = parse_date(header)
    assert moment is None or moment.utcoffset() == timedelta(0)
