"""Kafka's topics and consumer groups, as an operator sees them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar

import aiokafka.errors as foreign
import attrs
from aiokafka.client import CoordinationType
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.protocol.admin import (
    DescribeConfigsRequest,
    DescribeGroupsRequest,
    ListGroupsRequest,
)
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.offset import OffsetRequest

from adapters.kafka.connection import KafkaConnection
from adapters.kafka.faults import translated
from adapters.kafka.link import BREAKS, KafkaLink, open_link
from adapters.kafka.session import BACKOFF, Session
from adapters.kafka.topic_creation import checked_topic, retention_setting
from domain.errors import MessageRejectedError
from domain.messages import Partition
from ports.event_topics import EventTopics, Lag, Topic

_T = TypeVar("_T")

_TOPIC, _RETENTION = 2, "retention.ms"
_BEGIN, _END = -2, -1
_ANY_REPLICA = -1
_UNCOMMITTED, _COMMITTED = 0, 1
_PROTOCOLS = ("consumer", "")
"""Kinds of groups that read; the empty one is of groups that only commit, or have no members now."""


@asynccontextmanager
async def open_kafka_event_topics(
    connection: KafkaConnection, *, replication: int = -1, patience: timedelta = timedelta(seconds=20)
) -> AsyncIterator["KafkaEventTopics"]:
    """Open; Kafka need not be there yet. `replication` -1 is the cluster's default.

    Raises: nothing.
    """
    async with open_link(connection) as link:
        yield KafkaEventTopics(link=link, replication=replication, patience=patience)


@attrs.frozen(kw_only=True)
class KafkaEventTopics(EventTopics):
    """Each call asks the cluster anew."""

    _link: KafkaLink
    _replication: int
    _patience: timedelta

    async def topics(self) -> Sequence[Topic]:
        return await self._asked(_topics)

    async def create(self, name: str, *, partitions: int, retention: timedelta | None) -> bool:
        checked_topic(name)
        if partitions < 1:  # -1 would mean as many as the cluster likes
            raise MessageRejectedError("A topic has one partition or more.", details={"topic": name})
        settings = retention_setting(retention)

        async def made(session: Session) -> bool:
            is_new = await session.create(name, partitions=partitions, replication=self._replication, settings=settings)
            await session.until_led(name)
            return is_new

        return await self._asked(made, topic=name)

    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        """Ask how far subscriptions read: not beyond the first message of a transaction that is still open."""

        async def ends(session: Session) -> Mapping[Partition, int]:
            return (await _bounds(session, await _existing(session, topics), _COMMITTED))[1]

        return await self._asked(ends)

    async def groups(self) -> Sequence[str]:
        return await self._asked(_groups)

    async def lag(self, group_id: str) -> Sequence[Lag]:
        return await self._asked(lambda session: _lag(session, group_id), group=group_id)

    async def _asked(
        self, question: Callable[[Session], Awaitable[_T]], *, topic: str | None = None, group: str | None = None
    ) -> _T:
        """Ask until the cluster is able to answer, as long as patience lasts and it is there."""
        last: foreign.KafkaError | None = None
        with translated(self._link.connection, topic=topic, group=group):
            try:
                async with asyncio.timeout(self._patience.total_seconds()):
                    while True:
                        async with self._link.session() as session:
                            try:
                                return await question(session)
                            except foreign.KafkaError as error:
                                if isinstance(error, BREAKS) or not error.retriable:
                                    raise
                                last = error
                        await asyncio.sleep(BACKOFF)
            except TimeoutError as error:
                raise (last or error) from error


async def _topics(session: Session) -> Sequence[Topic]:
    found = await session.locate(None)
    begins, ends = await _bounds(session, found)
    kept = await _retentions(session, sorted(found))
    held: dict[str, int] = defaultdict(int)
    for partition, end in ends.items():
        held[partition.topic] += end - begins[partition]
    return [
        Topic(name=name, partitions=len(found[name]), messages=held[name], retention=kept[name])
        for name in sorted(found)
        if name in kept
    ]


async def _groups(session: Session) -> Sequence[str]:
    found: set[str] = set()
    for node in session.nodes():
        answer = await session.ask(ListGroupsRequest(), node)
        _raise_for(answer.error_code)
        found.update(group for group, kind in answer.groups if kind in _PROTOCOLS)
    return sorted(found)


async def _lag(session: Session, group_id: str) -> Sequence[Lag]:
    node = await _coordinator(session, group_id)
    committed = await _committed(session, node, group_id)
    read = await _subscribed(session, node, group_id) | {each.topic for each in committed}
    begins, ends = await _bounds(session, await _existing(session, read))
    return [
        Lag(partition=each, committed=committed.get(each), begin=begins[each], end=ends[each]) for each in sorted(ends)
    ]


async def _existing(session: Session, topics: Collection[str]) -> Mapping[str, Mapping[int, int]]:
    """Return where the partitions of those topics are that exist."""
    found: dict[str, Mapping[int, int]] = {}
    for topic in sorted(set(topics)):
        try:
            found.update(await session.locate([topic]))
        except (foreign.UnknownTopicOrPartitionError, foreign.InvalidTopicError):
            continue
    return found


async def _bounds(
    session: Session, topics: Mapping[str, Mapping[int, int]], isolation: int = _UNCOMMITTED
) -> tuple[dict[Partition, int], dict[Partition, int]]:
    """Return the first and the next offset of every partition; a topic that was deleted meanwhile is left out."""
    leaders: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for topic, partitions in topics.items():
        for number, leader in partitions.items():
            leaders[leader][topic].append(number)
    begins: dict[Partition, int] = {}
    ends: dict[Partition, int] = {}
    for leader, wanted in leaders.items():
        if leader < 0:
            raise foreign.LeaderNotAvailableError
        for moment, into in ((_BEGIN, begins), (_END, ends)):
            request = OffsetRequest(_ANY_REPLICA, isolation, _wanted(wanted, moment))
            into.update(await _offsets(session, leader, request))
    return {each: begins[each] for each in begins if each in ends}, {
        each: ends[each] for each in ends if each in begins
    }


def _wanted(by_topic: Mapping[str, Sequence[int]], moment: int) -> list[tuple[str, list[tuple[int, int]]]]:
    return [(topic, [(number, moment) for number in numbers]) for topic, numbers in by_topic.items()]


async def _offsets(session: Session, leader: int, request: OffsetRequest) -> dict[Partition, int]:
    answer = await session.ask(request, leader)
    found: dict[Partition, int] = {}
    for topic, partitions in answer.topics:
        for number, code, _, offset in partitions:
            if foreign.for_code(code) is not foreign.UnknownTopicOrPartitionError:
                _raise_for(code, topic)
                found[Partition(topic=topic, number=number)] = offset
    return found


async def _retentions(session: Session, topics: Sequence[str]) -> dict[str, timedelta | None]:
    if not topics:
        return {}
    answer = await session.ask(DescribeConfigsRequest([(_TOPIC, topic, [_RETENTION]) for topic in topics]))
    found: dict[str, timedelta | None] = {}
    for code, _, _, topic, entries in answer.resources:
        if foreign.for_code(code) is not foreign.UnknownTopicOrPartitionError:
            _raise_for(code, topic)
            kept = next(int(value) for name, value, *_ in entries if name == _RETENTION)
            found[topic] = None if kept < 0 else timedelta(milliseconds=kept)
    return found


async def _coordinator(session: Session, group_id: str) -> int:
    """Return the broker that keeps the group."""
    answer = await session.ask(FindCoordinatorRequest(group_id, CoordinationType.GROUP))
    _raise_for(answer.error_code, group_id)
    return int(answer.coordinator_id)


async def _committed(session: Session, node: int, group_id: str) -> dict[Partition, int]:
    answer = await session.ask(OffsetFetchRequest(group_id, None), node)
    _raise_for(getattr(answer, "error_code", 0), group_id)
    found: dict[Partition, int] = {}
    for topic, partitions in answer.topics:
        for number, offset, _, code in partitions:
            _raise_for(code, topic)
            if offset >= 0:
                found[Partition(topic=topic, number=number)] = offset
    return found


async def _subscribed(session: Session, node: int, group_id: str) -> set[str]:
    """Return the topics that the group's members want to read."""
    answer = await session.ask(DescribeGroupsRequest([group_id]), node)
    found: set[str] = set()
    for code, _, _, kind, _, members, *_ in answer.groups:
        if foreign.for_code(code) is foreign.GroupIdNotFound:
            continue
        _raise_for(code, group_id)
        if kind == ConsumerProtocol.PROTOCOL_TYPE:
            for _, _, _, wish, _ in members:
                if wish:
                    found.update(ConsumerProtocol.METADATA.decode(wish).subscription)
    return found


def _raise_for(code: int, named: str = "") -> None:
    kind = foreign.for_code(code)
    if kind is not foreign.NoError:
        raise kind(named)
