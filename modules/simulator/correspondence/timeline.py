"""When the mails of a thread are sent."""

from collections.abc import Callable
from datetime import datetime, timedelta

import attrs


class NotYetError(Exception):
    """What comes next lies in the future."""


@attrs.define(kw_only=True)
class Timeline:
    """The course of one thread: planned up to `until`, and from there on as it happens.

    `now`: a running clock for what comes after `until`; without one, nothing does. `is_live`: `until` has been passed.
    `pace` shortens all gaps, for threads in a short span. Times are whole seconds.
    """

    start: datetime
    until: datetime
    pace: float = 1.0
    now: Callable[[], datetime] | None = None
    is_live: bool = False
    _moment: datetime = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._moment = self.start

    def after(self, gap: timedelta) -> datetime:
        """Go on, and return the time that it is then. Raises: NotYetError."""
        self._moment = self.beside(self._moment, gap)
        return self._moment

    def before_end(self, span: timedelta) -> datetime:
        """Return the time so long before `until`, whatever the pace; later than `until`, it is now."""
        return self.until - span if self.now is None else self.now().replace(microsecond=0)

    def beside(self, moment: datetime, gap: timedelta) -> datetime:
        """Return the time after another one, without going on. Raises: NotYetError."""
        planned = moment + timedelta(seconds=int(gap.total_seconds() * self.pace))
        if planned <= self.until and not self.is_live:
            return planned
        if self.now is None:
            raise NotYetError
        self.is_live = True
        return self.now().replace(microsecond=0)
