"""All numbers of one process together, as a page."""

from collections.abc import Iterator
from typing import Final

import attrs
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from adapters.prometheus.authentication_log import PrometheusAuthenticationLog
from adapters.prometheus.mail_log import PrometheusMailLog
from adapters.prometheus.mailbox_log import PrometheusMailboxLog
from adapters.prometheus.messaging_log import PrometheusMessagingLog
from adapters.prometheus.standing import gauges
from domain.standing import Standing

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


@attrs.frozen(eq=False)
class PrometheusMetrics:
    """The logs that count, and what the process costs."""

    authentication: PrometheusAuthenticationLog = attrs.field(factory=PrometheusAuthenticationLog)
    messaging: PrometheusMessagingLog = attrs.field(factory=PrometheusMessagingLog)
    mail: PrometheusMailLog = attrs.field(factory=PrometheusMailLog)
    mailbox: PrometheusMailboxLog = attrs.field(factory=PrometheusMailboxLog)

    def page(self, standing: Standing) -> bytes:
        """Return all counters, and how everything stands, as text of `CONTENT_TYPE`."""
        for account in () if standing.stored is None else standing.stored.accounts:
            self.mailbox.expect(account.user_id)
        registry = CollectorRegistry(auto_describe=False)
        for collector in (_Standing(standing), self.authentication, self.messaging, self.mail, self.mailbox):
            registry.register(collector)
        ProcessCollector(registry=registry)
        return generate_latest(registry)


@attrs.frozen(eq=False)
class _Standing(Collector):
    """Gauges of one moment."""

    standing: Standing

    def collect(self) -> Iterator[Metric]:
        """Return them."""
        return gauges(self.standing)
