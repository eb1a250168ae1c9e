"""The promises of `EventSubscriber` and `Subscription`."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import ConfigurationError, MessagingError, PartitionLostError
from domain.messages import Delivery, Partition
from ports.event_subscriber import Start
from tests.contracts.event_scenes import (
    BOUND_SECONDS,
    LONG,
    MANY,
    SHORT,
    Member,
    behind,
    by_key,
    everything,
    member,
    message,
    numbered,
    partitions_of,
    publish,
    read_by_all,
    values,
)
from tests.contracts.event_worlds import PARTITIONS, LogRig, LogWorld
from tests.contracts.scenes import refusal

NOWHERE = Partition(topic="nowhere", number=0)


def offsets(deliveries: Sequence[Delivery], partition: Partition) -> list[int]:
    """Return the offsets in one partition."""
    return [delivery.offset for delivery in deliveries if delivery.partition == partition]


async def test_a_member_alone_reads_everything_once_in_order_of_offset(log: LogWorld, here: LogRig) -> None:
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 50))
    async with member(here, topic, group) as reader:
        found = await everything(here, reader, topic)
        await publish(here, numbered(topic, 30))
        found += await everything(here, reader, topic)
        assert len(found) == 80
        assert reader.subscription.assigned() == await partitions_of(here, topic)
        for partition, end in (await here.topics.ends([topic])).items():
            assert offsets(found, partition) == list(range(end))
        assert reader.revoked == []


async def test_a_delivery_tells_when_and_where_it_was_appended(log: LogWorld, here: LogRig) -> None:
    topic, before = log.name(), datetime.now(UTC) - timedelta(seconds=1)
    await publish(here, [message(topic, "1"), message(topic, "2")])
    async with member(here, topic) as reader:
        first, second = await reader.take(2)
    assert before <= first.at <= second.at <= datetime.now(UTC) + timedelta(seconds=1)
    assert first.partition == second.partition
    assert first.partition.topic == first.message.topic == topic
    assert (first.offset, second.offset) == (0, 1)


async def test_several_topics_can_be_read_by_one_subscription(log: LogWorld, here: LogRig) -> None:
    topics, group = [log.name(), log.name()], log.name()
    for topic in topics:
        await publish(here, numbered(topic, 20))
    async with member(here, topics, group) as reader:
        found = await everything(here, reader, *topics)
    for topic in topics:
        assert sorted(int(value) for value in values(_of(found, topic))) == list(range(20))


def _of(deliveries: Sequence[Delivery], topic: str) -> list[Delivery]:
    return [each for each in deliveries if each.partition.topic == topic]


@pytest.mark.parametrize("grouped", [True, False], ids=["in a group", "alone"])
async def test_topics_that_are_missing_are_created(log: LogWorld, here: LogRig, *, grouped: bool) -> None:
    topic, group = log.name(), log.name() if grouped else None
    async with member(here, topic, group) as reader:
        assert await everything(here, reader, topic) == []
        assert len(reader.subscription.assigned()) == PARTITIONS
        await publish(here, [message(topic)])
        assert values(await reader.take(1)) == ["value"]


async def test_a_topic_that_cannot_exist_is_refused(here: LogRig) -> None:
    with pytest.raises((ConfigurationError, MessagingError)) as caught:
        async with member(here, "a topic", "group"):
            pass
    assert not caught.value.transient


async def test_a_group_is_refused_a_topic_whose_dead_letters_could_be_put_nowhere(log: LogWorld, here: LogRig) -> None:
    """A handler's first failure would end it; whoever reads alone puts nothing aside."""
    longest = log.name().ljust(245, "x")
    with pytest.raises(ConfigurationError) as caught:
        async with member(here, longest + "x", log.name()):
            pass
    assert (caught.value.error_code, caught.value.transient) == ("TOPIC_INVALID", False)
    assert longest + "x" not in {topic.name for topic in await here.topics.topics()}
    async with member(here, longest, log.name()), member(here, longest + "x"):
        pass


