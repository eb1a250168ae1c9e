"""Days that a text names by how far off they are, counted from the day of sending.

A week's end is its Friday. A day of the week alone is the next one after the day of sending; `next Friday` is in the
week after the one of sending, which begins on a Monday.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from adapters.offline_text.calendar_words import (
    FRIDAY,
    KOREAN_NUMBER,
    KOREAN_WEEKDAYS,
    MONTH,
    NUMBER,
    WEEKDAY,
    after_workdays,
    end_of_month,
    in_week,
    month_of,
    number_of,
    weekday_of,
)
from adapters.offline_text.dates import Stated

_DECEMBER: Final = 12
_MIDDLE: Final = 15
_ENGLISH: Final = rf"""
    within\s(?:the\s(?:next|coming)\s)?(?P<within>{NUMBER})(?:\s\(\d{{1,3}}\))?\s(?P<kind>working|business|calendar)?\s?
        (?P<unit>days?|weeks?|months?)\b
    |(?P<part>end|middle|mid)(?:\s|-)(?:of\s)?(?:the\s)?(?:month\sof\s)?(?:
        (?P<month>{MONTH})\b(?:,?\s(?P<year>20\d\d))?
        |(?P<which>this|next|current|coming)?\s?(?P<span>week|month|year)\b)
    |(?P<week>this|next)\sweek\b
    |(?:(?P<nearness>this|next|coming|following)\s)?(?:coming\s)?(?P<weekday>{WEEKDAY})\b(?!\s?\d)
    |(?P<near>today|tonight|tomorrow)\b
"""
_KOREAN: Final = rf"""
    (?P<ko_near>오늘|금일|당일|내일|명일|익일|모레)
    |(?P<ko_week>이번\s?주|금주|다음\s?주|차주|내주)(?:\s?(?P<ko_weekday>[{KOREAN_WEEKDAYS}])요일|\s?주말|\s?중|\s?내)?
    |(?P<ko_alone>[{KOREAN_WEEKDAYS}])요일
    |(?P<ko_month>이번\s?달|금월|당월|이달|다음\s?달|차월|내달|\d{{1,2}}월)\s?(?P<ko_end>말|중순)일?
    |(?P<ko_month_end>월말|연말|년말)
    |(?P<ko_within>{KOREAN_NUMBER})\s?(?P<ko_unit>일|주일|주|개월|달|근무일|영업일)\s?(?:간\s)?(?:이내|내)
