"""What is done in several partitions is committed together, and one that is gone by then keeps none of it back."""

import asyncio
from collections.abc import Mapping

import attrs

from adapters.memory.event_subscriber import MemoryEventSubscriber
from application.partition_work import ConsumerTimes
from domain.errors import PartitionLostError
from domain.messages import Partition
from ports.event_subscriber import Revoked, Subscription
from tests.application.event_rig import KEYS, EventRig, Scripted, partition_of
from tests.fakes.event_path import Passing, WrappingSubscriber

A, B = partition_of(KEYS[0]), partition_of(KEYS[1])
TIMES = ConsumerTimes()


@attrs.frozen
class LosingSubscriber(WrappingSubscriber):
    """Breaks nothing: the first partition is lost as soon as anything is to be committed, and never missed."""

    commits: list[dict[Partition, int]] = attrs.field(factory=list)

    def wrapped(self, subscription: Subscription, revoked: Revoked) -> Subscription:  # noqa: ARG002 - for others
        """Wrap."""
        return _Losing(subscription, self.commits)


@attrs.frozen
class _Losing(Passing):
    commits: list[dict[Partition, int]]

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        self.commits.append(dict(offsets))
        if A in offsets:
            message = "It belongs to another member."
            raise PartitionLostError(message)
        await self.inner.commit(offsets)


async def test_a_partition_that_is_gone_keeps_no_other_back_and_is_not_committed_again() -> None:
    rig, handler = EventRig(), Scripted()
    subscriber = LosingSubscriber(MemoryEventSubscriber(rig.events))
    handler.block("a1", "b1")
    await rig.publish("a1", key=KEYS[0])
    await rig.publish("b1", key=KEYS[1])
    async with rig.consuming(handler, subscriber=subscriber):
        await rig.turn()
        handler.let_go()
        await rig.turn(3)
        told = subscriber.commits.index({A: 1}) + 1
        assert rig.committed(KEYS[1]) == 1
        await rig.publish("b2", key=KEYS[1])
        await rig.let_pass(2 * TIMES.poll, TIMES.poll)
    assert subscriber.commits[told:] == [{B: 1}, {B: 2}]
    assert (rig.committed(KEYS[0]), rig.committed(KEYS[1])) == (0, 2)


async def test_only_what_was_handled_is_committed_with_what_another_partition_has_done() -> None:
    """One partition stays in the middle of its batch meanwhile."""
    rig, handler = EventRig(), Scripted()
    handler.block("a2", "b3")
    await rig.publish("a1", "a2", "a3", key=KEYS[0])
    await rig.publish("b1", "b2", "b3", key=KEYS[1])
    async with rig.consuming(handler):
        await rig.turn()
        assert (rig.committed(KEYS[0]), rig.committed(KEYS[1])) == (0, 0)
        await rig.let_pass(TIMES.commit + 2 * TIMES.poll, TIMES.poll)
        assert (rig.committed(KEYS[0]), rig.committed(KEYS[1])) == (1, 2)
        handler.gates["b3"].set()
        await rig.let_pass(TIMES.commit + 2 * TIMES.poll, TIMES.poll)
        assert (rig.committed(KEYS[0]), rig.committed(KEYS[1])) == (1, 3)
        handler.let_go()
    assert (rig.committed(KEYS[0]), rig.committed(KEYS[1])) == (3, 3)


@attrs.frozen
class TellingSubscriber(WrappingSubscriber):
    """Breaks nothing: it keeps what is to be called when partitions are given back."""

    revoked: list[Revoked] = attrs.field(factory=list)

    def wrapped(self, subscription: Subscription, revoked: Revoked) -> Subscription:
        """Keep it."""
        self.revoked.append(revoked)
        return subscription


async def test_a_partition_that_is_given_back_is_committed_before_though_others_are_still_at_work() -> None:
    """All of it is done already, and waits to be committed with what the other partition is at."""
    rig, handler = EventRig(), Scripted()
    subscriber = TellingSubscriber(MemoryEventSubscriber(rig.events))
    handler.block("b1")
    await rig.publish("a1", key=KEYS[0])
    await rig.publish("b1", key=KEYS[1])
    async with rig.consuming(handler, subscriber=subscriber):
        assert rig.committed(KEYS[0]) == 0
        (give_back,) = subscriber.revoked
        await give_back(frozenset({A}))
        assert (rig.committed(KEYS[0]), rig.committed(KEYS[1])) == (1, 0)
        handler.let_go()


@attrs.frozen
class SlowSubscriber(WrappingSubscriber):
    """Breaks nothing: commits take until it is told to answer."""

    answering: asyncio.Event = attrs.field(factory=asyncio.Event)
    asked: list[Mapping[Partition, int]] = attrs.field(factory=list)

    def wrapped(self, subscription: Subscription, revoked: Revoked) -> Subscription:  # noqa: ARG002 - for others
        """Wrap."""
        return _Slow(subscription, self.answering, self.asked)


@attrs.frozen
class _Slow(Passing):
    answering: asyncio.Event
    asked: list[Mapping[Partition, int]]

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        self.asked.append(offsets)
        await self.answering.wait()
        await self.inner.commit(offsets)


async def test_what_comes_next_in_a_partition_is_handled_while_a_commit_is_under_way() -> None:
    rig, handler = EventRig(), Scripted()
    subscriber = SlowSubscriber(MemoryEventSubscriber(rig.events))
    await rig.publish("a1", key=KEYS[0])
    async with rig.consuming(handler, subscriber=subscriber):
        for name in ("a2", "a3", "a4"):
            await rig.publish(name, key=KEYS[0])
            await rig.turn()
        assert handler.done == ["a1", "a2", "a3", "a4"]
        assert rig.committed(KEYS[0]) == 0
        subscriber.answering.set()
        await rig.turn(3)
        assert rig.committed(KEYS[0]) == 4
        assert [dict(each) for each in subscriber.asked] == [{A: 1}, {A: 4}], "one commit for all who waited"
    assert handler.names == ["a1", "a2", "a3", "a4"]


async def test_a_partition_is_given_back_only_when_the_commit_that_is_under_way_has_ended() -> None:
    rig, handler = EventRig(), Scripted()
    slow = SlowSubscriber(MemoryEventSubscriber(rig.events))
    subscriber = TellingSubscriber(slow)
    await rig.publish("a1", key=KEYS[0])
    async with rig.consuming(handler, subscriber=subscriber):
        assert handler.done == ["a1"]
        (give_back,) = subscriber.revoked
        giving_back = asyncio.ensure_future(give_back(frozenset({A})))
        await rig.turn()
        assert not giving_back.done()
        slow.answering.set()
        await giving_back
        assert rig.committed(KEYS[0]) == 1
