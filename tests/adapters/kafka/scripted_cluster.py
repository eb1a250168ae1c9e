"""A cluster of one broker whose answers are lost, late or refusals, as a test says."""

import asyncio
from collections import defaultdict
from enum import Enum
from typing import Any

import aiokafka.errors as foreign
import attrs
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.structs import BrokerMetadata

from domain.messages import Partition

NODE = 1
_VERSIONS = {ProduceRequest.API_KEY: (3, 3), MetadataRequest.API_KEY: (5, 5), InitProducerIdRequest.API_KEY: (0, 0)}


_AFTER_APPENDING = (foreign.RequestTimedOutError.errno, foreign.NotEnoughReplicasAfterAppendError.errno)


class Fate(Enum):
    """What becomes of a batch that arrives, if it is not answered with the code of an error."""

    APPENDED = "appended"
    APPENDED_AND_CUT = "appended, and the connection breaks before the answer"
    APPENDED_IN_SILENCE = "appended, and the answer comes when `answering` is set"


@attrs.define(eq=False)
class ScriptedCluster:
    """Stands where a session has aiokafka's client. Like Kafka, it appends no batch twice that bears the same number.

    `leaders` tells who leads each partition of each topic (-1: nobody); `fates` are those of the next batches, then all
    are appended; an unreachable one is connected to in vain, without an end. `acks` is what each batch was sent with.
    """

    leaders: dict[str, dict[int, int]]
    fates: list[Fate | int] = attrs.field(factory=list)
    reachable: bool = True
    answering: asyncio.Event = attrs.field(factory=asyncio.Event)
    appended: dict[Partition, list[bytes | None]] = attrs.field(factory=lambda: defaultdict(list))
    arrived: asyncio.Event = attrs.field(factory=asyncio.Event)
    producers: int = 0
    acks: list[int] = attrs.field(factory=list)
    _conns: dict[object, Any] = attrs.field(factory=dict)
    _last: dict[tuple[Partition, int], tuple[int, int]] = attrs.field(factory=dict)

    @property
    def cluster(self) -> "ScriptedCluster":
        return self

    def brokers(self) -> list[BrokerMetadata]:
        return [BrokerMetadata(NODE, "scripted", 9092, None)]

    async def ready(self, node: int) -> bool:
        if not self.reachable:
            self.arrived.set()
            await asyncio.Event().wait()
        return node == NODE

    async def close(self) -> None:
        """Nothing is open."""

    async def send(self, node: int, request: Any) -> Any:  # noqa: ANN401 - aiokafka has no types
        assert await self.ready(node)
        asked = request.prepare(_VERSIONS)
        if isinstance(request, ProduceRequest):
            ((topic, ((number, batch),)),) = asked.topics
            self.acks.append(asked.required_acks)
            code = await self._produce(Partition(topic=topic, number=number), batch)
            return asked.RESPONSE_TYPE([(topic, [(number, code, 0, -1)])], 0)
        if isinstance(request, MetadataRequest):
            return asked.RESPONSE_TYPE(0, [], "scripted", NODE, [self._told(topic) for topic in asked.topics])
        assert isinstance(request, InitProducerIdRequest)
        self.producers += 1
        return asked.RESPONSE_TYPE(0, 0, self.producers, 0)

    def _told(self, topic: str) -> tuple[Any, ...]:
        found: list[tuple[Any, ...]] = [
            (0, number, leader, [NODE], [NODE], []) for number, leader in self.leaders[topic].items()
        ]
        return (0, topic, False, found)

    async def _produce(self, partition: Partition, raw: bytes) -> int:
        fate = self.fates.pop(0) if self.fates else Fate.APPENDED
        self.arrived.set()
        if isinstance(fate, int) and fate not in _AFTER_APPENDING:
            return fate
        batch = DefaultRecordBatch(bytearray(raw))
        values = [record.value for record in batch]
        known, told = (partition, batch.producer_id), (batch.base_sequence, len(values))
        if self._last.get(known) != told:
            self.appended[partition] += values
            self._last[known] = told
        if fate is Fate.APPENDED_AND_CUT:
            raise foreign.KafkaConnectionError
        if fate is Fate.APPENDED_IN_SILENCE:
            await self.answering.wait()
        return fate if isinstance(fate, int) else 0