"""
_RELATIVE: Final = re.compile(
    rf"(?=[a-z])(?<!\w)(?:{_ENGLISH})|(?=[\d가-힣])(?<![\d가-힣])(?:{_KOREAN})", re.IGNORECASE | re.VERBOSE
)
_ENGLISH_BEGINNING: Final = r"(?<!\w\w)(?i:ithin|nd|id|his|ext|oming|ollowing|on|ue|ed|hu|ri|at|un|oday|onight|omorrow)"
_BEGINNINGS: Final = {
    False: re.compile(rf"[WEMTNCFSwemtncfs]{_ENGLISH_BEGINNING}"),
    True: re.compile(rf"[WEMTNCFSwemtncfs\d가-힣](?:{_ENGLISH_BEGINNING}|(?<=[\d가-힣])(?<![\d가-힣][\d가-힣]))"),
}
"""Where one may begin, by whether the text has Hangul, which all Korean ones have; the search for its first character
is much faster than that for a whole one.
"""
_HANGUL: Final = re.compile(r"[가-힣]")
_KOREAN_NEAR: Final = {"내일": 1, "명일": 1, "익일": 1, "모레": 2}


def relative_dates(text: str, sent_on: date) -> Iterator[Stated]:
    """Yield them in their order."""
    end = 0
    for beginning in _BEGINNINGS[_HANGUL.search(text) is not None].finditer(text):
        match = _RELATIVE.match(text, beginning.start()) if beginning.start() >= end else None
        if match is None:
            continue
        end = match.end()
        kind = next(name for name in _READINGS if match[name])
        try:
            day = _READINGS[kind](match, sent_on)
        except (OverflowError, ValueError):  # beyond the last day that there is, or no such month
            continue
        yield Stated(match.start(), match.end(), day, is_until="within" in kind)


def _later(sent_on: date, number: int, unit: str) -> date:
    if unit.startswith(("week", "주")):
        return sent_on + timedelta(weeks=number)
    if unit.startswith(("month", "개월", "달")):
        years, month = divmod(sent_on.month - 1 + number, 12)
        end = end_of_month(sent_on.year + years, month + 1)
        return end.replace(day=min(sent_on.day, end.day))
    return sent_on + timedelta(days=number)


def _within(match: re.Match[str], sent_on: date) -> date:
    number = number_of(match["within"])
    if match["kind"] and match["kind"].lower() != "calendar" and match["unit"].lower().startswith("day"):
        return after_workdays(sent_on, number)
    return _later(sent_on, number, match["unit"].lower())


def _of_month(match: re.Match[str], sent_on: date) -> date:
    month = month_of(match["month"])
    year = int(match["year"]) if match["year"] else sent_on.year + (month < sent_on.month)
    return end_of_month(year, month) if match["part"].lower() == "end" else date(year, month, _MIDDLE)


def _of_span(match: re.Match[str], sent_on: date) -> date:
    is_next, span = (match["which"] or "").lower() in {"next", "coming"}, match["span"].lower()
    if span == "week":
        return _end_of_week(sent_on, 1 if is_next else 0)
    if span == "month":
        return end_of_month(*_month_after(sent_on, 1 if is_next else 0))
    return date(sent_on.year + is_next, _DECEMBER, 31)


def _weekday(match: re.Match[str], sent_on: date) -> date:
    wanted, nearness = weekday_of(match["weekday"]), (match["nearness"] or "").lower()
    if nearness == "next":
        return in_week(sent_on, 1, wanted)
    return _next_weekday(sent_on, wanted, 0 if nearness == "this" else 1)


def _korean_week(match: re.Match[str], sent_on: date) -> date:
    weeks = int(match["ko_week"][0] in "다차내")
    if not match["ko_weekday"]:
        return _end_of_week(sent_on, weeks)
    return in_week(sent_on, weeks, weekday_of(match["ko_weekday"]))


def _korean_month(match: re.Match[str], sent_on: date) -> date:
    name = match["ko_month"]
    if name[0].isdigit():
        month = int(name[:-1])
        year = sent_on.year + (month < sent_on.month)
    else:
        year, month = _month_after(sent_on, int(name[0] in "다차내"))
    return end_of_month(year, month) if match["ko_end"] == "말" else date(year, month, _MIDDLE)


def _korean_within(match: re.Match[str], sent_on: date) -> date:
    number, unit = number_of(match["ko_within"]), match["ko_unit"]
    return after_workdays(sent_on, number) if unit in {"근무일", "영업일"} else _later(sent_on, number, unit)


def _month_or_year_end(match: re.Match[str], sent_on: date) -> date:
    return end_of_month(sent_on.year, sent_on.month if match["ko_month_end"] == "월말" else _DECEMBER)


def _next_weekday(sent_on: date, weekday: int, least: int) -> date:
    return sent_on + timedelta(days=(weekday - sent_on.weekday() - least) % 7 + least)


def _end_of_week(sent_on: date, weeks: int) -> date:
    return max(in_week(sent_on, weeks, FRIDAY), sent_on)


def _month_after(sent_on: date, number: int) -> tuple[int, int]:
    years, month = divmod(sent_on.month - 1 + number, 12)
    return sent_on.year + years, month + 1


_READINGS: Final[Mapping[str, Callable[[re.Match[str], date], date]]] = {
    "within": _within,
    "month": _of_month,
    "span": _of_span,
    "weekday": _weekday,
    "near": lambda match, sent_on: sent_on + timedelta(days=match["near"].lower() == "tomorrow"),
    "week": lambda match, sent_on: _end_of_week(sent_on, int(match["week"].lower() == "next")),
    "ko_near": lambda match, sent_on: sent_on + timedelta(days=_KOREAN_NEAR.get(match["ko_near"], 0)),
    "ko_week": _korean_week,
    "ko_alone": lambda match, sent_on: _next_weekday(sent_on, weekday_of(match["ko_alone"]), 1),
    "ko_month": _korean_month,
    "ko_month_end": _month_or_year_end,
    "ko_within": _korean_within,
}
