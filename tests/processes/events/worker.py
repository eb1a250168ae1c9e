"""One real process that appends, relays or consumes events on the embedded log: `tests.processes.commands`.

`python -m tests.processes.events.worker`
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.sqlite.event_publisher import SqliteEventPublisher
from adapters.sqlite.event_subscriber import SqliteEventSubscriber
from adapters.sqlite.event_topics import SqliteEventTopics
from tests.processes.commands import follow
from tests.processes.events.bus import PLAN, Bus, BusNeeds
from tests.processes.events.session import opener


@asynccontextmanager
async def open_embedded_bus(needs: BusNeeds) -> AsyncIterator[Bus]:
    """Use the database that everything else is in."""
    database, clock = needs.database, needs.clock
    yield Bus(
        publisher=SqliteEventPublisher(database, clock, PLAN),
        subscriber=SqliteEventSubscriber(database, clock, needs.identifiers, PLAN, lease=needs.member),
        topics=SqliteEventTopics(database, clock),
    )


if __name__ == "__main__":
    asyncio.run(follow(opener(open_embedded_bus)))
