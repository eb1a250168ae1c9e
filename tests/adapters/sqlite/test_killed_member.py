"""A member of a group in a process of its own, killed in the middle: another takes over what it has not committed."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from adapters.sqlite.database import open_database
from adapters.sqlite.event_publisher import SqliteEventPublisher
from adapters.system.clock import SystemClock
from domain.topics import TopicPlan
from ports.event_subscriber import Start, Subscription
from tests.adapters.sqlite.event_bench import GROUP, TOPIC, ignore, message, numbers
from tests.adapters.sqlite.lasting_member import subscriber_of
from tests.adapters.sqlite.schema import WAIT_SECONDS

SHORT = timedelta(milliseconds=50)


@asynccontextmanager
async def started(path: Path) -> AsyncIterator[Process]:
    """Start the other process; whatever happens, it is killed in the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.adapters.sqlite.lasting_member", str(path), stdout=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def told(process: Process, mine: Subscription, *, messages: int) -> list[int]:
    """Take part until the other process has partitions and has read so many messages; return what was read here."""
    assert process.stdout is not None
    found: list[int] = []
    while True:
        partitions, count = map(int, (await process.stdout.readline()).split())
        if partitions and count >= messages:
            return found
        found += numbers(await mine.receive(100, timedelta(0)))


async def test_what_a_killed_member_had_not_committed_is_read_by_the_other_within_seconds(path: Path) -> None:
    async with asyncio.timeout(2 * WAIT_SECONDS), open_database(path) as database:
        publisher = SqliteEventPublisher(database, SystemClock(), TopicPlan(partitions=4))
        joining = subscriber_of(database).subscribe([TOPIC], GROUP, start=Start.EARLIEST, revoked=ignore)
        async with started(path) as other, joining as mine:
            await told(other, mine, messages=0)
            await publisher.publish([message(number, key=None) for number in range(8)])
            found = await told(other, mine, messages=1)
            other.kill()
            while set(found) != set(range(8)) or len(mine.assigned()) < 4:
                found += numbers(await mine.receive(100, SHORT))
