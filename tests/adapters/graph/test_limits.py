"""How much may be asked of a mailbox at once and over time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.graph.limits import Limits
from adapters.http_client.retrying import Deadline
from adapters.memory.clock import MemoryClock
from domain.errors import ThrottledError

WINDOW = timedelta(seconds=10)
LONG = 1e6
SECOND = timedelta(seconds=1)


@attrs.define(eq=False)
class Visit:
    """One request: from when it asks until it is over."""

    mailbox: str
    weight: int
    task: asyncio.Task[None]
    over: asyncio.Event = attrs.field(factory=asyncio.Event)
    began: bool = False
    parting: Callable[[], object] = bool
    """Called as soon as it has left."""

    @property
    def inside(self) -> bool:
        """Whether it is in flight."""
        return self.began and not self.task.done()

    @property
    def waiting(self) -> bool:
        """Whether it wants to begin."""
        return not self.began and not self.task.done()


@attrs.define(eq=False)
class Scene:
    """Requests before limits, and what the limits promise, reckoned from what happened."""

    clock: MemoryClock
    limits: Limits
    group: asyncio.TaskGroup
    visits: list[Visit] = attrs.field(factory=list)
    begun: list[tuple[str, float, int]] = attrs.field(factory=list)
    held: dict[str, float] = attrs.field(factory=dict)

    def ask(self, mailbox: str, weight: int = 1, seconds: float = LONG) -> Visit:
        """Let a request ask to begin."""
        deadline = Deadline(clock=self.clock, at=self.clock.monotonic() + seconds)
        visit: Visit

        async def stay() -> None:
            async with self.limits.slot(mailbox, deadline, weight):
                visit.began = True
                self.begun.append((mailbox, self.clock.monotonic(), weight))
                await visit.over.wait()
            visit.parting()

        visit = Visit(mailbox, weight, self.group.create_task(stay()))
        self.visits.append(visit)
        return visit

    def hold(self, mailbox: str, seconds: float) -> None:
        """Let the server ask to wait."""
        self.limits.hold(mailbox, timedelta(seconds=seconds))
        self.held[mailbox] = max(self.held.get(mailbox, 0), self.clock.monotonic() + seconds)

    async def settle(self, duration: timedelta = timedelta(0)) -> None:
        """Let time pass, and everybody run."""
        await self.clock.advance(duration)

    def spent(self, mailbox: str, since: float) -> int:
        """Return how many requests to the mailbox began after a moment."""
        return sum(weight for name, moment, weight in self.begun if name == mailbox and moment > since)

    def in_flight(self, mailbox: str | None = None) -> int:
        """Return the weight of what is in flight."""
        return sum(one.weight for one in self.visits if one.inside and mailbox in {None, one.mailbox})

    def check(self) -> None:
        """Nothing beyond any limit is in flight, nobody overtook, and whoever may begin has begun."""
        assert self.in_flight() <= self.limits.total
        ready: list[Visit] = []
        for mailbox in {one.mailbox for one in self.visits}:
            assert self.in_flight(mailbox) <= self.limits.per_mailbox
            now, window = self.clock.monotonic(), WINDOW.total_seconds()
            assert self.spent(mailbox, now - window) <= self.limits.per_window
            ours = [one for one in self.visits if one.mailbox == mailbox]
            turn = [one for one in ours if one.began or one.waiting]
            assert turn == sorted(turn, key=lambda one: one.waiting)
            head = next((one for one in ours if one.waiting), None)
            if (
                head is not None
                and self.held.get(mailbox, 0) <= now
                and self.in_flight(mailbox) + head.weight <= self.limits.per_mailbox
                and self.spent(mailbox, now - window - 1) + head.weight <= self.limits.per_window
            ):
                ready.append(head)
        if ready:
            oldest = min(ready, key=self.visits.index)
            assert self.in_flight() + oldest.weight > self.limits.total

    async def finish(self) -> None:
        """End everything that is in flight, again and again, until nobody is left who waits."""
        for _ in range(3 + len(self.visits)):
            if all(one.task.done() for one in self.visits):
                return
            for one in self.visits:
                one.over.set()
            await self.settle(WINDOW + SECOND)
            self.check()
        pytest.fail("somebody waits for ever")


@asynccontextmanager
async def scene(*, total: int = 100, per_mailbox: int = 4, per_window: int = 1000) -> AsyncIterator[Scene]:
    clock = MemoryClock()
    limits = Limits(clock=clock, total=total, per_mailbox=per_mailbox, per_window=per_window, window=WINDOW)
    async with asyncio.TaskGroup() as group:
        yield Scene(clock, limits, group)


NAMES = st.sampled_from("abc")
STEPS = st.one_of(
    st.tuples(st.just("ask"), NAMES, st.integers(1, 4)),
    st.tuples(st.just("ask"), NAMES, st.just(1)),
    st.tuples(st.just("end"), st.integers(0, 40), st.just(0)),
    st.tuples(st.just("cancel"), st.integers(0, 40), st.just(0)),
    st.tuples(st.just("hold"), NAMES, st.integers(0, 8)),
    st.tuples(st.just("pass"), st.integers(0, 12), st.just(0)),
)


async def played(steps: list[tuple[str, str | int, int]], total: int, per_window: int) -> None:
    async with scene(total=total, per_window=per_window) as stage:
        for what, where, amount in steps:
            if what == "ask":
                stage.ask(str(where), amount)
            elif what == "hold":
                stage.hold(str(where), amount)
            elif what == "pass":
                await stage.settle(timedelta(seconds=int(where) / 2))
            elif stage.visits:
                chosen = stage.visits[int(where) % len(stage.visits)]
                if what == "cancel" or chosen.waiting:
                    chosen.task.cancel()
                else:
                    chosen.over.set()
            await stage.settle()
            stage.check()
        await stage.finish()
        assert stage.in_flight() == 0
        await stage.settle(3 * WINDOW)
        for _ in range(4):
            async with stage.limits.slot("new", Deadline(clock=stage.clock, at=LONG)):
                pass
        assert stage.limits.known == 1


@settings(max_examples=80, deadline=None)
@given(steps=st.lists(STEPS, max_size=30), total=st.integers(4, 9), per_window=st.integers(4, 12))
def test_whatever_happens_in_any_order_the_limits_hold_and_nobody_is_forgotten(
    steps: list[tuple[str, str | int, int]], total: int, per_window: int
) -> None:
    asyncio.run(played(steps, total, per_window))


async def test_four_are_in_flight_and_the_rest_come_in_the_order_of_asking() -> None:
    async with scene() as stage:
        visits = [stage.ask("a") for _ in range(7)]
        other = stage.ask("b")
        await stage.settle()
        assert [one.inside for one in [*visits, other]] == [True] * 4 + [False] * 3 + [True]
        visits[2].over.set()
        await stage.settle()
        assert [one.began for one in visits] == [True] * 5 + [False] * 2
        await stage.finish()


async def test_a_heavy_request_waits_for_room_and_is_not_overtaken() -> None:
    async with scene() as stage:
        light = [stage.ask("a"), stage.ask("a")]
        heavy, late = stage.ask("a", 4), stage.ask("a")
        light[0].over.set()
        await stage.settle()
        assert not heavy.began
        assert not late.began
        light[1].over.set()
        await stage.settle()
        assert heavy.inside
        assert not late.began
        await stage.finish()


async def test_who_waits_for_the_total_is_not_overtaken_by_lighter_ones_of_other_mailboxes() -> None:
    async with scene(total=4) as stage:
        first = stage.ask("a", 3)
        heavy, light = stage.ask("b", 2), stage.ask("c")
        await stage.settle()
        assert not heavy.began
        assert not light.began
        first.over.set()
        await stage.settle()
        assert heavy.inside
        assert light.inside
        await stage.finish()


async def test_a_mailbox_that_is_full_does_not_hold_up_others() -> None:
    async with scene(total=6) as stage:
        full, waiting, other = stage.ask("a", 4), stage.ask("a"), stage.ask("b")
        await stage.settle()
        assert (full.inside, waiting.began, other.inside) == (True, False, True)
        await stage.finish()


async def test_so_many_may_begin_within_the_window_and_the_next_when_the_first_are_out_of_it() -> None:
    async with scene(per_window=5) as stage:
        for _ in range(5):
            stage.ask("a").over.set()
            await stage.settle()
        late = stage.ask("a")
        await stage.settle(WINDOW)
        assert not late.began
        await stage.settle(SECOND)
        assert late.inside
        await stage.finish()


@pytest.mark.parametrize("wait", [timedelta(seconds=3), timedelta(milliseconds=2128)])
async def test_what_is_held_waits_that_long_and_no_longer(wait: timedelta) -> None:
    async with scene() as stage:
        stage.limits.hold("a", wait)
        stage.limits.hold("a", timedelta(seconds=1))
        held, other = stage.ask("a"), stage.ask("b")
        await stage.settle(wait - timedelta(milliseconds=1))
        assert not held.began
        assert other.inside
        await stage.settle(timedelta(milliseconds=1))
        assert held.inside
        await stage.finish()


async def test_a_hold_that_comes_while_somebody_waits_for_room_counts_for_them() -> None:
    async with scene() as stage:
        full, waiting = stage.ask("a", 4), stage.ask("a")
        await stage.settle()
        stage.hold("a", 5)
        full.over.set()
        await stage.settle(4 * SECOND)
        assert not waiting.began
        await stage.settle(SECOND)
        assert waiting.inside
        await stage.finish()


async def test_a_hold_lets_others_go_before_who_waits_for_the_total() -> None:
    async with scene(total=4) as stage:
        first, heavy, light = stage.ask("a"), stage.ask("b", 4), stage.ask("c")
        await stage.settle()
        assert (first.inside, heavy.began, light.began) == (True, False, False)
        stage.hold("b", 5)
        await stage.settle()
        assert light.inside
        await stage.finish()


async def test_a_hold_longer_than_the_deadline_is_told_at_once() -> None:
    clock = MemoryClock()
    limits = Limits(clock=clock)
    limits.hold("a", timedelta(seconds=9))
    with pytest.raises(ThrottledError) as caught:
        async with limits.slot("a", Deadline(clock=clock, at=5)):
            pass
    assert caught.value.retry_after == timedelta(seconds=9)
    assert caught.value.transient
    assert clock.sleepers == 0


async def test_a_hold_is_told_at_once_to_all_who_wait_and_cannot_wait_so_long() -> None:
    async with scene() as stage:
        full, patient = stage.ask("a", 4), stage.ask("a")
        hasty = [asyncio.ensure_future(refused(stage.limits, stage.clock)) for _ in range(2)]
        await stage.settle()
        stage.hold("a", 60)
        await stage.settle()
        assert [one.result().retry_after for one in hasty] == [timedelta(seconds=60)] * 2
        assert patient.waiting
        full.over.set()
        await stage.settle(timedelta(seconds=60))
        assert patient.inside
        await stage.finish()


async def refused(limits: Limits, clock: MemoryClock) -> ThrottledError:
    """Return with what a request ends that has half a minute."""
    with pytest.raises(ThrottledError) as caught:
        async with limits.slot("a", Deadline(clock=clock, at=clock.monotonic() + 30)):
            pass
    return caught.value


async def test_times_that_do_not_add_up_exactly_make_nobody_spin() -> None:
    """A tenth and two tenths of a second are a little more than three."""
    async with scene() as stage:
        await stage.settle(timedelta(seconds=0.1))
        stage.limits.hold("a", timedelta(seconds=0.2))
        held = stage.ask("a")
        await stage.settle()
        await stage.settle(timedelta(seconds=0.2))
        assert held.inside
        await stage.finish()


async def test_a_full_window_is_told_with_the_time_when_enough_of_it_is_free() -> None:
    clock = MemoryClock()
    limits = Limits(clock=clock, per_window=6, window=WINDOW)
    for moment in (0, 1, 2):
        async with limits.slot("a", Deadline(clock=clock, at=LONG), 2):
            await clock.advance(SECOND)
        assert clock.monotonic() == moment + 1
    with pytest.raises(ThrottledError) as caught:
        async with limits.slot("a", Deadline(clock=clock, at=5), 3):
            pass
    assert caught.value.retry_after == timedelta(seconds=2 + 10 - 3)


async def test_unless_told_otherwise_ten_thousand_begin_within_ten_minutes() -> None:
    clock = MemoryClock()
    limits = Limits(clock=clock)
    for _ in range(2500):
        async with limits.slot("a", Deadline(clock=clock, at=LONG), 4):
            pass
    await clock.advance(timedelta(minutes=9))
    with pytest.raises(ThrottledError) as caught:
        async with limits.slot("a", Deadline(clock=clock, at=clock.monotonic() + 5)):
            pass
    assert caught.value.retry_after == timedelta(seconds=61)
    await clock.advance(timedelta(seconds=61))
    async with limits.slot("a", Deadline(clock=clock, at=clock.monotonic() + 5), 4):
        pass


async def test_room_that_does_not_come_before_the_deadline_is_given_up() -> None:
    clock = MemoryClock()
    limits = Limits(clock=clock)
    async with limits.slot("a", Deadline(clock=clock, at=LONG), 4):
        with pytest.raises(ThrottledError) as caught:
            async with limits.slot("a", Deadline(clock=clock, at=0.01)):
                pass
    assert caught.value.error_code == "MAILBOX_BUSY"
    async with limits.slot("a", Deadline(clock=clock, at=0.01), 4):
        pass


@pytest.mark.parametrize("moment", ["waiting", "let in"])
async def test_who_is_cancelled_takes_no_room_with_them(moment: str) -> None:
    """Also at the moment between being let in and knowing it."""
    async with scene() as stage:
        full, unlucky, last = stage.ask("a", 4), stage.ask("a", 4), stage.ask("a", 4)
        await stage.settle()
        if moment == "let in":
            full.parting = unlucky.task.cancel
        else:
            unlucky.task.cancel()
        full.over.set()
        await stage.settle()
        assert not unlucky.began
        assert last.inside
        await stage.finish()


async def test_who_is_cancelled_while_waiting_for_the_total_changes_nobody_elses_turn() -> None:
    async with scene(total=1, per_mailbox=1) as stage:
        visits = [stage.ask(name) for name in "abcdef"]
        await stage.settle()
        visits[0].over.set()
        await stage.settle()
        visits[2].task.cancel()
        for expected in ("b", "d", "e", "f"):
            await stage.settle()
            (inside,) = [one for one in visits if one.inside]
            assert inside.mailbox == expected
            inside.over.set()
        await stage.finish()
        assert not visits[2].began


async def test_idle_mailboxes_are_forgotten_and_others_are_not() -> None:
    clock = MemoryClock()
    limits = Limits(clock=clock, window=WINDOW)
    deadline = Deadline(clock=clock, at=LONG)

    async def visit(names: Callable[[int], str]) -> None:
        for number in range(500):
            async with limits.slot(names(number), deadline):
                pass

    limits.hold("held", timedelta(hours=1))
    async with limits.slot("long", deadline):
        await visit("first {}".format)
        assert limits.known == 502
        await clock.advance(WINDOW + SECOND)
        await visit("second {}".format)
        assert limits.known == 502
        await clock.advance(WINDOW + SECOND)
        await visit(lambda _: "one")
        assert limits.known == 3
    with pytest.raises(ThrottledError):
        async with limits.slot("held", Deadline(clock=clock, at=clock.monotonic() + 1)):
            pass
