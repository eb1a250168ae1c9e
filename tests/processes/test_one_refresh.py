"""One refresh in flight per account, over all processes."""

from datetime import timedelta

import pytest

from domain.errors import APIConnectionError, IACSGraphError, ThrottledError
from tests.fakes.shared_provider import AFTER_ANSWER, BEFORE_ANSWER
from tests.processes.driver import WorkerFailed, WorkerProcess
from tests.processes.world import LONG_AGO, World

CALLERS = 200


def ask_everywhere(world: World, workers: list[WorkerProcess], user: str) -> list[int]:
    """Let many callers ask in each process; return when one is asking the provider and all others wait for it."""
    holder, *others = workers
    for worker in workers:
        worker.call("hold", window=BEFORE_ANSWER, user=user)
    tickets = [holder.send("get", user=user, callers=CALLERS)]
    holder.hear("reached", window=BEFORE_ANSWER, user=user)
    tickets += [worker.send("get", user=user, callers=CALLERS) for worker in others]
    for worker in others:
        worker.hear("waiting", user=user)
    assert world.provider.calls("refresh", user) == 1
    return tickets


def let_go(workers: list[WorkerProcess], user: str) -> None:
    for worker in workers:
        worker.call("let_go", window=BEFORE_ANSWER, user=user)


def test_many_callers_in_several_processes_cause_one_refresh_and_get_the_same_token(world: World) -> None:
    workers = world.processes(3)
    workers[0].call("enrol", users=["alice"], age=LONG_AGO)
    tickets = ask_everywhere(world, workers, "alice")
    let_go(workers, "alice")
    outcomes = [worker.answer(ticket) for worker, ticket in zip(workers, tickets, strict=True)]
    assert outcomes == [{world.provider.newest("alice"): CALLERS}] * 3
    assert world.provider.calls("refresh", "alice") == 1


def test_callers_who_race_for_the_lease_in_several_processes_cause_one_refresh(world: World) -> None:
    workers = world.processes(3)
    users = [f"user-{number}" for number in range(10)]
    workers[0].call("enrol", users=users, age=LONG_AGO)
    tickets = [(worker, worker.send("get", user=user, callers=20)) for user in users for worker in workers]
    outcomes = [worker.answer(ticket) for worker, ticket in tickets]
    assert outcomes == [{world.provider.newest(user): 20} for user in users for _ in workers]
    assert [world.provider.calls("refresh", user) for user in users] == [1] * len(users)


def test_callers_in_several_processes_whose_token_was_rejected_cause_one_refresh(world: World) -> None:
    workers = world.processes(3)
    workers[0].call("enrol", users=["alice"])
    rejected = world.provider.newest("alice")
    assert [worker.call("get", user="alice") for worker in workers] == [{rejected: 1}] * 3
    tickets = [(worker, worker.send("get", user="alice", callers=50, rejected=rejected)) for worker in workers]
    outcomes = [worker.answer(ticket) for worker, ticket in tickets]
    assert outcomes == [{world.provider.newest("alice"): 50}] * 3
    assert world.provider.calls("refresh", "alice") == 1


@pytest.mark.parametrize("kind", [APIConnectionError, ThrottledError])
def test_a_failing_refresh_fails_all_callers_in_all_processes_and_nobody_asks_again(
    world: World, kind: type[IACSGraphError]
) -> None:
    workers = world.processes(3)
    workers[0].call("enrol", users=["alice"], age=LONG_AGO)
    world.provider.fail_next(kind, retry_after=timedelta(minutes=5))
    tickets = ask_everywhere(world, workers, "alice")
    let_go(workers, "alice")
    outcomes = [worker.answer(ticket) for worker, ticket in zip(workers, tickets, strict=True)]
    assert outcomes == [{"!TOKEN_REFRESH_FAILED": CALLERS}] * 3
    again = [worker.call("get", user="alice", callers=CALLERS) for worker in workers]
    assert again == [{"!TOKEN_REFRESH_FAILED": CALLERS}] * 3
    assert world.provider.calls("refresh", "alice") == 1


def test_a_revoked_grant_is_noticed_once_and_told_to_all_callers_in_all_processes(world: World) -> None:
    workers = world.processes(3)
    workers[0].call("enrol", users=["alice"], age=LONG_AGO)
    world.provider.revoke("alice")
    tickets = ask_everywhere(world, workers, "alice")
    let_go(workers, "alice")
    outcomes = [worker.answer(ticket) for worker, ticket in zip(workers, tickets, strict=True)]
    assert outcomes == [{"!REAUTHENTICATION_REQUIRED": CALLERS}] * 3
    assert workers[1].call("status", user="alice") == "REAUTH_REQUIRED"
    assert world.provider.calls("refresh", "alice") == 1
    assert world.rows("SELECT count(*) FROM audit WHERE action = 'grant_lost'") == [(1,)]


def test_a_database_locked_for_longer_than_the_patience_of_a_write_delays_an_answer_and_does_not_lose_it(
    world: World,
) -> None:
    [worker] = world.processes(1, busy=0.05)
    worker.call("enrol", users=["alice"], age=LONG_AGO)
    worker.call("hold", window=AFTER_ANSWER, user="alice")
    ticket = worker.send("get", user="alice")
    worker.hear("reached", window=AFTER_ANSWER, user="alice")
    with world.locked():
        worker.call("let_go", window=AFTER_ANSWER, user="alice")
        with pytest.raises(WorkerFailed, match="DATABASE_LOCKED"):
            worker.call("lock", user="alice")
    assert worker.answer(ticket) == {world.provider.newest("alice"): 1}
    assert world.provider.calls("refresh", "alice") == 1
