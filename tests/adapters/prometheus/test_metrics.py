"""The page of numbers: read as Prometheus reads it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.prometheus.metrics import CONTENT_TYPE, PrometheusMetrics
from application.several_logs import (
    SeveralAuthenticationLogs,
    SeveralMailboxLogs,
    SeveralMailLogs,
    SeveralMessagingLogs,
)
from domain.account import AccountStatus
from domain.errors import DatabaseError, KafkaConnectionError, MessageRejectedError, ThrottledError, TokenRefreshError
from domain.events import EventId
from domain.mail_results import QueueDepth
from domain.mail_sync import MailId, Stored
from domain.messages import Delivery, Message, Partition
from domain.standing import STEADY, AccountStanding, OutboxStanding, Standing, StoredStanding, TaskPhase, TaskState
from domain.token import TokenCounts
from ports.event_codec import EncodedEvent

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
EVENT = EncodedEvent(event_id=EventId("e"), topic="t", key="kim", value=b"{}", headers={})
DELIVERY = Delivery(
    partition=Partition(topic="t", number=0), offset=1, at=NOW, message=Message(topic="t", key=b"k", value=b"{}")
)
EMPTY = Standing(at=NOW, began_at=NOW - 90 * SECOND)


def samples(metrics: PrometheusMetrics, standing: Standing = EMPTY) -> dict[str, float]:
    """Return every sample by its name and labels, as `name{label}`; those of the process itself are left out."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(metrics.page(standing).decode()):
        assert family.documentation.endswith(".") or family.name.startswith("process_"), family.name
        for sample in family.samples:
            if sample.name.startswith("iacsgraph_"):
                name = f"{sample.name.removeprefix('iacsgraph_')}{{{','.join(sample.labels.values())}}}"
                assert name not in found
                found[name] = sample.value
    return found


@pytest.fixture
def metrics() -> PrometheusMetrics:
    return PrometheusMetrics()


def test_counters_without_labels_are_there_before_anything_has_happened(metrics: PrometheusMetrics) -> None:
    """So that an alert on their growth sees the first."""
    before = samples(metrics)
    counted = ("events_published", "mail_processing_failures", "mails_unreadable", "resyncs", "syncs")
    assert [before[f"{name}_total{{}}"] for name in counted] == [0.0] * len(counted)


def test_counters_whose_labels_are_known_are_there_before_anything_has_happened(metrics: PrometheusMetrics) -> None:
    """Growth from nothing is none to Prometheus."""
    before = samples(metrics, attrs.evolve(EMPTY, stored=STORED))
    known = {
        "token_refreshes_total": ("scheduled", "on_demand"),
        "mails_stored_total": ("new", "changed", "moved", "deleted"),
        "mails_processed_total": ("announced", "dropped"),
        "mailbox_throttled_total": ("kim", "lee", "park"),
        "mailbox_throttled_seconds_total": ("kim", "lee", "park"),
    }
    names = [f"{name}{{{label}}}" for name, labels in known.items() for label in labels]
    assert [before[name] for name in names] == [0.0] * len(names)


def test_what_was_counted_of_an_account_before_it_was_seen_in_the_store_stays(metrics: PrometheusMetrics) -> None:
    metrics.mailbox.throttled("kim", 30 * SECOND)
    found = samples(metrics, attrs.evolve(EMPTY, stored=STORED))
    assert (found["mailbox_throttled_total{kim}"], found["mailbox_throttled_seconds_total{kim}"]) == (1, 30)


def test_the_soonest_expiry_is_negative_once_it_is_past_and_missing_if_there_is_none(
    metrics: PrometheusMetrics,
) -> None:
    past = attrs.evolve(STORED, tokens=TokenCounts(expired=1, soonest=NOW - 5 * SECOND))
    assert samples(metrics, attrs.evolve(EMPTY, stored=past))["token_soonest_expiry_seconds{}"] == -5
    none = attrs.evolve(STORED, tokens=TokenCounts(absent=1))
    assert "token_soonest_expiry_seconds{}" not in samples(metrics, attrs.evolve(EMPTY, stored=none))


def test_what_happens_to_tokens_is_counted_by_class_and_reason(metrics: PrometheusMetrics) -> None:
    log = SeveralAuthenticationLogs([metrics.authentication])
    log.refreshed("kim", SECOND, ahead=True)
    log.refreshed("lee", SECOND, ahead=True)
    log.refreshed("kim", SECOND)
    log.refresh_failed("kim", TokenRefreshError("no"))
    log.refresh_failed("kim", DatabaseError("no"))
    log.refresh_failed("lee", DatabaseError("no"))
    log.sign_in_failed("kim", TokenRefreshError("no"))
    log.denied("kim", TokenRefreshError("no"))
    log.short_lived("kim", SECOND, SECOND)
    found = samples(metrics)
    assert found["token_refreshes_total{scheduled}"] == 2
    assert found["token_refreshes_total{on_demand}"] == 1
    assert found["token_refresh_failures_total{DATABASE_ERROR}"] == 2
    assert found["token_refresh_failures_total{TOKEN_REFRESH_FAILED}"] == 1
    assert found["sign_in_failures_total{TOKEN_REFRESH_FAILED}"] == 1
    assert found["token_denials_total{TOKEN_REFRESH_FAILED}"] == 1


