"""A sign of life of something that goes on and on, for whoever looks after it."""

from datetime import timedelta

import attrs

from ports.clock import Clock


@attrs.define(eq=False)
class Pulse:
    """Knows when it last beat, by the process's time, and how often it did."""

    clock: Clock
    beats: int = attrs.field(default=0, init=False)
    _at: float | None = attrs.field(default=None, init=False)

    def beat(self) -> None:
        """Note that it is alive now."""
        self._at = self.clock.monotonic()
        self.beats += 1

    @property
    def age(self) -> timedelta | None:
        """How long ago it last beat; None: it never did."""
        return None if self._at is None else timedelta(seconds=self.clock.monotonic() - self._at)
