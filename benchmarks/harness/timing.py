"""Seconds per item, of a piece of work that is run once."""

import time
from collections.abc import Awaitable, Callable


async def wall(work: Awaitable[object], items: int) -> float:
    """Return the time that passes, per item: waiting for disk and network included."""
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) / items


async def cpu(work: Awaitable[object], items: int) -> float:
    """Return the processor time of all threads of this process, per item: steadier where nothing is waited for."""
    began = time.process_time()
    await work
    return (time.process_time() - began) / items


def cpu_of(work: Callable[[], object], items: int) -> float:
    """Return the processor time of a plain call, per item."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / items
