"""How often, and for how long, the handling of an event is tried again before the event is put aside."""

from datetime import timedelta
from enum import StrEnum

import attrs

from domain.errors import ConfigurationError, DatabaseError, IACSGraphError, PermissionDeniedError

FIRST = timedelta(seconds=1)
LAST = timedelta(minutes=5)


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """Waits double from `first` to `last`. What is transient is tried for as long as `patience`.

    An exception that is not of our tree tells nothing about itself: it is tried `attempts` times in all.
    """

    first: timedelta = FIRST
    last: timedelta = LAST
    patience: timedelta = timedelta(days=1)
    attempts: int = 5

    def delay(self, error: BaseException, failures: int, waited: timedelta, spread: float) -> timedelta | None:
        """Return how long to wait before trying again, after `failures` failures in `waited`; None: put it aside.

        `spread` in [0, 1] draws the wait between half and the whole of it. It is never shorter than the `retry_after`
        that an error tells, up to `last`; it may be longer, so that one of zero does not make a loop of it.
        """
        if not isinstance(error, IACSGraphError):
            return self.backoff(failures, spread) if failures < self.attempts else None
        if not error.transient or waited >= self.patience:
            return None
        return self.backoff(failures, spread, error.retry_after)

    def backoff(self, failures: int, spread: float, retry_after: timedelta | None = None) -> timedelta:
        """Return the wait after so many failures in a row."""
        doubled: timedelta = min(self.first * 2 ** min(max(failures - 1, 0), 30), self.last)
        drawn = doubled * (0.5 + spread / 2)
        return drawn if retry_after is None else min(max(retry_after, drawn), self.last)


RECONNECTING = RetryPolicy(first=timedelta(milliseconds=500), last=timedelta(seconds=30))
"""Of those for whom the log of events is away."""

ABOUT_THE_PROCESS: tuple[type[IACSGraphError], ...] = (ConfigurationError, DatabaseError)
"""Errors that say nothing about the event: unless they are transient, every other event would fail as well."""


class Verdict(StrEnum):
    """What becomes of an event whose handler failed."""

    RETRY = "retry"
    DEAD_LETTER = "dead_letter"
    STOP = "stop"
    """Leave it where it is, and end: an operator must act first."""


def verdict(error: BaseException) -> Verdict:
    """Return what the error says about the event: an unknown one is tried again, for a while."""
    if not isinstance(error, IACSGraphError) or error.transient:
        return Verdict.RETRY
    return Verdict.STOP if isinstance(error, ABOUT_THE_PROCESS) else Verdict.DEAD_LETTER


def is_hopeless(error: IACSGraphError) -> bool:
    """Return whether asking the log of events again is of no use before an operator acted."""
    return not error.transient and isinstance(error, (*ABOUT_THE_PROCESS, PermissionDeniedError))
