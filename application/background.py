"""Work beside a body of code: stopped kindly at its end, within a bound, and never forgotten."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from ports.clock import Clock

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Ends by itself soon after the event that it is given was set."""


@asynccontextmanager
async def running(work: Work, clock: Clock, *, bound: timedelta) -> AsyncIterator[None]:
    """Run `work` beside the body. At the body's end it is told to stop, and cancelled if it takes longer than `bound`.

    If it fails, the body is cancelled, and the error is raised; errors of either pass as they are, not in a group. If
    both fail, the body's is raised. If the body was cancelled from outside, that passes, and no error.
    """
    stopping = asyncio.Event()
    before = cancellations()
    failure: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work(stopping))
            try:
                yield
            except Exception as error:  # noqa: BLE001 - raised again below, outside the group
                failure = error
            finally:
                stopping.set()
                await ended_within([task], clock, bound)
                task.cancel()
    except ExceptionGroup as group_of_errors:
        raised = failure or first_error(group_of_errors)
        if cancellations() > before:  # the group has taken back its own
            await asyncio.sleep(0)  # from Python 3.13 on the group has cancelled anew: heard here, and nowhere else
            raise asyncio.CancelledError from raised
        raise raised from None
    if failure is not None:
        raise failure


async def unless_stopped(stopping: asyncio.Event, waiting: Coroutine[Any, Any, object]) -> bool:
    """Await it, unless it is time to stop first: then it is cancelled. Return whether it came to its end.

    Raises: what `waiting` raises.
    """
    stop = asyncio.ensure_future(stopping.wait())
    wait = asyncio.ensure_future(waiting)
    try:
        await asyncio.wait([stop, wait], return_when=asyncio.FIRST_COMPLETED)
        if wait.done():
            wait.result()
            return True
        return False
    finally:
        stop.cancel()
        wait.cancel()
        await asyncio.wait([stop, wait])
        if not wait.cancelled():
            wait.exception()  # it may have failed at the last moment: nobody asks any more


async def ended_within(tasks: Sequence[asyncio.Task[None]], clock: Clock, longest: timedelta) -> bool:
    """Wait until all have ended, however; False if that takes longer. They go on then, and if this is cancelled.

    Raises: nothing.
    """
    if not tasks:
        return True
    sleep = asyncio.ensure_future(clock.sleep(longest))
    every = asyncio.ensure_future(asyncio.wait(tasks))
    try:
        await asyncio.wait([sleep, every], return_when=asyncio.FIRST_COMPLETED)
        return every.done()
    finally:
        sleep.cancel()
        every.cancel()
        await asyncio.wait([sleep, every])


def first_error(group: ExceptionGroup[Exception]) -> Exception:
    """Return the error of the group that matters most: one that passes by itself only if there is no other."""
    leaves = [leaf for each in group.exceptions for leaf in _leaves(each)]
    return next((leaf for leaf in leaves if not getattr(leaf, "transient", False)), leaves[0])


def cancellations() -> int:
    """Return how often the present task was cancelled, whatever became of that."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _leaves(error: Exception) -> list[Exception]:
    if isinstance(error, ExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]
