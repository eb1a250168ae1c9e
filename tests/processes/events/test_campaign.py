"""The campaign, short: kills on the way of events lose and double nothing, and a missing protection is noticed."""

from pathlib import Path

import pytest

from tests.processes.driver import Pool
from tests.processes.events.campaign import Plan, run
from tests.processes.events.findings import (
    DISORDER,
    DOUBLED_EFFECT,
    DOUBLED_MESSAGE,
    LOST_EFFECT,
    LOST_MESSAGE,
)
from tests.processes.events.session import COMMIT, HANDLED, LEASE, MARK, ORDER
from tests.processes.events.storm import (
    CONSUMER_COMMIT,
    CONSUMER_HANDLER,
    HELD_RELAY,
    LOCKED_LOG,
    RELAY_MARK,
    RELAY_SEND,
)
from tests.processes.events.way import APPEND, CONSUME, RELAY

FEW = {APPEND: 1, RELAY: 1, CONSUME: 1}


def test_nothing_is_lost_or_done_twice_on_the_embedded_log_whoever_is_killed(
    embedded_pool: Pool, tmp_path: Path
) -> None:
    blows = (RELAY_MARK, CONSUMER_HANDLER, CONSUMER_COMMIT, HELD_RELAY, LOCKED_LOG)
    plan = Plan(rounds=1, blows=blows, cast={**FEW, RELAY: 2, CONSUME: 2})
    report = run(plan, embedded_pool, tmp_path)
    assert report.findings.wrong == {}
    assert report.kills == 3


@pytest.mark.parametrize(
    ("without", "blow", "cast", "wrong"),
    [
        (HANDLED, CONSUMER_COMMIT, FEW, {DOUBLED_EFFECT}),
        (MARK, RELAY_SEND, FEW, {LOST_MESSAGE, LOST_EFFECT}),
        (LEASE, HELD_RELAY, {**FEW, RELAY: 2}, {DOUBLED_MESSAGE}),
        (COMMIT, CONSUMER_HANDLER, FEW, {LOST_EFFECT}),
        (ORDER, LOCKED_LOG, FEW, {DISORDER}),
    ],
)
def test_the_campaign_notices_a_protection_that_is_switched_off(
    without: str, blow: str, cast: dict[str, int], wrong: set[str], embedded_pool: Pool, tmp_path: Path
) -> None:
    report = run(Plan(blows=(blow,), rounds=1, without=without, cast=cast), embedded_pool, tmp_path)
    assert report.findings.wrong.keys() == wrong
