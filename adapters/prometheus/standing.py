"""How everything stands at one moment, as gauges."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from adapters.prometheus.tallies import PREFIX, readable
from domain.account import AccountStatus
from domain.standing import Standing, StoredStanding, TaskPhase, TaskState
from domain.token import TokenCounts


def gauges(standing: Standing) -> Iterator[Metric]:
    """Return them; what the store has not been asked yet is left out."""
    yield _gauge("uptime_seconds", "Since the program runs.", standing.at - standing.began_at)
    yield _gauge("keeper_idle_seconds", "Since all tokens were last looked at.", standing.keeper_idle)
    meaning = "How often the keeper looked through all accounts."
    yield CounterMetricFamily(f"{PREFIX}keeper_looks", meaning, value=standing.keeper_looks)
    yield _gauge("event_loop_lag_seconds", "The latest that the event loop was in the last minute.", standing.loop_lag)
    yield from _tasks(standing.tasks, standing.at)
    if standing.stored is not None:
        yield from _stored(standing.stored, standing.at)


def _tasks(tasks: Iterable[TaskState], now: datetime) -> Iterator[Metric]:
    running = GaugeMetricFamily(f"{PREFIX}task_running", "1 if the task is at work, 0 if not.", labels=["task"])
    failures = GaugeMetricFamily(f"{PREFIX}task_failures", "Failures that the task has not got over.", labels=["task"])
    restarts = CounterMetricFamily(f"{PREFIX}task_restarts", "How often the task was begun anew.", labels=["task"])
    for task in tasks:
        running.add_metric([task.name], task.phase is TaskPhase.RUNNING)
        failures.add_metric([task.name], 0 if task.is_steady(now) else task.failures)
        restarts.add_metric([task.name], task.restarts)
    return iter((running, failures, restarts))


def _stored(stored: StoredStanding, now: datetime) -> Iterator[Metric]:
    yield _gauge("store_age_seconds", "Since the store was last asked for what follows.", now - stored.read_at)
    yield from _accounts(stored, now)
    yield from _tokens(stored.tokens, now)
    mail = GaugeMetricFamily(f"{PREFIX}mail_queue", "Mails to be processed: new, or failing before.", labels=["state"])
    mail.add_metric(["new"], stored.mail.new - stored.mail.failing)
    mail.add_metric(["failing"], stored.mail.failing)
    yield mail
    yield _gauge("mail_queue_oldest_seconds", "Since the longest waiting was stored.", _age(stored.mail.oldest_at, now))
    yield _gauge("outbox_pending", "Events to be published.", stored.outbox.pending)
    yield _gauge("outbox_parked", "Events put aside.", stored.outbox.parked)
    waiting = _age(stored.outbox.waiting_since, now)
    yield _gauge("outbox_oldest_seconds", "Since the oldest pending event was stored.", waiting)


def _accounts(stored: StoredStanding, now: datetime) -> Iterator[Metric]:
    accounts = GaugeMetricFamily(f"{PREFIX}accounts", "Accounts by status.", labels=["status"])
    statuses = Counter(account.status for account in stored.accounts)
    for status in AccountStatus:
        accounts.add_metric([status.value], statuses[status])
    meaning = "How far the stored mail of an active account is behind: since complete_at, else since it is active."
    lags = GaugeMetricFamily(f"{PREFIX}sync_lag_seconds", meaning, labels=["user_id"])
    for account in stored.accounts:
        lag = account.lag(now)
        if lag is not None:
            lags.add_metric([readable(account.user_id)], lag.total_seconds())
    return iter((accounts, lags))


def _tokens(tokens: TokenCounts, now: datetime) -> Iterator[Metric]:
    meaning = "Accounts by their access token: fresh, expired, or absent, when the store was last asked."
    states = GaugeMetricFamily(f"{PREFIX}tokens", meaning, labels=["state"])
    for state, count in (("fresh", tokens.fresh), ("expired", tokens.expired), ("absent", tokens.absent)):
        states.add_metric([state], count)
    yield states
    if tokens.soonest is not None:
        meaning = "Until the first token of an active account expires; negative: since it has."
        yield _gauge("token_soonest_expiry_seconds", meaning, tokens.soonest - now)


def _age(since: datetime | None, now: datetime) -> timedelta:
    return timedelta(0) if since is None else max(now - since, timedelta(0))


def _gauge(name: str, meaning: str, value: timedelta | int) -> Metric:
    number = value.total_seconds() if isinstance(value, timedelta) else value
    return GaugeMetricFamily(PREFIX + name, meaning, value=number)
