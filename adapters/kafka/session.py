"""One connecting to the cluster: what is asked of it, where its partitions are, and who we are when we write to it."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import aiokafka.errors as foreign
import attrs
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateTopicsRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.transaction import InitProducerIdRequest

from adapters.kafka.clients import close_client, cut_client
from adapters.kafka.connection import KafkaConnection, milliseconds
from domain.messages import Partition

if TYPE_CHECKING:
    from aiokafka.protocol.api import Request, Response

BACKOFF = 0.1
"""Seconds before a request is repeated."""

_FOREVER = 2**31 - 1


@attrs.frozen
class ProducerIdentity:
    """Who writes, and how many messages into each partition: so the cluster knows a batch that it was sent twice."""

    producer_id: int
    epoch: int
    sequences: dict[Partition, int] = attrs.field(factory=lambda: defaultdict(int))


@attrs.frozen
class _Leaders:
    """Which broker leads which partition of a topic, and until when (loop time) that need not be asked again."""

    by_number: Mapping[int, int]
    good_until: float


@attrs.define(eq=False)
class Session:
    """A client with what was learnt through it. `stale` says that it must not be used for anything new.

    Its methods raise what aiokafka raises.
    """

    connection: KafkaConnection
    _client: AIOKafkaClient
    stale: bool = False
    users: int = 0
    _identity: ProducerIdentity | None = None
    _naming: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    _leaders: dict[str, "_Leaders"] = attrs.field(factory=dict)
    _turns: dict[object, asyncio.Lock] = attrs.field(factory=lambda: defaultdict(asyncio.Lock))

    def turn(self, of: object) -> asyncio.Lock:
        """Return the lock for what one task may do at a time."""
        return self._turns[of]

    def retire(self) -> None:
        """Let nobody begin anything with it, and end its connections: what is under way fails now."""
        self.stale = True
        cut_client(self._client)

    async def close(self) -> None:
        """Close at once. Raises cancellation only, and is done all the same."""
        self.stale = True
        await close_client(self._client)

    async def ask(self, request: "Request", node: int | None = None) -> "Response":
        """Send the request to that broker, or to any that answers, and return the answer.

        Who breaks off while it is awaited leaves the session stale: it may come late, or never.
        """
        if node is not None:
            return await self._asked(request, node)
        last: foreign.KafkaError = foreign.NoBrokersAvailable()
        for each in self.nodes():
            try:
                return await self._asked(request, each)
            except foreign.KafkaError as error:
                last = error
        raise last

    async def _asked(self, request: "Request", node: int) -> "Response":
        await self.reach(node)
        try:
            return await self._client.send(node, request)
        except asyncio.CancelledError:
            self.retire()
            raise

    async def reach(self, node: int) -> None:
        """Connect to the broker, unless that is done; nothing is asked of it yet.

        Raises:
            NodeNotReadyError: it cannot be reached, or is not known; if so, what is known is asked for anew.
        """
        if not await self._client.ready(node):
            raise foreign.NodeNotReadyError

    def nodes(self) -> Sequence[int]:
        """Return the ids of the known brokers, in any order."""
        known = [broker.nodeId for broker in self._client.cluster.brokers()]
        random.shuffle(known)
        return known

    async def identity(self) -> ProducerIdentity:
        """Return who we write as, the same for the life of the session."""
        async with self._naming:
            while self._identity is None:
                answer = await self.ask(InitProducerIdRequest(None, _FOREVER))
                kind = foreign.for_code(answer.error_code)
                if kind is foreign.NoError:
                    self._identity = ProducerIdentity(answer.producer_id, answer.producer_epoch)
                elif kind.retriable:
                    await asyncio.sleep(BACKOFF)
                else:
                    raise kind
            return self._identity

    async def partitions(self, topic: str) -> Mapping[int, int]:
        """Return the brokers that lead the topic's partitions, -1 where none does; as known for a while, or asked now.

        Raises:
            UnknownTopicOrPartitionError: there is no such topic.
        """
        known = self._leaders.get(topic)
        if known is None or known.good_until <= asyncio.get_running_loop().time():
            return (await self.locate([topic]))[topic]
        return known.by_number

    def forget(self, topic: str) -> None:
        """Let the topic's partitions be asked for anew."""
        self._leaders.pop(topic, None)

    async def locate(self, topics: Collection[str] | None) -> Mapping[str, Mapping[int, int]]:
        """Ask where the partitions of these topics are, None for all topics but the cluster's own.

        Raises:
            UnknownTopicOrPartitionError: there is no such topic.
        """
        answer = await self.ask(MetadataRequest(None if topics is None else list(topics), False))  # noqa: FBT003
        found: dict[str, dict[int, int]] = {}
        for code, topic, internal, partitions in answer.topics:
            kind = foreign.for_code(code)
            if kind is foreign.NoError:
                if topics is not None or not (internal or topic.startswith("__")):
                    found[topic] = {number: leader for _, number, leader, *_ in sorted(partitions, key=lambda p: p[1])}
            elif topics is not None:
                self.forget(topic)
                raise kind(topic)
        good_until = asyncio.get_running_loop().time() + self.connection.known_for.total_seconds()
        self._leaders.update((topic, _Leaders(leaders, good_until)) for topic, leaders in found.items())
        return found

    async def create(self, topic: str, *, partitions: int, replication: int, settings: Mapping[str, str]) -> bool:
        """Create the topic; False if it exists."""
        wanted: tuple[object, ...] = (topic, partitions, replication, [], list(settings.items()))
        request = CreateTopicsRequest([wanted], milliseconds(self.connection.answer_within), False)  # noqa: FBT003
        answer = await self.ask(request)
        kind = foreign.for_code(answer.topic_errors[0][1])
        if kind is foreign.NotControllerError:
            await self._client.force_metadata_update()
            answer = await self.ask(request, self._controller())
            kind = foreign.for_code(answer.topic_errors[0][1])
        if kind not in (foreign.NoError, foreign.TopicAlreadyExistsError):
            raise kind(topic)
        return kind is foreign.NoError

    async def until_led(self, topic: str) -> None:
        """Wait until every partition of a topic that was just made has a leader; the caller bounds the wait."""
        while True:
            try:
                found = await self.locate([topic])
                if min(found[topic].values(), default=-1) >= 0:
                    return
            except (foreign.UnknownTopicOrPartitionError, foreign.LeaderNotAvailableError):
                pass
            self.forget(topic)
            await asyncio.sleep(BACKOFF / 4)

    def _controller(self) -> int | None:
        controller = self._client.cluster.controller
        return None if controller is None else controller.nodeId
