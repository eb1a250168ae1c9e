"""News within one process that a transaction was committed: waiting for it needs no polling."""

import asyncio
from datetime import timedelta

from adapters.sqlite.bounded_wait import bounded_wait
from ports.clock import Clock


class WriteSignal:
    """Counts transactions as they end. It may count one that wrote nothing, never misses one that did.

    Remember `count`, look into the database, and wait for what was committed after that count: nothing slips through
    in between. It belongs to one event loop.
    """

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        """Count a transaction and wake whoever waits."""
        self.count += 1
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def after(self, count: int) -> None:
        """Return when more than `count` transactions have ended."""
        while self.count <= count:
            future = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)

    async def wait(self, count: int, clock: Clock, longest: timedelta) -> None:
        """Return as `after` does, or when `longest` has passed by the clock."""
        if self.count <= count:
            await bounded_wait(self.after(count), clock, longest)
