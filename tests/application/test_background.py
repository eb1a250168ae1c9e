"""Work beside a body: it ends with the body, and neither's error is lost."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.clock import MemoryClock
from application.background import ended_within, first_error, running, unless_stopped
from domain.errors import ConfigurationError, KafkaConnectionError

SECOND = timedelta(seconds=1)


async def wait_for_the_end(stopping: asyncio.Event) -> None:
    """Do nothing until it is time to stop."""
    await stopping.wait()


async def never_end(_: asyncio.Event) -> None:
    """Do not heed the time to stop."""
    await asyncio.Event().wait()


async def test_work_is_told_to_stop_at_the_end_of_the_body() -> None:
    ended = []

    async def work(stopping: asyncio.Event) -> None:
        await stopping.wait()
        ended.append(True)

    async with running(work, MemoryClock(), bound=SECOND):
        assert not ended
    assert ended


async def test_work_that_does_not_stop_is_cancelled_when_its_bound_has_passed() -> None:
    clock = MemoryClock()

    async def body() -> None:
        async with running(never_end, clock, bound=SECOND):
            pass

    task = asyncio.create_task(body())
    await clock.advance(timedelta(0))
    await clock.advance(SECOND / 2)
    assert not task.done()
    await clock.advance(SECOND / 2)
    await task


async def test_work_may_end_before_the_body() -> None:
    async def work(_: asyncio.Event) -> None:
        return

    async with running(work, MemoryClock(), bound=SECOND):
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_work_that_fails_cancels_the_body_and_its_error_passes_as_it_is() -> None:
    async def work(_: asyncio.Event) -> None:
        raise ConfigurationError("Wrong.")

    with pytest.raises(ConfigurationError, match="Wrong"):
        async with running(work, MemoryClock(), bound=SECOND):
            await asyncio.Event().wait()


async def test_work_that_fails_while_it_stops_is_heard_of() -> None:
    async def work(stopping: asyncio.Event) -> None:
        await stopping.wait()
        raise ConfigurationError("Wrong.")

    with pytest.raises(ConfigurationError):
        async with running(work, MemoryClock(), bound=SECOND):
            pass


@pytest.mark.parametrize(
    "error", [ValueError("body"), ExceptionGroup("bodies", [ValueError("body")]), KafkaConnectionError("body")]
)
async def test_an_error_of_the_body_passes_as_it_is_after_the_work_has_stopped(error: Exception) -> None:
    ended = []

    async def work(stopping: asyncio.Event) -> None:
        await stopping.wait()
        ended.append(True)

    with pytest.raises(type(error)) as raised:
        async with running(work, MemoryClock(), bound=SECOND):
            raise error
    assert raised.value is error
    assert ended


async def test_if_both_fail_the_error_of_the_body_is_raised() -> None:
    async def work(stopping: asyncio.Event) -> None:
        await stopping.wait()
        raise ConfigurationError("Wrong.")

    with pytest.raises(ValueError, match="body"):
        async with running(work, MemoryClock(), bound=SECOND):
            raise ValueError("body")


async def test_a_cancelled_body_waits_for_its_work_within_the_bound() -> None:
    clock, ended = MemoryClock(), []

    async def work(stopping: asyncio.Event) -> None:
        await stopping.wait()
        await clock.sleep(SECOND / 2)
        ended.append(True)

    async def body() -> None:
        async with running(work, clock, bound=SECOND):
            await asyncio.Event().wait()

    task = asyncio.create_task(body())
    await clock.advance(timedelta(0))
    task.cancel()
    await clock.advance(timedelta(0))
    assert not ended
    await clock.advance(SECOND / 2)
    assert ended
    assert task.cancelled()


@pytest.mark.parametrize("error", [None, ValueError("body")])
async def test_a_cancellation_from_outside_passes_even_if_the_work_or_the_body_fails_while_stopping(
    error: Exception | None,
) -> None:
    async def work(stopping: asyncio.Event) -> None:
        await stopping.wait()
        raise ConfigurationError("Wrong.")

    async def body() -> None:
        async with running(work, MemoryClock(), bound=SECOND):
            try:
                await asyncio.Event().wait()
            finally:
                if error is not None:
                    raise error

    task = asyncio.create_task(body())
    await MemoryClock().advance(timedelta(0))
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_a_body_that_takes_too_long_is_told_so_even_if_its_work_fails_while_stopping() -> None:
    async def work(stopping: asyncio.Event) -> None:
        await stopping.wait()
        raise ConfigurationError("Wrong.")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0), running(work, MemoryClock(), bound=SECOND):
            await asyncio.Event().wait()


async def test_a_task_that_was_cancelled_before_hears_of_work_that_fails() -> None:
    async def work(_: asyncio.Event) -> None:
        raise ConfigurationError("Wrong.")

    async def body() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            async with running(work, MemoryClock(), bound=SECOND):
                await asyncio.Event().wait()

    task = asyncio.create_task(body())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(ConfigurationError):
        await task


async def test_a_body_that_is_cancelled_twice_waits_no_longer() -> None:
    clock = MemoryClock()

    async def body() -> None:
        async with running(never_end, clock, bound=SECOND):
            await asyncio.Event().wait()

    task = asyncio.create_task(body())
    for _ in range(2):
        await clock.advance(timedelta(0))
        task.cancel()
    await clock.advance(timedelta(0))
    assert task.cancelled()
    assert clock.sleepers == 0


async def test_waiting_ends_with_what_is_waited_for_or_with_the_time_to_stop() -> None:
    clock, stopping = MemoryClock(), asyncio.Event()
    assert await unless_stopped(stopping, clock.sleep(timedelta(0)))
    waiting = asyncio.create_task(unless_stopped(stopping, clock.sleep(SECOND)))
    await clock.advance(timedelta(0))
    stopping.set()
    assert not await waiting
    assert clock.sleepers == 0


async def test_an_error_of_what_is_waited_for_is_raised_unless_it_was_time_to_stop() -> None:
    stopping = asyncio.Event()

    async def fail() -> None:
        raise ConfigurationError("Wrong.")

    async def fail_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await fail()

    with pytest.raises(ConfigurationError):
        await unless_stopped(stopping, fail())
    waiting = asyncio.create_task(unless_stopped(stopping, fail_when_cancelled()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stopping.set()
    assert not await waiting


async def test_tasks_are_waited_for_as_long_as_was_said_and_go_on_afterwards() -> None:
    clock, stopping = MemoryClock(), asyncio.Event()
    task = asyncio.create_task(wait_for_the_end(stopping))
    waiting = asyncio.create_task(ended_within([task], clock, SECOND))
    await clock.advance(timedelta(0))
    await clock.advance(SECOND)
    assert not await waiting
    assert not task.done()
    stopping.set()
    assert await ended_within([task], clock, SECOND)
    assert await ended_within([], clock, SECOND)


def test_of_several_errors_the_one_that_does_not_pass_by_itself_matters() -> None:
    passing, lasting, foreign = KafkaConnectionError("passing"), ConfigurationError("lasting"), ValueError("foreign")
    assert first_error(ExceptionGroup("", [passing, ExceptionGroup("", [passing, lasting])])) is lasting
    assert first_error(ExceptionGroup("", [passing, foreign])) is foreign
    assert first_error(ExceptionGroup("", [passing])) is passing
