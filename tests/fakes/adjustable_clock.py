"""A clock whose time somebody sets."""

from datetime import datetime, timedelta

from adapters.memory.clock import MemoryClock


class AdjustableClock(MemoryClock):
    """Breaks what most programs take for granted: the world's time jumps, while the process's goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the time as it was set."""
        return super().now() + self.ahead
