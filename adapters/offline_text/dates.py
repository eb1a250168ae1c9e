"""Calendar dates in English and Korean text.

A year that is missing is that of the next such day from the day of sending. Of days and months in figures alone,
`14.06.2025` is read as in Europe; with other signs only what can be read in one way: 14/06/2025, not 05/06/2025.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Final

import attrs

from adapters.offline_text.calendar_words import (
    KOREAN_WEEKDAY,
    KOREAN_WEEKDAYS,
    MONTH,
    WEEKDAY,
    day_of,
    month_of,
    next_such,
)

_MONTHS_IN_YEAR: Final = 12
_YEAR: Final = r"20\d\d"
_SHORT_YEAR: Final = r"['\u2019`]?\d\d(?![\d:.h]|\s?(?:h|am|pm|hrs|hours|:)\b)"
_OTHER_YEAR: Final = r"(?!,?\s(?:1[89]|2[1-9]|[3-9]\d)\d\d\b(?!\s?(?:h|hrs|hours|utc|gmt|[ck]e?st)\b))"
_ENDING: Final = r"(?:st|nd|rd|th)?"
_ENGLISH_MONTH: Final = rf"(?!(?-i:may)(?!\w|[\s,.-]+{_YEAR})){MONTH}(?![a-z])\.?"
_DATE: Final = re.compile(
    rf"""
    (?=[\d'\u2019]|(?<!\w)[jfmasondtw][aeuopchr])(?:(?<![\w/.])(?:{WEEKDAY}\b[.,]?\s{{0,2}}(?:the\s)?\s?)?(?:
        (?P<day>\d{{1,2}})(?:{_ENDING}|\.)\s?[-./]?\s?(?:of\s)?(?:the\s)?(?P<month>{_ENGLISH_MONTH})
            (?:[\s,./-]{{0,3}}(?P<year>{_YEAR}(?!\d)|{_SHORT_YEAR}))?
        |(?P<month2>{_ENGLISH_MONTH})[\s-]?\s?(?:the\s)?(?P<day2>\d{{1,2}}){_ENDING}(?![\d:])
            (?:[\s,-]{{1,3}}(?P<year2>{_YEAR})(?!\d)|,?\s?['\u2019](?P<year3>\d\d)(?!\d))?
    )(?![^\W_]){_OTHER_YEAR}
    |(?<![\d.,/-])(?P<year4>{_YEAR}|['\u2019]\d\d)\s?(?P<sign>[-./])\s?(?P<month4>\d{{1,2}})\s?(?P=sign)\s?(?P<day4>\d{{1,2}})
        (?!\d)\.?{KOREAN_WEEKDAY}?
    |(?:(?<![\d])(?P<year5>{_YEAR}|['\u2019]?\d\d)\s?년\s?)?(?<!\d)(?P<month5>\d{{1,2}})\s?월\s?(?P<day5>\d{{1,2}})\s?일
        {KOREAN_WEEKDAY}?
    |(?<![\w./-])(?P<first>\d{{1,2}})(?P<sign2>[-./])(?P<second>\d{{1,2}})(?P=sign2)(?P<year6>{_YEAR}|\d\d)(?![\w/]|[.-]\d)
    |(?<![\w./-])(?P<month7>\d{{1,2}})\s?[/.]\s?(?P<day7>\d{{1,2}})\.?
        (?={KOREAN_WEEKDAY}|\s?(?:[가-힣\d:]{{1,6}}\s?)?까지)(?:\s?\(\s?[{KOREAN_WEEKDAYS}](?:요일)?\s?\))?)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AROUND: Final = 50
"""Characters before the first digit of a date, and behind its last, that can belong to it or rule it out."""
_DIGITS: Final = re.compile(rf"\d(?:\D{{0,{2 * _AROUND}}}+\d)*")
"""Digits near each other; what is around them is apart from what is around others."""


@attrs.frozen
class Stated:
    """A day that a text names, and where it does; `is_until`: the words say by themselves that it is a limit."""

    start: int
    end: int
    day: date
    is_until: bool = False


def calendar_dates(text: str, sent_on: date) -> Iterator[Stated]:
    """Yield the dates in their order; days that do not exist are left out."""
    for digits in _DIGITS.finditer(text):
        for match in _DATE.finditer(text, max(digits.start() - _AROUND, 0), digits.end() + _AROUND):
            kind = next(name for name in _READINGS if match[name])
            day = _READINGS[kind](match, sent_on)
            if day:
                yield Stated(match.start(), match.end(), day)


def _named(match: re.Match[str], sent_on: date) -> date | None:
    return _on(match["year"], month_of(match["month"]), match["day"], sent_on)


def _month_first(match: re.Match[str], sent_on: date) -> date | None:
    return _on(match["year2"] or match["year3"], month_of(match["month2"]), match["day2"], sent_on)


def _figures(match: re.Match[str], _: date) -> date | None:
    """Return what can be meant by two numbers and a year; None if it may be two days."""
    first, second, is_dotted = int(match["first"]), int(match["second"]), match["sign2"] == "."
    if len(match["year6"]) == 2 and match["sign2"] != "/":  # noqa: PLR2004 - digits; it may as well be the day
        return None
    year = _full(match["year6"])
    if is_dotted or first > _MONTHS_IN_YEAR or first == second:
        return day_of(year, second, first)
    return day_of(year, first, second) if second > _MONTHS_IN_YEAR else None


_READINGS: Final[Mapping[str, Callable[[re.Match[str], date], date | None]]] = {
    "month": _named,
    "month2": _month_first,
    "month4": lambda match, sent_on: _on(match["year4"], int(match["month4"]), match["day4"], sent_on),
    "month5": lambda match, sent_on: _on(match["year5"], int(match["month5"]), match["day5"], sent_on),
    "first": _figures,
    "month7": lambda match, sent_on: _on(None, int(match["month7"]), match["day7"], sent_on),
}


def _on(year: str | None, month: int, day: str, sent_on: date) -> date | None:
    return day_of(_full(year), month, int(day)) if year else next_such(month, int(day), sent_on)


def _full(year: str) -> int:
    return 2000 + int(year[-2:])
