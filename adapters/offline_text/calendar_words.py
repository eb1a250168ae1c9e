"""How months, days of the week and small numbers are called, and what to count with them."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
WEEKDAY: Final = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)"
KOREAN_WEEKDAYS: Final = "월화수목금토일"
KOREAN_WEEKDAY: Final = rf"(?:\s?\(\s?[{KOREAN_WEEKDAYS}](?:요일)?\s?\)|\s?[{KOREAN_WEEKDAYS}]요일)"

FRIDAY: Final = 4
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORKDAYS: Final = 5
_NUMBERS: Final = {
    **{word: number for number, word in enumerate(("a", "two", "three", "four", "five", "six", "seven"), 1)},
    **{word: number for number, word in enumerate(("eight", "nine", "ten"), 8)},
    "one": 1,
    "an": 1,
    "fourteen": 14,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    **{word: number for number, word in enumerate(("한", "두", "세", "네"), 1)},
    **{word: number for number, word in enumerate("일이삼사", 1)},
}
NUMBER: Final = (
    rf"(?:\d{{1,3}}|{'|'.join(sorted((each for each in _NUMBERS if each.isascii()), key=len, reverse=True))})"
)
KOREAN_NUMBER: Final = r"(?:\d{1,3}|[한두세네일이삼사])"


def month_of(name: str) -> int:
    """Return the number of a month by its English name or the beginning of that."""
    return _MONTHS.index(name[:3].lower()) + 1


def weekday_of(name: str) -> int:
    """Return the number of a day of the week, Monday is 0, by its English or Korean name."""
    return KOREAN_WEEKDAYS.index(name[0]) if name[0] in KOREAN_WEEKDAYS else _WEEKDAYS.index(name[:3].lower())


def number_of(text: str) -> int:
    """Return a small number, in digits or words."""
    return int(text) if text.isdigit() else _NUMBERS[text.lower()]


def day_of(year: int, month: int, day: int) -> date | None:
    """Return the day; None if there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def next_such(month: int, day: int, sent_on: date) -> date | None:
    """Return the first such day on the day of sending or after it; the 29 February may be years away."""
    found = (day_of(year, month, day) for year in range(sent_on.year, min(sent_on.year + 5, date.max.year)))
    return next((each for each in found if each and each >= sent_on), None)


def end_of_month(year: int, month: int) -> date:
    """Return the last day of a month."""
    return date(year, month, monthrange(year, month)[1])


def in_week(sent_on: date, weeks: int, weekday: int) -> date:
    """Return a day of a week: 0 is the week of sending, which begins on a Monday."""
    return sent_on + timedelta(days=7 * weeks + weekday - sent_on.weekday())


def after_workdays(sent_on: date, number: int) -> date:
    """Return the day when so many days from Monday to Friday have passed."""
    found, left = sent_on, number
    while left:
        found += timedelta(days=1)
        left -= found.weekday() < _WORKDAYS
    return found
