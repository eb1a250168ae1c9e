"""Time that passes only when it is told to."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

from ports.clock import Clock

START = datetime(2026, 1, 1, tzinfo=UTC)
TURNS = 50
"""How often the event loop turns after time has passed, so that whoever was woken gets to its next wait."""


class MemoryClock(Clock):
    """A clock for tests: `advance` moves it and wakes the sleepers."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = timedelta(0)
        self._order = count()
        self._sleepers: list[tuple[timedelta, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Return the start plus what has been advanced."""
        return self._start + self._elapsed

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        return self._elapsed.total_seconds()

    async def sleep(self, duration: timedelta) -> None:
        """Wait until the clock was advanced that far."""
        if duration <= timedelta(0):
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + duration, next(self._order), future))
        await future

    @property
    def sleepers(self) -> int:
        """Return how many tasks are asleep."""
        return sum(not future.done() for _, _, future in self._sleepers)

    async def advance(self, duration: timedelta) -> None:
        """Let time jump, wake whoever has slept enough, in the order of their moments, and let them run."""
        self._elapsed += duration
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
        await self._turn()

    @staticmethod
    async def _turn() -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
