"""What happened to events on their way."""

from abc import abstractmethod
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Protocol

from domain.errors import IACSGraphError
from domain.messages import Delivery, Partition
from ports.event_codec import EncodedEvent


class MessagingLog(Protocol):
    """Hears what becomes of events. It never fails nor keeps its caller waiting."""

    @abstractmethod
    def published(self, count: int) -> None:
        """Tell that so many events of the outbox were published.

        Raises: nothing.
        """

    @abstractmethod
    def parked(self, event: EncodedEvent, error: IACSGraphError) -> None:
        """Tell that an event of the outbox was put aside for good.

        Raises: nothing.
        """

    @abstractmethod
    def interrupted(self, activity: str, error: IACSGraphError, retry_in: timedelta) -> None:
        """Tell that publishing or consuming (`activity`) cannot go on, and tries again.

        Raises: nothing.
        """

    @abstractmethod
    def resumed(self, activity: str) -> None:
        """Tell that an interrupted activity goes on.

        Raises: nothing.
        """

    @abstractmethod
    def retried(self, delivery: Delivery, group_id: str, error: BaseException, retry_in: timedelta) -> None:
        """Tell that a handler failed and is tried again.

        Raises: nothing.
        """

    @abstractmethod
    def dead_lettered(self, delivery: Delivery, group_id: str, error: BaseException) -> None:
        """Tell that a message was put into the dead letter queue.

        Raises: nothing.
        """

    @abstractmethod
    def assigned(self, group_id: str, partitions: AbstractSet[Partition]) -> None:
        """Tell which partitions this member of the group has now.

        Raises: nothing.
        """
