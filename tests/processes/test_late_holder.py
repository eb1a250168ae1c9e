"""Whoever comes late writes nothing, and its callers get what is good now."""

import time
from datetime import timedelta

import pytest

from domain.errors import APIConnectionError
from tests.fakes.shared_provider import AFTER_ANSWER, BEFORE_ANSWER
from tests.fakes.shared_watched_store import AFTER_CLAIM
from tests.processes.driver import WorkerProcess
from tests.processes.world import LONG_AGO, World, wait_until

LEASE = 1.5


def stopped_holder(world: World, window: str, lease: float) -> tuple[WorkerProcess, WorkerProcess, int]:
    """Return a process stopped in the window with many callers waiting, another process, and the callers' ticket."""
    holder, other = world.processes(2, lease=lease)
    other.call("enrol", users=["alice"], age=LONG_AGO)
    holder.call("hold", window=window, user="alice")
    ticket = holder.send("get", user="alice", callers=50)
    holder.hear("reached", window=window)
    holder.stop()
    return holder, other, ticket


def go_on(holder: WorkerProcess, window: str, ticket: int) -> object:
    holder.send("let_go", window=window, user="alice")
    holder.go_on()
    return holder.answer(ticket)


@pytest.mark.parametrize(
    ("window", "refused"),
    [(AFTER_ANSWER, "commit_refused"), (BEFORE_ANSWER, "fail_refused")],
    ids=["answer", "failure"],
)
def test_a_holder_stopped_past_its_lease_writes_nothing_and_its_callers_get_the_newer_token(
    world: World, window: str, refused: str
) -> None:
    holder, other, ticket = stopped_holder(world, window, LEASE)
    [newer] = other.call("get", user="alice")
    assert newer == world.provider.newest("alice")
    if refused == "fail_refused":
        world.provider.fail_next(APIConnectionError, retry_after=timedelta(hours=1))
    assert go_on(holder, window, ticket) == {newer: 50}
    holder.hear(refused, user="alice")
    assert other.call("stored", user="alice") == newer
    assert other.call("get", user="alice") == {newer: 1}, "the late failure keeps nobody waiting"
    assert world.provider.calls("refresh", "alice") == 2


def test_a_holder_stopped_for_many_leases_still_gives_its_callers_the_newer_token(world: World) -> None:
    holder, other, ticket = stopped_holder(world, AFTER_ANSWER, lease=0.2)
    stopped_at = time.time()
    [newer] = other.call("get", user="alice")
    wait_until(stopped_at + 4 * 0.2)
    assert go_on(holder, AFTER_ANSWER, ticket) == {newer: 50}


def test_a_holder_stopped_before_it_asked_does_not_ask_when_its_lease_is_over(world: World) -> None:
    world.provider.configure(strict=True)
    holder, other, ticket = stopped_holder(world, AFTER_CLAIM, LEASE)
    [newer] = other.call("get", user="alice")
    assert go_on(holder, AFTER_CLAIM, ticket) == {newer: 50}
    assert world.provider.calls("refresh", "alice") == 1, "an old refresh token was used again"
    assert other.call("refresh", user="alice") == world.provider.newest("alice"), "the grant is alive"


def test_a_sign_in_during_a_refresh_fences_it_off_and_its_token_is_handed_out(world: World) -> None:
    holder, other = world.processes(2)
    other.call("enrol", users=["alice"], age=LONG_AGO)
    holder.call("hold", window=AFTER_ANSWER, user="alice")
    ticket = holder.send("get", user="alice", callers=50)
    holder.hear("reached", window=AFTER_ANSWER)
    newer = other.call("sign_in", user="alice")["token"]
    holder.call("let_go", window=AFTER_ANSWER, user="alice")
    assert holder.answer(ticket) == {newer: 50}
    holder.hear("commit_refused", user="alice")
    assert other.call("stored", user="alice") == newer


def get_while_it_is_being_locked(world: World) -> object:
    """Return what callers get of an account that another process locks while its token is being refreshed."""
    holder, other = world.processes(2)
    other.call("enrol", users=["alice"], age=300)
    holder.call("hold", window=BEFORE_ANSWER, user="alice")
    # The token at hand lives for 3300 s by our clock, for 3180 s by anybody's: refreshed, but good enough in need.
    ticket = holder.send("get", user="alice", min_lifetime=3240)
    holder.hear("reached", window=BEFORE_ANSWER)
    other.call("lock", user="alice")
    holder.call("let_go", window=BEFORE_ANSWER, user="alice")
    return holder.answer(ticket)


def test_an_account_locked_during_a_refresh_gets_no_new_token(world: World) -> None:
    assert get_while_it_is_being_locked(world) == {"!ACCOUNT_LOCKED": 1}


def test_an_account_locked_during_a_refresh_that_fails_does_not_get_the_old_token(world: World) -> None:
    world.provider.fail_next(APIConnectionError)
    assert get_while_it_is_being_locked(world) == {"!ACCOUNT_LOCKED": 1}


def test_a_worker_ends_when_its_parent_is_gone(world: World) -> None:
    worker = world.process()
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    assert worker.process.wait(60) == 0
