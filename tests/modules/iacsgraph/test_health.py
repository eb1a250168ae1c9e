"""`/health` and `/metrics`: what is told of how everything stands, and to whom."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.prometheus.metrics import CONTENT_TYPE, PrometheusMetrics
from domain.account import AccountStatus
from domain.mail_results import QueueDepth
from domain.standing import (
    LOOP,
    STEADY,
    AccountStanding,
    LagLimits,
    OutboxStanding,
    Standing,
    StoredStanding,
    TaskPhase,
    TaskState,
)
from modules.iacsgraph.http import Page, make_application
from modules.runtime.http_server import open_server
from tests.modules.runtime.web import Reply, Served

BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=1)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LIMITS = LagLimits(keeper=2 * MINUTE, relay=3 * MINUTE, sync=10 * MINUTE)
KIM = AccountStanding(
    user_id="kim", status=AccountStatus.ACTIVE, active_since=BEGAN - timedelta(days=9), complete_at=NOW - MINUTE
)
LEE = AccountStanding(user_id="lee", status=AccountStatus.REAUTH_REQUIRED, reauth_reason="never_signed_in")
PARK = AccountStanding(user_id="park", status=AccountStatus.LOCKED)
STORED = StoredStanding(read_at=NOW, accounts=(KIM, LEE, PARK), mail=QueueDepth(new=3), outbox=OutboxStanding(parked=1))
RELAY = TaskState(name="relay", phase=TaskPhase.RUNNING, since=BEGAN)
WELL = Standing(at=NOW, began_at=BEGAN, keeper_idle=MINUTE, tasks=(RELAY,), stored=STORED)


@asynccontextmanager
async def serving(standing: Standing, *hosts: str) -> AsyncIterator[Served]:
    page = Page(content_type=CONTENT_TYPE, write=PrometheusMetrics().page)
    app = make_application(lambda: standing, LIMITS, page, hosts=hosts)
    async with open_server(app, host="127.0.0.1", port=0) as (_, port):
        yield Served(port=port)


async def asked(standing: Standing) -> tuple[int, Any]:
    """Return the status and the document of `/health`."""
    async with serving(standing) as served:
        reply = await served.ask("/health")
    assert reply.headers["content-type"].startswith("application/json")
    assert reply.headers["cache-control"] == "no-store"
    return reply.status, json.loads(reply.text)


def having(**changes: object) -> Standing:
    """Return where all is well but for what the store says."""
    return attrs.evolve(WELL, stored=attrs.evolve(STORED, **changes))  # type: ignore[arg-type]  # fields of any type


async def test_where_all_is_well_every_task_and_account_is_told() -> None:
    status, told = await asked(WELL)
    assert (status, told["status"], told["behind"]) == (200, "ok", [])
    (relay,) = told["tasks"]
    assert (relay["task"], relay["status"], relay["restarts"], relay["crash_loop"]) == ("relay", "running", 0, False)
    accounts = {each["user"]: each for each in told["accounts"]}
    assert {user: each["sync"] for user, each in accounts.items()} == {
        "kim": "ok",
        "lee": "owner must act",
        "park": "off",
    }
    assert accounts["kim"]["lag_seconds"] == 60
    assert accounts["kim"]["complete_at"] == "2026-03-01T12:59:00.000+00:00"
    assert accounts["lee"]["reason"] == "never_signed_in"
    assert (told["mails_waiting"], told["events_pending"], told["events_parked"]) == (3, 0, 1)
    assert told["keeper_idle_seconds"] == 60


BEHIND = {
    "keeper": (attrs.evolve(WELL, keeper_idle=LIMITS.keeper + SECOND), None),
    "relay": (having(outbox=OutboxStanding(pending=9, waiting_since=NOW - LIMITS.relay - SECOND)), None),
    "sync": (having(accounts=(attrs.evolve(KIM, complete_at=NOW - LIMITS.sync - SECOND), LEE)), "kim"),
    "store": (having(read_at=NOW - LIMITS.relay - SECOND), None),
}


@pytest.mark.parametrize("part", BEHIND)
async def test_what_is_behind_its_limit_is_told_and_makes_it_503(part: str) -> None:
    standing, user = BEHIND[part]
    status, told = await asked(standing)
    assert (status, told["status"]) == (503, "failing")
    (behind,) = told["behind"]
    limit = {"keeper": 120, "relay": 180, "sync": 600, "store": 180}[part]
    assert behind == {"part": part, "user": user, "lag_seconds": limit + 1, "limit_seconds": limit}
    assert [each["sync"] for each in told["accounts"] if each["user"] == "kim"] == ["behind" if user else "ok"]


async def test_an_account_that_needs_its_owner_is_told_and_the_service_is_well() -> None:
    waiting = attrs.evolve(LEE, complete_at=NOW - timedelta(days=30))
    status, told = await asked(having(accounts=(waiting,)))
    assert (status, told["status"]) == (200, "ok")
    assert told["accounts"][0]["sync"] == "owner must act"


async def test_a_crash_loop_is_told_though_nothing_is_behind_yet() -> None:
    failing = attrs.evolve(
        RELAY, phase=TaskPhase.RESTARTING, failures=LOOP, restarts=LOOP, last_error="KeyError", last_failed_at=NOW
    )
    status, told = await asked(attrs.evolve(WELL, tasks=(failing,)))
    assert (status, told["status"]) == (200, "degraded")
    (task,) = told["tasks"]
    assert (task["status"], task["crash_loop"], task["failures"], task["last_error"]) == (
        "restarting",
        True,
        LOOP,
        "KeyError",
    )
    over_it = attrs.evolve(failing, phase=TaskPhase.RUNNING, since=NOW - STEADY)
    status, told = await asked(attrs.evolve(WELL, tasks=(over_it,)))
    assert (status, told["status"], told["tasks"][0]["failures"]) == (200, "ok", 0)
    assert told["tasks"][0]["restarts"] == LOOP, "what was is not forgotten"


async def test_an_account_whose_last_sync_failed_is_told_before_it_is_behind() -> None:
    _, told = await asked(having(accounts=(attrs.evolve(KIM, sync_error="THROTTLED"),)))
    assert (told["accounts"][0]["sync"], told["accounts"][0]["last_error"]) == ("failing", "THROTTLED")


async def test_before_the_store_was_read_nothing_is_said_of_it() -> None:
    status, told = await asked(Standing(at=BEGAN, began_at=BEGAN))
    assert (status, told["status"], told["accounts"], told["read_at"], told["mails_waiting"]) == (
        200,
        "ok",
        [],
        None,
        None,
    )


async def test_the_numbers_are_served_as_prometheus_reads_them() -> None:
    async with serving(WELL) as served:
        reply = await served.ask("/metrics")
    assert (reply.status, reply.headers["content-type"]) == (200, CONTENT_TYPE)
    found = {family.name for family in text_string_to_metric_families(reply.text)}
    assert {"iacsgraph_accounts", "iacsgraph_sync_lag_seconds", "iacsgraph_task_running"} <= found


async def test_that_the_process_answers_is_told_whatever_is_behind() -> None:
    async with serving(BEHIND["keeper"][0]) as served:
        assert (await served.ask("/health/live")).status == 200


@pytest.mark.parametrize(
    ("host", "status"), [("iacsgraph.internal:8080", 200), ("localhost", 200), ("evil.example", 421)]
)
async def test_it_answers_to_its_own_names_only(host: str, status: int) -> None:
    """Another name is a mistake, or a page that looks into the operator's network (DNS rebinding)."""
    async with serving(WELL, "iacsgraph.internal") as served:
        reply = await served.ask("/health", headers=(f"Host: {host}",))
    assert reply.status == status
    assert ("kim" in reply.text) is (status == 200)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/health", 405), ("GET", "/", 404), ("PUT", "/metrics", 405)]
)
async def test_there_is_nothing_else_to_be_had_or_done(method: str, path: str, status: int) -> None:
    async with serving(WELL) as served:
        reply: Reply = await served.ask(path, method=method)
    assert reply.status == status
