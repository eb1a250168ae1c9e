"""The promises of `EventTopics`."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from domain.errors import MessageRejectedError
from domain.messages import Partition
from ports.event_topics import Lag, Topic
from tests.contracts.event_scenes import BOUND_SECONDS, behind, everything, member, message, numbered, publish
from tests.contracts.event_worlds import PARTITIONS, LogRig, LogWorld

HOUR = timedelta(hours=1)


async def test_topics_are_told_by_name_with_what_they_are(log: LogWorld, here: LogRig, there: LogRig) -> None:
    base = log.name()
    made = [
        Topic(name=f"{base}.a", partitions=1, messages=0, retention=None),
        Topic(name=f"{base}.b", partitions=PARTITIONS, messages=10, retention=HOUR),
    ]
    for topic in reversed(made):
        assert await here.topics.create(topic.name, partitions=topic.partitions, retention=topic.retention)
    await publish(here, numbered(f"{base}.b", 10))
    everybodys = await there.topics.topics()
    assert [topic for topic in everybodys if topic.name.startswith(base)] == made
    assert [topic.name for topic in everybodys] == sorted(topic.name for topic in everybodys)


async def test_topics_of_the_log_itself_are_left_out(log: LogWorld, here: LogRig) -> None:
    """A group's commits may stand in one."""
    topic = log.name()
    await publish(here, numbered(topic, 10))
    async with member(here, topic, log.name()) as reader:
        await reader.subscription.commit(behind(await reader.take(10)))
    assert not [each.name for each in await here.topics.topics() if each.name.startswith("_")]


async def test_a_topic_that_exists_is_left_as_it_is(log: LogWorld, here: LogRig) -> None:
    name = log.name()
    assert await here.topics.create(name, partitions=2, retention=HOUR) is True
    assert await here.topics.create(name, partitions=3, retention=None) is False
    (found,) = [topic for topic in await here.topics.topics() if topic.name == name]
    assert found == Topic(name=name, partitions=2, messages=0, retention=HOUR)


@pytest.mark.parametrize(("name", "partitions"), [("a topic", 1), ("x" * 250, 1), ("..", 1), ("zero", 0), ("less", -1)])
async def test_a_topic_that_cannot_be_is_rejected(here: LogRig, name: str, partitions: int) -> None:
    with pytest.raises(MessageRejectedError):
        await here.topics.create(name, partitions=partitions, retention=None)
    assert name not in {topic.name for topic in await here.topics.topics()}


async def test_ends_are_the_offsets_of_the_next_messages(log: LogWorld, here: LogRig, there: LogRig) -> None:
    topic = log.name()
    await here.topics.create(topic, partitions=2, retention=None)
    first, second = (Partition(topic=topic, number=number) for number in range(2))
    assert await here.topics.ends([topic]) == {first: 0, second: 0}
    await publish(here, [message(topic)] * 3)
    ends = await there.topics.ends([topic, "unknown." + topic])
    assert sorted(ends.values()) == [0, 3]
    await publish(here, [message(topic)])
    async with member(here, topic) as reader:
        last = (await everything(here, reader, topic))[-1]
    assert ends[last.partition] == last.offset


async def test_of_topics_that_do_not_exist_there_are_no_ends(log: LogWorld, here: LogRig) -> None:
    unknown = log.name()
    assert await here.topics.ends([unknown]) == {}
    assert await here.topics.ends([]) == {}
    assert unknown not in {topic.name for topic in await here.topics.topics()}


async def test_groups_are_those_that_committed_or_have_members(log: LogWorld, here: LogRig, there: LogRig) -> None:
    topic, base = log.name(), log.name()
    await publish(here, numbered(topic, 10))
    async with member(here, topic, f"{base}.b") as reader:
        await reader.subscription.commit(behind(await reader.take(10)))
    async with member(here, topic, f"{base}.a") as reader, member(here, topic):
        await everything(here, reader, topic)
        everybodys = await there.topics.groups()
        assert [group for group in everybodys if group.startswith(base)] == [f"{base}.a", f"{base}.b"]
        assert list(everybodys) == sorted(everybodys)
    assert [group for group in await there.topics.groups() if group.startswith(base)][-1] == f"{base}.b"


async def test_the_lag_tells_how_far_a_group_is(log: LogWorld, here: LogRig, there: LogRig) -> None:
    """In each partition, also in those where nothing was committed, and whether or not there are members."""
    topic, group = log.name(), log.name()
    await publish(here, numbered(topic, 30, ["a"]))
    async with member(here, topic, group) as reader:
        found = await reader.take(30)
        used = found[0].partition
        everything_is_behind = await there.topics.lag(group)
        await reader.subscription.commit({used: 12})
    committed = await there.topics.lag(group)
    for lag, known in ((everything_is_behind, None), (committed, 12)):
        assert [each.partition.number for each in lag] == list(range(PARTITIONS))
        assert [each for each in lag if each.partition == used] == [
            Lag(partition=used, committed=known, begin=0, end=30)
        ]
        assert {(each.committed, each.behind) for each in lag if each.partition != used} == {(None, 0)}


async def test_the_lag_goes_over_all_topics_of_a_group(log: LogWorld, here: LogRig) -> None:
    topics, group = sorted([log.name(), log.name()]), log.name()
    await publish(here, [message(topic) for topic in topics])
    async with member(here, topics, group) as reader:
        await reader.take(2)
        lag = await here.topics.lag(group)
    assert {each.partition.topic for each in lag} == set(topics)
    assert sum(each.behind for each in lag) == 2


async def test_an_unknown_group_has_no_lag(log: LogWorld, here: LogRig) -> None:
    unknown = log.name()
    assert list(await here.topics.lag(unknown)) == []
    assert unknown not in await here.topics.groups()


async def test_creating_in_a_log_that_is_unreachable_is_refused_in_time(log: LogWorld) -> None:
    async with log.apart() as apart, asyncio.timeout(BOUND_SECONDS):
        with pytest.raises(log.OUT_OF_REACH) as caught:
            await apart.topics.create(log.name(), partitions=1, retention=None)
    assert caught.value.transient


@pytest.mark.parametrize("question", ["topics", "ends", "groups", "lag"])
async def test_asking_a_log_that_is_unreachable_while_reading_is_refused_in_time(log: LogWorld, question: str) -> None:
    async with log.apart() as apart, asyncio.timeout(BOUND_SECONDS):
        asking: dict[str, Callable[[], Awaitable[object]]] = {
            "topics": apart.topics.topics,
            "ends": lambda: apart.topics.ends(["topic"]),
            "groups": apart.topics.groups,
            "lag": lambda: apart.topics.lag("group"),
        }
        with pytest.raises(log.OUT_OF_REACH) as caught:
            await asking[question]()
    assert caught.value.transient
