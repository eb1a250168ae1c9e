"""Whoever asks a mailbox hears when its server wants fewer requests."""

from collections.abc import AsyncIterator
from datetime import timedelta

import attrs
import pytest

from adapters.graph.service import GraphService
from adapters.http_client.session import open_session
from adapters.memory.clock import START
from adapters.memory.mailbox_log import MemoryMailboxLog
from tests.adapters.graph.service_rig import ScriptedTokens, asking, service_at
from tests.fakes.hostile_server import HostileServer, answer, open_hostile_server
from tests.fakes.hurried_clock import HurriedClock

GOOD = answer(200, '{"id": "1"}')
BATCH = '{"responses": [{"id": "1", "status": 429, "headers": {"Retry-After": "9"}, "body": {}}]}'


@attrs.frozen
class Rig:
    """The service before a server that does what it is told, and what its log hears."""

    server: HostileServer
    service: GraphService
    log: MemoryMailboxLog


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with open_hostile_server() as server, open_session() as session:
        log = MemoryMailboxLog()
        service = service_at(server.url, session, HurriedClock(lambda: START), ScriptedTokens())
        yield Rig(server, attrs.evolve(service, log=log), log)


@pytest.mark.parametrize("status", [429, 503])
async def test_each_answer_that_asks_to_wait_is_told_with_its_wait(rig: Rig, status: int) -> None:
    rig.server.script.extend([answer(status, "{}", Retry_After="7"), answer(status, "{}", Retry_After="3"), GOOD])
    await rig.service.get(asking(rig.service))
    assert rig.log.entries == [("throttled", "anna", timedelta(seconds=7)), ("throttled", "anna", timedelta(seconds=3))]


async def test_one_that_does_not_say_for_how_long_is_told_too(rig: Rig) -> None:
    rig.server.script.extend([answer(429, "{}"), GOOD])
    await rig.service.get(asking(rig.service))
    assert rig.log.entries == [("throttled", "anna", None)]


async def test_a_part_of_a_batch_that_is_throttled_is_told(rig: Rig) -> None:
    good = BATCH.replace("429", "200")
    rig.server.script.extend([answer(200, BATCH), answer(200, good)])
    request = asking(rig.service)
    (outcome,) = await rig.service.batch(request.owner, [request])
    assert getattr(outcome, "status", None) == 200
    assert rig.log.entries == [("throttled", "anna", timedelta(seconds=9))]


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_other_failures_are_no_throttling(rig: Rig, status: int) -> None:
    rig.server.script.extend([answer(status, "{}"), GOOD])
    await rig.service.get(asking(rig.service))
    assert rig.log.entries == []


async def test_who_does_not_want_to_hear_it_need_not(rig: Rig) -> None:
    rig.server.script.extend([answer(429, "{}", Retry_After="7"), GOOD])
    await attrs.evolve(rig.service, log=None).get(asking(rig.service))
    assert rig.log.entries == []
