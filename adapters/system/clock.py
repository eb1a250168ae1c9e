"""The machine's clock."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from ports.clock import Clock


class SystemClock(Clock):
    """Wall clock, monotonic clock and the event loop's timer."""

    def now(self) -> datetime:
        """Return the wall clock's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the monotonic clock's seconds."""
        return time.monotonic()

    async def sleep(self, duration: timedelta) -> None:
        """Sleep on the event loop."""
        await asyncio.sleep(max(duration.total_seconds(), 0))
