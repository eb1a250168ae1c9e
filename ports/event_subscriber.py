"""Reading the log of events: as one member of a group that shares the work, or alone."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from domain.messages import Delivery, Partition

Revoked = Callable[[frozenset[Partition]], Awaitable[None]]
"""Called before partitions go to another member; what it awaits is waited for, within the subscription's bound."""


class Start(StrEnum):
    """Where reading begins in a partition for which the group has committed nothing.

    At LATEST, that place is committed at once: what comes later is delivered even if the first member dies.
    """

    EARLIEST = "earliest"
    LATEST = "latest"


class Subscription(Protocol):
    """What one member reads. At least once: what is not committed is delivered again, to this member or another.

    It belongs to one task at a time, except `pause`, `resume` and `commit`, which any task may call meanwhile. The
    partitions of a group are shared out among its members, each to one of them; a member that dies loses them within
    seconds.
    """

    @abstractmethod
    def assigned(self) -> frozenset[Partition]:
        """Return the partitions that are this member's now; they change during `receive` only, or while nobody reads.

        Raises: nothing.
        """

    @abstractmethod
    async def receive(self, limit: int, wait: timedelta) -> Sequence[Delivery]:
        """Return up to `limit` next messages of the partitions that are this member's and not paused.

        Waits up to `wait` for the first; empty if there is none. Within a partition they come in order of offset, each
        once as long as the partition stays with this member. No partition is revoked between the return and the next
        time the caller's task awaits something. It must be called again within seconds, also when everything is paused:
        that is how the member shows that it lives. A cancelled call may skip messages until the next assignment.

        Raises:
            KafkaConnectionError, DatabaseError (transient): the log cannot be reached: open a new subscription.
            PermissionDeniedError: this group or topic may not be read.
            MessagingError: the log failed otherwise.
        """

    @abstractmethod
    def pause(self, partition: Partition) -> None:
        """Deliver nothing of the partition until `resume`, or until it is assigned anew; nothing if it is not assigned.

        Raises: nothing.
        """

    @abstractmethod
    def resume(self, partition: Partition) -> None:
        """Go on behind the last message delivered.

        Raises: nothing.
        """

    @abstractmethod
    async def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Remember durably for the group, for each partition, the offset at which it goes on reading; bounded in time.

        Raises:
            PartitionLostError: one of them is not this member's (any more). Nothing of the call was committed.
            KafkaConnectionError, DatabaseError (transient): the log did not answer in time; perhaps it was committed.
            MessagingError: the log failed otherwise, or the subscription has no group.
        """

    @abstractmethod
    async def positions(self) -> Mapping[Partition, int]:
        """Return, for each partition that is this member's, the offset of what `receive` looks for next.

        It reaches `EventTopics.ends` also where the last offsets hold no message.

        Raises:
            MessagingError, DatabaseError: the log failed.
        """


class EventSubscriber(Protocol):
    """Opens subscriptions."""

    @abstractmethod
    def subscribe(
        self, topics: Sequence[str], group_id: str | None, *, start: Start, revoked: Revoked
    ) -> AbstractAsyncContextManager[Subscription]:
        """Open a subscription as a new member of the group; leaving gives its partitions back, in bounded time.

        Without a group it reads all partitions alone, beginning at `start`, and commits nothing. Missing topics are
        created. `revoked` is called when partitions are to go to another member, and may still commit; also for those
        that were lost without a warning, whose commits are refused. It is not called on leaving.

        Raises: by entering,
            KafkaConnectionError, DatabaseError (transient): the log cannot be reached.
            PermissionDeniedError, ConfigurationError: it may not be read, or the settings are wrong.
            ConfigurationError: TOPIC_INVALID: a group would have nowhere to put dead letters of a topic, whose name is
                too long for `<topic>.dlq`.
            MessagingError: the log failed otherwise.
        """
