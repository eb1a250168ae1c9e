"""The header with which a server asks to wait (RFC 9110 section 10.2.3); Entra also sends fractions of a second."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

LONGEST = timedelta(hours=1)
"""What is asked for beyond this is cut: nobody should wait longer before looking again."""

_SECONDS = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{0,12})?")


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return how long to wait, from zero to `LONGEST`; None where the header says nothing that can be understood.

    `now` is what a date in the header is compared with: the server's own time, if it told it.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return _bounded(float(text))
    moment = parse_date(text)
    return None if moment is None else _bounded((moment - now).total_seconds())


@lru_cache(maxsize=16)  # a busy server tells the same second in many answers
def parse_date(value: str | None) -> datetime | None:
    """Return an HTTP date (RFC 9110 section 5.6.7) in UTC; None for anything else."""
    try:
        moment = parsedate_to_datetime(value or "")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _bounded(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0), LONGEST.total_seconds()))
