"""The messaging log as records of one logger; handlers decide where they go."""

import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta

import attrs

from domain.errors import IACSGraphError
from domain.messages import Delivery, Partition
from ports.event_codec import EncodedEvent
from ports.messaging_log import MessagingLog

LOGGER = "iacsgraph.events"


@attrs.frozen
class LoggingMessagingLog(MessagingLog):
    """One record per fact: a short text, and the rest as key=value context. No event's content is in it.

    Of an exception that is not of our tree the text may hold anything: it stands in the traceback only.
    """

    logger: logging.Logger = attrs.field(factory=lambda: logging.getLogger(LOGGER))
    _told: dict[str, str] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    """Activity -> error code of its interruption."""

    def published(self, count: int) -> None:
        """Tell at DEBUG."""
        self.logger.debug("events published", extra={"count": count})

    def parked(self, event: EncodedEvent, error: IACSGraphError) -> None:
        """Tell at ERROR."""
        context = {"event_id": event.event_id, "topic": event.topic, "error_code": error.error_code}
        self.logger.error("event parked: %s", error.message, extra=context)

    def interrupted(self, activity: str, error: IACSGraphError, retry_in: timedelta) -> None:
        """Tell at WARNING; the same again, before the activity is resumed, at DEBUG."""
        known = self._told.get(activity) == error.error_code
        self._told[activity] = error.error_code
        context = {"activity": activity, "error_code": error.error_code, "retry_in_s": _seconds(retry_in)}
        level = logging.DEBUG if known else logging.WARNING
        self.logger.log(level, "%s interrupted: %s", activity, error.message, extra=context)

    def resumed(self, activity: str) -> None:
        """Tell at INFO."""
        self._told.pop(activity, None)
        self.logger.info("%s resumed", activity, extra={"activity": activity})

    def retried(self, delivery: Delivery, group_id: str, error: BaseException, retry_in: timedelta) -> None:
        """Tell at WARNING."""
        retry = _seconds(retry_in)
        self._failure(logging.WARNING, "event is tried again", delivery, group_id, error, {"retry_in_s": retry})

    def dead_lettered(self, delivery: Delivery, group_id: str, error: BaseException) -> None:
        """Tell at ERROR."""
        self._failure(logging.ERROR, "event dead-lettered", delivery, group_id, error, {})

    def assigned(self, group_id: str, partitions: AbstractSet[Partition]) -> None:
        """Tell at INFO."""
        names = [f"{each.topic}/{each.number}" for each in sorted(partitions)]
        self.logger.info("%d partitions assigned", len(names), extra={"group_id": group_id, "partitions": names})

    def _failure(
        self,
        level: int,
        what: str,
        delivery: Delivery,
        group_id: str,
        error: BaseException,
        more: Mapping[str, object],
    ) -> None:
        context = {"place": delivery.place, "group_id": group_id, **more}
        if isinstance(error, IACSGraphError):
            context = {**context, "error_code": error.error_code}
            self.logger.log(level, "%s: %s", what, error.message, extra=context)
        else:
            self.logger.log(level, "%s: %s", what, type(error).__name__, extra=context, exc_info=error)


def _seconds(wait: timedelta) -> float:
    return round(wait.total_seconds(), 3)
