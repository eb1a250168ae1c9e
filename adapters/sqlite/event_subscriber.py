"""Reading the embedded log."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import attrs

from adapters.sqlite.bounded_write import bounded_write
from adapters.sqlite.database import Database
from adapters.sqlite.group_rows import LONGEST_LEASE, Held
from adapters.sqlite.log_rows import create_topic, partitions_of
from adapters.sqlite.membership import Membership
from adapters.sqlite.subscription import SqliteSubscription
from adapters.sqlite.worker import uninterrupted
from domain.dead_letters import queue_of
from domain.errors import ConfigurationError, DatabaseError
from domain.topics import NAME_RULE, TopicPlan, is_topic_name
from ports.clock import Clock
from ports.event_subscriber import EventSubscriber, Revoked, Start, Subscription
from ports.identifiers import Identifiers

LEASE = timedelta(seconds=10)
POLL = timedelta(milliseconds=150)


@attrs.frozen
class SqliteEventSubscriber(EventSubscriber):
    """Makes members of groups: any number of processes on one file. `poll` bounds how late others' messages are seen.

    A member that has not called `receive` for its `lease` is dead to the others; half of it is what `revoked` may take.
    """

    database: Database
    clock: Clock
    identifiers: Identifiers
    plan: TopicPlan
    lease: timedelta = attrs.field(default=LEASE, validator=attrs.validators.le(LONGEST_LEASE))
    poll: timedelta = POLL

    @asynccontextmanager
    async def subscribe(
        self, topics: Sequence[str], group_id: str | None, *, start: Start, revoked: Revoked
    ) -> AsyncIterator[Subscription]:
        """Take what is free at once; what others have to give comes with `receive`."""
        wanted = frozenset(topics)
        _refuse(wanted, has_letters=group_id is not None)
        subscription = SqliteSubscription(
            database=self.database,
            clock=self.clock,
            membership=None if group_id is None else self._membership(group_id, wanted, start),
            revoked=revoked,
            poll=self.poll,
            bound=self.lease / 2,
        )
        alone = await self._prepare(wanted, start)
        if subscription.membership is None:
            subscription.assign(alone)
            try:
                yield subscription
            finally:
                subscription.close()
            return
        try:
            await subscription.membership.join()
            await subscription.keep_up()
            yield subscription
        finally:
            subscription.close()
            with suppress(DatabaseError):  # then the others wait for the lease to end
                await uninterrupted(subscription.membership.leave())

    def _membership(self, group_id: str, topics: frozenset[str], start: Start) -> Membership:
        return Membership(
            database=self.database,
            clock=self.clock,
            identifiers=self.identifiers,
            group_id=group_id,
            topics=topics,
            start=start,
            lease=self.lease,
        )

    async def _prepare(self, topics: frozenset[str], start: Start) -> list[Held]:
        """Create the topics that are missing; return what a reader alone holds."""

        def look(connection: sqlite3.Connection) -> list[Held]:
            return [
                Held(
                    partition_id=each.partition_id,
                    partition=each.partition,
                    offset=each.end if start is Start.LATEST else each.begin,
                )
                for each in partitions_of(connection, topics)
            ]

        def create(connection: sqlite3.Connection) -> list[Held]:
            for topic in topics:
                create_topic(connection, topic, self.plan.partitions_of(topic), self.plan.retention_of(topic))
            return look(connection)

        found = await self.database.read(look, operation="subscribe", table="log_topics")
        if topics == {each.partition.topic for each in found}:
            return found  # who only reads needs no right to write
        return await bounded_write(self.database, create, operation="subscribe", table="log_topics")


def _refuse(topics: frozenset[str], *, has_letters: bool) -> None:
    """Refuse names that no topic can have, and those of topics whose dead letters could be put nowhere.

    Raises:
        ConfigurationError: TOPIC_INVALID.
    """
    wrong = sorted(topic for topic in topics if not is_topic_name(topic))
    if wrong:
        raise ConfigurationError(NAME_RULE, error_code="TOPIC_INVALID", details={"topics": wrong})
    long = sorted(topic for topic in topics if has_letters and not is_topic_name(queue_of(topic)))
    if long:
        msg = "A topic that a group reads has a name of up to 245 characters: its dead letter queue's has four more."
        raise ConfigurationError(msg, error_code="TOPIC_INVALID", details={"topics": long})
