"""One reader of the embedded log, in a group or alone."""

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial

import attrs

from adapters.sqlite import group_rows, log_rows
from adapters.sqlite.bounded_wait import bounded_wait
from adapters.sqlite.database import Database
from adapters.sqlite.group_rows import Held
from adapters.sqlite.membership import Membership
from domain.errors import MessagingError
from domain.messages import Delivery, Partition
from ports.clock import Clock
from ports.event_subscriber import Revoked, Subscription

AT_ONCE_BYTES = 16 * 1024 * 1024
"""`receive` returns no more messages once their values have this size together."""


@attrs.frozen(kw_only=True)
class _Batch:
    """What was found in one snapshot; `begins` are the first offsets left of partitions that were read from earlier."""

    generation: int
    begins: dict[Partition, int]
    deliveries: dict[Partition, list[Delivery]]


@attrs.define(kw_only=True)
class SqliteSubscription(Subscription):
    """Reads along offsets. Without a `membership` it has its partitions for good."""

    database: Database
    clock: Clock
    membership: Membership | None
    revoked: Revoked
    poll: timedelta
    bound: timedelta
    """How long `revoked` is waited for."""
    _held: dict[Partition, Held] = attrs.field(factory=dict, init=False)
    _paused: set[Partition] = attrs.field(factory=set, init=False)
    _turn: int = attrs.field(default=0, init=False)
    _closed: bool = attrs.field(default=False, init=False)

    def assigned(self) -> frozenset[Partition]:
        """Return what it holds."""
        return frozenset(self._held)

    def assign(self, taken: Iterable[Held]) -> None:
        """Hold more partitions, from where the group is."""
        for each in taken:
            self._held[each.partition] = each
            self._paused.discard(each.partition)

    def close(self) -> None:
        """Hold nothing any more; a later `receive` or `commit` is refused."""
        self._closed = True
        self._drop(list(self._held))

    async def receive(self, limit: int, wait: timedelta) -> Sequence[Delivery]:
        """Look, and look again after each transaction of this process and, for those of others, every now and then."""
        deadline = self.clock.monotonic() + wait.total_seconds()
        while True:
            count = self.database.writes.count
            await self.keep_up()
            batch = await self._read(limit)
            if self.membership is not None and batch.generation != self.membership.generation:
                self.membership.outdate()
                continue
            found = self._advance(batch)
            left = timedelta(seconds=deadline - self.clock.monotonic())
            if found or left <= timedelta(0):
                return found
            await self.database.writes.wait(count, self.clock, min(left, self.poll))

    def pause(self, partition: Partition) -> None:
        """Remember it."""
        if partition in self._held:
            self._paused.add(partition)

    def resume(self, partition: Partition) -> None:
        """Forget it."""
        self._paused.discard(partition)

    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Write if the database, too, says that they are held."""
        self._refuse_closed()
        if self.membership is None:
            msg = "A subscription without a group commits nothing."
            raise MessagingError(msg, error_code="NO_GROUP")
        if not offsets.keys() <= self._held.keys():
            raise group_rows.lost(self.membership.group_id)
        if offsets:
            await self.membership.commit({self._held[each].partition_id: offsets[each] for each in offsets})

    async def positions(self) -> Mapping[Partition, int]:
        """Step over what retention removed."""
        held = list(self._held.values())

        def work(connection: sqlite3.Connection) -> dict[Partition, int]:
            begins = {each.partition: log_rows.partition_of(connection, each.partition_id).begin for each in held}
            return {each.partition: max(each.offset, begins[each.partition]) for each in held}

        return await self.database.read(work, operation="positions", table="log_partitions")

    async def keep_up(self) -> None:
        """Show that the member lives, and hold what the group says that it does."""
        self._refuse_closed()
        while self.membership is not None and self.membership.is_due():
            group = await self.membership.look()
            me = self.membership.member.member_id
            held = {each.partition: each for each in group.held(me)}
            if gone := self._held.keys() - held.keys():
                self._drop(gone)
                await self._tell(gone)
            if me not in group.members | group.dead:
                await self.membership.join()  # the others took this member for dead
                continue
            self.assign(each for partition, each in held.items() if partition not in self._held)
            if self.membership.must_renew(group):
                await self.membership.renew()
            elif surplus := group.surplus(me):
                await self._tell([each.partition for each in surplus])
                await self.membership.release([each.partition_id for each in surplus])
                self._drop(each.partition for each in surplus)

    async def _tell(self, partitions: Collection[Partition]) -> None:
        """Call `revoked`, and wait for it as long as is allowed."""
        await bounded_wait(self.revoked(frozenset(partitions)), self.clock, self.bound)

    async def _read(self, limit: int) -> _Batch:
        reading = [each for each in self._held.values() if each.partition not in self._paused]
        self._turn += 1
        turn = self._turn % len(reading) if reading else 0
        group_id = None if self.membership is None else self.membership.group_id
        work = partial(_read, group_id=group_id, reading=reading[turn:] + reading[:turn], limit=limit)
        return await self.database.read(work, operation="receive", table="log_messages")

    def _advance(self, batch: _Batch) -> list[Delivery]:
        """Step over what is gone and what is delivered; what was paused meanwhile is left for later."""
        reading = self._held.keys() - self._paused
        nexts = batch.begins | {partition: found[-1].offset + 1 for partition, found in batch.deliveries.items()}
        for partition in nexts.keys() & reading:
            self._held[partition] = attrs.evolve(self._held[partition], offset=nexts[partition])
        return [each for partition, found in batch.deliveries.items() if partition in reading for each in found]

    def _drop(self, partitions: Iterable[Partition]) -> None:
        for each in partitions:
            self._held.pop(each, None)
            self._paused.discard(each)

    def _refuse_closed(self) -> None:
        if self._closed:
            msg = "The subscription is closed."
            raise MessagingError(msg, error_code="SUBSCRIPTION_CLOSED")


def _read(connection: sqlite3.Connection, *, group_id: str | None, reading: Sequence[Held], limit: int) -> _Batch:
    """Read partition after partition, until there are enough."""
    begins: dict[Partition, int] = {}
    found: dict[Partition, list[Delivery]] = {}
    left, left_bytes = limit, AT_ONCE_BYTES
    for held in reading:
        source = log_rows.partition_of(connection, held.partition_id)
        if source.begin > held.offset:
            begins[held.partition] = source.begin
        if left <= 0 or left_bytes <= 0 or source.end <= held.offset:
            continue
        if more := log_rows.read(connection, source, held.offset, left, left_bytes):
            left_bytes -= sum([len(each.message.value or b"") for each in more])
            left -= len(more)
            found[held.partition] = more
    generation = 0 if group_id is None else group_rows.generation(connection, group_id)
    return _Batch(generation=generation, begins=begins, deliveries=found)
