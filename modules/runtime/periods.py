"""Moments as people write them: a date, a date and a time, or how long ago."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

FORMS = (
    "a date (2026-03-01), a date and time (2026-03-01T09:30, with an offset or in your zone), or 30m, 24h, 7d, 2w ago"
)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_AND_TIME = re.compile(rf"{_DATE.pattern}[T ].+")
_AGO = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_DAY = timedelta(days=1)


def beginning(text: str, now: datetime, zone: tzinfo | None) -> datetime:
    """Return the moment from which on, in UTC; a date means its first moment in the zone (None: the system's).

    Raises:
        ValueError: it is no moment; the message says what is one.
    """
    return _moment(text.strip(), now, zone, days=0)


def ending(text: str, now: datetime, zone: tzinfo | None) -> datetime:
    """Return the moment before which, in UTC; a date means the first moment of the day after, in the zone.

    Raises: as `beginning`.
    """
    return _moment(text.strip(), now, zone, days=1)


def _moment(text: str, now: datetime, zone: tzinfo | None, *, days: int) -> datetime:
    try:
        if ago := _AGO.fullmatch(text):
            return now - int(ago[1]) * _UNITS[ago[2]]
        if _DATE.fullmatch(text):
            return _midnight(date.fromisoformat(text) + days * _DAY, zone)
        moment = _date_and_time(text)
        return (moment if moment.tzinfo else _local(moment, zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        msg = f"{text!r} is not {FORMS}"
        raise ValueError(msg) from None


def _date_and_time(text: str) -> datetime:
    """Read it. Without a time it is refused: Python knows more forms of a day, and none would include that day."""
    if not _DATE_AND_TIME.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text)


def _midnight(day: date, zone: tzinfo | None) -> datetime:
    """Return the day's first moment, also where clocks skip or repeat midnight.

    Of a repeated one the first is meant, and one that is skipped counts as with the offset before: that is the moment
    of the change, with which the day begins (PEP 495, fold=0).
    """
    return _local(datetime(day.year, day.month, day.day), zone).astimezone(UTC)  # noqa: DTZ001 - its zone comes next


def _local(moment: datetime, zone: tzinfo | None) -> datetime:
    return moment.astimezone() if zone is None else moment.replace(tzinfo=zone)
