"""Contents in parts: opened again while nothing has come, and counted until they are closed; and what is too much."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import attrs
import pytest

from adapters.graph import service as services
from adapters.graph.limits import Limits
from adapters.graph.service import PACE, GraphService
from adapters.http_client.session import open_session
from domain.errors import (
    APIConnectionError,
    IACSGraphError,
    NotFoundError,
    ReauthenticationRequiredError,
    ThrottledError,
)
from tests.adapters.graph.service_rig import CANARY, ScriptedTokens, asking, refusal, service_at, until
from tests.fakes.hostile_server import HostileServer, Trouble, answer, cut, open_hostile_server
from tests.fakes.hurried_clock import HurriedClock

LARGE = bytes(range(256)) * 1024


@attrs.frozen
class Rig:
    """The service before a server that does what it is told."""

    server: HostileServer
    service: GraphService
    limits: Limits
    clock: HurriedClock

    def tell(self, *steps: bytes | Trouble) -> None:
        """Let the server answer so, one after the other."""
        self.server.script.extend(steps)

    async def read(self, into: bytearray) -> None:
        """Read something whole."""
        async with self.service.stream(asking(self.service, "messages/1/$value")) as parts:
            async for part in parts:
                into += part

    async def whole(self) -> bytes:
        """Return something whole."""
        found = bytearray()
        await self.read(found)
        return bytes(found)

    async def fail(self) -> IACSGraphError:
        """Ask in vain."""
        with pytest.raises(IACSGraphError) as caught:
            await self.whole()
        assert CANARY not in f"{caught.value} {caught.value.details}"
        return caught.value


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with open_hostile_server() as server, open_session() as session:
        clock = HurriedClock()
        limits = Limits(clock=clock, per_mailbox=1)
        yield Rig(server, service_at(server.url, session, clock, ScriptedTokens(), limits=limits), limits, clock)


@pytest.mark.parametrize("content", [b"", b"x", LARGE])
async def test_a_content_comes_whole_whatever_its_size_and_form(rig: Rig, content: bytes) -> None:
    rig.tell(answer(200, content).replace(b"application/json", b"text/plain"))
    assert await rig.whole() == content
    (received,) = rig.server.received
    assert received.headers["accept"] == "*/*"
    assert received.headers["prefer"] == 'IdType="ImmutableId"'


@pytest.mark.parametrize(
    "trouble", [Trouble.DROP, cut(answer(200, LARGE), 0), refusal(429, "", Retry_After="2"), refusal(502), refusal(401)]
)
async def test_what_fails_before_the_first_byte_is_asked_again(rig: Rig, trouble: bytes | Trouble) -> None:
    rig.tell(trouble, answer(200, LARGE))
    assert await rig.whole() == LARGE
    assert len(rig.server.received) == 2


async def test_what_breaks_off_later_is_told_after_what_came(rig: Rig) -> None:
    rig.tell(cut(answer(200, LARGE), 100_000), answer(200, "next"))
    came = bytearray()
    with pytest.raises(APIConnectionError) as caught:
        await rig.read(came)
    assert bytes(came) == LARGE[:100_000]
    assert caught.value.transient
    assert len(rig.server.received) == 1
    assert await rig.whole() == b"next"


async def test_a_refusal_is_read_and_told(rig: Rig) -> None:
    rig.tell(refusal(404, "ErrorItemNotFound"))
    error = await rig.fail()
    assert isinstance(error, NotFoundError)
    assert error.error_code == "MAIL_UNKNOWN"
    rig.tell(refusal(401), refusal(401))
    assert isinstance(await rig.fail(), ReauthenticationRequiredError)


async def dripping(rig: Rig, told: bytes) -> IACSGraphError:
    """Return what a refusal comes to whose end never comes."""

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(told.replace(b"Content-Length: ", b"Content-Length: 9"))
        await rig.server.released.wait()
        writer.close()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server, asyncio.timeout(60):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        service = service_at(url, rig.service.session, rig.clock, ScriptedTokens())
        with pytest.raises(IACSGraphError) as caught:
            async with service.stream(asking(service)):
                pass
        rig.server.released.set()
    return caught.value


async def test_of_a_refusal_that_is_too_large_only_the_beginning_is_read(rig: Rig) -> None:
    assert (await dripping(rig, answer(404, b"<html>" + b"x" * 100_000))).error_code == "GRAPH_ANSWER_INVALID"


async def test_a_refusal_that_does_not_end_is_not_waited_for(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "ATTEMPT_SECONDS", 0.5)
    assert (await dripping(rig, refusal(404, "ErrorItemNotFound"))).error_code == "MAIL_UNKNOWN"


async def test_a_link_to_another_server_is_not_opened(rig: Rig) -> None:
    elsewhere = attrs.evolve(asking(rig.service), target=rig.service.root.with_host("localhost"))
    with pytest.raises(APIConnectionError) as caught:
        async with rig.service.stream(elsewhere):
            pass
    assert caught.value.error_code == "GRAPH_LINK_FOREIGN"
    assert rig.server.received == []


async def test_a_content_counts_as_in_flight_until_it_is_closed(rig: Rig) -> None:
    rig.tell(answer(200, LARGE), answer(200, "{}"))
    async with rig.service.stream(asking(rig.service)) as parts:
        assert await anext(parts)
        other = asyncio.create_task(rig.service.get(asking(rig.service)))
        await until(lambda: rig.limits.waiting)
        assert len(rig.server.received) == 1
    assert (await other).status == 200


async def test_who_waits_for_a_content_to_be_closed_does_not_wait_for_ever(rig: Rig) -> None:
    rig.tell(answer(200, LARGE))
    hasty = attrs.evolve(rig.service, pace=attrs.evolve(PACE, budget=timedelta(milliseconds=50)))
    async with rig.service.stream(asking(rig.service)):
        with pytest.raises(ThrottledError) as caught:
            await hasty.get(asking(hasty))
    assert caught.value.error_code == "MAILBOX_BUSY"


@pytest.mark.parametrize("ending", ["left", "failed", "cancelled before", "cancelled within"])
async def test_however_a_content_is_left_its_place_is_free_again(rig: Rig, ending: str) -> None:
    rig.tell(Trouble.STALL if ending == "cancelled before" else answer(200, LARGE))
    opened = asyncio.Event()

    async def use() -> None:
        async with rig.service.stream(asking(rig.service)) as parts:
            await anext(parts)
            opened.set()
            if ending == "failed":
                raise OSError("disk")
            if ending != "left":
                await asyncio.Event().wait()

    task = asyncio.create_task(use())
    if ending.startswith("cancelled"):
        await (rig.server.stalled if ending == "cancelled before" else opened).wait()
        task.cancel()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    assert type(outcome) is {"left": type(None), "failed": OSError}.get(ending, asyncio.CancelledError)
    rig.tell(answer(200, "{}"))
    assert (await rig.service.get(asking(rig.service))).status == 200


@pytest.mark.parametrize("trouble", [refusal(504, "UnknownError"), Trouble.STALL, answer(200, b" " * 1001)])
async def test_after_the_server_took_too_long_or_sent_too_much_less_is_asked_for(
    rig: Rig, trouble: bytes | Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine an answer, too, takes longer than the shortest patience."""
    monkeypatch.setattr(services, "LARGEST", 1000)
    small = asking(rig.service, "messages?$top=10")
    middle = attrs.evolve(asking(rig.service, "messages?$top=100"), smaller=small)
    request = attrs.evolve(asking(rig.service, "messages?$top=1000"), smaller=middle)
    sizes: list[str] = []
    wanted = ["1000", "1000", "100", "100", "10", "10"]
    for patience in (0.05, 0.5, 5) if trouble is Trouble.STALL else (60,):
        monkeypatch.setattr(services, "ATTEMPT_SECONDS", patience)
        rig.server.script.clear()
        rig.server.received.clear()
        rig.tell(refusal(503), trouble, refusal(500), trouble, trouble, answer(200, "{}"))
        with suppress(IACSGraphError):
            await attrs.evolve(rig.service).get(request)
        sizes = [one.path.rpartition("=")[2] for one in rig.server.received]
        if sizes == wanted:
            break
    assert sizes == wanted
