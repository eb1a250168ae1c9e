"""`up` shows no secret: in no log, in neither of its pages."""

import asyncio
import json
import re
import signal
from datetime import timedelta
from pathlib import Path

import aiohttp

from tests.fakes.hostile_server import answer, open_hostile_server
from tests.modules.auth.seeds import OLD, canaries, seed
from tests.modules.iacsgraph.shell import PATIENCE, Running, Shell, said
from tests.secrets.stage import found_in


async def told(running: Running, words: str) -> str:
    """Wait until it has said this; return everything that it has said."""
    async with asyncio.timeout(PATIENCE):
        while words not in (text := said(running.out) + said(running.err)):
            assert running.process.poll() is None, text
            await asyncio.sleep(0.05)
    return text


async def shown(url: str) -> str:
    """Return both pages."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/health") as health,
        session.get(f"{url}/metrics") as metrics,
    ):
        return await health.text() + await metrics.text()


async def test_a_mailbox_that_repeats_its_token_is_quoted_nowhere(tmp_path: Path) -> None:
    """Bob's token has expired: the provider repeats what it was sent as well."""
    secrets = *canaries("ann"), *canaries("bob")
    await asyncio.to_thread(seed, tmp_path / "x.db", "ann", age=timedelta(0))
    await asyncio.to_thread(seed, tmp_path / "x.db", "bob")
    refusal = {"error": {"code": f"Error of {secrets[0]}", "message": " ".join(secrets)}}
    async with open_hostile_server() as server:
        server.otherwise = answer(403, json.dumps(refusal))
        shell = Shell(
            tmp_path,
            {
                "DATABASE_PATH": "x.db",
                "ENCRYPTION_KEY": OLD,
                "AZURE_GRAPH_URL": server.url,
                "AZURE_AUTHORITY": server.url,
                "LOG_LEVEL": "DEBUG",
                "UP_LISTEN": "127.0.0.1:0",
                "MAIL_SYNC_INTERVAL": "1",
            },
        )
        with shell.start("up") as running:
            ready = re.search(r"http://\S+(?=/health)", await told(running, "ready, "))
            assert ready is not None
            await told(running, "sync failed")
            pages = await shown(ready[0])
            async with asyncio.timeout(PATIENCE):
                while not all(words in pages for words in ("ann", "bob", "iacsgraph_sync_failures_total{")):
                    await asyncio.sleep(0.05)
                    pages = await shown(ready[0])
            done = await asyncio.to_thread(running.stop, signal.SIGTERM)
        assert any(secrets[0] in request.headers.get("authorization", "") for request in server.received), "it was sent"
    assert done.code == 0, done.said
    assert found_in(done.said + pages) == []