def test_what_becomes_of_events_is_counted(metrics: PrometheusMetrics) -> None:
    log = SeveralMessagingLogs([metrics.messaging])
    log.published(40)
    log.published(2)
    log.parked(EVENT, MessageRejectedError("too large"))
    log.interrupted("publishing", KafkaConnectionError("away"), SECOND)
    log.resumed("publishing")
    log.retried(DELIVERY, "a-group", KeyError(), SECOND)
    log.dead_lettered(DELIVERY, "a-group", KeyError())
    log.assigned("a-group", set())
    found = samples(metrics)
    assert found["events_published_total{}"] == 42
    assert found["events_parked_total{MESSAGE_REJECTED}"] == 1
    assert found["messaging_interruptions_total{publishing,KAFKA_CONNECTION_ERROR}"] == 1
    assert found["event_retries_total{a-group}"] == 1
    assert found["events_dead_lettered_total{a-group}"] == 1


def test_what_becomes_of_mail_is_counted(metrics: PrometheusMetrics) -> None:
    log = SeveralMailLogs([metrics.mail])
    log.stored("kim", "Inbox", Stored(new=3, moved=1))
    log.stored("lee", "Inbox", Stored(new=2, changed=1, deleted=4))
    log.synced("kim", NOW)
    log.sync_failed("kim", None, ThrottledError("busy"))
    log.resynced("kim", "Inbox")
    log.unreadable("kim", "Inbox", None, "no date")
    log.processed(5, 2)
    log.processing_failed(MailId("m"), 1, "a defect")
    log.analysis_failed(ThrottledError("busy"))
    found = samples(metrics)
    stored = {change: found[f"mails_stored_total{{{change}}}"] for change in ("new", "changed", "moved", "deleted")}
    assert stored == {"new": 5, "changed": 1, "moved": 1, "deleted": 4}
    assert found["syncs_total{}"] == found["resyncs_total{}"] == found["mails_unreadable_total{}"] == 1
    assert found["sync_failures_total{THROTTLED}"] == found["mail_analysis_failures_total{THROTTLED}"] == 1
    assert (found["mails_processed_total{announced}"], found["mails_processed_total{dropped}"]) == (5, 2)
    assert found["mail_processing_failures_total{}"] == 1


def test_throttling_is_counted_per_mailbox(metrics: PrometheusMetrics) -> None:
    log = SeveralMailboxLogs([metrics.mailbox])
    log.throttled("kim", 30 * SECOND)
    log.throttled("kim", None)
    log.throttled("lee", 2 * SECOND)
    found = samples(metrics)
    assert (found["mailbox_throttled_total{kim}"], found["mailbox_throttled_total{lee}"]) == (2, 1)
    assert (found["mailbox_throttled_seconds_total{kim}"], found["mailbox_throttled_seconds_total{lee}"]) == (30, 2)


STORED = StoredStanding(
    read_at=NOW - 3 * SECOND,
    accounts=(
        AccountStanding(
            user_id="kim",
            status=AccountStatus.ACTIVE,
            active_since=NOW - timedelta(days=1),
            complete_at=NOW - 40 * SECOND,
        ),
        AccountStanding(user_id="lee", status=AccountStatus.ACTIVE, active_since=NOW - 50 * SECOND),
        AccountStanding(user_id="park", status=AccountStatus.REAUTH_REQUIRED, complete_at=NOW - timedelta(days=3)),
    ),
    tokens=TokenCounts(fresh=7, expired=2, absent=4, soonest=NOW + 90 * SECOND),
    mail=QueueDepth(new=12, failing=2, oldest_at=NOW - 7 * SECOND),
    outbox=OutboxStanding(pending=5, parked=1, waiting_since=NOW - 8 * SECOND),
)


