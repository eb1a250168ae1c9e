"""Limits of a mailbox: at once and in a while, for each application, and how a refusal says when to come again."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import ceil
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.simulator.chance import Chance
from modules.simulator.clock import Clock
from modules.simulator.directory import Directory
from modules.simulator.faults import slow
from modules.simulator.graph_error import GraphError
from modules.simulator.mail.limits import Limits, retry_after
from modules.simulator.population import populate
from modules.simulator.switches import RetryAfterForm, Switches
from tests.modules.simulator.mail.reading import ask, draft, new_token
from tests.modules.simulator.rig import Rig

NOW = datetime(2030, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)


class Door:
    """Limits without a server."""

    def __init__(self) -> None:
        self.clock, self.switches = Clock(), Switches()
        self.directory = Directory(seed=0, clock=self.clock, chance=Chance(0))
        populate(self.directory, 2)
        self.limits = Limits(clock=self.clock, switches=self.switches, directory=self.directory)
        self.stack = ExitStack()

    def enter(self, application: str = "web", user: int = 0, *, gone: bool = False) -> None:
        """Begin a request that goes on; its client is there, or has gone."""
        self.stack.enter_context(self.limits.admitted(application, self.directory.user(user), lambda: not gone))

    def visit(self, application: str = "web", user: int = 0) -> str | None:
        """Begin and end a request: with which code it was refused."""
        try:
            with self.limits.admitted(application, self.directory.user(user), lambda: True):
                return None
        except GraphError as error:
            return error.code


@pytest.fixture
def door() -> Iterator[Door]:
    found = Door()
    with found.stack:
        yield found


async def test_requests_take_time_so_that_a_client_that_asks_too_much_at_once_is_refused(rig: Rig) -> None:
    rig.simulator.switches.mailbox_latency = 0.2
    token = new_token(rig)
    replies = await asyncio.gather(*(ask(rig, "me/messages", token) for _ in range(20)))
    assert {reply.status for reply in replies} == {200, 429}
    assert rig.simulator.mail.limits.peak(0) > 4


def test_four_requests_at_once_are_admitted_and_the_fifth_is_not(door: Door) -> None:
    for _ in range(4):
        door.enter()
    with pytest.raises(GraphError) as caught:
        door.enter()
    error = caught.value
    assert (error.status, error.code, error.headers) == (429, "ApplicationThrottled", {"Retry-After": "1"})
    assert error.message == "Application is over its MailboxConcurrency limit."
    assert (door.limits.peak(0), door.limits.refused(0), door.limits.requests(0)) == (5, 1, 5)
    door.stack.close()
    assert door.visit() is None


def test_each_application_and_each_mailbox_has_limits_of_its_own(door: Door) -> None:
    for _ in range(4):
        door.enter()
    assert [door.visit("web", 1), door.visit("daemon", 0), door.visit()] == [None, None, "ApplicationThrottled"]
    assert (door.limits.peak(1), door.limits.peak(0), door.limits.refused(1)) == (1, 5, 0)


def test_whose_client_has_gone_does_not_count(door: Door) -> None:
    for _ in range(4):
        door.enter(gone=True)
    assert door.visit() is None
    assert door.limits.peak(0) == 1


def test_so_many_requests_in_a_while_and_no_more_until_it_is_over(door: Door) -> None:
    door.switches.mailbox_requests = 3
    assert [door.visit() for _ in range(4)] == [None, None, None, "TooManyRequests"]
    assert door.visit("web", 1) is None
    door.clock.advance(timedelta(minutes=10))
    assert door.visit() is None


def test_requests_made_while_throttled_count_as_well(door: Door) -> None:
    door.switches.mailbox_requests = 3
    assert [door.visit() for _ in range(3)] == [None] * 3
    for _ in range(6):
        door.clock.advance(timedelta(minutes=3))
        assert door.visit() == "TooManyRequests"
    door.clock.advance(timedelta(minutes=10))
    assert door.visit() is None


def test_counts_can_begin_anew(door: Door) -> None:
    door.switches.mailbox_requests = 1
    assert [door.visit() for _ in range(2)] == [None, "TooManyRequests"]
    door.limits.clear()
    assert (door.limits.peak(0), door.limits.requests(0), door.limits.refused(0)) == (0, 0, 0)
    assert door.visit() is None


def test_retry_after_is_when_the_oldest_request_that_counts_is_old_enough(door: Door) -> None:
    door.switches.mailbox_requests = 2
    door.visit()
    door.clock.advance(timedelta(minutes=4))
    door.visit()
    with pytest.raises(GraphError) as caught:
        door.enter()
    waits = int(caught.value.headers["Retry-After"])
    assert 595 <= waits <= 600  # the refused one counts, and it and the second are the two of the last ten minutes
    door.clock.advance(timedelta(seconds=waits))
    assert door.visit() is None


@given(form=st.sampled_from(get_args(RetryAfterForm)), seconds=st.floats(0, 900))
def test_every_form_of_retry_after_that_can_be_read_is_late_enough(form: RetryAfterForm, seconds: float) -> None:
    text = retry_after(form, seconds, NOW)
    match form:
        case "integer":
            assert int(text or "") == max(1, ceil(seconds))
        case "fraction":
            assert "." in (text or "")
            assert float(text or "") >= seconds
        case "date":
            assert parsedate_to_datetime(text or "") >= NOW + timedelta(seconds=seconds)
        case "garbage":
            assert text == "soon"
        case "absent":
            assert text is None


async def test_requests_that_wait_at_a_mailbox_occupy_it(rig: Rig) -> None:
    rig.simulator.mail.mailbox(0).deliver(draft())
    tokens = new_token(rig, 0), new_token(rig, 1)
    fault = rig.simulator.faults.add(slow(endpoint="messages"))
    async with asyncio.TaskGroup() as group:
        held = [group.create_task(ask(rig, "me/messages", tokens[0])) for _ in range(4)]
        await rig.simulator.faults.reached(fault, 4)
        refused = await ask(rig, "me/mailFolders", tokens[0])
        admitted = await ask(rig, "me/mailFolders", tokens[1])
        rig.simulator.faults.release(fault)
    assert [task.result().status for task in held] == [200] * 4
    assert (refused.status, refused.error, refused.headers["Retry-After"]) == (429, "ApplicationThrottled", "1")
    assert admitted.status == 200
    assert (await ask(rig, "me/messages", tokens[0])).status == 200
    assert rig.simulator.mail.limits.peak(rig.user().upn) == 5


async def test_a_client_that_went_away_leaves_its_place(rig: Rig) -> None:
    token = new_token(rig)
    fault = rig.simulator.faults.add(slow(endpoint="messages"))
    held = [asyncio.create_task(ask(rig, "me/messages", token)) for _ in range(4)]
    await rig.simulator.faults.reached(fault, 4)
    for task in held:
        task.cancel()
    await asyncio.wait(held)
    async with asyncio.timeout(60):
        while (await ask(rig, "me/mailFolders", token)).status == 429:
            pass
    assert all(task.cancelled() for task in held)


@pytest.mark.parametrize("form", get_args(RetryAfterForm))
async def test_the_form_of_retry_after_is_a_matter_of_a_switch(rig: Rig, form: RetryAfterForm) -> None:
    token = new_token(rig)
    rig.simulator.switches.mailbox_requests = 1
    rig.simulator.switches.throttle_retry_after = form
    assert (await ask(rig, "me/messages", token)).status == 200
    throttled = await ask(rig, "me/messages", token)
    assert (throttled.status, throttled.error) == (429, "TooManyRequests")
    assert ("Retry-After" in throttled.headers) is (form != "absent")


async def test_without_a_good_token_nothing_is_counted(rig: Rig) -> None:
    assert (await ask(rig, "me/messages")).status == 401
    assert (await ask(rig, "me/messages", "made up")).status == 401
    assert rig.simulator.mail.limits.requests(0) == 0
