"""Members of a group come and go: what is in hand comes to its end, nothing is lost, nothing is done by two at once."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta

import attrs
import pytest

from adapters.memory.event_log import MemoryEventLog
from adapters.memory.event_subscriber import MemoryEventSubscriber
from application.partition_work import ConsumerTimes
from domain.errors import APIConnectionError
from domain.messages import Delivery, Handled, Partition
from ports.event_codec import ReceivedEvent
from ports.event_subscriber import EventSubscriber, Revoked, Start, Subscription
from tests.application.event_rig import GROUP, KEYS, SECOND, EventRig, Notes, Scripted, partition_of
from tests.fakes.event_path import Passing

TIMES = ConsumerTimes()
AWAY = APIConnectionError("No route.")
A, B = KEYS
LEASE = TIMES.grace / 2


@attrs.frozen
class StrictSubscriber(EventSubscriber):
    """Breaks nothing, but makes the most of what the port allows: a member that does not receive is taken for dead."""

    log: MemoryEventLog

    @asynccontextmanager
    async def subscribe(
        self, topics: Sequence[str], group_id: str | None, *, start: Start, revoked: Revoked
    ) -> AsyncIterator[Subscription]:
        """Subscribe as the only member."""
        inner = MemoryEventSubscriber(self.log)
        async with inner.subscribe(topics, group_id, start=start, revoked=revoked) as subscription:
            yield _Leased(subscription, self.log)


@attrs.frozen
class _Leased(Passing):
    log: MemoryEventLog
    heard: list[float] = attrs.field(factory=list)

    async def receive(self, limit: int, wait: timedelta) -> Sequence[Delivery]:
        self.heard.append(self.log.clock.monotonic())
        return await self.inner.receive(limit, wait)

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        if self.log.clock.monotonic() - self.heard[-1] > LEASE.total_seconds():
            (member,) = self.log.group(GROUP).members
            self.log.expel(GROUP, member)
        await self.inner.commit(offsets)


@pytest.fixture
def rig() -> EventRig:
    """Return an empty log, in which every change of members moves every partition."""
    rig = EventRig()
    rig.events.eager = True
    return rig


@pytest.fixture
def handler() -> Scripted:
    """Return a handler that does nothing but what a test wants."""
    return Scripted()


async def fill(rig: EventRig, count: int = 3) -> None:
    """Publish events to both partitions: a1, a2, ... and b1, b2, ...."""
    await rig.publish(*[f"a{number + 1}" for number in range(count)], key=A)
    await rig.publish(*[f"b{number + 1}" for number in range(count)], key=B)


async def leave(stack: AsyncExitStack) -> None:
    """Leave what the stack has entered."""
    await stack.aclose()


async def test_when_a_member_joins_what_is_in_hand_comes_to_its_end_and_nothing_more_is_begun(
    rig: EventRig, handler: Scripted
) -> None:
    other = Notes()
    handler.block("a1", "b1")
    await fill(rig)
    async with rig.consuming(handler):
        await rig.turn()
        async with rig.consuming(other):
            await rig.let_pass(TIMES.grace / 2)
            assert other.names == []
            handler.let_go()
            await rig.let_pass(2 * SECOND)
            assert sorted(handler.done + other.names) == ["a1", "a2", "a3", "b1", "b2", "b3"]
            assert other.names in (["a2", "a3"], ["b2", "b3"])
            assert (rig.committed(A), rig.committed(B)) == (3, 3)


async def test_a_wait_before_another_try_is_given_up_when_the_partition_goes(rig: EventRig, handler: Scripted) -> None:
    other = Scripted()
    for name in ("a2", "b2"):
        handler.fail(name, *[AWAY] * 1000)
    await fill(rig)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(rig.consuming(handler))
        await rig.turn()
        async with rig.consuming(other):
            await rig.turn(3)
            assert (rig.committed(A), rig.committed(B)) in ((1, 3), (3, 1))
            assert other.done in (["a2", "a3"], ["b2", "b3"])
    assert rig.clock.monotonic() == 0


async def test_a_handler_that_takes_longer_than_the_grace_is_cancelled_and_its_event_goes_to_the_next_member(
    rig: EventRig, handler: Scripted
) -> None:
    other = Notes()
    handler.block("a2", "b2")
    await fill(rig)
    async with rig.consuming(handler):
        await rig.turn()
        async with rig.consuming(other):
            await rig.turn()
            await rig.let_pass(TIMES.grace - SECOND)
            assert other.names == []
            assert sorted(handler.names) == ["a1", "a2", "b1", "b2"]
            await rig.let_pass(2 * SECOND)
            assert other.names in (["a2", "a3"], ["b2", "b3"])
            assert sorted([rig.committed(A), rig.committed(B)]) == [1, 3]
            handler.let_go()


async def test_a_member_that_lost_its_partitions_without_a_warning_begins_anew_and_its_commits_are_refused(
    rig: EventRig, handler: Scripted
) -> None:
    handler.block("a1")
    await rig.publish("a1", "a2")
    async with rig.consuming(handler):
        await rig.turn()
        (member,) = rig.events.group(GROUP).members
        rig.events.expel(GROUP, member)
        await rig.turn()
        handler.let_go()
        await rig.turn(2)
        assert handler.names == ["a1", "a1", "a2"]
        assert rig.committed() == 2
    assert not rig.log.told("interrupted")


async def test_a_member_that_learns_only_by_its_commit_that_it_lost_a_partition_stops_there(rig: EventRig) -> None:
    names = []

    async def handle(event: ReceivedEvent, _: Handled) -> None:
        names.append(event.event_id)
        if len(names) == 1:
            await rig.clock.sleep(TIMES.poll / 5)
            (member,) = rig.events.group(GROUP).members
            rig.events.group(GROUP).leave(member, rig.events.sizes())  # its reading does not hear of it at once

    await rig.publish("a1", "a2")
    async with rig.consuming(handle, times=ConsumerTimes(commit=timedelta(0))):
        await rig.turn()
        await rig.let_pass(2 * SECOND, TIMES.poll / 5)
    assert names == ["a1", "a1", "a2"]
    assert rig.committed() == 2


@pytest.mark.parametrize("leaving", ["body", "cancelled"])
async def test_a_member_that_leaves_finishes_what_is_in_hand_and_begins_nothing(
    rig: EventRig, handler: Scripted, leaving: str
) -> None:
    handler.block("a2", "b2")
    await fill(rig)
    ending = asyncio.Event()

    async def body() -> None:
        async with rig.consuming(handler):
            await ending.wait()

    task = asyncio.create_task(body())
    await rig.turn()
    if leaving == "body":
        ending.set()
    else:
        task.cancel()
    await rig.let_pass(TIMES.grace / 2)
    assert rig.events.group(GROUP).members
    handler.let_go()
    await rig.turn()
    assert task.done()
    assert sorted(handler.done) == ["a1", "a2", "b1", "b2"]
    assert (rig.committed(A), rig.committed(B)) == (2, 2)
    assert not rig.events.group(GROUP).members


async def test_a_handler_that_takes_longer_than_the_grace_of_leaving_is_cancelled_and_not_committed(
    rig: EventRig, handler: Scripted
) -> None:
    handler.block("a2", "b2")
    await fill(rig)

    async def body() -> None:
        async with rig.consuming(handler):
            await rig.turn()

    task = asyncio.create_task(body())
    await rig.turn(4)
    await rig.let_pass(TIMES.grace - SECOND)
    assert not task.done()
    await rig.let_pass(SECOND)
    assert task.done()
    assert (rig.committed(A), rig.committed(B)) == (1, 1)


async def test_a_member_that_leaves_is_not_taken_for_dead_while_its_handler_takes_its_time(
    rig: EventRig, handler: Scripted
) -> None:
    handler.block("a1")
    await rig.publish("a1", "a2")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(rig.consuming(handler, subscriber=StrictSubscriber(rig.events)))
        await rig.turn()
        leaving = asyncio.create_task(leave(stack))
        await rig.let_pass(TIMES.grace - SECOND)
        assert (handler.names, handler.done) == (["a1"], [])
        handler.let_go()
        await leaving
    assert handler.done == ["a1"]
    assert rig.committed() == 1


async def test_a_wait_before_another_try_is_given_up_on_leaving(rig: EventRig, handler: Scripted) -> None:
    handler.fail("a2", *[AWAY] * 1000)
    await fill(rig)
    async with rig.consuming(handler):
        await rig.turn()
    assert rig.clock.monotonic() == 0
    assert (rig.committed(A), rig.committed(B)) == (1, 3)


async def test_what_arrives_while_a_member_leaves_is_not_begun_and_stays(rig: EventRig, handler: Scripted) -> None:
    handler.block("a1")
    await rig.publish("a1", key=A)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(rig.consuming(handler))
        await rig.turn()
        leaving = asyncio.create_task(leave(stack))
        await rig.turn()
        await rig.publish("b1", key=B)
        await rig.let_pass(5 * SECOND)
        handler.gates["a1"].set()
        await leaving
    assert handler.names == ["a1"]
    assert (rig.committed(A), rig.committed(B)) == (1, 0)


async def test_a_member_that_leaves_while_partitions_go_from_it_finishes_and_commits_them_first(
    rig: EventRig, handler: Scripted
) -> None:
    other = Notes()
    handler.block("a1", "b1")
    await fill(rig, 2)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(rig.consuming(handler))
        async with rig.consuming(other):
            leaving = asyncio.create_task(leave(stack))
            await rig.let_pass(TIMES.grace / 2)
            assert other.names == []
            handler.let_go()
            await leaving
            await rig.turn()
            assert sorted(other.names) == ["a2", "b2"]
    assert sorted(handler.names) == ["a1", "b1"]


async def test_a_partition_that_comes_to_a_member_that_leaves_is_not_begun(handler: Scripted) -> None:
    rig, other = EventRig(), Notes()
    handler.block("a1", "b1")
    async with AsyncExitStack() as first, AsyncExitStack() as second:
        await first.enter_async_context(rig.consuming(handler))
        await second.enter_async_context(rig.consuming(other))
        await rig.let_pass(SECOND)
        await fill(rig, 1)
        await rig.turn()
        leaving = asyncio.create_task(leave(first))
        await rig.turn()
        await leave(second)
        await fill(rig, 2)
        await rig.let_pass(5 * SECOND)
        handler.let_go()
        await leaving
    assert sorted(handler.done + other.names) == ["a1", "b1"]
    assert (rig.committed(A), rig.committed(B)) == (1, 1)


async def test_a_log_that_fails_while_a_member_leaves_does_not_disturb_what_is_in_hand(
    rig: EventRig, handler: Scripted
) -> None:
    handler.block("a1")
    await rig.publish("a1", key=A)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(rig.consuming(handler))
        await rig.turn()
        leaving = asyncio.create_task(leave(stack))
        await rig.turn()
        rig.events.unreachable = True
        await rig.turn()
        assert not leaving.done()
        handler.gates["a1"].set()
        await leaving
    assert handler.done == ["a1"]
    assert rig.committed() == 0


async def test_leaving_an_unreachable_log_is_possible_at_any_time(rig: EventRig, handler: Scripted) -> None:
    rig.events.unreachable = True
    async with rig.consuming(handler):
        await rig.turn()
    assert rig.clock.sleepers == 0


async def test_a_partition_that_comes_back_while_its_handler_still_runs_waits_for_it(rig: EventRig) -> None:
    running, most, names = 0, 0, []
    hold = asyncio.Event()

    async def handle(event: ReceivedEvent, _: Handled) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        names.append(event.event_id)
        while not hold.is_set():
            with suppress(asyncio.CancelledError):  # it does not heed that it is cancelled
                await hold.wait()
        running -= 1

    rig.events.grace = TIMES.grace + SECOND
    await rig.publish("a1", "a2")
    async with rig.consuming(handle):
        await rig.turn()
        (member,) = rig.events.group(GROUP).members
        rig.events.expel(GROUP, member)
        await rig.let_pass(TIMES.grace + 5 * SECOND)
        assert names == ["a1"]
        hold.set()
        await rig.let_pass(SECOND)
        assert names == ["a1", "a1", "a2"]
        assert most == 1
        assert rig.committed() == 2


async def test_what_a_revoked_partition_owes_is_committed_before_it_goes(rig: EventRig, handler: Scripted) -> None:
    other = Notes()
    handler.block("a1", "b1")
    await fill(rig, 1)
    async with rig.consuming(handler):
        await rig.turn()
        rig.events.answers_lost = True
        handler.let_go()
        await rig.turn()
        rig.events.group(GROUP).committed.clear()  # what was not answered was not committed either
        rig.events.answers_lost = False
        async with rig.consuming(other):
            await rig.turn(3)
            assert other.names == []
            assert {partition_of(A), partition_of(B)} == set(rig.events.group(GROUP).committed)


async def test_a_handler_that_is_cancelled_for_two_reasons_is_cancelled_once(rig: EventRig) -> None:
    cancelled: list[float] = []

    async def handle(_: ReceivedEvent, __: Handled) -> None:
        for longest in (2 * TIMES.grace, TIMES.grace / 2):
            try:
                await rig.clock.sleep(longest)
            except asyncio.CancelledError:
                cancelled.append(rig.clock.monotonic())

    await rig.publish("a1", key=A)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(rig.consuming(handle))
        leaving = asyncio.create_task(leave(stack))
        await rig.let_pass(TIMES.grace / 4)
        async with rig.consuming(Notes()):
            await rig.let_pass(3 * TIMES.grace)
        await leaving
    assert len(cancelled) == 1


async def test_a_handler_that_is_slow_to_heed_its_cancellation_survives_a_partition_that_came_back_and_an_outage(
    rig: EventRig,
) -> None:
    """Two are at work on the partition for a moment, the newer waiting for the older; both are cancelled."""
    rig.events.eager, rig.events.grace = False, 5 * SECOND
    names: list[str] = []

    async def slow(event: ReceivedEvent, _: Handled) -> None:
        names.append(event.event_id)
        try:
            await rig.clock.sleep(timedelta(minutes=2))
        finally:
            for _turn in range(5):
                await asyncio.sleep(0)

    await rig.publish("a1")
    async with rig.consuming(slow):
        await rig.turn()
        (member,) = rig.events.group(GROUP).members
        rig.events.expel(GROUP, member)
        await rig.let_pass(8 * SECOND)
        rig.events.unreachable = True
        await rig.let_pass(5 * SECOND)
        rig.events.unreachable = False
        await rig.let_pass(timedelta(minutes=5))
    assert names[0] == "a1"
    assert rig.committed() == 1


async def test_work_that_outlived_its_partition_commits_nothing_when_the_partition_is_back(rig: EventRig) -> None:
    """Another member has committed more meanwhile."""
    rig.events.eager = False
    gate = asyncio.Event()

    async def stubborn(event: ReceivedEvent, _: Handled) -> None:
        while event.event_id in {"a1", "b1"} and not gate.is_set():
            with suppress(asyncio.CancelledError):
                await gate.wait()

    await fill(rig)
    async with rig.consuming(stubborn):
        await rig.let_pass(SECOND)
        async with AsyncExitStack() as other:
            await other.enter_async_context(rig.consuming(Scripted()))
            await rig.let_pass(timedelta(minutes=1))
            (moved,) = (key for key in KEYS if rig.committed(key) == 3)
        await rig.let_pass(5 * SECOND)
        assert len(rig.events.group(GROUP).owners) == 2
        gate.set()
        await rig.turn(3)
        assert rig.committed(moved) == 3
    assert (rig.committed(A), rig.committed(B)) == (3, 3)


async def test_when_the_log_waits_no_longer_a_handler_is_cancelled_before_its_partition_goes(
    rig: EventRig, handler: Scripted
) -> None:
    """The log may allow less than `grace`."""
    other = Notes()
    rig.events.eager, rig.events.grace = False, 5 * SECOND
    handler.block("a1", "b1")
    await fill(rig, 1)
    async with rig.consuming(handler):
        await rig.turn()
        async with rig.consuming(other):
            await rig.let_pass(4 * SECOND)
            assert other.names == []
            await rig.let_pass(4 * SECOND)
            assert len(other.names) == 1
            handler.let_go()
            await rig.let_pass(2 * SECOND)
            assert sorted(handler.done + other.names) == ["a1", "b1"]
