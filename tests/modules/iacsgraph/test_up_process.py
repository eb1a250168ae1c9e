"""`iacsgraph up` as an operator knows it: a process, its ports and signals, before a local Microsoft 365."""

import asyncio
import json
import os
import re
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import attrs
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from tests.modules.auth.seeds import OLD
from tests.modules.iacsgraph.shell import PATIENCE, Running, Shell, said
from tests.modules.mail_query.test_end_to_end import deliver, draft
from tests.simulator.office import KIM, PARK, Office, open_office

pytestmark = pytest.mark.asyncio(loop_scope="module")

READY = re.compile(r"^iacsgraph up: ready, (http://127\.0\.0\.1:\d+)/health and /metrics$", re.MULTILINE)
MAILS = 60
"""In the mailbox when it begins."""


@attrs.frozen(kw_only=True)
class Serving:
    """A process that is up, and where it tells how it is."""

    running: Running
    url: str
    session: aiohttp.ClientSession

    async def health(self) -> tuple[int, Any]:
        async with self.session.get(f"{self.url}/health") as answer:
            return answer.status, await answer.json()

    async def number(self, name: str) -> float:
        """Return the sum of a metric's samples."""
        async with self.session.get(f"{self.url}/metrics") as answer:
            text = await answer.text()
        families = text_string_to_metric_families(text)
        return sum(each.value for family in families for each in family.samples if each.name == name)

    async def until(self, name: str, done: Callable[[float], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not done(await self.number(name)):
                assert self.running.process.poll() is None, said(self.running.err)
                await asyncio.sleep(0.05)


@asynccontextmanager
async def up(shell: Shell, **variables: str) -> AsyncIterator[Serving]:
    """Start it, and wait until it says that it is ready."""
    own = {"UP_LISTEN": "127.0.0.1:0", "MAIL_SYNC_INTERVAL": "1", "LOG_LEVEL": "DEBUG"}
    with shell.having(**own, **variables).start("up") as running:
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
            while (ready := READY.search(said(running.out))) is None:
                assert running.process.poll() is None, said(running.err)
                await asyncio.sleep(0.05)
            yield Serving(running=running, url=ready[1], session=session)


async def published(office: Office, topic: str) -> list[Any]:
    """Return all events of a topic."""
    done = await office.call("events", "tail", topic, "--from-beginning", "--until-end", "--json")
    assert done.code == 0, done.said
    return [json.loads(line) for line in done.out.splitlines()]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Kim is signed in and has mail; Park is enrolled only."""
    async with open_office(tmp_path_factory.mktemp("office")) as opened:
        deliver(opened, KIM, *map(draft, range(MAILS)))
        await opened.signed_in(KIM)
        yield opened


async def test_it_is_ready_syncs_announces_and_ends_cleanly_and_goes_on_where_it_was(office: Office) -> None:
    async with up(office.shell) as serving:
        await serving.until("iacsgraph_events_published_total", lambda count: count >= MAILS)
        await serving.until("iacsgraph_sync_lag_seconds", lambda lag: 0 < lag < PATIENCE)
        status, told = await serving.health()
        begun = time.monotonic()
        done = await asyncio.to_thread(serving.running.stop, signal.SIGTERM)
        assert time.monotonic() - begun < 20
    assert (done.code, done.out.splitlines()[1:]) == (0, ["iacsgraph up: ended"])
    assert (status, told["status"], told["behind"]) == (200, "ok", [])
    assert {account["user"]: account["sync"] for account in told["accounts"]}[KIM] == "ok"
    assert {account["user"]: account["sync"] for account in told["accounts"]}[PARK] == "owner must act"
    events = await published(office, "email.received")
    assert len({event["id"] for event in events}) == len(events) == MAILS

    deliver(office, KIM, draft(MAILS))
    async with up(office.shell) as serving:
        await serving.until("iacsgraph_events_published_total", lambda count: count >= 1)
        again = await asyncio.to_thread(serving.running.stop, signal.SIGINT)
    assert again.code == 0, again.said
    events = await published(office, "email.received")
    assert len({event["id"] for event in events}) == len(events) == MAILS + 1
    for text in (done.said, again.said, json.dumps(told)):
        assert "contents of letter" not in text
        assert not re.search(r"eyJ[\w-]{20,}", text), "no token is told"
        assert OLD not in text


async def test_a_thread_that_hangs_does_not_keep_it_from_ending_in_time(office: Office) -> None:
    """The certificates are read in one, and never come: as from a network drive that is away."""
    certificates = office.shell.directory / "ca.pem"
    os.mkfifo(certificates)
    bus = {
        "EVENT_BUS": "kafka",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CA_FILE": str(certificates),
    }
    deliver(office, KIM, draft(MAILS + 1))
    async with up(office.shell, **bus, UP_STOP_SECONDS="1") as serving:
        await serving.until("iacsgraph_outbox_pending", lambda count: count > 0)
        done = await asyncio.to_thread(serving.running.stop, signal.SIGTERM)
    assert done.code == 1
    assert "error: not ended within 1 s: ended by force" in done.err


WRONG = {
    "nowhere": "UP_LISTEN",
    "127.0.0.1:99999": "UP_LISTEN",
    "192.0.2.1:0": "is no address of this machine",
}


@pytest.mark.parametrize("listen", WRONG)
async def test_an_address_that_cannot_be_had_is_said(office: Office, listen: str) -> None:
    done = await asyncio.to_thread(office.shell.having(UP_LISTEN=listen).call, "up")
    assert (done.code, done.out) == (3, "")
    assert WRONG[listen] in done.err


async def test_a_port_that_is_taken_is_said(office: Office) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = await asyncio.to_thread(office.shell.having(UP_LISTEN=f"127.0.0.1:{port}").call, "up")
    assert (done.code, done.out) == (3, "")
    assert f"Port {port} of 127.0.0.1 is taken" in done.err


async def test_the_provider_for_practice_has_no_mailboxes(office: Office) -> None:
    done = await asyncio.to_thread(office.shell.having(IDENTITY_PROVIDER="memory").call, "up")
    assert (done.code, done.out) == (3, "")
    assert "PROVIDER_FOR_PRACTICE" in done.err
