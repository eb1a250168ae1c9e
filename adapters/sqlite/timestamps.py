"""Time as the database keeps it: UTC ISO 8601 text with fixed microseconds, so that text order is time order."""

import re
from datetime import UTC, datetime, timedelta

from domain.errors import ValidationError

_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def to_text(moment: datetime) -> str:
    """Return `moment` as `2026-11-21T21:32:53.000000Z`.

    Raises:
        ValidationError: `moment` is naive, or is outside the years 1 to 9999 once it is in UTC.
    """
    if moment.tzinfo is UTC:  # as nearly all are, thousands at once
        return moment.isoformat(timespec="microseconds")[:-6] + "Z"
    if moment.utcoffset() is None:
        message = "A time without a time zone cannot be stored: pass an aware datetime, such as datetime.now(UTC)"
        raise ValidationError(message, error_code="NAIVE_DATETIME")
    try:
        utc = moment.astimezone(UTC)
    except OverflowError as error:
        message = "The time is outside the years 1 to 9999 once it is in UTC"
        raise ValidationError(message, error_code="TIME_OUT_OF_RANGE") from error
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def from_text(text: str) -> datetime:
    """Return the aware UTC time that `to_text` wrote as `text`.

    Raises:
        ValidationError: `text` is not in exactly that form, or names no existing time.
    """
    message = "A stored time is not of the form 2026-11-21T21:32:53.000000Z"
    if _TEXT.fullmatch(text) is None:
        raise ValidationError(message, error_code="MALFORMED_TIMESTAMP")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValidationError(message, error_code="MALFORMED_TIMESTAMP") from error


def time_if_legible(stored: object) -> datetime | None:
    """Return a stored time; None if it is absent or damaged, where one row must not keep others from being counted."""
    try:
        return from_text(str(stored))
    except ValidationError:
        return None


def is_held(until: object, now: datetime, longest: timedelta) -> bool:
    """Tell whether what somebody holds until the stored time has not ended and can be believed.

    An end that is unreadable, or later than `longest` from now, since the clock was set back, cannot.
    """
    try:
        return now < from_text(str(until)) <= now + longest
    except ValidationError:
        return False
