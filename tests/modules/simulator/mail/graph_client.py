"""A client of the simulator's mail that follows links verbatim, and mailboxes with some messages in them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import attrs
from yarl import URL

from modules.simulator.mail.mailbox import Mailbox, Message
from modules.simulator.people import User
from tests.modules.simulator.mail.reading import MOMENT, Reply, draft, new_token
from tests.modules.simulator.rig import Rig

IMMUTABLE = 'IdType="ImmutableId"'
OWNER = User(upn="o@a.example", mail="o@a.example", name="Owner", password="x", object_id="o", tenant_id="t")
NOW = datetime(2031, 1, 1, tzinfo=UTC)


def a_mailbox(seed: int = 0) -> Mailbox:
    """A mailbox of OWNER without a simulator, in which it is always NOW."""
    return Mailbox(OWNER, seed=seed, now=lambda: NOW)


@attrs.frozen(kw_only=True)
class Client:
    """Somebody's client, with that person's mailbox. Paths are below `/me` unless they begin with a slash."""

    rig: Rig
    mailbox: Mailbox
    token: str = attrs.field(repr=False)

    async def get(self, path: str, *, prefer: str = "", method: str = "GET", **query: str) -> Reply:
        """Keywords are query options, without the `$`; the path is sent as it is written."""
        if not path.startswith("http"):
            path = self.rig.url(f"v1.0{path}" if path.startswith("/") else f"v1.0/me/{path}")
        pairs = "&".join(f"${name}={quote(value, safe='')}" for name, value in query.items())
        url = URL(f"{path}{'?' if pairs else ''}{pairs}", encoded=True)
        headers = {"Authorization": f"Bearer {self.token}"} | ({"Prefer": prefer} if prefer else {})
        async with self.rig.http.request(method, url, headers=headers) as response:
            return Reply(status=response.status, headers=dict(response.headers), raw=await response.read())

    async def pages(self, path: str, *, prefer: str = "", **query: str) -> list[dict[str, Any]]:
        """All pages from this one on; every one must be granted."""
        found, link, options = list[dict[str, Any]](), path, query
        while link:
            reply = await self.get(link, prefer=prefer, **options)
            assert reply.status == 200, reply.raw
            found.append(reply.body)
            link, options = reply.body.get("@odata.nextLink", ""), {}
        return found

    async def values(self, path: str, *, prefer: str = "", **query: str) -> list[dict[str, Any]]:
        return [value for page in await self.pages(path, prefer=prefer, **query) for value in page["value"]]

    async def subjects(self, path: str, **query: str) -> list[str]:
        return [value["subject"] for value in await self.values(path, **query)]

    def deliver(self, count: int, folder: str = "inbox", *, start: int = 0) -> list[Message]:
        """Messages with the subjects 0, 1, ..., a minute apart, oldest first."""
        return [
            self.mailbox.deliver(draft(str(each), received_at=MOMENT + timedelta(minutes=each)), folder)
            for each in range(start, start + count)
        ]


def client_of(rig: Rig, *permissions: str, user: int = 0) -> Client:
    return Client(rig=rig, mailbox=rig.simulator.mail.mailbox(user), token=new_token(rig, user, *permissions))


def in_path(message_id: str) -> str:
    return quote(message_id, safe="")
