"""The promises of `Clock`. The machine's clock sleeps on an event loop whose time jumps, so that nobody waits."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from adapters.memory.clock import MemoryClock
from adapters.system.clock import SystemClock
from ports.clock import Clock
from tests.contracts.samples import MINUTE, SECOND


class JumpingLoop(asyncio.SelectorEventLoop):
    """Where the loop would wait for a timer, its time jumps there."""

    def __init__(self) -> None:
        super().__init__(_NeverWaiting(self))
        self.jumped = 0.0

    def time(self) -> float:
        return super().time() + self.jumped


class _NeverWaiting(selectors.SelectSelector):
    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "nobody would ever wake"
        self.loop.jumped += max(timeout, 0)
        return super().select(0)


@attrs.frozen
class Bench:
    """A clock, and how its time is made to pass: `elapsed` is the time that sleepers go by, in seconds."""

    clock: Clock
    elapsed: Callable[[], float]
    advance: Callable[[timedelta], Awaitable[None]]


def _memory() -> Bench:
    clock = MemoryClock()
    return Bench(clock, clock.monotonic, clock.advance)


def _system() -> Bench:
    async def advance(duration: timedelta) -> None:
        await asyncio.sleep(duration.total_seconds())

    return Bench(SystemClock(), lambda: asyncio.get_running_loop().time(), advance)


BENCHES = {"memory": _memory, "system": _system}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> Bench:
    return BENCHES[request.param]()


def _run(scenario: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(scenario)


def test_now_is_an_aware_time_in_utc(bench: Bench) -> None:
    now = bench.clock.now()
    assert isinstance(now, datetime)
    assert now.tzinfo is UTC


def test_the_monotonic_time_never_goes_back(bench: Bench) -> None:
    async def scenario() -> None:
        seen = [bench.clock.monotonic() for _ in range(100)]
        await bench.advance(MINUTE)
        seen.append(bench.clock.monotonic())
        assert seen == sorted(seen)
        assert isinstance(seen[0], float)

    _run(scenario())


@pytest.mark.parametrize("duration", [timedelta(microseconds=1), SECOND, timedelta(days=400)])
def test_a_sleep_lasts_at_least_its_duration(bench: Bench, duration: timedelta) -> None:
    async def scenario() -> None:
        begun = bench.elapsed()
        ended: list[float] = []

        async def sleeper() -> None:
            await bench.clock.sleep(duration)
            ended.append(bench.elapsed())

        async with asyncio.TaskGroup() as group:
            group.create_task(sleeper())
            await asyncio.sleep(0)
            await bench.advance(duration / 2)
            assert ended == []
            await bench.advance(duration)
        assert ended[0] - begun >= duration.total_seconds() * (1 - 1e-9)

    _run(scenario())


@pytest.mark.parametrize("duration", [timedelta(0), -SECOND, timedelta.min])
def test_a_sleep_of_nothing_or_less_gives_way_to_other_tasks_once(bench: Bench, duration: timedelta) -> None:
    async def scenario() -> None:
        order: list[str] = []

        async def other() -> None:
            order.append("other")

        task = asyncio.create_task(other())
        begun = bench.elapsed()
        await bench.clock.sleep(duration)
        order.append("sleeper")
        assert order == ["other", "sleeper"]
        assert bench.elapsed() - begun < 1
        await task

    _run(scenario())


def test_sleepers_wake_in_the_order_of_their_times(bench: Bench) -> None:
    async def scenario() -> None:
        order: list[int] = []

        async def sleeper(seconds: int) -> None:
            await bench.clock.sleep(seconds * SECOND)
            order.append(seconds)

        async with asyncio.TaskGroup() as group:
            for seconds in (3, 1, 2, 5, 4):
                group.create_task(sleeper(seconds))
            await asyncio.sleep(0)
            await bench.advance(MINUTE)
        assert order == [1, 2, 3, 4, 5]

    _run(scenario())


def test_a_sleep_can_be_cancelled_and_leaves_nothing_behind(bench: Bench) -> None:
    async def scenario() -> None:
        task = asyncio.create_task(bench.clock.sleep(MINUTE))
        await asyncio.sleep(0)
        await bench.advance(SECOND)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await bench.advance(2 * MINUTE)
        await bench.clock.sleep(timedelta(0))

    _run(scenario())
