"""What becomes of events, counted."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import timedelta

import attrs
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.prometheus.tallies import Tally
from domain.errors import IACSGraphError
from domain.messages import Delivery, Partition
from ports.event_codec import EncodedEvent
from ports.messaging_log import MessagingLog


def _interruptions() -> Tally:
    meaning = "How often publishing or consuming could not go on, by activity and error code."
    return Tally("messaging_interruptions", meaning, ["activity", "reason"])


@attrs.frozen(eq=False)
class PrometheusMessagingLog(MessagingLog, Collector):
    """Counts by topic, group and error code."""

    events: Tally = attrs.field(factory=lambda: Tally("events_published", "Events of the outbox that were published."))
    put_aside: Tally = attrs.field(
        factory=lambda: Tally("events_parked", "Events of the outbox that were put aside, by error code.", ["reason"])
    )
    interruptions: Tally = attrs.field(factory=_interruptions)
    retries: Tally = attrs.field(
        factory=lambda: Tally("event_retries", "Handlers that failed and were tried again, by group.", ["group"])
    )
    letters: Tally = attrs.field(
        factory=lambda: Tally("events_dead_lettered", "Messages put into a dead letter queue, by group.", ["group"])
    )

    def published(self, count: int) -> None:
        """Count them."""
        self.events.add(amount=count)

    def parked(self, event: EncodedEvent, error: IACSGraphError) -> None:  # noqa: ARG002 - the port's
        """Count by error code."""
        self.put_aside.add(error.error_code)

    def interrupted(self, activity: str, error: IACSGraphError, retry_in: timedelta) -> None:  # noqa: ARG002 - the port's
        """Count by activity and error code."""
        self.interruptions.add(activity, error.error_code)

    def resumed(self, activity: str) -> None:
        """Not counted: each follows an interruption."""

    def retried(self, delivery: Delivery, group_id: str, error: BaseException, retry_in: timedelta) -> None:  # noqa: ARG002 - the port's
        """Count by group."""
        self.retries.add(group_id)

    def dead_lettered(self, delivery: Delivery, group_id: str, error: BaseException) -> None:  # noqa: ARG002 - the port's
        """Count by group."""
        self.letters.add(group_id)

    def assigned(self, group_id: str, partitions: AbstractSet[Partition]) -> None:
        """Not counted: it is the log's affair."""

    def collect(self) -> Iterator[Metric]:
        """Return all counters."""
        for tally in (self.events, self.put_aside, self.interruptions, self.retries, self.letters):
            yield tally.family()
