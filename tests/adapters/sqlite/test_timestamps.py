"""Time as text."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sqlite.timestamps import from_text, to_text
from domain.errors import ValidationError

offsets = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(timezone)
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=offsets)  # noqa: DTZ001 - given a zone


def test_the_form_has_fixed_microseconds_and_z() -> None:
    assert to_text(datetime(2026, 11, 21, 21, 32, 53, tzinfo=UTC)) == "2026-11-21T21:32:53.000000Z"
    seoul = timezone(timedelta(hours=9))
    assert to_text(datetime(2026, 11, 22, 6, 32, 53, 7, tzinfo=seoul)) == "2026-11-21T21:32:53.000007Z"
    assert to_text(datetime(33, 4, 3, tzinfo=UTC)) == "0033-04-03T00:00:00.000000Z"


@given(moments)
def test_what_is_written_is_read_back_as_the_same_moment_in_utc(moment: datetime) -> None:
    back = from_text(to_text(moment))
    assert back == moment
    assert back.utcoffset() == timedelta(0)


@given(moments, moments)
def test_the_order_of_texts_is_the_order_of_times(one: datetime, other: datetime) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        to_text(datetime(2026, 11, 21))  # noqa: DTZ001 - what is refused
    assert caught.value.error_code == "NAIVE_DATETIME"


def test_a_time_outside_the_years_in_utc_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        to_text(datetime.min.replace(tzinfo=timezone(timedelta(hours=9))))
    assert caught.value.error_code == "TIME_OUT_OF_RANGE"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T21:32:53Z",
        "2026-11-21T21:32:53.000000",
        "2026-11-21T21:32:53.000000+00:00",
        "2026-11-21 21:32:53.000000Z",
        "2026-11-21T21:32:53.000000Z\n",
        "2026-02-30T21:32:53.000000Z",
        "2026-11-21T24:00:60.000000Z",
        "٢٠٢٦-11-21T21:32:53.000000Z",
    ],
)
def test_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        from_text(text)
    assert caught.value.error_code == "MALFORMED_TIMESTAMP"


@given(st.text())
def test_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    with suppress(ValidationError):
        assert to_text(from_text(text)) == text
