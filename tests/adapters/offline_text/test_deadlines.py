"""The deadline that a text states, and no other date."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.offline_text.clauses import normalised
from adapters.offline_text.deadlines import deadline_in
from tests.adapters.offline_text.sentences import ENGLISH, KOREAN, SENT_ON

LONG = 1 << 16
SENTENCES = (*ENGLISH, *KOREAN)
STATED = [(text, day) for text, day in SENTENCES if day]
DAYS = st.dates(date(2021, 1, 1), date(2029, 12, 31))
AHEAD = st.integers(0, 300).map(lambda days: timedelta(days=days))
MONTHS = [f"{date(2024, month, 1):%B}" for month in range(1, 13)]


def found(text: str, sent_on: date = SENT_ON) -> str | None:
    day = deadline_in(normalised(text, LONG), sent_on)
    return day.isoformat() if day else None


def test_there_are_enough_sentences_of_both_kinds() -> None:
    assert len(ENGLISH) >= 150
    assert len(KOREAN) >= 50
    assert len(SENTENCES) - len(STATED) >= 50


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_a_sentence_states_the_deadline_that_a_person_reads_in_it(text: str, expected: str | None) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(("text", "expected"), STATED)
def test_a_deadline_is_found_among_other_dates(text: str, expected: str) -> None:
    before = "The rules were adopted on 3 March 2024.\n\nThe group met on 5 March 2025 in Busan.\n\n"
    after = (
        "\n\nThe panel meets on 3 July 2025 in London.\n\n다음 패널 회의는 2025년 7월 3일 부산에서 개최될 예정입니다."
    )
    assert found(f"{before}{text}{after}") == expected


@pytest.mark.parametrize(("text", "expected"), [each for each in ENGLISH if each[1] and "\n" not in each[0]])
def test_the_line_breaks_of_a_mail_program_do_not_matter(text: str, expected: str) -> None:
    """It breaks lines at any blank, and makes some of them unbreakable."""
    filled = f"{'This sentence is here to fill the line. ' * 2}{text}"
    lines: list[str] = []
    line = ""
    for word in filled.split(" "):
        if len(line) + len(word) > 72:
            lines, line = [*lines, line], word
        else:
            line = f"{line} {word}".strip()
    assert found("\n".join([*lines, line])) == expected
    assert found(text.replace(" 2025", "\N{NO-BREAK SPACE}2025").replace("14 ", "14\N{NO-BREAK SPACE}")) == expected


def test_in_a_table_of_dates_no_deadline_is_looked_for_beyond_the_first() -> None:
    rows, end = [f"Item {number}: 3 July 2025" for number in range(250)], "Please reply by 14 June 2025."
    assert found("\n".join([*rows[:190], end])) == "2025-06-14"
    assert found("\n".join([*rows, end])) is None
    assert found("\n".join([end, *rows])) == "2025-06-14"
    assert found("\n".join([*(row.replace(":", " -") for row in rows), end])) == "2025-06-14", "no sign of a limit"


@given(DAYS, AHEAD)
def test_every_day_is_found_in_every_form(sent_on: date, ahead: timedelta) -> None:
    day = sent_on + ahead
    month = MONTHS[day.month - 1]
    forms = [
        f"{day.day} {month} {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{day.day}-{month[:3].upper()}-{day.year}",
        f"{day:%A}, {day.day} {month} {day.year}",
        f"the {day.day}th of {month}, {day.year}",
        f"{day.day}.{day.month}.{day.year}",
        day.isoformat(),
        f"{day:%Y/%m/%d}",
    ]
    for form in forms:
        assert found(f"Please reply by {form}.", sent_on) == day.isoformat(), form
        assert found(f"Deadline: {form}", sent_on) == day.isoformat(), form
    for form in (f"{day.year}년 {day.month}월 {day.day}일", f"{day.year}. {day.month}. {day.day}.", day.isoformat()):
        assert found(f"{form}까지 회신 바랍니다.", sent_on) == day.isoformat(), form
        assert found(f"회신 기한: {form}", sent_on) == day.isoformat(), form


@given(DAYS, AHEAD)
def test_a_year_that_is_missing_is_that_of_the_next_such_day(sent_on: date, ahead: timedelta) -> None:
    day = sent_on + ahead
    assert found(f"Please reply by {day.day} {MONTHS[day.month - 1]}.", sent_on) == day.isoformat()
    assert found(f"{day.month}월 {day.day}일까지 회신 바랍니다.", sent_on) == day.isoformat()


@given(DAYS, DAYS)
def test_figures_that_can_be_read_in_two_ways_are_not_read(sent_on: date, day: date) -> None:
    read = found(f"Please reply by {day.day}/{day.month}/{day.year}.", sent_on)
    if day.day <= 12 and day.day != day.month:
        assert read is None
    else:
        assert read in {None, day.isoformat()}


@given(DAYS)
def test_a_day_of_the_week_is_within_the_next_seven(sent_on: date) -> None:
    for number, name in enumerate("월화수목금토일"):
        day = date.fromisoformat(found(f"{name}요일까지 회신 바랍니다.", sent_on) or "")
        assert day.weekday() == number
        assert timedelta(0) < day - sent_on <= timedelta(days=7)
        english = f"{date(2024, 1, 1 + number):%A}"
        assert found(f"Please reply by {english}.", sent_on) == day.isoformat()


@given(st.text(max_size=300), DAYS)
def test_whatever_the_text_is_there_is_an_answer(text: str, sent_on: date) -> None:
    found(f"{text} by {text} 3 June {text} deadline: {text}까지", sent_on)


@pytest.mark.parametrize("sent_on", [date.min, date.max])
def test_no_day_of_sending_makes_it_fail(sent_on: date) -> None:
    for text, _ in SENTENCES:
        found(text, sent_on)
