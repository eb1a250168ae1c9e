"""Times as text. What is written is always UTC with six digits; what is read may be written by anybody."""

import re
from datetime import UTC, datetime, tzinfo

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_OFFSET = len("+00:00")


def time_text(moment: datetime) -> str:
    """Return the moment as `2026-03-01T12:30:15.000042Z`."""
    if moment.tzinfo is UTC:
        return moment.isoformat(timespec="microseconds")[:-_OFFSET] + "Z"
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def exact_time(text: str) -> datetime | None:
    """Return the moment of an RFC 3339 text in UTC, cut to microseconds; None if it is not one."""
    return any_time(text.upper(), UTC) if _RFC_3339.fullmatch(text) else None


def any_time(text: str, zone: tzinfo) -> datetime | None:
    """Return the moment of an ISO 8601 text in UTC; None if it is not one. Without an offset it is a time of `zone`."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is UTC:
            return moment
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):  # no such time, or its moment in UTC lies before year 1 or after 9999
        return None
