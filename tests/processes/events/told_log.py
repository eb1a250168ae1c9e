"""The messaging log as news for the parent."""

from collections.abc import Set as AbstractSet
from datetime import timedelta

import attrs

from domain.errors import IACSGraphError
from domain.messages import Delivery, Partition
from ports.event_codec import EncodedEvent
from ports.messaging_log import MessagingLog
from tests.fakes.shared_watched_store import Say


@attrs.frozen
class ToldLog(MessagingLog):
    """Says what it hears, but not what happens all the time."""

    say: Say

    def published(self, count: int) -> None:
        """Nothing: `WatchedPublisher` tells it."""

    def parked(self, event: EncodedEvent, error: IACSGraphError) -> None:
        """Say it."""
        self.say("parked", event=event.event_id, code=error.error_code)

    def interrupted(self, activity: str, error: IACSGraphError, retry_in: timedelta) -> None:
        """Say it."""
        self.say("interrupted", activity=activity, code=error.error_code, retry_in=retry_in.total_seconds())

    def resumed(self, activity: str) -> None:
        """Say it."""
        self.say("resumed", activity=activity)

    def retried(self, delivery: Delivery, group_id: str, error: BaseException, retry_in: timedelta) -> None:
        """Say it."""
        told = {"place": delivery.place, "group": group_id, "error": type(error).__name__}
        self.say("retried", **told, retry_in=retry_in.total_seconds())

    def dead_lettered(self, delivery: Delivery, group_id: str, error: BaseException) -> None:
        """Say it."""
        self.say("dead_lettered", place=delivery.place, group=group_id, error=type(error).__name__)

    def assigned(self, group_id: str, partitions: AbstractSet[Partition]) -> None:
        """Say it."""
        self.say("assigned", group=group_id, numbers=sorted(partition.number for partition in partitions))
