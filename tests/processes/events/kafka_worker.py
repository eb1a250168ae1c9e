"""One real process that appends, relays or consumes events with Kafka: `tests.processes.commands`.

`python -m tests.processes.events.kafka_worker`
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.kafka.connection import KafkaConnection
from adapters.kafka.event_publisher import open_kafka_event_publisher
from adapters.kafka.event_subscriber import KafkaEventSubscriber
from adapters.kafka.event_topics import open_kafka_event_topics
from adapters.kafka.subscription import Patience
from tests.processes.commands import follow
from tests.processes.events.bus import PLAN, Bus, BusNeeds
from tests.processes.events.session import opener


@asynccontextmanager
async def open_kafka_bus(needs: BusNeeds) -> AsyncIterator[Bus]:
    """Open Kafka; the broker need not be there."""
    connection = KafkaConnection(servers=(needs.servers,), answer_within=needs.patience)
    patience = Patience(
        opening=needs.patience,
        joining=needs.patience,
        committing=needs.patience,
        revoking=needs.patience,
        silence=needs.patience,
        leaving=needs.patience,
    )
    async with (
        open_kafka_event_publisher(connection, plan=PLAN, patience=needs.patience) as publisher,
        open_kafka_event_topics(connection, patience=needs.patience) as topics,
    ):
        yield Bus(
            publisher=publisher,
            subscriber=KafkaEventSubscriber(
                connection=connection, plan=PLAN, session_timeout=needs.member, patience=patience
            ),
            topics=topics,
        )


if __name__ == "__main__":
    asyncio.run(follow(opener(open_kafka_bus)))
