"""The plainest clients: what the tests of the brokers themselves need of aiokafka."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

READING_SECONDS = 60


@asynccontextmanager
async def admin_of(servers: str, **options: Any) -> AsyncIterator[AIOKafkaAdminClient]:  # noqa: ANN401 - aiokafka's own
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, **options)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def new_topic(servers: str) -> str:
    """Create a topic of one partition that no other test knows, and return its name."""
    topic = f"topic-{uuid.uuid4()}"
    async with admin_of(servers) as admin:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    return topic


@asynccontextmanager
async def producer_of(servers: str) -> AsyncIterator[AIOKafkaProducer]:
    """Yield one whose sends are acknowledged when they are in the log."""
    async with AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True) as producer:
        yield producer


async def read(servers: str, topic: str, count: int) -> list[bytes | None]:
    """Return the first values of a topic, as the only member of a new group."""
    group = f"group-{uuid.uuid4()}"
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest", group_id=group)
    async with consumer, asyncio.timeout(READING_SECONDS):
        return [(await consumer.getone()).value for _ in range(count)]
