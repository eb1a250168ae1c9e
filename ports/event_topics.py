"""What there is to read, and how far everybody is."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import attrs

from domain.messages import Partition


@attrs.frozen(kw_only=True)
class Topic:
    """A topic; `messages` counts the offsets between its first and its last message, `retention` None is for ever."""

    name: str
    partitions: int
    messages: int
    retention: timedelta | None


@attrs.frozen(kw_only=True)
class Lag:
    """How far a group is in a partition: `committed` None where it has committed nothing. `end` is the next offset."""

    partition: Partition
    committed: int | None
    begin: int
    end: int

    @property
    def behind(self) -> int:
        """How many offsets the group has yet to read; none if it was further than a topic that was made anew is."""
        return max(0, self.end - max(self.begin, self.begin if self.committed is None else self.committed))


class EventTopics(Protocol):
    """The log of events as its operator sees it. Every call is bounded in time.

    All methods raise:
        KafkaConnectionError, DatabaseError (transient): the log cannot be reached.
        PermissionDeniedError: the log forbids it.
        MessagingError: the log failed otherwise.
    """

    @abstractmethod
    async def topics(self) -> Sequence[Topic]:
        """Return all topics but the log's own, by name.

        Raises: as above.
        """

    @abstractmethod
    async def create(self, name: str, *, partitions: int, retention: timedelta | None) -> bool:
        """Create a topic; False if it exists already, which is then left as it is.

        Raises: as above, and
            MessageRejectedError: the topic cannot be as named, or with so many partitions.
        """

    @abstractmethod
    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        """Return the offset that the next message of each partition will have; nothing for topics that do not exist.

        Raises: as above.
        """

    @abstractmethod
    async def groups(self) -> Sequence[str]:
        """Return the ids of all groups that have committed something or have members, in order.

        Raises: as above.
        """

    @abstractmethod
    async def lag(self, group_id: str) -> Sequence[Lag]:
        """Return how far the group is, by partition, in every topic that it has committed in or is subscribed to.

        Raises: as above.
        """
