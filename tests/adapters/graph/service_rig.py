"""The Graph service before servers that do what they are told, with tokens and time that are told too."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

import aiohttp
import attrs
from yarl import URL

from adapters.graph.limits import Limits
from adapters.graph.requests import Absent, GraphRequest
from adapters.graph.service import PACE, GraphService
from adapters.http_client.retrying import Pace
from adapters.memory.clock import START
from adapters.memory.identifiers import MemoryIdentifiers
from domain.mail import MailboxOwner
from domain.token import AccessToken
from ports.access_tokens import AccessTokens
from ports.clock import Clock
from tests.fakes.hostile_server import answer

OWNER = MailboxOwner(user_id="anna")
OTHER = MailboxOwner(user_id="bert", address="Bert O'Neil@example.com")
MAIL = Absent(error_code="MAIL_UNKNOWN", message="There is no such mail: the caller must forget it.")
CANARY = "canary-token"


@attrs.frozen
class Wish:
    """What a token was asked for with."""

    user_id: str
    min_lifetime: timedelta
    rejected: str | None
    claims: str | None


@attrs.define(eq=False)
class ScriptedTokens(AccessTokens):
    """Hands out a token, and the next one when that is rejected; raises what is in `failures` instead."""

    wishes: list[Wish] = attrs.field(factory=list)
    failures: deque[Exception] = attrs.field(factory=deque)
    _number: int = 1

    async def get(
        self,
        user_id: str,
        min_lifetime: timedelta = timedelta(0),
        *,
        rejected: str | None = None,
        claims: str | None = None,
    ) -> AccessToken:
        """Return the token of the moment."""
        self.wishes.append(Wish(user_id, min_lifetime, rejected, claims))
        if self.failures:
            raise self.failures.popleft()
        if rejected == self.value:
            self._number += 1
        return AccessToken(
            value=self.value, obtained_at=START, expires_at=START + timedelta(hours=1), refresh_at=None, scopes=()
        )

    @property
    def value(self) -> str:
        """The token that is valid."""
        return f"{CANARY}-{self._number}"


async def until(happened: Callable[[], object]) -> None:
    """Return when something is so; the loop that makes it so gets its turns."""
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110 - what is waited for is no event of the loop
            await asyncio.sleep(0.001)


def service_at(
    url: str,
    session: aiohttp.ClientSession,
    clock: Clock,
    tokens: AccessTokens,
    *,
    limits: Limits | None = None,
    pace: Pace = PACE,
) -> GraphService:
    """Return a service whose Graph is at an address."""
    return GraphService(
        session=session,
        root=URL(f"{url}/v1.0"),
        tokens=tokens,
        clock=clock,
        identifiers=MemoryIdentifiers(),
        limits=limits or Limits(clock=clock),
        pace=pace,
    )


def asking(service: GraphService, path: str = "messages/1", owner: MailboxOwner = OWNER) -> GraphRequest:
    """Return a request for something in a mailbox."""
    return GraphRequest(owner=owner, target=service.url(owner, path), absent=MAIL)


def refusal(status: int, code: str = "", /, **headers: str) -> bytes:
    """Return an answer with an error as Graph words it."""
    return answer(status, json.dumps({"error": {"code": code, "message": "words"}}), **headers)


@attrs.frozen(kw_only=True)
class Asked:
    """One request, as it came, and by which connection."""

    connection: int
    path: str
    headers: Mapping[str, str]
    body: bytes


@attrs.define(eq=False)
class AnsweringServer:
    """Answers each request with what `reply` returns, on as many connections as are opened, and closes none."""

    reply: Callable[[Asked], Awaitable[bytes]]
    url: str = ""
    asked: list[Asked] = attrs.field(factory=list)
    _numbers: Iterator[int] = attrs.field(factory=count)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection."""
        number = next(self._numbers)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                asked = Asked(connection=number, path=first.split(" ")[1], headers=headers, body=body)
                self.asked.append(asked)
                writer.write((await self.reply(asked)).replace(b"Connection: close\r\n", b""))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def open_answering_server(reply: Callable[[Asked], Awaitable[bytes]]) -> AsyncIterator[AnsweringServer]:
    """Listen on a free port of this machine."""
    answering = AnsweringServer(reply)
    async with await asyncio.start_server(answering.serve, "127.0.0.1", 0) as server:
        answering.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield answering
