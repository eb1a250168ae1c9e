"""Requests with bodies of JSON, answers in parts, and what a server can do to both."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import attrs
import pytest
from yarl import URL

from adapters.http_client import session as connections
from adapters.http_client.session import open_session
from adapters.http_client.transport import Request, Sent, Server, Transport
from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers
from domain.errors import APIConnectionError
from tests.fakes.hostile_server import HostileServer, Trouble, answer, cut, open_hostile_server

LARGE = bytes(range(256)) * 4096
"""A mebibyte."""


@attrs.frozen
class Rig:
    """A transport before a server that does what it is told."""

    server: HostileServer
    transport: Transport

    def get(self) -> Request:
        """Return a request for something there."""
        return Request(method="GET", url=URL(f"{self.server.url}/thing"))


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with open_hostile_server() as server, open_session() as session:
        yield Rig(
            server,
            Transport(
                session=session,
                clock=MemoryClock(),
                identifiers=MemoryIdentifiers(),
                server=Server(unreachable="THING_UNREACHABLE", setting="THING_URL"),
                largest=1000,
            ),
        )


async def read(rig: Rig, *, seconds: float = 10, into: Callable[[bytes], object] = len) -> int:
    """Return the status; what comes goes to `into`."""
    async with rig.transport.stream(rig.get(), seconds) as (told, parts):
        async for part in parts:
            into(part)
    return told.status


async def test_json_is_sent_as_such_with_the_headers_of_the_request(rig: Rig) -> None:
    rig.server.script.append(answer(200, "{}"))
    request = Request(
        method="POST", url=URL(rig.server.url), json=b'{"requests": []}', headers={"Prefer": 'IdType="ImmutableId"'}
    )
    told = await rig.transport.send(request, 10)
    assert (told.status, told.body) == (200, b"{}")
    (received,) = rig.server.received
    assert received.headers["content-type"] == "application/json"
    assert received.headers["prefer"] == 'IdType="ImmutableId"'
    assert received.headers["content-length"] == "16"


async def test_a_form_arrives_as_it_was_filled_in(rig: Rig) -> None:
    form = {
        "grant_type": "refresh_token",
        "scope": "openid https://graph.microsoft.com/.default",
        "code": "a+b&c=d%;é#?",
    }
    rig.server.script.append(answer(200, "{}"))
    await rig.transport.send(Request(method="POST", url=URL(rig.server.url), form=form), 10)
    (received,) = rig.server.received
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.form == form


async def test_every_challenge_of_a_refusal_is_told(rig: Rig) -> None:
    head = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer claims="e30="\r\nWWW-Authenticate: Basic\r\n'
    rig.server.script.append(f"{head}Content-Length: 0\r\n\r\n".encode())
    told = await rig.transport.send(rig.get(), 10)
    assert (told.status, told.challenges) == (401, ('Bearer claims="e30="', "Basic"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_never_followed(rig: Rig, status: int) -> None:
    rig.server.script.append(answer(status, "", Location=f"{rig.server.url}/other"))
    rig.server.otherwise = answer(200, "{}")
    assert (await rig.transport.send(attrs.evolve(rig.get(), bearer="token"), 10)).status == status
    rig.server.script.append(answer(status, "", Location="/other"))
    assert await read(rig) == status
    assert [one.path for one in rig.server.received] == ["/thing", "/thing"]


async def test_neither_cookies_nor_credentials_of_a_file_are_sent(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login anna password word\n")
    monkeypatch.setenv("NETRC", str(netrc))
    rig.server.otherwise = answer(200, "{}", Set_Cookie="balancer=7; Path=/")
    request = attrs.evolve(rig.get(), url=URL(rig.server.url).with_host("localhost"))
    for _ in range(2):
        await rig.transport.send(request, 10)
    for received in rig.server.received:
        assert {"cookie", "authorization"}.isdisjoint(received.headers)


@pytest.mark.parametrize(
    ("header", "media_type"),
    [("Application/JSON; charset=utf-8", "application/json"), ("text/html", "text/html"), ("", None)],
)
async def test_an_answer_tells_its_form_and_what_the_server_calls_it(
    rig: Rig, header: str, media_type: str | None
) -> None:
    rig.server.script.append(answer(200, "{}", request_id="0a1b").replace(b"application/json", header.encode()))
    told = await rig.transport.send(rig.get(), 10)
    assert (told.media_type, told.server_request_id) == (media_type, "0a1b")


async def test_an_answer_that_is_given_up_for_its_slowness_says_so(rig: Rig) -> None:
    rig.server.script.extend([Trouble.STALL, Trouble.STALL, cut(answer(200, LARGE), 10)])
    hasty = attrs.evolve(rig.transport, silence=0.05)
    for transport, seconds in ((rig.transport, 0.05), (hasty, 10)):
        with pytest.raises(APIConnectionError) as caught:
            await transport.send(rig.get(), seconds)
        assert caught.value.details["timed_out"] is True
    with pytest.raises(APIConnectionError) as broken:
        await rig.transport.send(rig.get(), 10)
    assert "timed_out" not in broken.value.details


async def test_an_answer_may_be_as_large_as_is_allowed_and_no_larger(rig: Rig) -> None:
    rig.server.script.extend([answer(200, b" " * 1000), answer(200, b" " * 1001)])
    assert len((await rig.transport.send(rig.get(), 10)).body) == 1000
    with pytest.raises(APIConnectionError) as caught:
        await rig.transport.send(rig.get(), 10)
    assert caught.value.error_code == "THING_UNREACHABLE"
    assert caught.value.details["too_large"] is True
    assert "sent more than 1000 bytes" in str(caught.value)
    assert "THING_URL" in str(caught.value)


async def test_an_answer_in_parts_may_be_of_any_size(rig: Rig) -> None:
    rig.server.script.append(answer(200, LARGE, Retry_After="3"))
    came = bytearray()
    assert await read(rig, into=came.extend) == 200
    assert bytes(came) == LARGE


async def test_what_is_cut_off_is_told_after_what_came(rig: Rig) -> None:
    rig.server.script.append(cut(answer(200, LARGE), 100_000))
    came = bytearray()
    with pytest.raises(APIConnectionError) as caught:
        await read(rig, into=came.extend)
    assert bytes(came) == LARGE[:100_000]
    assert caught.value.details["sent"] == Sent.PERHAPS


async def test_silence_in_the_middle_is_given_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the whole may take."""
    monkeypatch.setattr(connections, "READ_SECONDS", 0.5)

    async def begin(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(cut(answer(200, LARGE), 10))
        await rig.server.released.wait()
        writer.close()

    async with await asyncio.start_server(begin, "127.0.0.1", 0) as server:
        url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with rig.transport.stream(Request(method="GET", url=url), 10) as (told, parts):
            assert told.status == 200
            assert await anext(parts) == LARGE[:10]
            with pytest.raises(APIConnectionError, match="did not answer in time"):
                await anext(parts)
        rig.server.released.set()


BROKEN = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


async def _exhaust(transport: Transport, request: Request) -> None:
    async with transport.stream(request, 60) as (_, parts):
        assert await anext(parts) == b"hello"
        await anext(parts)


@pytest.mark.parametrize("how", ["whole", "in parts"])
async def test_chunks_that_break_in_the_middle_are_given_up(rig: Rig, how: str) -> None:
    """The connection is closed then, and with it goes its own bound on silence."""
    begun = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(BROKEN)
        await asyncio.sleep(0.05)
        writer.write(b"canary\r\n")
        begun.set()
        await reader.read()
        writer.close()

    transport = attrs.evolve(rig.transport, silence=1.0)
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, asyncio.timeout(60):
        request = Request(method="GET", url=URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        with pytest.raises(APIConnectionError) as caught:
            await (transport.send(request, 60) if how == "whole" else _exhaust(transport, request))
    assert begun.is_set()
    assert caught.value.details["sent"] == Sent.PERHAPS


@pytest.mark.parametrize("told", [b"SSH-2.0-canary\r\n", BROKEN + b"canary\r\n", answer(200, X="canary" * 9999)])
async def test_no_error_shows_the_token_the_address_or_what_came(rig: Rig, told: bytes) -> None:
    rig.server.otherwise = told
    request = Request(method="GET", url=URL(f"{rig.server.url}/canary?q=canary"), bearer="canary")
    with pytest.raises(APIConnectionError) as caught:
        await rig.transport.send(request, 10)
    assert rig.server.received
    assert "canary" not in repr(request)
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        assert "canary" not in f"{error} {error!r} {vars(error)}"
        error = error.__cause__


@pytest.mark.parametrize("trouble", [Trouble.DROP, Trouble.STALL, b"SSH-2.0-OpenSSH_9.2\r\n"])
async def test_an_answer_that_never_begins_is_told_in_time(rig: Rig, trouble: Trouble | bytes) -> None:
    rig.server.otherwise = trouble
    with pytest.raises(APIConnectionError) as caught:
        await read(rig, seconds=0.1)
    assert caught.value.error_code == "THING_UNREACHABLE"


async def test_what_goes_wrong_in_the_caller_is_the_callers(rig: Rig) -> None:
    """A full disk is no fault of the server's."""

    def write(_: bytes) -> None:
        raise OSError("disk")

    rig.server.script.append(answer(200, LARGE))
    with pytest.raises(OSError, match="disk"):
        await read(rig, into=write)


async def test_when_an_answer_is_left_so_are_its_parts(rig: Rig) -> None:
    rig.server.script.append(answer(200, LARGE))
    async with rig.transport.stream(rig.get(), 10) as (_, parts):
        assert await anext(parts)
    assert await anext(parts, None) is None


async def test_what_is_not_read_leaves_no_connection_in_use(rig: Rig) -> None:
    rig.server.script.extend([answer(200, LARGE), answer(200, "{}")])
    async with rig.transport.stream(rig.get(), 10):
        pass
    async with asyncio.timeout(60):
        assert (await rig.transport.send(rig.get(), 10)).status == 200
