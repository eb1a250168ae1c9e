"""How tasks wait for each other here: until something happened, or time has passed on a clock that may stand still."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

from ports.clock import Clock


class Bell:
    """Counts its strokes, so that one between looking and waiting is not missed."""

    def __init__(self) -> None:
        self.strokes = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake whoever waits."""
        self.strokes += 1
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self, heard: int, longest: timedelta, clock: Clock) -> None:
        """Return at once if it rang since it had done so `heard` times, else when it does, or after `longest`."""
        if self.strokes != heard:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await bounded(future, longest, clock)
        finally:
            self._waiting.discard(future)


async def bounded(awaited: Awaitable[None], longest: timedelta, clock: Clock) -> None:
    """Await something for as long as `longest`, then cancel it."""
    tasks: set[asyncio.Future[None]] = {asyncio.ensure_future(each) for each in (awaited, clock.sleep(longest))}
    done: set[asyncio.Future[None]] = set()
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks - done:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()
