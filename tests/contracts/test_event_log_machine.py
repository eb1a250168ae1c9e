"""Logs of events driven side by side by Hypothesis: each member is followed by a model that knows what must come next.

Which key goes to which partition, and which partition to which member, is each log's own affair.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta

import attrs
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.errors import PartitionLostError
from domain.messages import Delivery, Partition
from ports.event_subscriber import Start, Subscription
from tests.contracts.event_scenes import BOUND_SECONDS, MANY, message, publish
from tests.contracts.event_worlds import LogRig, memory_log, sqlite_log
from tests.contracts.properties import MACHINE

NO_TIME = timedelta(0)
TOPICS = {"a": 3, "b": 2}
"""With so many partitions."""
GROUPS = ("g", "h")
NAMES = st.sampled_from(["one", "two", "three"])
KEYS = st.sampled_from(["k", "l", "m", "n", "o"])


@attrs.define(eq=False)
class Reader:
    """A member as it must be: `expected` is the offset that comes next of each partition that it has."""

    log: "FollowedLog"
    group_id: str
    topics: frozenset[str]
    commits_when_revoked: bool
    stack: AsyncExitStack = attrs.field(factory=AsyncExitStack)
    expected: dict[Partition, int] = attrs.field(factory=dict)
    paused: set[Partition] = attrs.field(factory=set)
    subscription: Subscription = attrs.field(init=False)

    async def join(self) -> None:
        """Subscribe."""
        self.subscription = await self.stack.enter_async_context(
            self.log.rig.subscriber.subscribe(
                sorted(self.topics), self.group_id, start=Start.EARLIEST, revoked=self.revoked
            )
        )
        self._notice()

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        """Commit what was received, or not."""
        assert partitions <= self.expected.keys()
        if self.commits_when_revoked:
            await self.commit({each: self.expected[each] for each in partitions})

    async def receive(self, limit: int) -> int:
        """Receive without waiting, and see that it is what must come."""
        deliveries = await self.subscription.receive(limit, NO_TIME)
        self._notice()
        assert len(deliveries) <= limit
        for delivery in deliveries:
            assert delivery.partition not in self.paused
            assert delivery.offset == self.expected[delivery.partition]
            self.expected[delivery.partition] += 1
            self.log.note(delivery)
        return len(deliveries)

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Commit, for the model, too."""
        await self.subscription.commit(offsets)
        self.log.committed[self.group_id] |= offsets

    def _notice(self) -> None:
        """A partition that is new begins behind the commit; one that went is no longer paused."""
        assigned = self.subscription.assigned()
        known = self.log.committed[self.group_id]
        self.expected = {each: self.expected.get(each, known.get(each, 0)) for each in assigned}
        self.paused &= assigned


