"""A small hardened application behind a real socket, and clients that speak raw HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import attrs
from aiohttp import web

from modules.runtime.http_policy import SitePolicy
from modules.runtime.http_server import LARGEST_BODY, add_health, harden, open_server, read_form

Handler = Callable[[web.Request], Awaitable[web.Response]]


@attrs.frozen(kw_only=True)
class Served:
    """Where it listens."""

    port: int

    async def send(self, request: bytes, *, close: bool = True) -> bytes:
        """Send bytes as they are; return what comes until the server hangs up or, without `close`, the header ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            await writer.drain()
            async with asyncio.timeout(60):
                return await reader.read() if close else await reader.readuntil(b"\r\n\r\n")
        except ConnectionError:  # how a server hangs up that has not read everything
            return b""
        finally:
            writer.close()

    async def ask(
        self, target: str = "/", *, method: str = "GET", headers: tuple[str, ...] = ("Host: localhost",), body: str = ""
    ) -> "Reply":
        """Send one request and read its answer."""
        length = (f"Content-Length: {len(body)}",) if body else ()
        lines = [f"{method} {target} HTTP/1.1", *headers, *length, "Connection: close", "", body]
        return Reply.of(await self.send("\r\n".join(lines).encode("latin-1")))


@attrs.frozen(kw_only=True)
class Reply:
    """An answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    text: str

    @classmethod
    def of(cls, data: bytes) -> "Reply":
        """Take it apart."""
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return cls(status=int(first.split()[1]), headers=headers, text=body)


@asynccontextmanager
async def serving(
    handler: Handler,
    *,
    ready: Callable[[], Awaitable[object]] | None = None,
    policy: SitePolicy | None = None,
    grace: timedelta = timedelta(seconds=1),
) -> AsyncIterator[Served]:
    """Serve the handler at `/`, at `/form` after reading a form, and at `/secret/{secret}/{name}`."""

    async def with_form(request: web.Request) -> web.Response:
        return web.json_response(await read_form(request))

    async def nothing() -> None:
        return None

    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_get("/", handler)
    app.router.add_post("/form", with_form)
    app.router.add_get("/secret/{secret}/{name}", handler)
    add_health(app, ready or nothing)
    harden(app, policy or SitePolicy(), hidden={"secret"})
    async with open_server(app, host="127.0.0.1", port=0, grace=grace) as (_, port):
        yield Served(port=port)


def raising(error: BaseException) -> Handler:
    """Return a handler that fails."""

    async def handler(_request: web.Request) -> web.Response:
        raise error

    return handler


async def hello(_request: web.Request) -> web.Response:
    """Answer something."""
    return web.Response(text="hello")
