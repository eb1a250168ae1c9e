"""A mailbox of Graph before a server that does what a test says."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import attrs

from adapters.graph.mailbox import GraphMailbox
from adapters.http_client.session import open_session
from domain.mail import MailPage, MailPart
from domain.mail_filter import MailFilter
from tests.adapters.graph.graph_pages import message, written
from tests.adapters.graph.service_rig import (
    OWNER,
    AnsweringServer,
    Asked,
    ScriptedTokens,
    open_answering_server,
    service_at,
)
from tests.fakes.hostile_server import answer
from tests.fakes.hurried_clock import HurriedClock

NOTHING: frozenset[MailPart] = frozenset()
EVERYTHING = MailFilter()
Reply = Callable[[Asked], bytes]


@attrs.define(kw_only=True)
class Rig:
    """A mailbox before a server that does what a test says."""

    mailbox: GraphMailbox
    server: AnsweringServer
    script: list[bytes | Reply]

    def link(self, name: str) -> str:
        """Return a link as the server gives it: its escapes are its own."""
        return f"{self.server.url}/v1.0/me/messages?$skiptoken={name}%2b%2F%3d'"

    @property
    def paths(self) -> list[str]:
        """What was asked for, as it was sent."""
        return [asked.path for asked in self.server.asked]

    @property
    def preferences(self) -> list[set[str]]:
        """What each request preferred, apart from immutable ids."""
        return [set(asked.headers["prefer"].split(", ")) - {'IdType="ImmutableId"'} for asked in self.server.asked]

    async def query(self, mail_filter: MailFilter = EVERYTHING, newest: int | None = None) -> list[MailPage]:
        """Return all pages of a query for bodies of text."""
        pages = self.mailbox.query(OWNER, mail_filter, parts={MailPart.TEXT_BODY}, newest=newest)
        return [each async for each in pages]


@asynccontextmanager
async def open_rig(*script: bytes | Reply) -> AsyncIterator[Rig]:
    """Answer with each step of the script once."""
    steps = list(script)

    async def reply(asked: Asked) -> bytes:
        step = steps.pop(0)
        return step if isinstance(step, bytes) else step(asked)

    async with open_answering_server(reply) as server, open_session() as session:
        service = service_at(server.url, session, HurriedClock(), ScriptedTokens())
        yield Rig(mailbox=GraphMailbox(service=service), server=server, script=steps)


def told(number: int, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of any kind
    """Return a message with a body."""
    return message(number, body={"contentType": "text", "content": "hull"}, **fields)


def ok(body: bytes) -> bytes:
    """Return an answer of success."""
    return answer(200, body)


def batch(**outcomes: tuple[int, object]) -> Reply:
    """Return what answers a batch, the last first: by the last part of each path; what has no outcome is absent."""

    def reply(asked: Asked) -> bytes:
        responses: list[dict[str, object]] = []
        for request in json.loads(asked.body)["requests"]:
            name = unquote(request["url"]).partition("?")[0].rpartition("/")[2]
            status, body = outcomes.get(name.rstrip("="), (404, ABSENT))
            response = {"id": request["id"], "status": status, "body": body}
            responses.insert(0, {**response, "headers": {"Content-Type": "application/json"}})
        return ok(written({"responses": responses}))

    return reply


ABSENT = {"error": {"code": "ErrorItemNotFound", "message": "words"}}