async def test_no_more_than_the_limit_is_received_at_once(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    await publish(here, numbered(topic, 50))
    found: list[Delivery] = []
    async with member(here, topic, log.name()) as reader, asyncio.timeout(BOUND_SECONDS):
        while len(found) < 50:
            received = await reader.subscription.receive(7, LONG)
            assert 0 < len(received) <= 7
            found += received
    assert sorted(map(int, values(found))) == list(range(50))
    assert all(texts == sorted(texts, key=int) for texts in by_key(found).values())


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
async def test_waiting_ends_when_something_is_published(
    log: LogWorld, here: LogRig, there: LogRig, *, elsewhere: bool
) -> None:
    topic = log.name()
    async with member(here, topic, log.name()) as reader:
        await everything(here, reader, topic)
        async with asyncio.timeout(BOUND_SECONDS), asyncio.TaskGroup() as tasks:
            receiving = tasks.create_task(reader.take(1))
            await asyncio.sleep(0)
            await publish(there if elsewhere else here, [message(topic, "news")])
        assert values(receiving.result()) == ["news"]


async def test_waiting_for_nothing_ends(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    async with member(here, topic, log.name()) as reader, asyncio.timeout(BOUND_SECONDS):
        await everything(here, reader, topic)
        for wait in (timedelta(0), SHORT):
            assert await reader.subscription.receive(MANY, wait) == []


async def test_a_cancelled_wait_leaves_the_subscription_usable(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    async with member(here, topic, log.name()) as reader:
        await everything(here, reader, topic)
        receiving = asyncio.create_task(reader.subscription.receive(MANY, LONG))
        await asyncio.sleep(0)
        receiving.cancel()
        await asyncio.wait([receiving])
        await publish(here, [message(topic, "news")])
        assert values(await reader.take(1)) == ["news"]


@pytest.mark.parametrize("grouped", [True, False], ids=["in a group", "alone"])
async def test_reading_begins_at_the_earliest_or_at_the_latest_where_nothing_was_committed(
    log: LogWorld, here: LogRig, *, grouped: bool
) -> None:
    topic = log.name()
    await publish(here, numbered(topic, 20))
    groups = (log.name(), log.name()) if grouped else (None, None)
    async with (
        member(here, topic, groups[0], start=Start.EARLIEST) as early,
        member(here, topic, groups[1], start=Start.LATEST) as late,
    ):
        assert len(await everything(here, early, topic)) == 20
        assert await everything(here, late, topic) == []
        await publish(here, [message(topic, "news")])
        assert values(await late.take(1)) == values(await early.take(1)) == ["news"]


async def test_a_member_goes_on_behind_the_commit_and_uncommitted_is_delivered_again(
    log: LogWorld, here: LogRig, there: LogRig
) -> None:
    """Whatever `start` says."""
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 40, ["a"]))
    async with member(here, topic, group) as first:
        found = await first.take(40)
        await first.subscription.commit({found[0].partition: 15})
    async with member(there, topic, group, start=Start.LATEST) as second:
        again = await everything(there, second, topic)
        assert again == found[15:]
        await second.subscription.commit(behind(again))
    async with member(here, topic, group) as third:
        assert await everything(here, third, topic) == []


async def test_the_latest_place_at_which_a_group_began_is_remembered(
    log: LogWorld, here: LogRig, there: LogRig
) -> None:
    """What comes after the first member left, which committed nothing, is not passed over."""
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 5, ["a"]))
    async with member(here, topic, group, start=Start.LATEST) as first:
        assert await everything(here, first, topic) == []
    await publish(here, [message(topic, "news", key="a")])
    async with member(there, topic, group, start=Start.LATEST) as second:
        assert values(await second.take(1)) == ["news"]


async def test_an_earlier_offset_can_be_committed(log: LogWorld, here: LogRig) -> None:
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 10, ["a"]))
    async with member(here, topic, group) as reader:
        found = await reader.take(10)
        for offset in (10, 3):
            await reader.subscription.commit({found[0].partition: offset})
    async with member(here, topic, group) as reader:
        assert values(await everything(here, reader, topic)) == [str(number) for number in range(3, 10)]


async def test_nothing_can_be_committed(log: LogWorld, here: LogRig) -> None:
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 10))
    async with member(here, topic, group) as reader:
        await reader.take(10)
        await reader.subscription.commit({})
    assert {lag.committed for lag in await here.topics.lag(group)} <= {None}


async def test_another_group_gets_everything_too(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    await publish(here, numbered(topic, 20))
    for group in (log.name(), log.name()):
        async with member(here, topic, group) as reader:
            found = await everything(here, reader, topic)
            assert len(found) == 20
            await reader.subscription.commit(behind(found))


async def test_without_a_group_everything_is_read_and_nothing_committed(log: LogWorld, here: LogRig) -> None:
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 20))
    async with member(here, topic, group) as grouped, member(here, topic) as alone:
        assert len(await everything(here, grouped, topic)) == 20
        found = await everything(here, alone, topic)
        assert len(found) == 20
        with pytest.raises(MessagingError):
            await alone.subscription.commit(behind(found))
        assert grouped.revoked == alone.revoked == []
    async with member(here, topic) as alone:
        assert len(await everything(here, alone, topic)) == 20


