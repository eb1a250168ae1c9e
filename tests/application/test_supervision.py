"""Tasks side by side: whatever becomes of one, the others go on; all end when they are told to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import attrs
import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.memory.supervision_log import MemorySupervisionLog
from application.background import Work, unless_stopped
from application.supervision import CANCELLING, RESTARTING, Supervisor, Task
from domain.errors import DatabaseError, ThrottledError
from domain.standing import LOOP, STEADY, TaskPhase, TaskState

SECOND = timedelta(seconds=1)
NAMES = ("sync", "processing", "relay", "keeper")


@attrs.define(kw_only=True)
class Stage:
    """Four tasks that count their turns, one a second; `instead` says what each does in place of a turn."""

    clock: MemoryClock = attrs.field(factory=MemoryClock)
    log: MemorySupervisionLog = attrs.field(factory=MemorySupervisionLog)
    turns: Counter[str] = attrs.field(factory=Counter)
    instead: dict[str, Callable[[], object]] = attrs.field(factory=dict)
    ended: list[str] = attrs.field(factory=list)

    def work(self, name: str) -> Work:
        async def turn_after_turn(stopping: asyncio.Event) -> None:
            while not stopping.is_set():
                if name in self.instead and self.instead[name]() is not None:
                    return
                self.turns[name] += 1
                await unless_stopped(stopping, self.clock.sleep(SECOND))
            self.ended.append(name)

        return turn_after_turn

    def task(self, name: str, work: Work | None = None, bound: timedelta = 5 * SECOND) -> Task:
        return Task(name=name, work=work or self.work(name), bound=bound)

    def supervisor(self, *stages: list[Task]) -> Supervisor:
        return Supervisor(stages=stages, clock=self.clock, identifiers=MemoryIdentifiers(), log=self.log)

    @property
    def four(self) -> Supervisor:
        sync, processing, relay, keeper = map(self.task, NAMES)
        return self.supervisor([sync, processing], [relay], [keeper])


def state(supervisor: Supervisor, name: str) -> TaskState:
    return next(each for each in supervisor.states if each.name == name)


@asynccontextmanager
async def advancing(clock: MemoryClock) -> AsyncIterator[None]:
    """Let time pass for as long as the block takes."""

    async def go_on() -> None:
        while True:
            await clock.advance(timedelta(milliseconds=250))

    going = asyncio.create_task(go_on())
    try:
        yield
    finally:
        going.cancel()
        await asyncio.wait([going])


def fails() -> None:
    raise KeyError("a defect")


def gives_up() -> None:
    raise DatabaseError("the store failed")


def returns() -> bool:
    return True


def cancels_itself() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("misdeed", [fails, gives_up, returns, cancels_itself])
@pytest.mark.parametrize("name", NAMES)
async def test_whatever_one_does_the_others_go_on(name: str, misdeed: Callable[[], object]) -> None:
    stage = Stage()
    async with stage.four.running():
        await stage.clock.advance(SECOND)
        stage.instead[name] = misdeed
        for _ in range(3):
            before = stage.turns.copy()
            await stage.clock.advance(SECOND)
            grown = {each for each in NAMES if stage.turns[each] > before[each]}
            assert grown == set(NAMES) - {name}


@pytest.mark.parametrize("name", NAMES)
async def test_one_that_hangs_holds_nobody_up(name: str) -> None:
    stage = Stage()

    async def hang(_: asyncio.Event) -> None:
        await asyncio.Event().wait()

    tasks = [[stage.task(each, hang if each == name else None)] for each in NAMES]
    async with advancing(stage.clock), stage.supervisor(*tasks).running():
        while any(stage.turns[each] < 5 for each in set(NAMES) - {name}):
            await stage.clock.advance(SECOND)
    assert stage.turns[name] == 0
    assert set(stage.ended) == set(NAMES) - {name}


async def test_one_that_failed_begins_anew_after_a_wait_that_doubles() -> None:
    stage = Stage(instead={"sync": fails})
    async with advancing(stage.clock), stage.four.running():
        while len(stage.log.told("failed")) < 9:
            await stage.clock.advance(SECOND)
    waits = [entry[4] for entry in stage.log.told("failed")][:9]
    for number, wait in enumerate(waits, 1):
        whole = min(RESTARTING.first * 2 ** (number - 1), RESTARTING.last)
        assert isinstance(wait, timedelta)
        assert whole / 2 <= wait <= whole


async def test_a_wait_that_the_error_asks_for_is_kept() -> None:
    stage = Stage()

    def asks() -> None:
        raise ThrottledError("busy", retry_after=30 * SECOND)

    stage.instead["relay"] = asks
    async with stage.four.running():
        await stage.clock.advance(timedelta(0))
        assert stage.log.told("failed") == [("failed", "relay", "THROTTLED", 1, 30 * SECOND)]


async def test_a_crash_loop_shows_and_is_over_once_the_task_is_steady() -> None:
    stage = Stage(instead={"keeper": fails})
    supervisor = stage.four
    async with supervisor.running():
        while state(supervisor, "keeper").failures < LOOP:
            await stage.clock.advance(SECOND)
        ill = state(supervisor, "keeper")
        assert ill.is_looping(stage.clock.now())
        assert (ill.phase, ill.restarts, ill.last_error) == (TaskPhase.RESTARTING, LOOP - 1, "KeyError")
        assert not any(state(supervisor, name).is_looping(stage.clock.now()) for name in NAMES[:3])
        del stage.instead["keeper"]
        await stage.clock.advance(RESTARTING.last)
        assert state(supervisor, "keeper").phase is TaskPhase.RUNNING
        assert state(supervisor, "keeper").is_looping(stage.clock.now()), "it has not proved itself yet"
        await stage.clock.advance(STEADY)
        assert not state(supervisor, "keeper").is_looping(stage.clock.now())
        stage.instead["keeper"] = fails
        await stage.clock.advance(SECOND)
        assert state(supervisor, "keeper").failures == 1


async def test_stages_end_one_after_the_other() -> None:
    stage = Stage()
    async with stage.four.running():
        await stage.clock.advance(SECOND)
    assert set(stage.ended[:2]) == {"sync", "processing"}
    assert stage.ended[2:] == ["relay", "keeper"]
    assert [entry[0] for entry in stage.log.entries] == ["began"] * 4 + ["ended"] * 4


async def test_the_next_stage_works_on_until_the_one_before_has_ended() -> None:
    stage = Stage()
    left: list[int] = []

    async def slow(stopping: asyncio.Event) -> None:
        await stopping.wait()
        await stage.clock.sleep(3 * SECOND)
        left.append(stage.turns["relay"])

    supervisor = stage.supervisor([stage.task("sync", slow)], [stage.task("relay")])
    async with advancing(stage.clock):
        async with supervisor.running():
            await asyncio.sleep(0)
            before = stage.turns["relay"]
        assert left[0] >= before + 2


async def ignores(_: asyncio.Event) -> None:
    await asyncio.Event().wait()


async def test_those_who_do_not_end_are_cancelled_each_at_its_own_bound() -> None:
    stage = Stage()
    tasks = [stage.task("slow", ignores, 4 * SECOND), stage.task("slower", ignores, 6 * SECOND), stage.task("good")]
    supervisor = stage.supervisor(tasks)
    async with advancing(stage.clock):
        async with supervisor.running():
            await asyncio.sleep(0)
            begun = stage.clock.monotonic()
        assert 6 <= stage.clock.monotonic() - begun <= 8
    assert stage.log.told("overran") == [("overran", "slow", 4 * SECOND), ("overran", "slower", 6 * SECOND)]
    assert {each.phase for each in supervisor.states} == {TaskPhase.STOPPED}


async def test_one_that_swallows_its_cancellation_keeps_the_next_ones_waiting_for_a_moment_only() -> None:
    stage, free = Stage(), asyncio.Event()

    async def stubborn(_: asyncio.Event) -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    supervisor = stage.supervisor([stage.task("sync", stubborn, SECOND)], [stage.task("relay")])

    async def run() -> None:
        async with supervisor.running():
            await asyncio.sleep(0)

    running = asyncio.create_task(run())
    while "relay" not in stage.ended:
        await stage.clock.advance(timedelta(milliseconds=250))
    assert stage.clock.monotonic() <= (SECOND + CANCELLING + SECOND).total_seconds()
    assert state(supervisor, "sync").phase is TaskPhase.STOPPING
    free.set()
    await running


async def test_cancelled_from_outside_all_end_in_their_order_and_the_cancellation_passes() -> None:
    stage = Stage()

    async def run() -> None:
        async with stage.four.running():
            await asyncio.Event().wait()

    running = asyncio.create_task(run())
    await stage.clock.advance(SECOND)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert stage.ended[2:] == ["relay", "keeper"]


async def test_a_second_cancellation_ends_everything_at_once() -> None:
    stage = Stage()

    async def run() -> None:
        async with stage.supervisor([stage.task("sync", ignores)], [stage.task("relay")]).running():
            await asyncio.Event().wait()

    running = asyncio.create_task(run())
    await stage.clock.advance(SECOND)
    running.cancel()
    await stage.clock.advance(timedelta(0))
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert stage.ended == []


async def fails_when_cancelled(_: asyncio.Event) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        gives_up()


async def ends_when_cancelled(_: asyncio.Event) -> None:
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


@pytest.mark.parametrize("work", [fails_when_cancelled, ends_when_cancelled])
async def test_at_once_is_also_for_one_that_makes_something_else_of_its_cancellation(work: Work) -> None:
    stage = Stage()

    async def run() -> None:
        async with stage.supervisor([stage.task("sync", ignores)], [stage.task("relay", work)]).running():
            await asyncio.Event().wait()

    running = asyncio.create_task(run())
    await stage.clock.advance(SECOND)
    running.cancel()
    await stage.clock.advance(timedelta(0))
    running.cancel()
    await stage.clock.advance(timedelta(0))
    assert running.done()
    assert stage.log.told("began") == [("began", "sync", 0), ("began", "relay", 0)]


async def test_the_body_s_error_comes_out_as_it_is_and_no_task_s_does() -> None:
    stage = Stage(instead={"sync": fails})

    async def run() -> None:
        async with stage.four.running():
            await stage.clock.advance(SECOND)
            raise DatabaseError("the body failed")

    with pytest.raises(DatabaseError, match="the body"):
        await run()
    assert stage.ended[-1] == "keeper"


async def test_one_that_fails_while_it_ends_is_told_and_not_begun_again() -> None:
    stage = Stage()

    async def late(stopping: asyncio.Event) -> None:
        await stopping.wait()
        raise DatabaseError("at the last moment")

    supervisor = stage.supervisor([stage.task("relay", late)])
    async with supervisor.running():
        await stage.clock.advance(SECOND)
    assert stage.log.told("failed", "began") == [
        ("began", "relay", 0),
        ("failed", "relay", "DATABASE_ERROR", 1, None),
    ]
    assert state(supervisor, "relay").phase is TaskPhase.STOPPED


async def test_one_that_waits_to_begin_anew_does_not_begin_when_it_is_told_to_stop() -> None:
    stage = Stage(instead={"sync": fails})
    async with stage.four.running():
        await stage.clock.advance(timedelta(0))
        stage.instead.clear()
    assert stage.turns["sync"] == 0
    assert stage.clock.monotonic() == 0
