"""The campaign, short: what kills and stops in named windows do, and that its tests notice a missing protection."""

import pytest

from tests.fakes.shared_provider import AFTER_ANSWER, BEFORE_ANSWER
from tests.fakes.shared_watched_store import AFTER_COMMIT
from tests.processes.campaign import REFRESHES, STOPPED, Plan, run
from tests.processes.driver import Pool

HITS = 2


def violations(pool: Pool, *plans: Plan) -> dict[str, list[list[str]]]:
    results = run([plan for plan in plans for _ in range(HITS)], pool, at_once=4)
    return {plan.window: [wrong for other, wrong in results if other == plan] for plan in plans}


def test_nothing_is_lost_or_done_twice_when_a_holder_is_killed_or_stopped_in_any_window(pool: Pool) -> None:
    found = violations(pool, *(Plan(window=window) for window in REFRESHES))
    assert found == {window: [[]] * HITS for window in REFRESHES}


def test_without_leases_the_campaign_sees_two_asking_at_a_time_in_every_window(pool: Pool) -> None:
    found = violations(pool, *(Plan(window=window, store="unleased") for window in REFRESHES))
    assert all("two were asking at a time" in wrong for hits in found.values() for wrong in hits)
    assert all("the provider was asked 2 times, not 1" in wrong for wrong in found[AFTER_COMMIT])
    assert all("an older token is stored than was issued last" in wrong for wrong in found[STOPPED])


def test_without_fences_the_campaign_sees_an_older_token_overwrite_a_newer_one(pool: Pool) -> None:
    found = violations(pool, Plan(window=STOPPED, store="unfenced"))
    assert all("an older token is stored than was issued last" in wrong for wrong in found[STOPPED])


@pytest.mark.parametrize(("window", "lost"), [(BEFORE_ANSWER, False), (AFTER_ANSWER, True), (AFTER_COMMIT, False)])
def test_a_provider_that_revokes_on_reuse_costs_the_grant_between_answer_and_store_and_nowhere_else(
    pool: Pool, window: str, *, lost: bool
) -> None:
    [(_, wrong)] = run([Plan(window=window, strict=True)], pool, at_once=1)
    assert ("the grant is lost" in wrong) == lost