async def test_positions_come_to_the_ends(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    await publish(here, numbered(topic, 20))
    async with member(here, topic, log.name()) as reader:
        found = await reader.take(20)
        positions = await reader.subscription.positions()
        assert positions.keys() == reader.subscription.assigned()
        assert behind(found).items() <= positions.items()
        assert positions == await here.topics.ends([topic])


async def test_a_paused_partition_delivers_nothing_while_others_flow(log: LogWorld, here: LogRig) -> None:
    topic, group = log.name(), log.name()
    keys = [f"user {number}" for number in range(30)]
    await publish(here, numbered(topic, 30, keys))
    async with member(here, topic, group) as reader:
        found = await reader.take(30)
        paused = found[0].partition
        reader.subscription.pause(paused)
        await publish(here, numbered(topic, 30, keys))
        others = await reader.take(sum(each.partition != paused for each in found))
        assert paused not in {each.partition for each in others}
        assert await reader.subscription.receive(MANY, SHORT) == []
        assert (await reader.subscription.positions())[paused] == len(offsets(found, paused))
        reader.subscription.resume(paused)
        late = await reader.take(len(offsets(found, paused)))
        assert offsets(late, paused) == list(range(len(late), 2 * len(late)))


async def test_after_each_resuming_it_goes_on_where_it_was(log: LogWorld, here: LogRig) -> None:
    """A partition is paused after each message, as a handler's is that is at work."""
    topic = log.name()
    await publish(here, numbered(topic, 20, ["a"]))
    found: list[Delivery] = []
    async with member(here, topic, log.name()) as reader, asyncio.timeout(BOUND_SECONDS):
        while len(found) < 20:
            received = await reader.subscription.receive(3, LONG)
            found += received
            partition = received[0].partition
            reader.subscription.pause(partition)
            assert await reader.subscription.receive(MANY, timedelta(0)) == []
            reader.subscription.resume(partition)
            reader.subscription.resume(partition)
    assert values(found) == [str(number) for number in range(20)]


async def test_a_partition_that_is_not_assigned_is_neither_paused_nor_resumed(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    await publish(here, [message(topic)])
    async with member(here, topic, log.name()) as reader:
        reader.subscription.pause(NOWHERE)
        reader.subscription.resume(NOWHERE)
        assert len(await reader.take(1)) == 1


async def test_members_share_all_partitions_and_each_has_its_own(log: LogWorld, here: LogRig, there: LogRig) -> None:
    """A member that comes gets its share; what was committed in time is delivered to nobody again."""
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 40))
    async with member(here, topic, group) as first:
        found = await everything(here, first, topic)
        await first.subscription.commit(behind(found))
        async with member(there, topic, group) as second:
            assert await read_by_all(here, [first, second], topic) == [[], []]
            await publish(here, numbered(topic, 400, [f"user {number}" for number in range(40)]))
            shares = await read_by_all(here, [first, second], topic)
            assert sorted(map(int, values(shares[0] + shares[1]))) == list(range(400))
            for reader, share in zip((first, second), shares, strict=True):
                assert {each.partition for each in share} == reader.subscription.assigned()
        assert second.revoked == []
        assert frozenset().union(*first.revoked) >= {each.partition for each in shares[1]}


async def test_when_a_member_leaves_the_others_go_on_behind_its_commit(
    log: LogWorld, here: LogRig, there: LogRig
) -> None:
    topic, group = log.name(), log.name()
    keys = [f"user {number}" for number in range(40)]
    async with member(here, topic, group) as stays:
        async with member(there, topic, group) as leaves:
            await read_by_all(here, [stays, leaves], topic)
            await publish(here, numbered(topic, 200, keys))
            mine, others = await read_by_all(here, [stays, leaves], topic)
            await stays.subscription.commit(behind(mine))
            await leaves.subscription.commit(behind(others[:50]))
        again = await everything(here, stays, topic)
        assert {delivery.place for delivery in again} == {delivery.place for delivery in _uncommitted(others, 50)}


def _uncommitted(deliveries: Sequence[Delivery], count: int) -> list[Delivery]:
    committed = behind(deliveries[:count])
    return [each for each in deliveries if each.offset >= committed.get(each.partition, 0)]


