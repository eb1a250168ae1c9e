"""Appending one batch to one partition: until it is there, is refused, or the session is not to be trusted any more."""

import asyncio
from collections.abc import Sequence

import aiokafka.errors as foreign
import attrs
from aiokafka.protocol.produce import ProduceRequest

from adapters.kafka.batches import Outbound, encoded
from adapters.kafka.connection import milliseconds
from adapters.kafka.session import BACKOFF, ProducerIdentity, Session
from domain.messages import Partition

_ALL_REPLICAS = -1
_LONGEST_PAUSE = 1.0
"""Seconds between two attempts."""

_SEQUENCE_LIMIT = 2**31
_INVALID_RECORD = 87
"""Such as one without a key in a compacted topic; aiokafka does not know the code."""

_REFUSALS = (
    foreign.MessageSizeTooLargeError.errno,
    foreign.RecordListTooLargeError.errno,
    foreign.InvalidTimestampError.errno,
    _INVALID_RECORD,
)
_STRANGERS = (
    foreign.OutOfOrderSequenceNumber,
    foreign.UnknownProducerId,
    foreign.InvalidProducerEpoch,
    foreign.InvalidProducerIdMapping,
)
"""The cluster knows this producer no more, or otherwise."""

_NOT_APPENDED = (foreign.NotEnoughReplicasError,)
"""Passing troubles that a broker tells before it appends; after others, such as another leader, the batch may be there.

Source: kafka.cluster.Partition.appendRecordsToLeader, kafka.server.DelayedProduce.
"""


class BatchRefusedError(Exception):
    """One of the batch's messages cannot be taken as it is; none was."""


class StaleSessionError(Exception):
    """The batch must be sent in another session; perhaps it was appended."""


@attrs.define
class Trouble:
    """What kept a batch back, as long as it was tried again."""

    last: foreign.KafkaError | None = None


@attrs.define
class _Attempts:
    """`unsettled`: one was sent, and whether it was appended, or may be yet, is not known."""

    unsettled: bool = False


async def append(session: Session, partition: Partition, items: Sequence[Outbound], trouble: Trouble) -> None:
    """Append the batch once, however often it is sent meanwhile; the caller bounds the time by cancelling it.

    Raises:
        BatchRefusedError, StaleSessionError: see there.
        UnknownTopicOrPartitionError: the topic was deleted.
        KafkaError (aiokafka's): it will not be taken.
    """
    async with session.turn(partition):
        if session.stale:
            raise StaleSessionError
        identity = await _identity(session)
        batch = encoded(items, identity, partition)
        attempts, appended = _Attempts(), False
        try:
            _check(await _send(session, partition, batch, trouble, attempts), session, partition)
            appended = True
        finally:
            if attempts.unsettled and not appended:  # what comes next under this identity could be taken for this batch
                session.retire()
        _count(identity, partition, len(items))


async def _identity(session: Session) -> ProducerIdentity:
    try:
        return await session.identity()
    except foreign.KafkaError as error:
        if not error.retriable:
            raise
        session.retire()
        raise StaleSessionError from error


async def _send(session: Session, partition: Partition, batch: bytes, trouble: Trouble, attempts: _Attempts) -> int:
    """Send until there is an answer that will stay; return its code."""
    pause = BACKOFF
    while not session.stale:
        try:
            leader = (await session.partitions(partition.topic)).get(partition.number, -1)
            if leader >= 0:
                code = await _asked(session, leader, partition, batch, attempts)
                if not _passes(code):
                    return code
                trouble.last = foreign.for_code(code)()
            else:
                trouble.last = foreign.LeaderNotAvailableError()
        except foreign.KafkaError as error:
            if not error.retriable or isinstance(error, foreign.UnknownTopicOrPartitionError):
                raise
            trouble.last = error
        session.forget(partition.topic)
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    raise StaleSessionError


async def _asked(session: Session, leader: int, partition: Partition, batch: bytes, attempts: _Attempts) -> int:
    wait = milliseconds(session.connection.answer_within)
    request = ProduceRequest(None, _ALL_REPLICAS, wait, [(partition.topic, [(partition.number, batch)])])
    await session.reach(leader)
    before, attempts.unsettled = attempts.unsettled, True
    code = int((await session.ask(request, leader)).topics[0][1][0][1])
    if not _passes(code) or foreign.for_code(code) in _NOT_APPENDED:
        attempts.unsettled = before
    return code


def _passes(code: int) -> bool:
    kind = foreign.for_code(code)
    return bool(kind.retriable) and kind is not foreign.UnknownTopicOrPartitionError


def _check(code: int, session: Session, partition: Partition) -> None:
    kind = foreign.for_code(code)
    if kind in (foreign.NoError, foreign.DuplicateSequenceNumber):
        return
    if code in _REFUSALS:
        raise BatchRefusedError
    if kind in _STRANGERS:
        session.retire()
        raise StaleSessionError
    if kind is foreign.UnknownError:
        session.retire()
    raise kind(partition.topic)


def _count(identity: ProducerIdentity, partition: Partition, count: int) -> None:
    identity.sequences[partition] = (identity.sequences[partition] + count) % _SEQUENCE_LIMIT
