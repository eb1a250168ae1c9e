"""The messaging log as a list."""

from collections.abc import Set as AbstractSet
from datetime import timedelta

from domain.errors import IACSGraphError
from domain.messages import Delivery, Partition
from ports.event_codec import EncodedEvent
from ports.messaging_log import MessagingLog


class MemoryMessagingLog(MessagingLog):
    """Remembers what it heard, as tuples that begin with the method's name; of an error its code, or its class."""

    def __init__(self) -> None:
        self.entries: list[tuple[object, ...]] = []

    def told(self, *names: str) -> list[tuple[object, ...]]:
        """Return the entries of these methods."""
        return [entry for entry in self.entries if entry[0] in names]

    def published(self, count: int) -> None:
        """Remember the count."""
        self.entries.append(("published", count))

    def parked(self, event: EncodedEvent, error: IACSGraphError) -> None:
        """Remember the event's id and the error."""
        self.entries.append(("parked", event.event_id, _name(error)))

    def interrupted(self, activity: str, error: IACSGraphError, retry_in: timedelta) -> None:
        """Remember all of it."""
        self.entries.append(("interrupted", activity, _name(error), retry_in))

    def resumed(self, activity: str) -> None:
        """Remember the activity."""
        self.entries.append(("resumed", activity))

    def retried(self, delivery: Delivery, group_id: str, error: BaseException, retry_in: timedelta) -> None:
        """Remember the message's place and the rest."""
        self.entries.append(("retried", delivery.place, group_id, _name(error), retry_in))

    def dead_lettered(self, delivery: Delivery, group_id: str, error: BaseException) -> None:
        """Remember the message's place and the rest."""
        self.entries.append(("dead_lettered", delivery.place, group_id, _name(error)))

    def assigned(self, group_id: str, partitions: AbstractSet[Partition]) -> None:
        """Remember the partitions, in order."""
        self.entries.append(("assigned", group_id, tuple(sorted(partitions))))


def _name(error: BaseException) -> str:
    return error.error_code if isinstance(error, IACSGraphError) else type(error).__name__
