"""What tests can do with the log of events in memory, and that its time is the clock's."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.event_publisher import MemoryEventPublisher
from adapters.memory.event_subscriber import MemoryEventSubscriber
from adapters.memory.event_topics import MemoryEventTopics
from domain.dead_letters import queue_of
from domain.errors import KafkaConnectionError, MessageRejectedError, PermissionDeniedError
from domain.messages import Delivery, Partition
from domain.topics import TopicPlan
from ports.event_subscriber import Start
from tests.contracts.event_scenes import MANY, Member, behind, member, message, numbered, publish, values
from tests.contracts.event_worlds import LogRig
from tests.contracts.samples import MINUTE, SECOND

TOPIC, GROUP = "topic", "group"
ONLY = Partition(topic=TOPIC, number=0)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def log(clock: MemoryClock) -> MemoryEventLog:
    """Return a log whose topics have one partition."""
    return MemoryEventLog(clock=clock, plan=TopicPlan(partitions=1, retention=MINUTE))


@pytest.fixture
def rig(log: MemoryEventLog) -> LogRig:
    return LogRig(
        publisher=MemoryEventPublisher(log), subscriber=MemoryEventSubscriber(log), topics=MemoryEventTopics(log)
    )


async def _turn() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def _look(reader: Member) -> Sequence[Delivery]:
    """Receive without waiting: time stands still."""
    return await reader.subscription.receive(MANY, timedelta(0))


async def test_a_reader_waits_until_the_clock_has_gone_so_far(clock: MemoryClock, rig: LogRig) -> None:
    async with member(rig, TOPIC, GROUP) as reader, asyncio.TaskGroup() as tasks:
        receiving = tasks.create_task(reader.subscription.receive(MANY, MINUTE))
        await _turn()
        assert clock.sleepers == 1
        await clock.advance(MINUTE - SECOND)
        assert not receiving.done()
        await clock.advance(SECOND)
        assert receiving.done()
        assert clock.sleepers == 0
    assert receiving.result() == []


async def test_a_reader_that_is_woken_leaves_no_sleeper_behind(clock: MemoryClock, rig: LogRig) -> None:
    async with member(rig, TOPIC, GROUP) as reader:
        async with asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(reader.subscription.receive(MANY, MINUTE))
            await _turn()
            await publish(rig, [message(TOPIC)])
        assert values(receiving.result()) == ["value"]
        assert receiving.result()[0].at == clock.now()
    assert clock.sleepers == 0


async def test_a_message_may_be_refused_and_holds_back_those_of_its_key(log: MemoryEventLog, rig: LogRig) -> None:
    """Unless it is rejected for good."""
    refused = KafkaConnectionError("not now"), MessageRejectedError("never")
    batch = [message(TOPIC, "1"), message(TOPIC, "2"), message(TOPIC, "3", "other"), message("elsewhere", "4")]
    for refusal in refused:
        log.refusal = lambda each, refusal=refusal: refusal if each.value == b"1" else None  # type: ignore[misc]
        held = refusal if refusal.transient else None
        assert list(await rig.publisher.publish(batch)) == [refusal, held, None, None]
    log.refusal = lambda _: None
    await publish(rig, batch)
    assert values(log.deliveries(TOPIC)) == ["3", "2", "3", "1", "2", "3"]


async def test_messages_without_a_key_hold_nobody_back(log: MemoryEventLog, rig: LogRig) -> None:
    log.refusal = lambda each: KafkaConnectionError("not now") if each.value == b"1" else None
    outcomes = await rig.publisher.publish([message(TOPIC, "1", None), message(TOPIC, "2", None)])
    assert [outcome is None for outcome in outcomes] == [False, True]


async def test_an_answer_may_be_lost_though_the_log_did_what_was_asked(log: MemoryEventLog, rig: LogRig) -> None:
    log.answers_lost = True
    first, second = await rig.publisher.publish([message(TOPIC, "1"), message(TOPIC, "2")])
    assert isinstance(first, KafkaConnectionError)
    assert second is first
    assert values(log.deliveries(TOPIC)) == ["1"]
    async with member(rig, TOPIC, GROUP) as reader:
        found = await reader.take(1)
        with pytest.raises(KafkaConnectionError):
            await reader.subscription.commit(behind(found))
    assert log.groups[GROUP].committed == {ONLY: 1}


@pytest.mark.parametrize("size", [1024 * 1024, 1024 * 1024 + 1])
async def test_a_dead_letter_may_be_larger_than_what_is_in_it(rig: LogRig, size: int) -> None:
    value = "x" * (size - len(b"key"))
    (outcome,) = await rig.publisher.publish([message(TOPIC, value)])
    assert (outcome is None) is (size == 1024 * 1024)
    await publish(rig, [message(queue_of(TOPIC), value)])


async def test_reading_may_be_forbidden(log: MemoryEventLog, rig: LogRig) -> None:
    async with member(rig, TOPIC, GROUP) as reader:
        log.reading_error = PermissionDeniedError("no")
        with pytest.raises(PermissionDeniedError):
            await reader.subscription.receive(MANY, SECOND)
    with pytest.raises(PermissionDeniedError):
        async with member(rig, TOPIC, GROUP):
            pass


async def test_a_member_that_was_expelled_begins_anew_behind_the_commit(log: MemoryEventLog, rig: LogRig) -> None:
    """It is told what it lost; a partition that was paused is not any more."""
    await publish(rig, numbered(TOPIC, 5))
    async with member(rig, TOPIC, GROUP) as reader:
        await reader.take(5)
        await reader.subscription.commit({ONLY: 2})
        reader.subscription.pause(ONLY)
        log.expel(GROUP, log.groups[GROUP].members[0])
        assert values(await reader.take(3)) == ["2", "3", "4"]
    assert reader.revoked == [frozenset({ONLY})]


async def test_with_eager_members_every_change_moves_everything(log: MemoryEventLog, rig: LogRig) -> None:
    log.eager = True
    await publish(rig, numbered(TOPIC, 5))
    async with member(rig, TOPIC, GROUP) as first:
        await first.take(5)
        async with member(rig, TOPIC, GROUP):
            await _look(first)
        await _look(first)
        assert first.revoked[0] == frozenset({ONLY})


async def test_one_who_holds_on_to_partitions_loses_them_in_the_end(
    clock: MemoryClock, log: MemoryEventLog, rig: LogRig
) -> None:
    async def never(_: frozenset[Partition]) -> None:
        await asyncio.get_running_loop().create_future()

    await rig.topics.create(TOPIC, partitions=2, retention=None)
    async with rig.subscriber.subscribe([TOPIC], GROUP, start=Start.EARLIEST, revoked=never) as slow:
        await _look(Member(slow))
        async with member(rig, TOPIC, GROUP) as quick, asyncio.TaskGroup() as tasks:
            giving = tasks.create_task(_look(Member(slow)))
            await _turn()
            await _look(quick)
            assert quick.subscription.assigned() == frozenset()
            await clock.advance(log.grace)
            assert giving.done()
            await _look(quick)
            assert len(quick.subscription.assigned()) == len(slow.assigned()) == 1


async def test_old_messages_are_gone_and_reading_goes_on_at_the_first_that_is_left(
    clock: MemoryClock, rig: LogRig
) -> None:
    await publish(rig, numbered(TOPIC, 3))
    async with member(rig, TOPIC, GROUP) as reader:
        await clock.advance(MINUTE + SECOND)
        await publish(rig, [message(TOPIC, "new")])
        (found,) = await reader.take(1)
        assert (found.offset, values([found])) == (3, ["new"])
        (lag,) = await rig.topics.lag(GROUP)
        assert (lag.begin, lag.end, lag.behind) == (3, 4, 1)
    (topic,) = await rig.topics.topics()
    assert topic.messages == 1


async def test_when_everything_is_gone_positions_are_the_ends(clock: MemoryClock, rig: LogRig) -> None:
    """Offsets are never used again."""
    await publish(rig, numbered(TOPIC, 3))
    async with member(rig, TOPIC, GROUP) as reader:
        await reader.take(3)
        await clock.advance(2 * MINUTE)
        assert await reader.subscription.positions() == await rig.topics.ends([TOPIC]) == {ONLY: 3}
        await publish(rig, [message(TOPIC, "new")])
        assert [found.offset for found in await reader.take(1)] == [3]


async def test_offsets_may_hold_no_message(log: MemoryEventLog, rig: LogRig) -> None:
    await publish(rig, [message(TOPIC, "1")])
    log.skip(ONLY, 4)
    async with member(rig, TOPIC, GROUP) as reader:
        assert [len(await _look(reader)) for _ in range(2)] == [1, 0]
        assert await reader.subscription.positions() == {ONLY: 5}
        await publish(rig, [message(TOPIC, "2")])
        assert [found.offset for found in await reader.take(1)] == [5]


async def test_a_group_that_began_at_the_end_misses_nothing_later(rig: LogRig) -> None:
    """Where it began is remembered like a commit."""
    await publish(rig, [message(TOPIC, "1")])
    async with member(rig, TOPIC, GROUP, start=Start.LATEST) as reader:
        assert await _look(reader) == []
    await publish(rig, [message(TOPIC, "2")])
    async with member(rig, TOPIC, GROUP, start=Start.LATEST) as reader:
        assert values(await reader.take(1)) == ["2"]


@pytest.mark.parametrize("question", ["topics", "ends", "groups", "lag", "positions"])
async def test_an_unreachable_log_answers_nothing(log: MemoryEventLog, rig: LogRig, question: str) -> None:
    async with member(rig, TOPIC, GROUP) as reader:
        asking: dict[str, Callable[[], Awaitable[object]]] = {
            "topics": rig.topics.topics,
            "ends": lambda: rig.topics.ends([TOPIC]),
            "groups": rig.topics.groups,
            "lag": lambda: rig.topics.lag(GROUP),
            "positions": reader.subscription.positions,
        }
        log.unreachable = True
        with pytest.raises(KafkaConnectionError):
            await asking[question]()
