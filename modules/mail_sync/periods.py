"""How far back, and how often, as people write it."""

import re
from datetime import datetime, timedelta, tzinfo
from typing import Final

from application.mail_sync import EVERYTHING
from modules.runtime.periods import beginning

ALL: Final = "all"
INTERVALS: Final = "30s, 5m, 1h"

_INTERVAL = re.compile(r"(\d{1,6})([smh]?)")
_UNITS = {"": timedelta(seconds=1), "s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_LONGEST = timedelta(days=1)


def reach(text: str | None, now: datetime, zone: tzinfo | None) -> datetime | None:
    """Return from when on mail is wanted: `all` is everything, a number so many days; None is as before.

    Raises:
        ValueError: it is no moment; the message says what is one.
    """
    if text is None:
        return None
    if text.strip().lower() == ALL:
        return EVERYTHING
    try:
        moment = beginning(f"{text.strip()}d" if text.strip().isdecimal() else text, now, zone)
    except ValueError as error:
        msg = f"{error}; nor {ALL}, nor a number of days"
        raise ValueError(msg) from None
    if moment > now:
        msg = f"{text!r} has not come yet"
        raise ValueError(msg)
    return moment


def interval(text: str) -> timedelta:
    """Return a duration such as `INTERVALS`; a number is seconds.

    Raises:
        ValueError: it is none, or longer than a day.
    """
    match = _INTERVAL.fullmatch(text.strip())
    found = int(match[1]) * _UNITS[match[2]] if match else timedelta(0)
    if not timedelta(0) < found <= _LONGEST:
        msg = f"{text!r} is not an interval of up to a day, such as {INTERVALS}"
        raise ValueError(msg)
    return found
