"""How messages become batches, and which partition a key belongs to."""

import pytest
from aiokafka.record.default_records import DefaultRecordBatch

from adapters.kafka.batches import batched, encoded, outbound, partition_for
from adapters.kafka.session import ProducerIdentity
from domain.errors import MessageRejectedError
from domain.messages import Message, Partition

# Source: org.apache.kafka.common.utils.UtilsTest.testMurmur2 (as signed 32-bit numbers).
VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "digest"), VECTORS.items())
def test_a_key_goes_to_the_partition_that_java_clients_choose(key: bytes, digest: int) -> None:
    for count in (1, 6, 7, 100):
        numbers = list(range(count))
        assert partition_for(key, numbers[::-1], []) == (digest & 0x7FFFFFFF) % count


def test_a_key_stays_where_it_is_while_a_partition_has_no_leader() -> None:
    assert partition_for(b"foobar", range(6), [0]) == partition_for(b"foobar", range(6), range(6))


def test_without_a_key_a_partition_with_a_leader_is_chosen() -> None:
    assert {partition_for(None, range(6), [2, 4]) for _ in range(50)} == {2, 4}


def test_batches_keep_the_order_and_a_message_that_is_too_large_is_alone() -> None:
    sizes = [100, 100, 3000, 100, 400, 400, 400]
    items = [outbound(index, message(b"x" * size)) for index, size in enumerate(sizes)]
    batches = batched(items, 1200)
    assert [[each.index for each in batch] for batch in batches] == [[0, 1], [2], [3, 4, 5], [6]]


def test_a_batch_says_who_wrote_it_and_as_the_how_manieth() -> None:
    partition = Partition(topic="t", number=0)
    identity = ProducerIdentity(7, 2)
    identity.sequences[partition] = 5
    items = [outbound(0, Message(topic="t", key=None, value=None)), outbound(1, message(b"two", (("a", b""),)))]
    batch = DefaultRecordBatch(bytearray(encoded(items, identity, partition)))
    assert batch.validate_crc()
    assert (batch.producer_id, batch.producer_epoch, batch.base_sequence) == (7, 2, 5)
    found = [(each.key, each.value, list(each.headers)) for each in batch]
    assert found == [(None, None, []), (b"key", b"two", [("a", b"")])]


@pytest.mark.parametrize(
    "hopeless",
    [
        Message(topic="t", key=b"", value=b"", headers=(("\ud800", b""),)),
        Message(topic="a topic", key=b"", value=b""),
        Message(topic="..", key=b"", value=b""),
        Message(topic="x" * 250, key=b"", value=b""),
    ],
    ids=["a header that is no text", "a blank", "dots", "too long"],
)
def test_what_can_never_be_written_is_rejected(hopeless: Message) -> None:
    with pytest.raises(MessageRejectedError):
        outbound(0, hopeless)


def test_what_would_make_a_broker_cut_the_connection_is_rejected() -> None:
    with pytest.raises(MessageRejectedError):
        outbound(0, message(bytes(97 * 1024 * 1024)))


def message(value: bytes, headers: tuple[tuple[str, bytes], ...] = ()) -> Message:
    return Message(topic="t", key=b"key", value=value, headers=headers)
