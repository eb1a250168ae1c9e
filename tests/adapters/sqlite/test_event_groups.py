"""Members of a group in several processes on one file: sharing, taking over, fencing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from adapters.sqlite.database import Database
from adapters.sqlite.membership import Membership
from domain.errors import DatabaseError, MessagingError, PartitionLostError
from domain.messages import Partition
from ports.event_subscriber import Start, Subscription
from tests.adapters.sqlite.event_bench import GROUP, HOUR, LEASE, TOPIC, ZERO, Process, numbers, open_process
from tests.adapters.sqlite.schema import WAIT_SECONDS, Gate, count, locked, turns

ALL = frozenset(Partition(topic=TOPIC, number=number) for number in range(4))
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
async def process(path: Path, clock: MemoryClock) -> AsyncIterator[Process]:
    async with open_process(path, clock=clock) as opened:
        yield opened


@pytest.fixture
async def other(path: Path, clock: MemoryClock) -> AsyncIterator[Process]:
    """Open the same file as another process does."""
    async with open_process(path, clock=clock, name="b") as opened:
        yield opened


class Heard:
    """Remembers what was revoked."""

    def __init__(self) -> None:
        self.partitions: list[frozenset[Partition]] = []

    async def __call__(self, partitions: frozenset[Partition]) -> None:
        self.partitions.append(partitions)


async def settle(*members: Subscription, rounds: int = 4) -> None:
    """Let the members look after each other until nothing moves any more."""
    for _ in range(rounds):
        for member in members:
            await member.receive(0, ZERO)


async def test_a_newcomer_gets_its_share_once_the_other_was_told_and_has_let_go(
    process: Process, other: Process
) -> None:
    held: list[frozenset[Partition]] = []

    async def revoked(partitions: frozenset[Partition]) -> None:
        await first.commit(dict.fromkeys(partitions, 0))
        held.append(second.assigned() & partitions)

    async with process.join(revoked) as first:
        assert first.assigned() == ALL
        async with other.join() as second:
            assert second.assigned() == frozenset()
            await settle(first, second)
            assert held == [frozenset()]
            assert (len(first.assigned()), len(second.assigned())) == (2, 2)
            assert first.assigned() | second.assigned() == ALL


async def test_messages_of_another_process_are_read_behind_the_commit_of_a_member_that_left(
    process: Process, other: Process
) -> None:
    async with process.join() as first:
        await other.publish(1, 2, 3)
        (delivery, *_) = await first.receive(10, ZERO)
        await first.commit({delivery.partition: delivery.offset + 1})
    async with other.join() as second:
        assert second.assigned() == ALL
        assert numbers(await second.receive(10, ZERO)) == [2, 3]


async def test_a_member_that_does_not_show_for_its_lease_loses_all_and_can_commit_nothing_any_more(
    process: Process, other: Process, clock: MemoryClock
) -> None:
    heard = Heard()
    async with process.join(heard) as first, other.join() as second:
        await settle(first, second)
        mine = first.assigned()
        await clock.advance(LEASE - SECOND)
        await settle(second)
        assert second.assigned() == ALL - mine
        await clock.advance(SECOND)
        await settle(second)
        assert second.assigned() == ALL
        with pytest.raises(PartitionLostError):
            await first.commit(dict.fromkeys(mine, 7))
        assert {lag.committed for lag in await process.topics.lag(GROUP)} == {None}
        heard.partitions.clear()
        assert await first.receive(10, ZERO) == []
        assert heard.partitions == [mine]
        assert first.assigned() == frozenset()
        await settle(second, first)
        assert (len(first.assigned()), len(second.assigned())) == (2, 2)


async def test_a_member_that_was_taken_for_dead_is_given_no_message_before_it_notices(
    process: Process, other: Process, clock: MemoryClock
) -> None:
    async with process.join() as first:
        await clock.advance(LEASE)
        async with other.join() as second:
            assert second.assigned() == ALL
            await process.publish(1)
            assert await first.receive(10, ZERO) == []
            assert numbers(await second.receive(10, ZERO)) == [1]


async def test_a_commit_is_all_or_nothing(process: Process, other: Process, clock: MemoryClock) -> None:
    """The first partition still is this member's in the database, the last one is not."""
    async with process.join() as first:
        place = "partition_id = (SELECT max(partition_id) FROM log_partitions)"
        await other.database.update("log_offsets", {"member_id": "somebody"}, place)
        with pytest.raises(PartitionLostError):
            await first.commit(dict.fromkeys(sorted(ALL), 5))
        assert {lag.committed for lag in await process.topics.lag(GROUP)} == {None}
        await clock.advance(SECOND)
        await first.receive(0, ZERO)


