"""A process that is a member of a group until it is killed: `python -m tests.adapters.sqlite.lasting_member FILE`.

It reads without ever committing, and prints how many partitions it has and how many messages it has read.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from adapters.sqlite.database import Database, open_database
from adapters.sqlite.event_subscriber import SqliteEventSubscriber
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from domain.topics import TopicPlan
from ports.event_subscriber import Start
from tests.adapters.sqlite.event_bench import GROUP, TOPIC, ignore

LEASE = timedelta(seconds=1)


def subscriber_of(database: Database) -> SqliteEventSubscriber:
    """Return a subscriber on the machine's clock, with a short lease."""
    return SqliteEventSubscriber(database, SystemClock(), SystemIdentifiers(), TopicPlan(partitions=4), lease=LEASE)


async def main(path: Path) -> None:
    """Read for ever."""
    count = 0
    async with open_database(path) as database:
        subscriber = subscriber_of(database)
        async with subscriber.subscribe([TOPIC], GROUP, start=Start.EARLIEST, revoked=ignore) as subscription:
            while True:
                count += len(await subscription.receive(100, timedelta(milliseconds=50)))
                sys.stdout.write(f"{len(subscription.assigned())} {count}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
