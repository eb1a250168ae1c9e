"""After which answers a connection is used again."""

import asyncio
from collections.abc import AsyncIterator

import attrs
import pytest
from yarl import URL

from adapters.http_client.session import open_session
from adapters.http_client.transport import Request, Server, Transport
from adapters.memory.clock import MemoryClock
from adapters.memory.identifiers import MemoryIdentifiers

LONG = 300_000


@attrs.define
class StandingServer:
    """Answers on as many connections as are opened, and closes none; each answer is of the status asked for."""

    url: str = ""
    connections: list[int] = attrs.field(factory=list)
    opened: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note by which connection each request comes."""
        self.opened += 1
        number = self.opened
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.connections.append(number)
                _, status, length = head.split(" ")[1].split("/")
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n".encode())
                if length == str(LONG):  # the body comes after the head
                    await writer.drain()
                    await asyncio.sleep(0)
                writer.write(b"x" * int(length))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@attrs.frozen
class Rig:
    """A transport before the server."""

    server: StandingServer
    transport: Transport

    async def ask(self, status: int, length: int) -> None:
        """Ask for an answer."""
        request = Request(method="GET", url=URL(f"{self.server.url}/{status}/{length}"))
        assert (await self.transport.send(request, 10)).status == status


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    standing = StandingServer()
    server = await asyncio.start_server(standing.serve, "127.0.0.1", 0)
    standing.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, open_session() as session:
        yield Rig(
            standing,
            Transport(
                session=session,
                clock=MemoryClock(),
                identifiers=MemoryIdentifiers(),
                server=Server(unreachable="THING_UNREACHABLE", setting="THING_URL"),
            ),
        )


@pytest.mark.parametrize("length", [0, 20, LONG])
async def test_after_a_503_a_new_connection_is_used(rig: Rig, length: int) -> None:
    await rig.ask(503, length)
    await rig.ask(200, 20)
    await rig.ask(200, 20)
    assert rig.server.connections == [1, 2, 2]


@pytest.mark.parametrize("status", [200, 404, 429, 500, 502, 504])
async def test_after_any_other_answer_the_connection_is_used_again(rig: Rig, status: int) -> None:
    await rig.ask(status, 20)
    await rig.ask(status, LONG)
    await rig.ask(200, 0)
    assert rig.server.connections == [1, 1, 1]


async def test_a_503_whose_body_is_never_read_leaves_no_connection_either(rig: Rig) -> None:
    request = Request(method="GET", url=URL(f"{rig.server.url}/503/{LONG}"))
    async with rig.transport.stream(request, 10) as (told, _):
        assert told.status == 503
    await rig.ask(200, 20)
    assert rig.server.connections == [1, 2]