async def test_partitions_go_to_another_member_only_after_revoked_which_may_commit(
    log: LogWorld, here: LogRig, there: LogRig
) -> None:
    """Nothing that was handled by then is delivered to the other one."""
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 40, [f"user {number}" for number in range(40)]))
    events: list[str] = []
    found: list[Delivery] = []

    async def hand_over(partitions: frozenset[Partition]) -> None:
        offsets = {place: offset for place, offset in behind(found).items() if place in partitions}
        await asyncio.sleep(SHORT.total_seconds())
        await first.commit(offsets)
        events.append("handed over")

    async with here.subscriber.subscribe([topic], group, start=Start.EARLIEST, revoked=hand_over) as first:
        found += await everything(here, Member(first), topic)
        async with member(there, topic, group) as second:
            assert events or not second.subscription.assigned()
            received = await read_by_all(here, [Member(first), second], topic)
    assert events[0] == "handed over"
    committed = {lag.partition: lag.behind for lag in await here.topics.lag(group)}
    assert received[1] == []
    assert all(committed[partition] == 0 for partition in second.subscription.assigned())


async def test_a_commit_of_a_partition_that_went_to_another_member_is_refused_as_a_whole(
    log: LogWorld, here: LogRig, there: LogRig
) -> None:
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 40, [f"user {number}" for number in range(40)]))
    async with member(here, topic, group) as first:
        found = await everything(here, first, topic)
        async with member(there, topic, group) as second:
            await read_by_all(here, [first, second], topic)
            with refusal(PartitionLostError):
                await first.subscription.commit(behind(found))
            assert {lag.committed for lag in await here.topics.lag(group)} == {None}
            kept = {place: end for place, end in behind(found).items() if place in first.subscription.assigned()}
            await first.subscription.commit(kept)


async def test_a_commit_of_a_partition_that_nobody_was_given_is_refused_as_a_whole(log: LogWorld, here: LogRig) -> None:
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 10))
    async with member(here, topic, group) as reader:
        found = await reader.take(10)
        with refusal(PartitionLostError):
            await reader.subscription.commit({**behind(found), NOWHERE: 1})
        assert {lag.committed for lag in await here.topics.lag(group)} == {None}


async def test_what_a_dead_member_had_is_taken_over_and_its_commit_refused(
    log: LogWorld, here: LogRig, there: LogRig
) -> None:
    """It learns of that by its next call, and is a member again."""
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 20))
    async with member(here, topic, group) as dead:
        found = await everything(here, dead, topic)
        await log.strike(group)
        async with member(there, topic, group) as heir:
            assert len(await everything(there, heir, topic)) == 20
            with refusal(PartitionLostError):
                await dead.subscription.commit(behind(found))
            shared = await read_by_all(here, [dead, heir], topic)
            assert frozenset().union(*dead.revoked) == {Partition(topic=topic, number=n) for n in range(PARTITIONS)}
            assert {lag.committed for lag in await here.topics.lag(group)} == {None}
            assert len(shared[0]) == len([each for each in found if each.partition in dead.subscription.assigned()])


async def test_a_subscription_to_a_log_that_is_unreachable_is_refused_in_time(log: LogWorld) -> None:
    async with log.apart() as apart, asyncio.timeout(BOUND_SECONDS):
        with pytest.raises(log.OUT_OF_REACH) as caught:
            async with member(apart, log.name(), log.name()):
                pass
    assert caught.value.transient


async def test_receiving_from_a_log_that_becomes_unreachable_while_reading_is_refused(
    log: LogWorld, here: LogRig
) -> None:
    topic, group = log.name(), log.name()
    async with member(here, topic, group) as reader:
        await everything(here, reader, topic)
        receiving = asyncio.create_task(reader.subscription.receive(MANY, LONG))
        await asyncio.sleep(0)
        async with log.severed(), asyncio.timeout(BOUND_SECONDS):
            with pytest.raises(log.OUT_OF_REACH) as caught:
                await receiving
            with pytest.raises(log.OUT_OF_REACH):
                await reader.subscription.receive(MANY, LONG)
    assert caught.value.transient
    async with member(here, topic, group) as reader:
        assert await everything(here, reader, topic) == []


async def test_a_commit_to_a_log_that_became_unreachable_is_refused_in_time(log: LogWorld, here: LogRig) -> None:
    """Perhaps it was committed; the subscription leaves in bounded time all the same."""
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 10))
    async with asyncio.timeout(BOUND_SECONDS), log.process() as gone, member(gone, topic, group) as reader:
        found = await reader.take(10)
        async with log.severed():
            with pytest.raises(log.OUT_OF_REACH) as caught:
                await reader.subscription.commit(behind(found))
    assert caught.value.transient
