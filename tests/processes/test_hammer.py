"""Several processes write and read one database file as fast as they can, and nothing is lost."""

import json
from collections import Counter
from typing import Any

from tests.processes.world import World

PROCESSES = 3
AUDITED_LESS_THAN_CHANGED = (
    "SELECT version - (SELECT count(*) FROM audit WHERE account_id = a.account_id) FROM accounts a"
)
USERS = [f"user-{number}" for number in range(4)]


def test_no_change_event_or_token_is_lost_and_nobody_hears_of_a_locked_database(world: World) -> None:
    workers = world.processes(PROCESSES)
    workers[0].call("enrol", users=USERS)
    enrolled = dict(world.rows("SELECT user_id, version FROM accounts"))
    fences = dict(world.rows("SELECT user_id, fence FROM tokens JOIN accounts USING (account_id)"))
    tickets = [worker.send("strike", users=USERS, rounds=30, tasks=4, seed=seed) for seed, worker in enumerate(workers)]
    struck = [worker.answer(ticket) for worker, ticket in zip(workers, tickets, strict=True)]
    changes = [tuple(change) for told in struck for change in told["changes"]]
    counts = sum((Counter(told["counts"]) for told in struck), Counter())
    assert len(changes) >= counts["_save"] > 100
    assert_versions_have_no_gap_and_no_double(world, enrolled, changes)
    assert_each_change_is_told_once(world, changes, before=sum(enrolled.values()))
    assert_newest_token_won(world, fences, [tuple(fence) for told in struck for fence in told["fences"]])
    assert counts["VERSION_CONFLICT"] > 0, "nobody collided"


def test_a_process_killed_while_it_writes_leaves_whole_changes_only(world: World) -> None:
    killed, other = world.processes(2)
    killed.call("enrol", users=USERS)
    killed.send("strike", users=USERS, rounds=10_000, tasks=4, seed=1)
    ticket = other.send("strike", users=USERS, rounds=30, tasks=4, seed=2)
    while world.rows("SELECT count(*) FROM outbox")[0][0] < 100:
        other.look(0.01)
    world.kill(killed)
    other.answer(ticket)
    assert world.rows("PRAGMA integrity_check") == [("ok",)]
    assert world.rows(AUDITED_LESS_THAN_CHANGED) == [(0,)] * len(USERS)
    changed = world.rows("SELECT sum(version) FROM accounts")
    assert world.rows("SELECT count(*) FROM audit") == world.rows("SELECT count(*) FROM outbox") == changed
    assert other.call("faults") == []


def assert_versions_have_no_gap_and_no_double(world: World, enrolled: dict[str, int], changes: list[Any]) -> None:
    for user, version in world.rows("SELECT user_id, version FROM accounts"):
        written = sorted(number for name, _, number in changes if name == user)
        assert written == list(range(enrolled[user] + 1, version + 1))


def assert_each_change_is_told_once(world: World, changes: list[Any], before: int) -> None:
    events = [
        (json.loads(value)["user_id"], event_id) for event_id, value in world.rows("SELECT event_id, value FROM outbox")
    ]
    assert len(events) == len(set(events)) == before + len(changes)
    assert {(user, event_id) for user, event_id, _ in changes} <= set(events)
    assert world.rows("SELECT count(*) FROM audit") == [(before + len(changes),)]
    assert world.rows(AUDITED_LESS_THAN_CHANGED) == [(0,)] * len(USERS)


def assert_newest_token_won(world: World, before: dict[str, int], fences: list[Any]) -> None:
    """Every lease, commit and failure moved the fence by exactly one; the stored token is that of the last commit."""
    [worker] = world.processes(1)
    for user, fence in world.rows("SELECT user_id, fence FROM tokens JOIN accounts USING (account_id)"):
        moved = sorted(number for name, number, _ in fences if name == user)
        assert moved == list(range(before[user] + 1, fence + 1))
        committed = [(number, token) for name, number, token in fences if name == user and token]
        assert worker.call("stored", user=user) == max(committed)[1]
