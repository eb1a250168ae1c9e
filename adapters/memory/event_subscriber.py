"""Reading the log in memory."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs

from adapters.memory.bell import bounded
from adapters.memory.consumer_group import ConsumerGroup, Member
from adapters.memory.event_log import MemoryEventLog, unreachable
from domain.dead_letters import queue_of
from domain.errors import ConfigurationError, MessageRejectedError, MessagingError, PartitionLostError
from domain.messages import Delivery, Partition
from domain.topics import is_topic_name
from ports.event_subscriber import EventSubscriber, Revoked, Start, Subscription


@attrs.frozen
class MemoryEventSubscriber(EventSubscriber):
    """Makes members of the log's groups."""

    log: MemoryEventLog

    @asynccontextmanager
    async def subscribe(
        self, topics: Sequence[str], group_id: str | None, *, start: Start, revoked: Revoked
    ) -> AsyncIterator[Subscription]:
        """Join, or begin to read alone."""
        self.log.reach()
        if self.log.reading_error is not None:
            raise self.log.reading_error
        try:
            for topic in topics:
                if group_id is not None and is_topic_name(topic) and not is_topic_name(queue_of(topic)):
                    msg = f"There can be no dead letter queue of topic {topic!r}."
                    raise ConfigurationError(msg, error_code="TOPIC_INVALID", details={"topic": topic})
                self.log.ensure(topic)
        except MessageRejectedError as error:
            raise ConfigurationError(error.message, details=error.details) from error
        if group_id is None:
            yield _Alone(self.log, frozenset(topics), start)
            return
        member = _InGroup(self.log, frozenset(topics), start, self.log.group(group_id), revoked)
        try:
            yield member
        finally:
            member.leave()


class _Alone(Subscription):
    """Has all partitions from the beginning."""

    def __init__(self, log: MemoryEventLog, topics: frozenset[str], start: Start) -> None:
        self._log = log
        self._topics = topics
        self._start = start
        self._next: dict[Partition, int] = {}
        self._paused: set[Partition] = set()
        self._turn = 0
        self._enter()

    def assigned(self) -> frozenset[Partition]:
        """Return what it reads."""
        return frozenset(self._next)

    async def receive(self, limit: int, wait: timedelta) -> Sequence[Delivery]:
        """Look, and look again whenever something happens; nothing is awaited between looking and returning."""
        await asyncio.sleep(0)
        clock = self._log.clock
        deadline = clock.monotonic() + wait.total_seconds()
        while True:
            heard = self._log.bell.strokes
            self._log.reach()
            if self._log.reading_error is not None:
                raise self._log.reading_error
            await self._rebalance()
            found = self._collect(limit)
            left = timedelta(seconds=deadline - clock.monotonic())
            if found or left <= timedelta(0):
                return found
            await self._log.bell.wait(heard, left, clock)

    def pause(self, partition: Partition) -> None:
        """Remember it."""
        if partition in self._next:
            self._paused.add(partition)

    def resume(self, partition: Partition) -> None:
        """Forget it, and look again."""
        self._paused.discard(partition)
        self._log.bell.ring()

    async def commit(self, offsets: Mapping[Partition, int]) -> None:  # noqa: ARG002 - there is nothing to commit for
        """Refuse."""
        msg = "Whoever reads without a group commits nothing."
        raise MessagingError(msg)

    async def positions(self) -> Mapping[Partition, int]:
        """Return where it is, or where the log begins by now."""
        self._log.reach()
        return {each: max(position, self._log.partition(each).begin) for each, position in self._next.items()}

    async def _rebalance(self) -> None:
        """Nothing changes."""

    def _enter(self) -> None:
        for topic in self._topics:
            for partition in self._log.partitions(topic):
                self._next[partition] = self._beginning(partition)

    def _beginning(self, partition: Partition) -> int:
        found = self._log.partition(partition)
        return found.begin if self._start is Start.EARLIEST else found.end

    def _collect(self, limit: int) -> list[Delivery]:
        """Take turns, so that a full partition keeps none of the others waiting."""
        open_ones = sorted(self._next.keys() - self._paused)
        self._turn += 1
        first = self._turn % max(len(open_ones), 1)
        found: list[Delivery] = []
        for partition in open_ones[first:] + open_ones[:first]:
            if len(found) < limit:
                read = self._log.partition(partition).read(self._next[partition], limit - len(found))
                self._next[partition] = read[-1].offset + 1 if read else self._log.partition(partition).end
                found += read
        return found


class _InGroup(_Alone):
    """Has what the group lets it have, which changes in `receive`."""

    def __init__(
        self, log: MemoryEventLog, topics: frozenset[str], start: Start, group: ConsumerGroup, revoked: Revoked
    ) -> None:
        self._group = group
        self._revoked = revoked
        super().__init__(log, topics, start)

    def leave(self) -> None:
        """Give everything back."""
        self._group.leave(self._member, self._log.sizes())
        self._forget(frozenset(self._next))

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Check everything before anything is written."""
        await asyncio.sleep(0)
        self._log.reach()
        lost = sorted(each.number for each in offsets if self._group.owners.get(each) is not self._member)
        if lost:
            msg = f"Group {self._group.group_id!r} gave partitions to another member."
            raise PartitionLostError(msg, details={"group_id": self._group.group_id, "partitions": lost})
        self._group.committed |= offsets
        if self._log.answers_lost:
            raise unreachable()

    def _enter(self) -> None:
        self._member: Member = self._group.join(self._topics, self._log.sizes())
        self._generation = self._group.generation
        self._log.bell.ring()

    async def _rebalance(self) -> None:
        """Learn what was lost, give up what is too much, take what is free."""
        while True:
            lost = frozenset(self._next.keys() - self._group.owned(self._member))
            if lost:
                self._forget(lost)
                await self._tell(lost)
            elif self._member not in self._group.members:
                self._enter()
            elif surplus := self._surplus():
                try:
                    await self._tell(surplus)
                finally:
                    self._give_up(surplus)
            else:
                break
        for partition, target in self._group.targets.items():
            if target is self._member and partition not in self._group.owners:
                self._take(partition)

    def _surplus(self) -> frozenset[Partition]:
        changed, self._generation = self._generation != self._group.generation, self._group.generation
        if self._log.eager and changed:
            return frozenset(self._next)
        return frozenset(each for each in self._next if self._group.targets[each] is not self._member)

    async def _tell(self, partitions: frozenset[Partition]) -> None:
        await bounded(self._revoked(partitions), self._log.grace, self._log.clock)

    def _give_up(self, partitions: frozenset[Partition]) -> None:
        for partition in partitions:
            if self._group.owners.get(partition) is self._member:
                del self._group.owners[partition]
        self._forget(partitions)

    def _forget(self, partitions: frozenset[Partition]) -> None:
        for partition in partitions:
            self._next.pop(partition, None)
            self._paused.discard(partition)
        self._log.bell.ring()

    def _take(self, partition: Partition) -> None:
        self._group.owners[partition] = self._member
        committed = self._group.committed.get(partition)
        if committed is None or committed > self._log.partition(partition).end:
            committed = self._beginning(partition)
        self._next[partition] = committed
        if self._start is Start.LATEST:
            self._group.committed.setdefault(partition, self._next[partition])
