"""What one member of a group is at: for each partition with messages in hand, a task that handles them in order."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

import attrs

from application.background import cancellations, ended_within, first_error, unless_stopped
from application.handling import Handling
from domain.errors import IACSGraphError, PartitionLostError
from domain.messages import Delivery, Partition
from domain.retrying import is_hopeless
from ports.clock import Clock
from ports.event_subscriber import Subscription

ACTIVITY = "committing"


@attrs.frozen(kw_only=True)
class ConsumerTimes:
    """`grace` is how long a handler may go on when its partition goes away or the program ends, before it is cancelled.

    What is done is committed within `commit` (and a `poll`), or when nothing more is in hand.
    """

    grace: timedelta = timedelta(seconds=20)
    commit: timedelta = timedelta(seconds=1)
    poll: timedelta = timedelta(milliseconds=500)


@attrs.define(eq=False)
class Work:
    """What is done with one batch of a partition. `given_up`: the partition is gone, nothing of it counts any more.

    `ended`: nothing more of it is handled; it may have to be committed.
    """

    partition: Partition
    stopping: asyncio.Event = attrs.field(factory=asyncio.Event)
    given_up: bool = False
    ended: bool = False


@attrs.define(kw_only=True)
class PartitionWork:
    """Lives as long as one subscription. `received` is called whenever the log answers."""

    handling: Handling
    clock: Clock
    times: ConsumerTimes
    limit: int
    received: Callable[[], None]
    subscription: Subscription | None = attrs.field(default=None, init=False)
    works: dict[Work, asyncio.Task[None]] = attrs.field(factory=dict, init=False)
    done: dict[Partition, int] = attrs.field(factory=dict, init=False)
    """Offsets that are to be committed."""
    committing: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)
    commit_at: float = attrs.field(default=0.0, init=False)
    uncommitted: bool = attrs.field(default=False, init=False)
    """The last commit failed."""
    assigned: frozenset[Partition] = attrs.field(default=frozenset(), init=False)
    ending: bool = attrs.field(default=False, init=False)
    """A task has failed, or it is time to stop: nothing more is begun."""
    settled: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    """Not set while partitions are given back."""

    async def consume(self, subscription: Subscription, stopping: asyncio.Event) -> None:
        """Receive and hand out until it is time to stop; then let what is in hand come to its end.

        Raises: as `Subscription.receive` and `Handling.settle`.
        """
        self.subscription = subscription
        leaving = asyncio.Event()
        self.settled.set()
        self.commit_at = self.clock.monotonic() + self.times.commit.total_seconds()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._leave(stopping, leaving))
                while not leaving.is_set() and await unless_stopped(leaving, self._read(subscription, tasks)):
                    self.received()
                    self._commit_in_time(subscription, tasks)
                await self._wind_down(subscription)
        except ExceptionGroup as group:
            raise first_error(group) from None

    async def revoked(self, partitions: frozenset[Partition]) -> None:
        """Let the messages that are being handled come to their end; what takes longer than `grace` is cancelled.

        Cancelled itself, it cancels them at once.
        """
        self.settled.clear()
        try:
            await self._let_end(self._stop(partitions))
            if self.subscription is not None:
                with suppress(IACSGraphError):  # whoever has the partitions next begins behind the last commit
                    await self._commit(self.subscription, partitions)
        finally:
            self._give_up(partitions)
            self.settled.set()

    async def _leave(self, stopping: asyncio.Event, leaving: asyncio.Event) -> None:
        """Begin nothing more when it is time to stop; but leave only when what is being given back was given back."""
        await stopping.wait()
        self.ending = True
        self._stop_all()
        await self.settled.wait()
        leaving.set()

    def _stop(self, partitions: Iterable[Partition]) -> list[asyncio.Task[None]]:
        """Tell the work on these partitions to stop behind the messages that it is at; return its tasks."""
        wanted = frozenset(partitions)
        found = {work: task for work, task in self.works.items() if work.partition in wanted}
        for work in found:
            work.stopping.set()
        return list(found.values())

    def _stop_all(self) -> list[asyncio.Task[None]]:
        return self._stop(work.partition for work in self.works)

    def _give_up(self, partitions: Collection[Partition]) -> None:
        """Let nothing that is done in these partitions count from now on: they are read anew, here or elsewhere."""
        self._stop(partitions)
        for partition in partitions:
            self.done.pop(partition, None)
        for work in self.works:
            work.given_up |= work.partition in partitions

    async def _let_end(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        try:
            if await ended_within(tasks, self.clock, self.times.grace):
                return
        except asyncio.CancelledError:
            _cancel(tasks)
            raise
        _cancel(tasks)
        await asyncio.wait(tasks)

    async def _read(self, subscription: Subscription, tasks: asyncio.TaskGroup) -> None:
        deliveries = await subscription.receive(self.limit, self.times.poll)
        assigned = subscription.assigned()
        if assigned != self.assigned:
            self.assigned = assigned
            self.handling.log.assigned(self.handling.group_id, assigned)
        if not self.ending:
            self._hand_out(subscription, deliveries, tasks)

    def _hand_out(self, subscription: Subscription, deliveries: Sequence[Delivery], tasks: asyncio.TaskGroup) -> None:
        for partition, batch in _by_partition(deliveries).items():
            subscription.pause(partition)
            work = Work(partition)
            earlier = [task for other, task in self.works.items() if other.partition == partition]
            self.works[work] = tasks.create_task(self._work(subscription, work, batch, earlier))

    async def _work(
        self, subscription: Subscription, work: Work, batch: Sequence[Delivery], earlier: Sequence[asyncio.Task[None]]
    ) -> None:
        """Handle the batch, and go on reading the partition unless something of it is left.

        Earlier work is there if the partition went and came back while a handler did not heed its cancellation. The
        last that ends commits for all: partitions that are handled together need not be committed one by one. What
        comes next is handled meanwhile, and committed together once that has ended.
        """
        try:
            try:
                if earlier:
                    await asyncio.wait(earlier)
                whole = await self._handle(subscription, work, batch)
            finally:
                del self.works[work]
            if whole:
                subscription.resume(work.partition)
                if all(each.ended for each in self.works):
                    await self._commit(subscription, list(self.done))
        except Exception:
            self.ending = True
            raise

    async def _handle(self, subscription: Subscription, work: Work, batch: Sequence[Delivery]) -> bool:
        """Handle in order; return whether all of it is done. What is done is committed if it ends before its time."""
        whole = False
        try:
            whole = await self._settle(subscription, work, batch) and not work.stopping.is_set()
        finally:
            work.ended = True
            if not whole:
                await self._commit(subscription, list(self.done))
        return whole

    async def _settle(self, subscription: Subscription, work: Work, batch: Sequence[Delivery]) -> bool:
        """Settle in order; False if it was time to stop before the end."""
        for delivery in batch:
            if cancellations() or work.stopping.is_set():  # a handler may have kept its cancellation to itself
                return False
            if not await self.handling.settle(delivery, work.stopping):
                return False
            if work.given_up:
                return False
            self.done[work.partition] = delivery.offset + 1
            if self._commit_is_due():
                await self._commit(subscription, list(self.done))
        return True

    def _commit_in_time(self, subscription: Subscription, tasks: asyncio.TaskGroup) -> None:
        """Commit what has been done for some time, also while the next message is tried again and again."""
        if self._commit_is_due() and self.done and not self.committing.locked():
            tasks.create_task(self._commit(subscription, list(self.done)))

    def _commit_is_due(self) -> bool:
        """Return whether it is time to commit; the time runs from the last commit, or since nothing was to be."""
        now = self.clock.monotonic()
        due = now >= self.commit_at
        if due or not self.done:
            self.commit_at = now + self.times.commit.total_seconds()
        return due

    async def _commit(self, subscription: Subscription, partitions: Iterable[Partition]) -> None:
        """Commit what is done there; what the log does not answer to in time stays to be committed.

        Raises: why it is of no use to try again.
        """
        async with self.committing:
            offsets = {partition: self.done[partition] for partition in partitions if partition in self.done}
            try:
                if offsets and not await self._committed(subscription, offsets) and len(offsets) > 1:
                    for partition, offset in offsets.items():
                        await self._committed(subscription, {partition: offset})
            except IACSGraphError as error:
                if is_hopeless(error):
                    raise
                self.uncommitted = True
                self.handling.log.interrupted(ACTIVITY, error, self.times.commit)
                return
        if offsets and self.uncommitted:
            self.uncommitted = False
            self.handling.log.resumed(ACTIVITY)

    async def _committed(self, subscription: Subscription, offsets: Mapping[Partition, int]) -> bool:
        """Commit, all or nothing; False if a partition is gone, which one is not told unless there is one only."""
        try:
            await subscription.commit(offsets)
        except PartitionLostError:  # whoever has it now begins behind the last commit; handled ones make no effect
            if len(offsets) == 1:
                self._give_up(offsets)
            return False
        for partition, offset in offsets.items():
            if self.done.get(partition) == offset:
                del self.done[partition]
        return True

    async def _wind_down(self, subscription: Subscription) -> None:
        """Wait for what is in hand, and go on showing meanwhile that the member lives."""
        living = asyncio.create_task(self._live(subscription))
        try:
            await self._let_end(self._stop_all())
        finally:
            living.cancel()
            await asyncio.wait([living])
        if not living.cancelled():
            living.result()
        await self._commit(subscription, list(self.done))

    async def _live(self, subscription: Subscription) -> None:
        """Receive, and forget it: it is not committed. What fails now does not concern what is in hand."""
        with suppress(IACSGraphError):
            while True:
                for delivery in await subscription.receive(1, self.times.poll):
                    subscription.pause(delivery.partition)


def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        if not task.cancelling():  # a second time would interrupt the commit of what is done
            task.cancel()


def _by_partition(deliveries: Sequence[Delivery]) -> Mapping[Partition, Sequence[Delivery]]:
    """Return what came of each partition; within it they came in order."""
    found: dict[Partition, list[Delivery]] = {}
    for partition, run in groupby(deliveries, key=attrgetter("partition")):
        found.setdefault(partition, []).extend(run)
    return found
