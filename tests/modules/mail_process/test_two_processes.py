"""Two processes at work on one database file: everything is announced once, in the order of each mailbox or nearly."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs

from adapters.sqlite.database import Database, open_database
from domain.mail_results import LARGEST_EVENT_BYTES
from modules.mail_process.compose import MailProcess, wire
from modules.mail_process.settings import MailProcessSettings
from modules.runtime.settings import DatabaseSettings, MailProcessingSettings
from tests.application.mail_rig import KIM, a_mail
from tests.fakes.mail_path import ScriptedAnalyst
from tests.modules.iacsgraph.shell import PATIENCE
from tests.modules.mail_process.filling import GOOD, UNWANTED, store

USERS = ("ann", "bob", "kim")
EACH = 60
HUGE = a_mail("\x00" * 3_000_000, KIM)
"""In JSON each of its characters would take six."""


@attrs.frozen
class Process:
    """A process with a database connection and wiring of its own."""

    database: Database
    tools: MailProcess


@asynccontextmanager
async def open_process(path: Path, analyst: ScriptedAnalyst | None = None) -> AsyncIterator[Process]:
    settings = MailProcessSettings(database=DatabaseSettings(path=path), processing=MailProcessingSettings(workers=3))
    async with open_database(path) as database:
        yield Process(database, wire(database, settings, analyst))


async def announced(process: Process) -> Counter[str]:
    rows = await process.database.fetch_all("SELECT event_id FROM outbox WHERE topic = 'email.received'")
    return Counter(str(row["event_id"]) for row in rows)


async def test_mail_that_comes_while_two_processes_are_at_work_is_announced_once(tmp_path: Path) -> None:
    async with (
        asyncio.timeout(PATIENCE),
        open_process(tmp_path / "x.db") as one,
        open_process(tmp_path / "x.db") as two,
    ):
        stopping, total = asyncio.Event(), len(USERS) * EACH
        async with asyncio.TaskGroup() as group:
            for process in (one, two):
                group.create_task(process.tools.processing.run(stopping))
            for number in range(EACH // 10):
                numbers = range(number * 10, number * 10 + 10)
                mails = [attrs.evolve(GOOD, message_id=f"message {each}") for each in numbers]
                unwanted = attrs.evolve(UNWANTED, message_id=f"unwanted {number}")
                for user in USERS:
                    await store(one.database, user, [*mails, unwanted])
            while (await one.tools.queue.depth()).new:  # noqa: ASYNC110 - it happens in another connection
                await asyncio.sleep(0.01)
            stopping.set()
        found = await announced(two)
        assert (len(found), set(found.values())) == (total, {1})
        dropped = len(USERS) * EACH // 10
        counts = one.tools.processing.counts.plus(two.tools.processing.counts)
        assert (counts.announced, counts.dropped, counts.failed) == (total, dropped, 0)
        assert len(await one.tools.archive.dropped()) == dropped


async def test_whatever_was_paid_for_by_one_process_costs_another_nothing(tmp_path: Path) -> None:
    analysts = ScriptedAnalyst(), ScriptedAnalyst()
    async with open_process(tmp_path / "x.db", analysts[0]) as one, open_process(tmp_path / "x.db", analysts[1]) as two:
        await store(one.database, "ann", [GOOD])
        await one.tools.processing.process_all()
        await store(one.database, "bob", [GOOD])
        assert (await two.tools.processing.process_all()).announced == 1
    assert [analyst.asked.total() for analyst in analysts] == [1, 0]


async def test_a_huge_mail_goes_out_in_an_event_of_bounded_size_beside_the_others(tmp_path: Path) -> None:
    async with open_process(tmp_path / "x.db") as one:
        await store(one.database, "ann", [GOOD, HUGE])
        counts = await one.tools.processing.process_all()
        assert (counts.announced, counts.failed) == (2, 0)
        rows = await one.database.fetch_all("SELECT length(value) AS size FROM outbox WHERE topic = 'email.received'")
        assert max(row["size"] for row in rows) <= LARGEST_EVENT_BYTES
