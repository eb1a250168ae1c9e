"""The stay of one member in a group of the embedded log: when it looks, shows that it lives, and what it asks for."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from adapters.sqlite import group_rows
from adapters.sqlite.bounded_write import PATIENCE, bounded_write
from adapters.sqlite.database import Database
from adapters.sqlite.group_rows import GroupView, Member
from domain.errors import DatabaseError
from ports.clock import Clock
from ports.event_subscriber import Start
from ports.identifiers import Identifiers

_HEARTBEATS = 3
"""In a lease."""
_LOOKS = 10
"""In a lease: for members that died without a word. All else is noticed by the group's generation."""


@attrs.define(kw_only=True)
class Membership:
    """Remembers nothing that the database does not know better, but the generation that it has seen."""

    database: Database
    clock: Clock
    identifiers: Identifiers
    group_id: str
    topics: frozenset[str]
    start: Start
    lease: timedelta
    patience: timedelta = PATIENCE
    """For each write; one that took longer was perhaps committed all the same."""
    generation: int = attrs.field(default=-1, init=False)
    _member: Member | None = attrs.field(default=None, init=False)
    _look_at: float = attrs.field(default=0.0, init=False)
    _renew_at: float = attrs.field(default=0.0, init=False)

    @property
    def member(self) -> Member:
        """The present stay."""
        if self._member is None:
            msg = "The member has not joined."
            raise DatabaseError(msg, error_code="NOT_A_MEMBER")
        return self._member

    async def join(self) -> None:
        """Enter the group under a new id, which no late commit of an earlier stay can use."""
        self._member = Member(
            group_id=self.group_id,
            member_id=self.identifiers.unique(),
            topics=self.topics,
            start=self.start,
            lease=self.lease,
        )
        await self._show(group_rows.join, "join")

    def is_due(self) -> bool:
        """Tell whether the group must be looked at."""
        return self.generation < 0 or self.clock.monotonic() >= self._look_at

    def outdate(self) -> None:
        """Make the group be looked at next."""
        self.generation = -1

    async def look(self) -> GroupView:
        """Read the group; what happens from now on moves its generation again."""
        self._look_at = self.clock.monotonic() + self.lease.total_seconds() / _LOOKS
        me = self.member.member_id
        found = await self.database.read(
            lambda connection: group_rows.view(connection, self.group_id, me, self.clock.now()),
            operation="receive",
            table="log_members",
        )
        self.generation = found.generation
        return found

    def must_renew(self, group: GroupView) -> bool:
        """Tell whether it is time to show that the member lives, or there are dead to bury or partitions to take."""
        me = self.member.member_id
        return group.overdue or bool(group.dead or group.free(me)) or self.clock.monotonic() >= self._renew_at

    async def renew(self) -> None:
        """Prolong the lease, bury the dead and take what is to be taken."""
        await self._show(group_rows.renew, "receive")

    async def release(self, partition_ids: Sequence[int]) -> None:
        """Let others have the partitions."""
        self.outdate()
        await self._write(
            lambda connection, member, _: group_rows.release(connection, member, partition_ids), "receive"
        )

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Write the offsets, by partition id.

        Raises:
            PartitionLostError: one of them is not the member's; nothing was written.
        """
        await self._write(lambda connection, member, _: group_rows.commit(connection, member, offsets), "commit")

    async def leave(self) -> None:
        """Leave the group, also if entering it failed: perhaps it was committed."""
        if self._member is not None:
            await self._write(lambda connection, member, _: group_rows.leave(connection, member), "leave")

    async def _show(self, fn: Callable[[sqlite3.Connection, Member, datetime], None], operation: str) -> None:
        """Write a new lease; the group must be looked at afterwards, also if this is cancelled."""
        self.outdate()
        renew_at = self.clock.monotonic() + self.lease.total_seconds() / _HEARTBEATS
        await self._write(fn, operation)
        self._renew_at = renew_at

    async def _write(self, fn: Callable[[sqlite3.Connection, Member, datetime], None], operation: str) -> None:
        member, clock = self.member, self.clock
        await bounded_write(
            self.database,
            lambda connection: fn(connection, member, clock.now()),
            operation=operation,
            table="log_members",
            patience=self.patience,
        )
