"""How late the process's event loop is: whatever blocks it makes everything late."""

import asyncio
from collections import deque
from datetime import timedelta

import attrs

from application.background import unless_stopped
from ports.clock import Clock

REMEMBERED = 60
"""Measurements, one a second: between two looks of whoever collects them, none is missed."""


@attrs.define(kw_only=True, eq=False)
class LoopLag:
    """Sleeps again and again, and compares."""

    clock: Clock
    interval: timedelta = timedelta(seconds=1)
    _lags: deque[float] = attrs.field(factory=lambda: deque([0.0], REMEMBERED), init=False)

    @property
    def longest(self) -> timedelta:
        """The longest that a sleep was late, of the last 60."""
        return timedelta(seconds=max(self._lags))

    async def run(self, stopping: asyncio.Event) -> None:
        """Measure until told to stop.

        Raises: nothing.
        """
        while not stopping.is_set():
            begun = self.clock.monotonic()
            if await unless_stopped(stopping, self.clock.sleep(self.interval)):
                late = self.clock.monotonic() - begun - self.interval.total_seconds()
                self._lags.append(max(late, 0.0))
