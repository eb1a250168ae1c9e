"""What happens to tokens and accounts, counted."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import attrs
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.prometheus.tallies import Tally
from domain.change import AccountChange
from domain.errors import IACSGraphError
from ports.authentication_log import AuthenticationLog

_SCHEDULED: Final = "scheduled"
_ON_DEMAND: Final = "on_demand"


def _refreshes() -> Tally:
    meaning = "Access tokens refreshed: scheduled, ahead of their expiry, or on_demand, while somebody waited."
    return Tally("token_refreshes", meaning, ["kind"], known=[_SCHEDULED, _ON_DEMAND])


def _failures() -> Tally:
    return Tally("token_refresh_failures", "Refreshes that failed, by error code.", ["reason"])


@attrs.frozen(eq=False)
class PrometheusAuthenticationLog(AuthenticationLog, Collector):
    """Counts by kind and error code; whom it concerns stands in the log."""

    refreshes: Tally = attrs.field(factory=_refreshes)
    failures: Tally = attrs.field(factory=_failures)
    sign_in_failures: Tally = attrs.field(
        factory=lambda: Tally("sign_in_failures", "Sign-ins that came to nothing, by error code.", ["reason"])
    )
    denials: Tally = attrs.field(
        factory=lambda: Tally("token_denials", "Tokens that were refused to a caller, by error code.", ["reason"])
    )
    changes: Tally = attrs.field(
        factory=lambda: Tally("account_changes", "Stored changes of accounts, by action.", ["action"])
    )

    def changed(self, change: AccountChange) -> None:
        """Count by action."""
        self.changes.add(change.audit.action)

    def refreshed(self, user_id: str, lifetime: timedelta, *, ahead: bool = False) -> None:  # noqa: ARG002 - the port's
        """Count by whether somebody waited."""
        self.refreshes.add(_SCHEDULED if ahead else _ON_DEMAND)

    def refresh_failed(self, user_id: str, error: IACSGraphError) -> None:  # noqa: ARG002 - the port's
        """Count by error code."""
        self.failures.add(error.error_code)

    def sign_in_failed(self, user_id: str, error: IACSGraphError) -> None:  # noqa: ARG002 - the port's
        """Count by error code."""
        self.sign_in_failures.add(error.error_code)

    def short_lived(self, user_id: str, wanted: timedelta, lifetime: timedelta) -> None:
        """Not counted: it is the log's affair."""

    def denied(self, user_id: str, error: IACSGraphError) -> None:  # noqa: ARG002 - the port's
        """Count by error code."""
        self.denials.add(error.error_code)

    def collect(self) -> Iterator[Metric]:
        """Return all counters."""
        for tally in (self.refreshes, self.failures, self.sign_in_failures, self.denials, self.changes):
            yield tally.family()
