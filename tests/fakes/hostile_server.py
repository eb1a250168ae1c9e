"""A server that breaks every promise of HTTP and OAuth 2.0 that it is told to break."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from enum import Enum, auto
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import attrs


class Trouble(Enum):
    """What happens instead of an answer. The request was read whole in each case but the first."""

    DROP_UNREAD = auto()
    DROP = auto()
    STALL = auto()


@attrs.frozen(kw_only=True)
class Received:
    """One request, as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str]


def answer(status: int, body: str | bytes = b"", /, **headers: str) -> bytes:
    """Return a whole answer; `Retry_After` becomes `Retry-After`."""
    content = body.encode() if isinstance(body, str) else body
    fields = {"Content-Type": "application/json", **headers, "Content-Length": str(len(content)), "Connection": "close"}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{head}\r\n".encode() + content


def cut(whole: bytes, keep: int) -> bytes:
    """Return an answer whose body ends before it was announced to."""
    head, _, body = whole.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + body[:keep]


@attrs.define(eq=False)
class HostileServer:
    """Gives the next of `script` to each request; when there is none left, what `places` has for the last part of the
    path; else `otherwise`.
    """

    url: str = ""
    otherwise: bytes | Trouble = Trouble.DROP
    script: deque[bytes | Trouble] = attrs.field(factory=deque)
    places: dict[str, bytes | Trouble] = attrs.field(factory=dict)
    received: list[Received] = attrs.field(factory=list)
    stalled: asyncio.Event = attrs.field(factory=asyncio.Event)
    released: asyncio.Event = attrs.field(factory=asyncio.Event)
    stop: Callable[[], None] = attrs.field(default=lambda: None)
    """Refuse connections from now on."""

    def forms(self) -> list[Mapping[str, str]]:
        """Return the bodies of the requests that had one."""
        return [request.form for request in self.received if request.method == "POST"]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and close."""
        try:
            if Trouble.DROP_UNREAD in (self.otherwise, *list(self.script)[:1]):
                return
            request = await _request(reader)
            self.received.append(request)
            place = urlsplit(request.path).path.rpartition("/")[2]
            step = self.script.popleft() if self.script else self.places.get(place, self.otherwise)
            if step is Trouble.STALL:
                self.stalled.set()
                await self.released.wait()
            elif isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
    return Received(method=method, path=path, headers=headers, form=dict(parse_qsl(body, keep_blank_values=True)))


@asynccontextmanager
async def open_hostile_server() -> AsyncIterator[HostileServer]:
    """Listen on a free port of this machine."""
    hostile = HostileServer()
    server = await asyncio.start_server(hostile.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    hostile.url, hostile.stop = f"http://{host}:{port}", server.close
    try:
        yield hostile
    finally:
        hostile.released.set()
        server.close()
        await server.wait_closed()
