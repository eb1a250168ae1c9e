"""Runs one `mail query` on a long mailbox at a Graph of its own, and tells on standard error what memory it took.

A process of its own: `python -m tests.modules.mail_query.long_query FORM`.
"""

import asyncio
import resource
import sys

import attrs
from yarl import URL

from adapters.graph.mailbox import GraphMailbox
from adapters.http_client.session import open_session
from adapters.system.clock import SystemClock
from tests.adapters.graph.graph_pages import message, page
from tests.adapters.graph.service_rig import Asked, ScriptedTokens, open_answering_server, service_at
from tests.fakes.hostile_server import answer
from tests.modules.mail_query.desk import open_desk

PAGE = 100
FEW, MANY = 2_500, 25_000


def tell() -> None:
    """Print the process's largest size so far, in the system's unit."""
    sys.stderr.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n")


async def reply(asked: Asked) -> bytes:
    """Give the next page, and a link to the one behind it, until there are MANY; tell the memory at FEW."""
    first = int(URL(asked.path).query.get("$skiptoken", "0"))
    if first == FEW:
        tell()
    further = first + PAGE
    link = f"http://{asked.headers['host']}/v1.0/me/messages?$skiptoken={further}" if further < MANY else None
    return answer(200, page(*(message(first + number) for number in range(PAGE)), next_link=link))


async def main() -> None:
    async with open_answering_server(reply) as server, open_session() as session, open_desk() as desk:
        await desk.enrol("kim")
        service = service_at(server.url, session, SystemClock(), ScriptedTokens())
        queries = attrs.evolve(desk.tools.queries, mailbox=GraphMailbox(service=service, page_size=PAGE))
        tools = attrs.evolve(desk.tools, queries=queries)
        await attrs.evolve(desk, tools=tools).query("kim", form=sys.argv[1])
    tell()


if __name__ == "__main__":
    asyncio.run(main())