@attrs.define(eq=False)
class FollowedLog:
    """One log, and what is known of it."""

    rig: LogRig
    readers: dict[str, Reader] = attrs.field(factory=dict)
    committed: dict[str, dict[Partition, int]] = attrs.field(factory=lambda: {group: {} for group in GROUPS})
    seen: dict[tuple[Partition, int], Delivery] = attrs.field(factory=dict)

    def note(self, delivery: Delivery) -> None:
        """See that it is the same at the same place every time."""
        assert self.seen.setdefault((delivery.partition, delivery.offset), delivery) == delivery

    def members(self, group_id: str) -> list[Reader]:
        """Return the members of a group."""
        return [reader for reader in self.readers.values() if reader.group_id == group_id]

    async def read_all(self, group_id: str) -> None:
        """Let the members of a group receive until everything is with one of them and read."""
        ends = await self.rig.topics.ends(list(TOPICS))
        members = self.members(group_id)
        for member in members:
            for partition in list(member.paused):
                member.subscription.resume(partition)
                member.paused.discard(partition)
        wanted = {
            partition: end for partition, end in ends.items() if any(partition.topic in m.topics for m in members)
        }
        async with asyncio.timeout(BOUND_SECONDS):
            while {place: offset for each in members for place, offset in each.expected.items()} != wanted:
                for member in members:
                    await member.receive(MANY)

    def told(self) -> dict[str, list[str]]:
        """Return what was seen of each topic and key, in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for _, delivery in sorted(self.seen.items()):
            place = f"{delivery.partition.topic} {(delivery.message.key or b'').decode()}"
            found[place].append((delivery.message.value or b"").decode())
        return found


class EventLogs(RuleBasedStateMachine):
    """`published` is what was published, by topic and key."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.published: dict[str, list[str]] = defaultdict(list)
        self.number = 0
        self.logs: list[FollowedLog] = []

    def teardown(self) -> None:
        try:
            if self.logs:
                self._each(self._come_to_an_end)
                for log in self.logs:
                    assert log.told() == self.published
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    @initialize()
    def open(self) -> None:
        self.runner.run(self._open())

    @rule(topic=st.sampled_from(sorted(TOPICS)), keys=st.lists(KEYS, min_size=1, max_size=8))
    def publish(self, topic: str, keys: list[str]) -> None:
        messages = []
        for key in keys:
            self.number += 1
            messages.append(message(topic, str(self.number), key))
            self.published[f"{topic} {key}"].append(str(self.number))
        self._each(lambda log: publish(log.rig, messages))

    @rule(name=NAMES, group=st.sampled_from(GROUPS), both=st.booleans(), commits=st.booleans())
    def join(self, name: str, group: str, *, both: bool, commits: bool) -> None:
        async def act(log: FollowedLog) -> None:
            if name not in log.readers:
                log.readers[name] = Reader(log, group, frozenset(TOPICS if both else "a"), commits)
                await log.readers[name].join()

        self._each(act)

    @rule(name=NAMES)
    def leave(self, name: str) -> None:
        async def act(log: FollowedLog) -> None:
            if name in log.readers:
                await log.readers.pop(name).stack.aclose()

        self._each(act)

    @rule(name=NAMES, limit=st.integers(1, 5))
    def receive(self, name: str, limit: int) -> None:
        self._member(name, lambda reader: reader.receive(limit))

    @rule(name=NAMES, back=st.integers(0, 2))
    def commit(self, name: str, back: int) -> None:
        async def act(reader: Reader) -> None:
            await reader.commit({each: max(offset - back, 0) for each, offset in reader.expected.items()})

        self._member(name, act)

    @rule(name=NAMES)
    def commit_what_is_not_assigned(self, name: str) -> None:
        async def act(reader: Reader) -> None:
            others = (await reader.log.rig.topics.ends(list(TOPICS))).keys() - reader.expected.keys()
            if others:
                with pytest.raises(PartitionLostError):
                    await reader.subscription.commit({**reader.expected, min(others): 1})

        self._member(name, act)

    @rule(name=NAMES, number=st.integers(0, 2), resumes=st.booleans())
    def pause_or_resume(self, name: str, number: int, *, resumes: bool) -> None:
        async def act(reader: Reader) -> None:
            partition = Partition(topic="a", number=number)
            if resumes:
                reader.subscription.resume(partition)
                reader.paused.discard(partition)
            else:
                reader.subscription.pause(partition)
                reader.paused |= {partition} & reader.expected.keys()

        self._member(name, act)

    @rule(group=st.sampled_from(GROUPS))
    def read_everything(self, group: str) -> None:
        self._each(lambda log: log.read_all(group))

    @rule(name=NAMES)
    def tell_positions(self, name: str) -> None:
        async def act(reader: Reader) -> None:
            assert await reader.subscription.positions() == reader.expected

        self._member(name, act)

    @precondition(lambda self: self.logs)
    @rule(group=st.sampled_from(GROUPS))
    def tell_lag(self, group: str) -> None:
        async def act(log: FollowedLog) -> None:
            lag = await log.rig.topics.lag(group)
            assert {each.partition: each.committed for each in lag if each.committed is not None} == log.committed[
                group
            ]

        self._each(act)

    @invariant()
    def no_partition_has_two_members(self) -> None:
        for log in self.logs:
            for group in GROUPS:
                having = [partition for reader in log.members(group) for partition in reader.subscription.assigned()]
                assert len(having) == len(set(having))

    async def _open(self) -> None:
        for world in (memory_log, sqlite_log):
            rig = await self.stack.enter_async_context(self.stack.enter_context(world()).process())
            for topic, partitions in TOPICS.items():
                await rig.topics.create(topic, partitions=partitions, retention=None)
            self.logs.append(FollowedLog(rig))

    async def _come_to_an_end(self, log: FollowedLog) -> None:
        """Somebody new reads it all; whoever is left leaves."""
        async with AsyncExitStack() as stack:
            newcomer = Reader(log, "g", frozenset(TOPICS), commits_when_revoked=False, stack=stack)
            log.readers["newcomer"] = newcomer
            await newcomer.join()
            for group in GROUPS:
                await log.read_all(group)
            everything = log.rig.subscriber.subscribe(
                list(TOPICS), None, start=Start.EARLIEST, revoked=newcomer.revoked
            )
            alone = await stack.enter_async_context(everything)
            while deliveries := await alone.receive(MANY, NO_TIME):
                for delivery in deliveries:
                    log.note(delivery)
        for name in log.readers.keys() - {"newcomer"}:
            await log.readers[name].stack.aclose()

    def _member(self, name: str, act: Callable[[Reader], Awaitable[object]]) -> None:
        async def found(log: FollowedLog) -> None:
            if name in log.readers:
                await act(log.readers[name])

        self._each(found)

    def _each(self, act: Callable[[FollowedLog], Awaitable[None]]) -> None:
        for log in self.logs:
            self.runner.run(_run(act(log)))


async def _run(awaitable: Awaitable[None]) -> None:
    await awaitable


TestEventLogs = EventLogs.TestCase
TestEventLogs.settings = MACHINE
