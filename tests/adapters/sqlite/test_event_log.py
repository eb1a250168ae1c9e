"""What is SQLite's own in the embedded log: appending, retention, and waking readers of the same process."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite.bounded_write import bounded_write
from adapters.sqlite.log_trimming import TRIM_AT_ONCE, TRIM_EVERY
from adapters.sqlite.subscription import AT_ONCE_BYTES
from domain.dead_letters import LARGEST_BYTES, ROOM_BYTES, queue_of
from domain.errors import DatabaseError, MessageRejectedError
from domain.messages import Message, Partition
from ports.event_subscriber import Start, Subscription
from tests.adapters.sqlite.event_bench import HOUR, TOPIC, ZERO, Process, ignore, message, numbers, open_process
from tests.adapters.sqlite.schema import WAIT_SECONDS, Gate, locked, turns

DAY = timedelta(days=1)
YEAR = 365 * DAY
PARTITION = Partition(topic=TOPIC, number=0)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
async def process(path: Path, clock: MemoryClock) -> AsyncIterator[Process]:
    """Open a log whose topics have one partition and keep messages for a day."""
    async with open_process(path, clock=clock, partitions=1, retention=DAY) as opened:
        yield opened


async def messages(process: Process) -> int:
    """Count the messages by their offsets, and by their rows: it must be the same."""
    (topic,) = await process.topics.topics()
    row = await process.database.fetch_one("SELECT count(*) AS rows FROM log_messages")
    assert row == {"rows": topic.messages}
    return topic.messages


async def all_of(subscription: Subscription) -> list[int]:
    """Receive until there is nothing more."""
    found: list[int] = []
    while batch := await subscription.receive(1000, ZERO):
        found += numbers(batch)
    return found


async def test_a_reader_of_the_same_process_is_woken_by_the_append_and_not_by_time(process: Process) -> None:
    """The clock stands still: whoever waited for it would wait for ever."""
    async with process.join() as subscription, asyncio.timeout(WAIT_SECONDS):
        receiving = asyncio.create_task(subscription.receive(10, HOUR))
        await turns(100)
        assert not receiving.done()
        await process.publish(1)
        assert numbers(await receiving) == [1]


async def test_a_reader_of_another_process_finds_the_append_after_the_poll_interval(
    process: Process, path: Path, clock: MemoryClock
) -> None:
    async with open_process(path, clock=clock, name="b") as other, other.join() as subscription:
        receiving = asyncio.create_task(subscription.receive(10, HOUR))
        await turns(100)
        await process.publish(1)
        async with asyncio.timeout(WAIT_SECONDS):
            while not receiving.done():
                await clock.advance(other.subscriber.poll)
        assert numbers(await receiving) == [1]


async def test_offsets_are_not_used_again_after_retention_has_removed_everything(
    process: Process, clock: MemoryClock
) -> None:
    await process.publish(1, 2, 3)
    await clock.advance(2 * DAY)
    await process.publish(4)
    assert await messages(process) == 1
    await clock.advance(2 * DAY)
    assert await process.publisher.publish([message(0, topic="other")]) == [None]
    assert await process.topics.ends([TOPIC]) == {PARTITION: 4}
    async with process.join() as subscription:
        assert await subscription.receive(10, ZERO) == []
        assert await subscription.positions() == {PARTITION: 4}
        await process.publish(5)
        (delivery,) = await subscription.receive(10, ZERO)
    assert (delivery.offset, numbers([delivery])) == (4, [5])


async def test_retention_removes_a_bounded_number_at_a_time_until_nothing_old_is_left(
    process: Process, clock: MemoryClock
) -> None:
    old = TRIM_AT_ONCE + 5
    await process.publish(*range(old))
    await clock.advance(2 * DAY)
    await process.publish(1)
    assert await messages(process) == 6
    await process.publish(2)
    assert await messages(process) == 2


async def test_not_every_call_looks_for_what_is_old(process: Process, clock: MemoryClock) -> None:
    await process.publish(1)
    await clock.advance(DAY - TRIM_EVERY / 2)
    await process.publish(2)
    await clock.advance(TRIM_EVERY * 0.75)
    await process.publish(3)
    assert await messages(process) == 3
    await clock.advance(TRIM_EVERY)
    await process.publish(4)
    assert await messages(process) == 3


async def test_a_reader_whose_next_message_is_gone_goes_on_with_the_first_that_is_left(
    process: Process, clock: MemoryClock
) -> None:
    async with process.join() as subscription, process.join(group_id=None) as alone:
        await process.publish(1, 2, 3)
        for reader in (subscription, alone):
            assert numbers(await reader.receive(1, ZERO)) == [1]
        await clock.advance(2 * DAY)
        await process.publish(4)
        for reader in (subscription, alone):
            assert await reader.positions() == {PARTITION: 3}
            assert numbers(await reader.receive(10, ZERO)) == [4]


async def test_what_is_kept_keeps_what_stands_behind_it(process: Process, clock: MemoryClock) -> None:
    """The second message is older than the first one, as after the clock was set back; offsets stay without holes."""
    await process.publish(1)
    await process.database.update("log_messages", {"at": "2026-01-02T00:00:00.000000Z"}, "offset_number = 0")
    await process.publish(2)
    await clock.advance(DAY + HOUR)
    await process.publish(3)
    assert await messages(process) == 3


async def test_topics_have_their_own_retention_and_some_keep_for_ever(process: Process, clock: MemoryClock) -> None:
    await process.topics.create("archive", partitions=1, retention=None)
    await process.topics.create("ages", partitions=1, retention=timedelta.max)
    await process.topics.create("years", partitions=1, retention=9999 * YEAR)
    names = (TOPIC, "archive", "ages", "years", queue_of(TOPIC))
    await process.publisher.publish([message(1, topic=name) for name in names])
    await clock.advance(2 * DAY)
    await process.publisher.publish([message(2, topic="archive")])
    found = {topic.name: (topic.messages, topic.retention) for topic in await process.topics.topics()}
    assert found == {
        TOPIC: (0, DAY),
        "archive": (2, None),
        "ages": (1, None),
        "years": (1, 9999 * YEAR),
        queue_of(TOPIC): (1, 90 * DAY),
    }


async def test_that_old_messages_cannot_be_removed_does_not_make_publishing_fail(
    process: Process, clock: MemoryClock
) -> None:
    await process.publish(1)
    await process.database.execute(
        "CREATE TEMPORARY TRIGGER kept BEFORE DELETE ON log_messages BEGIN SELECT RAISE(ABORT, 'kept'); END"
    )
    await clock.advance(2 * DAY)
    assert await process.publish(2) == [None]
    assert await messages(process) == 2


async def test_a_transaction_that_is_lost_while_old_messages_are_removed_fails_with_its_own_error(
    process: Process, clock: MemoryClock
) -> None:
    """As after some full disks: SQLite itself rolls all of it back, with the savepoint."""
    await process.publish(1)
    await process.database.execute(
        "CREATE TEMPORARY TRIGGER lost BEFORE DELETE ON log_messages BEGIN SELECT RAISE(ROLLBACK, 'lost'); END"
    )
    await clock.advance(2 * DAY)
    (error,) = await process.publish(2)
    assert isinstance(error, DatabaseError)
    assert error.error_code == "CONSTRAINT_VIOLATED"
    assert await messages(process) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE log_topics SET retention_microseconds = 'long' WHERE topic = 'damaged'",
        "UPDATE log_partitions SET next_offset = 'far' WHERE topic = 'damaged'",
    ],
)
async def test_a_damaged_topic_keeps_no_other_from_being_trimmed(
    process: Process, clock: MemoryClock, damage: str
) -> None:
    await process.topics.create("damaged", partitions=1, retention=DAY)
    await process.publish(1)
    await process.database.execute(damage)
    await clock.advance(2 * DAY)
    assert await process.publish(2) == [None]
    assert await process.database.fetch_one("SELECT count(*) AS rows FROM log_messages") == {"rows": 1}


async def test_messages_without_a_key_go_where_least_has_been_put(path: Path) -> None:
    async with open_process(path, partitions=3) as process:
        await process.publish(*range(5), key=None)
        await process.publish(*range(4), key=None)
        assert list((await process.topics.ends([TOPIC])).values()) == [3, 3, 3]


async def test_a_key_leads_to_the_same_partition_in_every_process(
    process: Process, path: Path, clock: MemoryClock
) -> None:
    await process.topics.create("many", partitions=8, retention=None)
    keys = [f"key-{number}".encode() for number in range(100)]
    async with open_process(path, clock=clock, name="b") as other:
        for each in (process, other):
            await each.publisher.publish([message(1, key=key, topic="many") for key in keys])
    async with process.subscriber.subscribe(["many"], None, start=Start.EARLIEST, revoked=ignore) as subscription:
        found = await subscription.receive(1000, ZERO)
    places = Counter((each.partition.number, each.message.key) for each in found)
    assert set(places.values()) == {2}
    assert len({number for number, _ in places}) == 8


async def test_a_locked_database_fails_each_message_for_now_and_rejected_ones_for_good(path: Path) -> None:
    async with open_process(path, busy_timeout=timedelta(milliseconds=1)) as process:
        await process.publish(1)
        with locked(path):
            first, second, third = await process.publisher.publish([message(1), message(2, topic="a b"), message(3)])
        for error in (first, third):
            assert isinstance(error, DatabaseError)
            assert (error.error_code, error.transient) == ("DATABASE_LOCKED", True)
        assert isinstance(second, MessageRejectedError)
        assert await messages(process) == 1


async def test_a_full_disk_fails_each_message_for_now_and_nothing_is_appended(process: Process) -> None:
    await process.publish(1)
    pages = await process.database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await process.database.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 2}").close())
    errors = await process.publisher.publish([message(2), Message(topic=TOPIC, key=b"k", value=b"x" * 50_000)])
    for error in errors:
        assert isinstance(error, DatabaseError)
        assert (error.error_code, error.transient) == ("DATABASE_FULL", True)
    assert await messages(process) == 1
    assert await process.publish(2) == [None]


async def test_whoever_waits_too_long_for_the_writer_gives_up_and_nothing_is_written(process: Process) -> None:
    gate = Gate()
    holding = asyncio.create_task(process.database.write(gate))
    await gate.entered()
    with pytest.raises(DatabaseError) as caught:
        await bounded_write(
            process.database,
            lambda connection: connection.execute("DELETE FROM missing"),
            operation="publish",
            table="log_messages",
            patience=timedelta(milliseconds=1),
        )
    assert (caught.value.error_code, caught.value.transient) == ("DATABASE_BUSY", True)
    gate.open()
    assert await holding == "through"


@pytest.mark.parametrize(
    ("topic", "size", "accepted"),
    [
        (TOPIC, LARGEST_BYTES, True),
        (TOPIC, LARGEST_BYTES + 1, False),
        (queue_of(TOPIC), LARGEST_BYTES + ROOM_BYTES, True),
        (queue_of(TOPIC), LARGEST_BYTES + ROOM_BYTES + 1, False),
    ],
)
async def test_key_value_and_headers_together_are_measured(
    process: Process, topic: str, size: int, *, accepted: bool
) -> None:
    value = b"x" * (size - 7)
    large = Message(topic=topic, key=b"12", value=value, headers=(("3", b"45"), ("6", b"7")))
    (error,) = await process.publisher.publish([large])
    assert (error is None) == accepted
    assert accepted or isinstance(error, MessageRejectedError)


async def test_one_call_returns_a_bounded_amount_of_bytes(process: Process) -> None:
    number = AT_ONCE_BYTES // LARGEST_BYTES + 2
    big = Message(topic=TOPIC, key=b"", value=b"x" * LARGEST_BYTES)
    assert await process.publisher.publish([big] * number) == [None] * number
    async with process.join() as subscription:
        assert [len(await subscription.receive(1000, ZERO)) for _ in range(3)] == [number - 2, 2, 0]


@pytest.mark.parametrize("partitions", [0, -1, 10_001])
async def test_a_topic_has_a_sensible_number_of_partitions(process: Process, partitions: int) -> None:
    with pytest.raises(MessageRejectedError):
        await process.topics.create("t", partitions=partitions, retention=None)
    assert await process.topics.topics() == []


async def test_a_publisher_that_was_cancelled_has_appended_all_or_nothing(process: Process) -> None:
    await process.publish(0)
    for delay in range(20):
        publishing = asyncio.create_task(process.publish(*range(10)))
        await turns(delay)
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
        assert await messages(process) % 10 == 1
    async with process.join() as subscription:
        assert len(await all_of(subscription)) == await messages(process)
