"""Things that are worth doing once in a while, however often there is reason to."""

from collections.abc import Hashable
from datetime import timedelta

import attrs

from ports.clock import Clock

MINUTE = timedelta(minutes=1)


@attrs.define(eq=False, kw_only=True)
class Seldom:
    """Remembers when something was done last; bounded by forgetting everything when there is too much."""

    clock: Clock
    capacity: int = 10_000
    _until: dict[Hashable, float] = attrs.field(factory=dict, init=False)

    def first(self, what: Hashable, within: timedelta = MINUTE) -> bool:
        """Return whether this is the first time within the duration, and count it as done if so."""
        now = self.clock.monotonic()
        if self._until.get(what, now) > now:
            return False
        if len(self._until) >= self.capacity:
            self._until.clear()
        self._until[what] = now + within.total_seconds()
        return True
