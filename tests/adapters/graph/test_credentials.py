"""When tokens are asked for."""

import asyncio

from adapters.graph.service import PACE
from adapters.http_client.retrying import Retrying
from adapters.http_client.session import open_session
from adapters.memory.clock import START
from adapters.memory.identifiers import MemoryIdentifiers
from tests.adapters.graph.service_rig import ScriptedTokens, asking, service_at, until
from tests.fakes.hostile_server import answer, open_hostile_server
from tests.fakes.hurried_clock import HurriedClock


async def test_a_token_is_asked_for_when_its_request_may_begin_and_not_before() -> None:
    """It might have to wait, and the token be too old then."""
    async with open_hostile_server() as server, open_session() as session, asyncio.TaskGroup() as group:
        server.script.append(answer(200, "{}"))
        clock, tokens = HurriedClock(lambda: START), ScriptedTokens()
        service = service_at(server.url, session, clock, tokens)
        deadline = Retrying(clock=clock, identifiers=MemoryIdentifiers(), pace=PACE).deadline()
        async with service.limits.slot("anna", deadline, service.limits.heaviest):
            waiting = group.create_task(service.get(asking(service)))
            await until(lambda: service.limits.waiting)
            assert tokens.wishes == []
        await waiting
        assert len(tokens.wishes) == 1
