"""News within one process that a transaction was committed: waiting for it needs no polling."""

import asyncio
from datetime import timedelta

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
        if self.count > count:
            return
        tasks = [asyncio.ensure_future(self.after(count)), asyncio.ensure_future(clock.sleep(longest))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
