"""How often, and for how long, mailboxes want to be left alone."""

from collections.abc import Iterator
from datetime import timedelta

import attrs
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.prometheus.tallies import Tally
from ports.mailbox_log import MailboxLog


def _waits() -> Tally:
    meaning = "Seconds that the server asked to wait, per mailbox; answers to requests side by side add up."
    return Tally("mailbox_throttled_seconds", meaning, ["user_id"])


@attrs.frozen(eq=False)
class PrometheusMailboxLog(MailboxLog, Collector):
    """Counts per mailbox: each has its own limits."""

    answers: Tally = attrs.field(
        factory=lambda: Tally("mailbox_throttled", "Answers that asked to slow down, per mailbox.", ["user_id"])
    )
    waits: Tally = attrs.field(factory=_waits)

    def expect(self, user_id: str) -> None:
        """Show both counters of this mailbox, with 0 if nothing was counted."""
        self.answers.expect(user_id)
        self.waits.expect(user_id)

    def throttled(self, user_id: str, wait: timedelta | None) -> None:
        """Count the answer and the wait."""
        self.answers.add(user_id)
        self.waits.add(user_id, amount=0 if wait is None else max(wait.total_seconds(), 0))

    def collect(self) -> Iterator[Metric]:
        """Return both counters."""
        yield self.answers.family()
        yield self.waits.family()