def test_how_everything_stands_is_shown_as_gauges(metrics: PrometheusMetrics) -> None:
    state = TaskState(name="relay", phase=TaskPhase.RESTARTING, since=NOW, restarts=4, failures=2)
    well = TaskState(name="sync", phase=TaskPhase.RUNNING, since=NOW)
    idle, lag = timedelta(seconds=11), timedelta(milliseconds=250)
    found = samples(
        metrics, attrs.evolve(EMPTY, tasks=(state, well), keeper_idle=idle, keeper_looks=6, loop_lag=lag, stored=STORED)
    )
    expected = {
        "uptime_seconds{}": 90,
        "keeper_idle_seconds{}": 11,
        "keeper_looks_total{}": 6,
        "event_loop_lag_seconds{}": 0.25,
        "task_running{relay}": 0,
        "task_running{sync}": 1,
        "task_failures{relay}": 2,
        "task_failures{sync}": 0,
        "task_restarts_total{relay}": 4,
        "task_restarts_total{sync}": 0,
        "store_age_seconds{}": 3,
        "accounts{ACTIVE}": 2,
        "accounts{REAUTH_REQUIRED}": 1,
        "accounts{LOCKED}": 0,
        "accounts{INACTIVE}": 0,
        "tokens{fresh}": 7,
        "tokens{expired}": 2,
        "tokens{absent}": 4,
        "token_soonest_expiry_seconds{}": 90,
        "sync_lag_seconds{kim}": 40,
        "sync_lag_seconds{lee}": 50,
        "mail_queue{new}": 10,
        "mail_queue{failing}": 2,
        "mail_queue_oldest_seconds{}": 7,
        "outbox_pending{}": 5,
        "outbox_parked{}": 1,
        "outbox_oldest_seconds{}": 8,
    }
    assert {name: found[name] for name in expected} == expected
    assert "sync_lag_seconds{park}" not in found, "its owner must act: the sync is not behind"


def test_failures_that_a_task_has_got_over_are_not_shown(metrics: PrometheusMetrics) -> None:
    """An alert on them would never end."""
    over_it = TaskState(name="relay", phase=TaskPhase.RUNNING, since=NOW - STEADY, restarts=4, failures=2)
    not_yet = attrs.evolve(over_it, name="sync", since=NOW - STEADY + SECOND)
    found = samples(metrics, attrs.evolve(EMPTY, tasks=(over_it, not_yet)))
    assert (found["task_failures{relay}"], found["task_failures{sync}"]) == (0, 2)


def test_a_clock_that_was_set_back_makes_no_negative_age(metrics: PrometheusMetrics) -> None:
    later = OutboxStanding(pending=1, waiting_since=NOW + SECOND)
    found = samples(metrics, attrs.evolve(EMPTY, stored=attrs.evolve(STORED, outbox=later)))
    assert found["outbox_oldest_seconds{}"] == 0


def test_before_the_store_was_read_nothing_is_said_of_it(metrics: PrometheusMetrics) -> None:
    assert not [name for name in samples(metrics) if name.startswith(("accounts", "outbox", "mail_queue", "store"))]


@pytest.mark.parametrize("user_id", ['a"b\\c', "line\nbreak", "zoë \N{CAT FACE}", "\udc80", "a{b=c}"])
def test_no_user_id_breaks_the_page(metrics: PrometheusMetrics, user_id: str) -> None:
    account = AccountStanding(user_id=user_id, status=AccountStatus.ACTIVE, active_since=NOW)
    metrics.mailbox.throttled(user_id, SECOND)
    found = samples(metrics, attrs.evolve(EMPTY, stored=attrs.evolve(STORED, accounts=(account,))))
    shown = user_id.encode(errors="replace").decode()
    assert found[f"sync_lag_seconds{{{shown}}}"] == 0
    assert found[f"mailbox_throttled_total{{{shown}}}"] == 1


def test_only_throttling_and_lag_are_told_per_account(metrics: PrometheusMetrics) -> None:
    """Whatever else is counted does not grow with the number of accounts."""
    tells: list[Callable[[str], None]] = [
        lambda user: metrics.authentication.refreshed(user, SECOND),
        lambda user: metrics.authentication.refresh_failed(user, DatabaseError("no")),
        lambda user: metrics.authentication.denied(user, DatabaseError("no")),
        lambda user: metrics.mail.stored(user, f"Folder of {user}", Stored(new=1)),
        lambda user: metrics.mail.synced(user, NOW),
        lambda user: metrics.mail.sync_failed(user, f"Folder of {user}", DatabaseError("no")),
        lambda user: metrics.mail.unreadable(user, f"Folder of {user}", user, user),
    ]
    for tell in tells:
        tell("kim")
    before = len(samples(metrics))
    for tell in tells:
        tell("lee")
    assert len(samples(metrics)) == before
    assert b"kim" not in metrics.page(EMPTY)


def test_each_process_has_numbers_of_its_own() -> None:
    one, other = PrometheusMetrics(), PrometheusMetrics()
    one.messaging.published(7)
    assert samples(other)["events_published_total{}"] == 0
    assert CONTENT_TYPE.startswith("text/plain")