async def test_somebody_who_is_dead_alone_comes_back_to_life_where_it_was(process: Process, clock: MemoryClock) -> None:
    heard = Heard()
    async with process.join(heard) as subscription:
        await process.publish(1, 2)
        assert numbers(await subscription.receive(1, ZERO)) == [1]
        await clock.advance(HOUR)
        assert numbers(await subscription.receive(1, ZERO)) == [2]
    assert heard.partitions == []


async def test_a_lease_that_ends_too_late_is_not_believed(process: Process, other: Process, clock: MemoryClock) -> None:
    """A member died, and then the clock was set back by an hour."""
    async with process.join():
        await clock.advance(-HOUR)
        async with other.join() as second:
            assert second.assigned() == ALL


async def test_the_end_at_which_a_group_began_is_remembered_without_a_commit(process: Process) -> None:
    await process.publish(1)
    async with process.join(start=Start.LATEST):
        pass
    await process.publish(2)
    async with process.join(start=Start.LATEST) as subscription:
        assert numbers(await subscription.receive(10, ZERO)) == [2]


@pytest.mark.parametrize(("start", "expected"), [(Start.EARLIEST, [1, 2, 3]), (Start.LATEST, [3])])
async def test_a_commit_from_the_future_counts_as_none(process: Process, start: Start, expected: list[int]) -> None:
    """An older backup was put back: the offsets of that time come again."""
    async with process.join() as subscription:
        await subscription.commit(dict.fromkeys(ALL, 1000))
    await process.publish(1, 2)
    async with process.join(start=start) as subscription:
        await process.publish(3)
        assert numbers(await subscription.receive(10, ZERO)) == expected


async def hold_up(database: Database, *, taking: bool) -> Gate:
    """Let the next transaction of this process in which a member takes partitions, or gives them back, stop midway."""
    gate = Gate()
    await database.write(lambda connection: connection.create_function("stop", 0, lambda: gate(connection)))
    condition = "NOT NULL" if taking else "NULL"
    await database.execute(
        f"CREATE TEMPORARY TRIGGER held BEFORE UPDATE ON log_offsets WHEN NEW.member_id IS {condition}"
        " BEGIN SELECT stop(); END"
    )
    return gate


async def test_what_was_taken_in_a_cancelled_call_is_read_all_the_same(process: Process, other: Process) -> None:
    async with process.join() as subscription:
        async with other.join() as second:
            await settle(subscription, second)
        await process.publish(*range(10))
        gate = await hold_up(process.database, taking=True)
        receiving = asyncio.create_task(subscription.receive(100, HOUR))
        await gate.entered()
        receiving.cancel()
        gate.open()
        with pytest.raises(asyncio.CancelledError):
            await receiving
        assert len(subscription.assigned()) == 2
        assert numbers(await subscription.receive(100, ZERO)) == list(range(10))
        assert subscription.assigned() == ALL


async def test_what_was_given_back_in_a_cancelled_call_is_not_read_any_more(process: Process, other: Process) -> None:
    async with process.join() as first, other.join() as second:
        gate = await hold_up(process.database, taking=False)
        receiving = asyncio.create_task(first.receive(100, HOUR))
        await gate.entered()
        receiving.cancel()
        gate.open()
        with pytest.raises(asyncio.CancelledError):
            await receiving
        await settle(second, first)
        assert (len(first.assigned()), len(second.assigned())) == (2, 2)
        assert first.assigned() | second.assigned() == ALL


async def test_what_is_paused_while_it_is_read_is_delivered_later(process: Process) -> None:
    await process.publish(1, 2)
    async with process.join() as subscription:
        receiving = asyncio.create_task(subscription.receive(100, ZERO))
        await turns(1)
        for partition in ALL:
            subscription.pause(partition)
        assert numbers(await receiving) == []
        for partition in ALL:
            subscription.resume(partition)
        assert numbers(await subscription.receive(100, ZERO)) == [1, 2]


async def test_an_idle_member_writes_a_heartbeat_every_few_seconds_and_nothing_else(
    process: Process, clock: MemoryClock
) -> None:
    async with process.join() as subscription:
        before = process.database.writes.count
        for _ in range(60):
            await clock.advance(timedelta(milliseconds=500))
            await subscription.receive(10, ZERO)
        assert 6 <= process.database.writes.count - before <= 10


