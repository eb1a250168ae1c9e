"""The relay from the outbox to Kafka, beside a bare producer that has its messages in memory."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import attrs
from aiokafka import AIOKafkaProducer

from adapters.kafka.connection import KafkaConnection
from adapters.kafka.event_publisher import KafkaEventPublisher, open_kafka_event_publisher
from adapters.sqlite.database import open_database
from application.outbox_relay import OutboxRelay
from benchmarks.harness.plan import Benchmark, Contender, Limit, Plan, Ratio, Size
from benchmarks.harness.timing import wall
from benchmarks.kafka_broker import broker
from benchmarks.outboxes import FullOutbox, full_outbox, relay_of
from domain.messages import Message
from domain.topics import TopicPlan


@attrs.frozen(kw_only=True)
class _Ours:
    """Claims, reads 500 events at a time, publishes them, and marks them: until the outbox is empty."""

    outbox: FullOutbox
    publisher: KafkaEventPublisher

    async def run(self) -> float:
        async with open_database(self.outbox.copy()) as database:
            relay = relay_of(database, self.publisher)
            cost = await wall(self._empty(relay), len(self.outbox.events))
            await relay.release()
        return cost

    async def _empty(self, relay: OutboxRelay) -> None:
        if await relay.pump() != len(self.outbox.events):
            msg = "the relay left something in the outbox"
            raise RuntimeError(msg)


@attrs.frozen(kw_only=True)
class _Floor:
    """Hands a producer all messages, and waits for all acknowledgements."""

    messages: Sequence[Message]
    producer: AIOKafkaProducer

    async def run(self) -> float:
        return await wall(self._send(), len(self.messages))

    async def _send(self) -> None:
        send = self.producer.send
        sent = [await send(each.topic, each.value, key=each.key, headers=list(each.headers)) for each in self.messages]
        await asyncio.gather(*sent)


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    count = size.of(4_000, 50)
    with tempfile.TemporaryDirectory() as name, broker(Path(name), lasting=not size.tiny) as servers:
        few, many = await full_outbox(Path(name), count), await full_outbox(Path(name), 10 * count)
        async with (
            open_kafka_event_publisher(KafkaConnection(servers=(servers,)), plan=TopicPlan()) as publisher,
            _bare_producer(servers) as producer,
        ):
            await _make_topic(publisher, few)
            yield Plan(
                contenders=(
                    Contender(name="ours", run=_Ours(outbox=few, publisher=publisher).run),
                    Contender(name="floor", run=_Floor(messages=_messages(few), producer=producer).run),
                    Contender(name="ours, 10x", run=_Ours(outbox=many, publisher=publisher).run),
                ),
                ratios=(
                    Ratio(
                        label="our rate over that of a bare, idempotent, batching producer",
                        cost_of="floor",
                        over="ours",
                        limit=Limit(at_least=0.6),
                    ),
                    Ratio(
                        label="ours: an event of 40,000 over one of 4,000",
                        cost_of="ours, 10x",
                        over="ours",
                        limit=Limit(at_most=1.2),
                    ),
                ),
            )


@asynccontextmanager
async def _bare_producer(servers: str) -> AsyncIterator[AIOKafkaProducer]:
    """Batches larger than by default (16 KiB), with which it reaches less."""
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, enable_idempotence=True, acks="all", linger_ms=5, max_batch_size=256 * 1024
    )
    async with producer:
        yield producer


async def _make_topic(publisher: KafkaEventPublisher, outbox: FullOutbox) -> None:
    """Publish once, which makes the topic, so that whoever comes first finds what the others find."""
    for problem in await publisher.publish(_messages(outbox)[:1]):
        if problem is not None:
            raise problem


def _messages(outbox: FullOutbox) -> Sequence[Message]:
    return [each.message() for each in outbox.events]


BENCHMARK: Final = Benchmark(name="relay-kafka", title="From the outbox to Kafka: events of 1 KiB", open=_open)
