"""The promises of `EventPublisher`."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dead_letters import queue_of
from domain.errors import MessageRejectedError
from domain.messages import Message
from tests.contracts.event_scenes import (
    BOUND_SECONDS,
    by_key,
    everything,
    member,
    message,
    numbered,
    publish,
    values,
)
from tests.contracts.event_worlds import PARTITIONS, PLAN, LogRig, LogWorld, memory_log, sqlite_log
from tests.contracts.properties import QUICK, TEXT

TOO_LARGE = 3 * 1024 * 1024
HEADERS = st.lists(st.tuples(TEXT, st.binary(max_size=20))).map(tuple)
MESSAGES = st.builds(
    Message, topic=st.just("topic"), key=st.none() | st.binary(), value=st.none() | st.binary(), headers=HEADERS
)
AWKWARD = [
    Message(topic="topic", key=key, value=value, headers=headers)
    for key, value, headers in (
        (None, None, ()),
        (None, b"", ()),
        (b"", None, ()),
        (b"", b"\x00\xff\n", (("", b""), ("a", b"1"), ("b", b"\xff\x00"), ("a", b"2"))),
        (b"\xff\x00", b"\xc3\x28", (("ключ", "значение".encode()),)),
        (b"k" * 1000, bytes(range(256)) * 1000, tuple((str(number), b"x") for number in range(100))),
    )
]


async def test_messages_are_read_byte_for_byte(log: LogWorld, here: LogRig, there: LogRig) -> None:
    """Without key or value, with empty ones, headers twice and in their order."""
    topic = log.name()
    messages = [attrs.evolve(each, topic=topic) for each in AWKWARD]
    await publish(here, messages)
    async with member(there, topic) as reader:
        found = [delivery.message for delivery in await everything(there, reader, topic)]
    assert Counter(found) == Counter(messages)


async def test_nothing_can_be_published(here: LogRig) -> None:
    assert list(await here.publisher.publish([])) == []


async def test_messages_of_a_key_keep_their_order_within_a_call_and_over_calls(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    messages = numbered(topic, 400)
    for first in range(0, 400, 100):
        await publish(here, messages[first : first + 100])
    async with member(here, topic) as reader:
        found = by_key(await everything(here, reader, topic))
    assert found == {key: [str(n) for n in range(400) if n % 8 == index] for index, key in enumerate("abcdefgh")}


async def test_keys_are_spread_over_partitions_and_each_stays_in_one(
    log: LogWorld, here: LogRig, there: LogRig
) -> None:
    topic, keys = log.name(), [f"user {number}" for number in range(40)]
    for rig in (here, there):
        await publish(rig, numbered(topic, 40, keys))
    async with member(here, topic) as reader:
        found = await everything(here, reader, topic)
    places = {(each.message.key, each.partition) for each in found}
    assert len(places) == len(keys)
    assert {partition.number for _, partition in places} == set(range(PARTITIONS))


async def test_messages_without_a_key_are_all_appended(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    await publish(here, [message(topic, str(number), None) for number in range(50)])
    async with member(here, topic) as reader:
        assert sorted(map(int, values(await everything(here, reader, topic)))) == list(range(50))


@pytest.mark.parametrize("topic", ["a topic", "ключ", "x" * 250, "..", "a/b"])
async def test_a_message_to_a_topic_that_cannot_exist_is_rejected_and_keeps_nobody_back(
    log: LogWorld, here: LogRig, topic: str
) -> None:
    good = log.name()
    outcomes = await here.publisher.publish([message(good, "1"), message(topic), message(good, "2")])
    assert [type(outcome) for outcome in outcomes] == [type(None), MessageRejectedError, type(None)]
    async with member(here, good) as reader:
        assert values(await everything(here, reader, good)) == ["1", "2"]


async def test_a_message_that_is_too_large_is_rejected_and_keeps_nobody_back(log: LogWorld, here: LogRig) -> None:
    """Not even those with the same key, which go on in order."""
    topic = log.name()
    batch = [message(topic, "1"), message(topic, "x" * TOO_LARGE), message(topic, "2"), message(topic, "3", "other")]
    outcomes = await here.publisher.publish(batch)
    assert [type(each) for each in outcomes] == [type(None), MessageRejectedError, type(None), type(None)]
    async with member(here, topic) as reader:
        assert by_key(await everything(here, reader, topic)) == {"key": ["1", "2"], "other": ["3"]}


async def test_a_message_somewhat_below_a_mebibyte_is_appended(log: LogWorld, here: LogRig) -> None:
    topic, size = log.name(), 1024 * 1024 - 2048
    await publish(here, [message(topic, "x" * size), message(topic, "2"), message(topic, "y" * size)])
    async with member(here, topic) as reader:
        assert [len(value) for value in values(await everything(here, reader, topic))] == [size, 1, size]


async def test_a_topic_that_is_missing_is_created_as_planned(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    queue = queue_of(topic)
    await publish(here, [message(topic), message(queue)])
    made = {each.name: each for each in await here.topics.topics() if each.name in {topic, queue}}
    assert (made[topic].partitions, made[topic].retention) == (PARTITIONS, PLAN.retention)
    assert (made[queue].partitions, made[queue].retention) == (1, PLAN.dead_letter_retention)


async def test_a_topic_that_exists_is_used_as_it_is(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    await here.topics.create(topic, partitions=1, retention=None)
    await publish(here, numbered(topic, 20))
    async with member(here, topic) as reader:
        assert values(await everything(here, reader, topic)) == [str(number) for number in range(20)]


async def test_calls_of_several_tasks_may_overlap(log: LogWorld, here: LogRig) -> None:
    """Each keeps its order."""
    topic = log.name()
    calls = [[message(topic, f"{call} {number}") for number in range(20)] for call in range(10)]
    async with asyncio.TaskGroup() as group:
        for messages in calls:
            group.create_task(publish(here, messages))
    async with member(here, topic) as reader:
        found = values(await everything(here, reader, topic))
    for messages in calls:
        mine = [(each.value or b"").decode() for each in messages]
        assert [value for value in found if value in mine] == mine


async def test_a_call_that_was_cancelled_leaves_the_publisher_usable(log: LogWorld, here: LogRig) -> None:
    """It may have appended any of its messages."""
    topic = log.name()
    await publish(here, [message(topic, "first")])
    call = asyncio.create_task(here.publisher.publish([message(topic, "perhaps")]))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    await publish(here, [message(topic, "last")])
    async with member(here, topic) as reader:
        found = values(await everything(here, reader, topic))
    assert [value for value in found if value != "perhaps"] == ["first", "last"]


async def test_what_was_published_outlives_the_publisher(log: LogWorld, there: LogRig) -> None:
    topic = log.name()
    async with log.process() as gone:
        await publish(gone, [message(topic)])
    async with member(there, topic) as reader:
        assert values(await everything(there, reader, topic)) == ["value"]


async def test_very_many_messages_can_be_published_at_once(log: LogWorld, here: LogRig) -> None:
    topic = log.name()
    await publish(here, numbered(topic, 3000))
    assert sum((await here.topics.ends([topic])).values()) == 3000


async def test_a_log_that_is_unreachable_is_told_for_each_message_and_in_time(log: LogWorld) -> None:
    topic = log.name()
    async with log.apart() as apart, asyncio.timeout(BOUND_SECONDS):
        outcomes = await apart.publisher.publish(numbered(topic, 20))
    assert len(outcomes) == 20
    for outcome in outcomes:
        assert isinstance(outcome, log.OUT_OF_REACH)
        assert outcome.transient


async def test_after_an_unreachable_time_publishing_goes_on(log: LogWorld, here: LogRig) -> None:
    """What was published meanwhile may have been appended all the same, in its order."""
    topic = log.name()
    await publish(here, [message(topic, "1")])
    async with log.severed():
        outcomes = await here.publisher.publish([message(topic, "2"), message(topic, "3")])
        assert None not in outcomes
    await publish(here, [message(topic, "4")])
    async with member(here, topic) as reader:
        found = values(await everything(here, reader, topic))
    assert (found[0], found[-1]) == ("1", "4")
    assert found == sorted(found)


@pytest.mark.parametrize("world", [memory_log, sqlite_log])
def test_any_bytes_are_read_back_as_they_were_published(
    world: Callable[[], AbstractContextManager[LogWorld]],
) -> None:
    with asyncio.Runner() as runner, world() as log:
        stack = AsyncExitStack()
        rig = runner.run(stack.enter_async_context(log.process()))

        @QUICK
        @given(st.lists(MESSAGES))
        def check(messages: list[Message]) -> None:
            runner.run(_round_trip(log, rig, messages))

        try:
            check()
        finally:
            runner.run(stack.aclose())


async def _round_trip(log: LogWorld, rig: LogRig, messages: list[Message]) -> None:
    topic = log.name()
    sent = [attrs.evolve(each, topic=topic) for each in messages]
    await publish(rig, sent)
    async with member(rig, topic) as reader:
        found = [delivery.message for delivery in await everything(rig, reader, topic)]
    assert Counter(found) == Counter(sent)