async def test_a_member_that_does_not_come_to_an_end_is_not_waited_for_without_bound(
    process: Process, other: Process, clock: MemoryClock
) -> None:
    cancelled = asyncio.Event()

    async def stuck(_: frozenset[Partition]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with process.join(stuck) as first, other.join() as second:
        receiving = asyncio.create_task(first.receive(0, ZERO))
        async with asyncio.timeout(WAIT_SECONDS):
            while not receiving.done():
                await asyncio.sleep(0.001)
                if clock.sleepers:
                    await clock.advance(LEASE / 4)
        await receiving
        assert cancelled.is_set()
        await settle(second)
        assert (len(first.assigned()), len(second.assigned())) == (2, 2)


async def test_the_error_of_a_caller_that_is_told_is_the_callers(process: Process, other: Process) -> None:
    async def broken(_: frozenset[Partition]) -> None:
        raise MessagingError("broken")

    async with process.join(broken) as first, other.join():
        with pytest.raises(MessagingError, match="broken"):
            await first.receive(0, ZERO)
        assert first.assigned() == ALL


async def test_members_share_each_topic_among_those_who_read_it(process: Process, other: Process) -> None:
    topics = [TOPIC, "more"]
    await process.publish(1)
    async with process.subscriber.subscribe(topics, GROUP, start=Start.EARLIEST, revoked=Heard()) as first:
        assert len(first.assigned()) == 8
        async with other.join() as second:
            await settle(first, second)
            assert {each.topic for each in second.assigned()} == {TOPIC}
            assert (len(first.assigned()), len(second.assigned())) == (6, 2)
            assert {lag.partition.topic for lag in await other.topics.lag(GROUP)} == set(topics)


async def test_more_members_than_partitions_are_no_harm(process: Process) -> None:
    async with AsyncExitStack() as stack:
        members = [await stack.enter_async_context(process.join()) for _ in range(6)]
        await settle(*members)
        assert sorted(len(member.assigned()) for member in members) == [0, 0, 1, 1, 1, 1]
        assert frozenset().union(*(member.assigned() for member in members)) == ALL


async def test_after_leaving_nothing_can_be_read_or_committed(process: Process) -> None:
    async with process.join() as subscription:
        pass
    assert subscription.assigned() == frozenset()
    for refused in (subscription.receive(1, ZERO), subscription.commit({})):
        with pytest.raises(MessagingError):
            await refused
    assert await process.topics.groups() == []


async def test_joining_a_locked_database_fails_for_now_and_leaves_nothing_behind(path: Path) -> None:
    async with open_process(path, busy_timeout=timedelta(milliseconds=1)) as process:
        with locked(path), pytest.raises(DatabaseError) as caught:
            async with process.join():
                pass
        assert caught.value.transient
        assert await process.topics.groups() == []


async def test_who_was_told_that_it_took_too_long_to_join_leaves_all_the_same(process: Process, path: Path) -> None:
    """The lock was freed after the member's patience, and the row was written."""
    membership = Membership(
        database=process.database,
        clock=process.clock,
        identifiers=MemoryIdentifiers("late"),
        group_id=GROUP,
        topics=frozenset({TOPIC}),
        start=Start.EARLIEST,
        lease=LEASE,
        patience=SECOND / 50,
    )
    with locked(path):
        joining = asyncio.create_task(membership.join())
        await asyncio.sleep(0.5)
    with pytest.raises(DatabaseError) as caught:
        await joining
    assert caught.value.error_code == "DATABASE_BUSY"
    assert count(path, "log_members") == 1
    membership.patience = WAIT_SECONDS * SECOND
    await membership.leave()
    assert count(path, "log_members") == 0


async def test_leaving_a_locked_database_raises_nothing_and_the_lease_frees_the_partitions(
    path: Path, clock: MemoryClock
) -> None:
    async with open_process(path, clock=clock, busy_timeout=timedelta(milliseconds=1)) as process:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(process.join())
            stack.enter_context(locked(path))
            await stack.enter_async_context(AsyncExitStack())
        async with process.join() as subscription:
            await clock.advance(LEASE)
            await settle(subscription)
            assert subscription.assigned() == ALL


async def test_a_damaged_member_is_buried_and_comes_back(process: Process, clock: MemoryClock) -> None:
    async with process.join() as subscription:
        for values in ({"topics": "{"}, {"alive_until": "soon"}, {"topics": json.dumps(1)}):
            await process.database.update("log_members", values, "group_id = ?", (GROUP,))
            await clock.advance(SECOND)
            await settle(subscription)
            assert subscription.assigned() == ALL
