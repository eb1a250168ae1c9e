"""A clock whose sleepers never wait."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ports.clock import Clock


class HurriedClock(Clock):
    """Breaks the promise that `sleep` lets time pass for everybody: it moves the process's time and returns at once.

    The world's time is somebody else's, a simulator's for example.
    """

    def __init__(self, world: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.world = world
        self._ran = timedelta(0)
        self.slept: list[timedelta] = []

    def now(self) -> datetime:
        """Return the world's time."""
        return self.world()

    def monotonic(self) -> float:
        """Return the seconds slept and run so far."""
        return self._ran.total_seconds()

    def run(self, duration: timedelta) -> None:
        """Let the process's time pass."""
        self._ran += duration

    async def sleep(self, duration: timedelta) -> None:
        """Note it, and go on."""
        self.slept.append(duration)
        self._ran += max(duration, timedelta(0))
