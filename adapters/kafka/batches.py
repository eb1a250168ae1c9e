"""Messages as Kafka stores them: in batches, which are appended whole or not at all."""

from collections.abc import Sequence

import attrs
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from adapters.kafka.session import ProducerIdentity
from adapters.kafka.topic_creation import checked_topic
from domain.errors import MessageRejectedError
from domain.messages import Message, Partition

_MAGIC, _UNCOMPRESSED, _UNBOUNDED = 2, 0, 2**31 - 1
_REQUEST_LIMIT = 96 * 1024 * 1024
"""Bytes. A broker cuts the connection for a larger request (socket.request.max.bytes, 100 MiB) instead of answering."""

_partition_of = DefaultPartitioner()


@attrs.frozen
class Outbound:
    """A message on its way: the how manieth of the call it is, and about how many bytes it takes, never fewer."""

    index: int
    message: Message
    size: int


def outbound(index: int, message: Message) -> Outbound:
    """Return the message with its size.

    Raises:
        MessageRejectedError: its topic cannot be, it cannot be written down, or is larger than any broker takes.
    """
    checked_topic(message.topic)
    try:
        size = DefaultRecordBatchBuilder.estimate_size_in_bytes(message.key, message.value, list(message.headers))
    except (UnicodeEncodeError, TypeError, AttributeError) as error:
        raise MessageRejectedError("A header of the message is not Unicode text and bytes.") from error
    if size > _REQUEST_LIMIT:
        raise MessageRejectedError(f"The message is larger than Kafka accepts for the topic {message.topic}.")
    return Outbound(index, message, size)


def partition_for(key: bytes | None, numbers: Sequence[int], led: Sequence[int]) -> int:
    """Return the partition for the key, the same that other clients choose (murmur2); any that is led without a key."""
    return int(_partition_of(key, sorted(numbers), list(led)))


def batched(items: Sequence[Outbound], largest: int) -> list[list[Outbound]]:
    """Return the messages in order, in batches of up to `largest` bytes; one that is larger is alone."""
    batches: list[list[Outbound]] = []
    room = 0
    for each in items:
        if not batches or each.size > room:
            batches.append([])
            room = largest
        batches[-1].append(each)
        room -= each.size
    return batches


def encoded(items: Sequence[Outbound], identity: ProducerIdentity, partition: Partition) -> bytes:
    """Return the batch as it is sent, as the next of this producer in the partition."""
    sequence = identity.sequences[partition]
    builder = DefaultRecordBatchBuilder(
        _MAGIC,
        _UNCOMPRESSED,
        False,  # noqa: FBT003 - not of a transaction
        identity.producer_id,
        identity.epoch,
        sequence,
        _UNBOUNDED,
    )
    for offset, each in enumerate(items):
        message = each.message
        builder.append(offset, None, key=message.key, value=message.value, headers=list(message.headers))
    return bytes(builder.build())
