"""Everything at once in one process, before a local Microsoft 365: whatever befalls one task, the others go on."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import aiohttp
import attrs
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from application.background import Work
from application.mail_sync_watch import SyncTimes
from domain.errors import ConfigurationError, IACSGraphError
from domain.messages import Message
from modules.iacsgraph.compose import Up, compose_up
from modules.iacsgraph.settings import UpProgramSettings
from modules.iacsgraph.up import KEEPER, LOOP, PROCESSING, RELAY, SYNC, WATCH, serve, works
from modules.runtime.environment import Environment
from modules.runtime.settings import DatabaseSettings
from modules.runtime.settings_loading import load
from modules.runtime.up_settings import UpSettings
from modules.simulator.faults import status
from ports.event_publisher import EventPublisher
from tests.modules.iacsgraph.shell import PATIENCE
from tests.modules.mail_query.test_end_to_end import deliver, draft
from tests.simulator.office import KIM, PARK, Office, open_office

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNTERS = {
    SYNC: "iacsgraph_mails_stored_total{new}",
    PROCESSING: "iacsgraph_mails_processed_total{announced}",
    RELAY: "iacsgraph_events_published_total{}",
    KEEPER: "iacsgraph_keeper_looks_total{}",
}
SOON = timedelta(milliseconds=100)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """Kim is signed in; Park is enrolled only. Signing in takes a second: once is enough."""
    async with open_office(tmp_path_factory.mktemp("office")) as opened:
        await opened.signed_in(KIM)
        yield opened


@attrs.define(kw_only=True)
class Stage:
    """Everything at once, in a hurry. `works` may be replaced before it begins."""

    office: Office
    up: Up
    settings: UpSettings
    session: aiohttp.ClientSession
    works: dict[str, Work] = attrs.field(init=False)
    url: str = ""
    numbers: "count[int]" = attrs.field(factory=count)

    def __attrs_post_init__(self) -> None:
        self.up.sync.watch = attrs.evolve(self.up.sync.watch, times=SyncTimes(interval=SOON, look=SOON))
        self.up = attrs.evolve(self.up, keeper=attrs.evolve(self.up.keeper, interval=SOON, pause=SOON))
        self.works = works(self.up)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Run it all beside the block."""
        stopping = asyncio.Event()
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(self.up, self.works, self.settings, stopping, ready=ready.set_result))
            self.url = await ready
            yield
            stopping.set()

    async def counted(self) -> dict[str, float]:
        """Return what each task has done so far."""
        found = await self.samples()
        return {name: found.get(counter, 0.0) for name, counter in COUNTERS.items()}

    async def samples(self) -> dict[str, float]:
        """Return every number by its name and labels."""
        async with self.session.get(f"{self.url}/metrics") as answer:
            text = await answer.text()
        return {
            f"{sample.name}{{{','.join(sample.labels.values())}}}": sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def health(self) -> tuple[int, Any]:
        """Return the status and the document."""
        async with self.session.get(f"{self.url}/health") as answer:
            return answer.status, await answer.json()

    async def becoming(self, status: int) -> Any:  # noqa: ANN401 - JSON
        """Wait until `/health` answers so; return the document."""
        async with asyncio.timeout(PATIENCE):
            answered, told = await self.health()
            while answered != status:
                await asyncio.sleep(SOON.total_seconds())
                answered, told = await self.health()
        return told

    async def behind(self, part: str) -> Mapping[str, float]:
        """Wait until this part is behind; return the lags of all that are."""
        async with asyncio.timeout(PATIENCE):
            while True:
                told = await self.becoming(503)
                lags = {each["part"]: each["lag_seconds"] for each in told["behind"]}
                if part in lags:
                    return lags

    async def feed(self, victim: str | None) -> None:
        """Give everybody something to do, whoever is out of work: a mail in the mailbox and in the store, an event."""
        deliver(self.office, KIM, draft(next(self.numbers)))
        if victim == SYNC:
            await self.up.sync.watch.sync.sync(KIM)
        await self.up.accounts.lock(PARK, actor="test", reason="for an event")
        await self.up.accounts.unlock(PARK, actor="test", reason="for an event")

    async def see_growing(self, names: Collection[str], victim: str | None = None) -> None:
        """Wait until the counters of all these have grown."""
        before = await self.counted()
        async with asyncio.timeout(PATIENCE):
            while not _all_grown(names, before, await self.counted()):
                await self.feed(victim)
                await asyncio.sleep(SOON.total_seconds() / 2)  # so that the tasks get to it


def _all_grown(names: Collection[str], before: Mapping[str, float], now: Mapping[str, float]) -> bool:
    return all(now[name] > before[name] for name in names)


@pytest_asyncio.fixture(loop_scope="module")
async def stage(office: Office) -> AsyncIterator[Stage]:
    directory = office.shell.directory
    settings = load(
        UpProgramSettings, Environment.read({**office.shell.variables, "UP_LISTEN": "127.0.0.1:0"}, directory)
    )
    settings = attrs.evolve(settings, database=DatabaseSettings(path=directory / settings.database.path))
    async with compose_up(settings) as up, aiohttp.ClientSession() as session:
        yield Stage(office=office, up=up, settings=settings.up, session=session)


async def test_where_nothing_fails_all_counters_grow_and_all_is_well(stage: Stage) -> None:
    async with stage.serving():
        await stage.see_growing(COUNTERS)
        status, told = await stage.health()
    assert (status, told["status"]) == (200, "ok")
    assert {task["status"] for task in told["tasks"]} == {"running"}


@pytest.mark.parametrize("victim", COUNTERS)
async def test_one_task_fails_and_begins_anew_and_the_others_counters_keep_growing(stage: Stage, victim: str) -> None:
    real, broken = stage.works[victim], [True]

    async def work(stopping: asyncio.Event) -> None:
        if broken[0]:
            raise KeyError(victim)
        await real(stopping)

    stage.works[victim] = work
    async with stage.serving():
        await stage.see_growing(COUNTERS.keys() - {victim}, victim)
        status, told = await stage.health()
        (ill,) = [task for task in told["tasks"] if task["status"] != "running"]
        assert (status, told["status"]) == (200, "degraded")
        assert (ill["task"], ill["status"], ill["last_error"]) == (victim, "restarting", "KeyError")
        broken.clear()
        broken.append(False)
        await stage.see_growing(COUNTERS)
        _, told = await stage.health()
        (over_it,) = [task for task in told["tasks"] if task["task"] == victim]
    assert over_it["status"] == "running"
    assert over_it["restarts"] >= 1


@pytest.mark.parametrize("victim", COUNTERS)
async def test_one_task_hangs_and_the_others_counters_keep_growing(stage: Stage, victim: str) -> None:
    async def hang(_: asyncio.Event) -> None:
        await asyncio.Event().wait()

    stage.works[victim] = hang
    stage.settings = attrs.evolve(stage.settings, stop_seconds=2)
    async with stage.serving():
        await stage.see_growing(COUNTERS.keys() - {victim}, victim)


@pytest.mark.parametrize("victim", [LOOP, WATCH])
async def test_a_task_that_only_looks_on_fails_and_all_counters_keep_growing(stage: Stage, victim: str) -> None:
    async def die(_: asyncio.Event) -> None:
        raise KeyError(victim)

    stage.works[victim] = die
    async with stage.serving():
        await stage.see_growing(COUNTERS)
        _, told = await stage.health()
    (ill,) = [task for task in told["tasks"] if task["status"] != "running"]
    assert (ill["task"], ill["status"], ill["last_error"]) == (victim, "restarting", "KeyError")


async def test_a_relay_that_was_begun_anew_publishes_what_waited_and_nothing_twice(stage: Stage) -> None:
    real, begun, at_work = stage.works[RELAY], list[int](), asyncio.Event()

    async def dies_at_once(stopping: asyncio.Event) -> None:
        begun.append(len(begun))
        running = asyncio.create_task(real(stopping))
        if len(begun) == 1:
            await at_work.wait()
            running.cancel()
            await asyncio.wait([running])
            raise KeyError("a defect")
        await running

    stage.works[RELAY] = dies_at_once
    async with stage.serving():
        await stage.see_growing([RELAY])
        at_work.set()
        async with asyncio.timeout(PATIENCE):
            while len(begun) < 2:
                await stage.feed(None)
                await asyncio.sleep(SOON.total_seconds())
        await stage.see_growing([RELAY])
    summary = await stage.up.outbox.summary()
    assert (summary.pending, summary.parked) == (0, 0)
    done = await stage.office.call("events", "tail", "account.events", "--from-beginning", "--until-end", "--json")
    ids = [json.loads(line)["id"] for line in done.out.splitlines()]
    assert len(ids) == len(set(ids)) > 4


async def test_what_the_logs_are_told_is_counted(stage: Stage) -> None:
    stage.office.simulator.faults.add(status(429, retry_after=1, endpoint="delta", times=1))
    async with stage.serving():
        before = await stage.samples()
        await stage.up.keeper.service.refresh_token(KIM)
        async with asyncio.timeout(PATIENCE):
            now = await stage.samples()
            while not now.get(f"iacsgraph_mailbox_throttled_total{{{KIM}}}"):
                await asyncio.sleep(SOON.total_seconds())
                now = await stage.samples()
    refreshed = "iacsgraph_token_refreshes_total{on_demand}"
    assert now[refreshed] == before.get(refreshed, 0) + 1
    assert now[f"iacsgraph_mailbox_throttled_seconds_total{{{KIM}}}"] == 1
    assert now["iacsgraph_accounts{ACTIVE}"] == now["iacsgraph_tokens{fresh}"] == 1
    assert now["iacsgraph_accounts{REAUTH_REQUIRED}"] == now["iacsgraph_tokens{absent}"]
    assert now["iacsgraph_token_soonest_expiry_seconds{}"] > 0


async def test_a_mailbox_that_cannot_be_synced_is_behind_after_its_limit_and_its_owner_s_absence_is_not(
    stage: Stage,
) -> None:
    stage.settings = attrs.evolve(stage.settings, sync_seconds=1)
    conditions, kim = stage.office.simulator.mail.conditions, stage.office.user(KIM)
    conditions.put(kim, "moving")
    try:
        async with stage.serving():
            told = await stage.becoming(503)
            assert [(each["part"], each["user"]) for each in told["behind"]] == [("sync", KIM)]
            assert {task["status"] for task in told["tasks"]} == {"running"}, "the program itself is well"
            assert {each["user"]: each["sync"] for each in told["accounts"]}[PARK] == "owner must act"
            conditions.put(kim, "ready")
            told = await stage.becoming(200)
            assert told["behind"] == []
    finally:
        conditions.put(kim, "ready")


async def test_a_keeper_that_hangs_is_behind_after_its_limit(stage: Stage) -> None:
    async def hang(_: asyncio.Event) -> None:
        await asyncio.Event().wait()

    stage.works[KEEPER] = hang
    stage.settings = attrs.evolve(stage.settings, keeper_seconds=1, stop_seconds=2)
    async with stage.serving():
        told = await stage.becoming(503)
    assert [each["part"] for each in told["behind"]] == ["keeper"]


async def test_a_relay_that_hangs_is_behind_once_an_event_waits_for_longer_than_its_limit(stage: Stage) -> None:
    async def hang(_: asyncio.Event) -> None:
        await asyncio.Event().wait()

    stage.works[RELAY] = hang
    stage.settings = attrs.evolve(stage.settings, relay_seconds=1, stop_seconds=2)
    async with stage.serving():
        assert (await stage.health())[0] == 200
        await stage.feed(None)
        parts = await stage.behind("relay")
    assert parts.keys() <= {"relay", "store"}, "on a busy machine the store may not be read within a second, either"


@attrs.frozen
class SlowPublisher(EventPublisher):
    """Breaks nothing: until it is told to hurry, each call takes a while."""

    publisher: EventPublisher
    hurried: asyncio.Event

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Publish, later."""
        if not self.hurried.is_set():
            await asyncio.sleep(SOON.total_seconds())
        return await self.publisher.publish(messages)


async def test_a_relay_that_moves_but_is_too_slow_is_behind_until_it_has_caught_up(stage: Stage) -> None:
    """It is an event's age that counts: none of them is the oldest for long."""
    relay, hurried = stage.up.relay, asyncio.Event()
    slow = attrs.evolve(relay, batch=1, publisher=SlowPublisher(relay.publisher, hurried), transfer=None)
    stage.works[RELAY] = slow.run
    stage.settings = attrs.evolve(stage.settings, relay_seconds=1, stop_seconds=2)
    async with stage.serving():
        for _ in range(20):
            await stage.feed(None)
        assert 1 < (await stage.behind("relay"))["relay"] < 60
        await stage.see_growing([RELAY])
        hurried.set()
        assert (await stage.becoming(200))["behind"] == []


async def test_a_port_that_is_taken_is_said_and_nothing_begins(stage: Stage) -> None:
    begun: list[str] = []

    async def never(_: asyncio.Event) -> None:
        begun.append("begun")

    stage.works = dict.fromkeys(stage.works, never)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = attrs.evolve(stage.settings, listen=f"127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(ConfigurationError) as caught:
            await serve(stage.up, stage.works, settings, asyncio.Event(), ready=begun.append)
    assert caught.value.error_code == "PORT_TAKEN"
    assert begun == []
