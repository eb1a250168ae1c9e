"""Waiting for something no longer than is allowed, by the clock."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

from ports.clock import Clock


async def bounded_wait(work: Awaitable[None], clock: Clock, longest: timedelta) -> None:
    """Await `work` and raise what it raises, but cancel it, and end without an error, when `longest` has passed."""
    working = asyncio.ensure_future(work)
    bound = asyncio.ensure_future(clock.sleep(longest))
    try:
        await asyncio.wait((working, bound), return_when=asyncio.FIRST_COMPLETED)
    finally:
        bound.cancel()
        working.cancel()
        await asyncio.gather(working, bound, return_exceptions=True)
    if not working.cancelled():
        working.result()
