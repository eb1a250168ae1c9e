"""What a deadline of a mail can be."""

from datetime import date, timedelta
from typing import Final

LONGEST_PAST: Final = timedelta(days=60)
LONGEST_AHEAD: Final = timedelta(days=2 * 366)


def is_plausible(deadline: date, sent_on: date) -> bool:
    """Return whether somebody may have asked on that day for a reply by this one; it may be over when they remind."""
    return -LONGEST_PAST <= deadline - sent_on <= LONGEST_AHEAD
