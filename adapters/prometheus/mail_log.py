"""What becomes of mail, counted."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import attrs
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.prometheus.tallies import Tally
from domain.errors import IACSGraphError
from domain.mail_sync import MailId, Stored
from ports.mail_log import MailLog

_ANNOUNCED: Final = "announced"
_DROPPED: Final = "dropped"


def _tally(name: str, meaning: str, *labels: str, known: Sequence[str] = ()) -> Tally:
    return Tally(name, meaning, labels, known=known)


def _mails() -> Tally:
    known = [field.name for field in attrs.fields(Stored)]
    return _tally("mails_stored", "Mails stored by sync: new, changed, moved or deleted.", "change", known=known)


def _results() -> Tally:
    known = [_ANNOUNCED, _DROPPED]
    return _tally("mails_processed", "Mails processed: announced or dropped.", "result", known=known)


@attrs.frozen(eq=False)
class PrometheusMailLog(MailLog, Collector):
    """Counts by what happened and error code; whose mail it was stands in the log."""

    mails: Tally = attrs.field(factory=_mails)
    rounds: Tally = attrs.field(factory=lambda: _tally("syncs", "How often an account was synced to its end."))
    sync_failures: Tally = attrs.field(
        factory=lambda: _tally("sync_failures", "Folders or mailboxes that could not be synced then.", "reason")
    )
    resyncs: Tally = attrs.field(
        factory=lambda: _tally("resyncs", "Folders begun anew, because the mailbox did not know the cursor any more.")
    )
    unread: Tally = attrs.field(factory=lambda: _tally("mails_unreadable", "Mails that could not be read."))
    results: Tally = attrs.field(factory=_results)
    failures: Tally = attrs.field(
        factory=lambda: _tally("mail_processing_failures", "Mails whose processing failed; it is tried again.")
    )
    analysis_failures: Tally = attrs.field(
        factory=lambda: _tally("mail_analysis_failures", "Mails that go out without an analysis.", "reason")
    )

    def stored(self, user_id: str, folder: str, stored: Stored) -> None:  # noqa: ARG002 - the port's
        """Count each kind."""
        for change, count in attrs.asdict(stored).items():
            if count:
                self.mails.add(change, amount=count)

    def synced(self, user_id: str, complete_at: datetime) -> None:  # noqa: ARG002 - the port's
        """Count it."""
        self.rounds.add()

    def sync_failed(self, user_id: str, folder: str | None, error: IACSGraphError) -> None:  # noqa: ARG002 - the port's
        """Count by error code."""
        self.sync_failures.add(error.error_code)

    def resynced(self, user_id: str, folder: str) -> None:  # noqa: ARG002 - the port's
        """Count it."""
        self.resyncs.add()

    def unreadable(self, user_id: str, folder: str, message_id: str | None, problem: str) -> None:  # noqa: ARG002 - the port's
        """Count it."""
        self.unread.add()

    def processed(self, announced: int, dropped: int) -> None:
        """Count both."""
        self.results.add(_ANNOUNCED, amount=announced)
        self.results.add(_DROPPED, amount=dropped)

    def processing_failed(self, mail_id: MailId, attempts: int, problem: str) -> None:  # noqa: ARG002 - the port's
        """Count it."""
        self.failures.add()

    def analysis_failed(self, error: IACSGraphError) -> None:
        """Count by error code."""
        self.analysis_failures.add(error.error_code)

    def collect(self) -> Iterator[Metric]:
        """Return all counters."""
        of_sync = self.mails, self.rounds, self.sync_failures, self.resyncs, self.unread
        for tally in (*of_sync, self.results, self.failures, self.analysis_failures):
            yield tally.family()
