"""What one process writes, another that has it cached sees within a second."""

import pytest

from tests.processes.world import World, wait_until

WITHIN = 1.0
"""Seconds, as promised. No slack: what counts is when the last caller that got old news began to ask, so that a busy
machine cannot make it later. Both clocks are the machine's monotonic one."""


@pytest.mark.parametrize("verb", ["lock", "sign_in"])
def test_a_locked_account_or_a_replaced_token_is_seen_by_another_process_within_a_second(
    world: World, verb: str
) -> None:
    watcher, writer = world.processes(2)
    writer.call("enrol", users=["alice"])
    ticket = watcher.send("watch", user="alice")
    watcher.hear("watching", user="alice")
    written = writer.call(verb, user="alice")
    seen = watcher.answer(ticket)
    assert seen["new"] == written.get("token", "!ACCOUNT_LOCKED")
    assert seen["last_old"] - written["at"] <= WITHIN


def test_a_refresh_by_another_process_is_seen_within_a_second(world: World) -> None:
    watcher, writer = world.processes(2)
    writer.call("enrol", users=["alice"])
    ticket = watcher.send("watch", user="alice")
    watcher.hear("watching", user="alice")
    newer = writer.call("refresh", user="alice")
    assert watcher.answer(ticket)["new"] == newer


def test_a_process_that_was_stopped_hands_out_nothing_old_when_it_goes_on(world: World) -> None:
    stopped, writer = world.processes(2)
    writer.call("enrol", users=["alice"])
    stopped.call("settle", user="alice")
    stopped.stop()
    written = writer.call("lock", user="alice")
    tickets = [stopped.send("get", user="alice") for _ in range(10)]
    wait_until(written["wall"] + WITHIN)
    stopped.go_on()
    assert [stopped.answer(ticket) for ticket in tickets] == [{"!ACCOUNT_LOCKED": 1}] * 10
