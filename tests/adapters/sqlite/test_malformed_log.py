"""Rows of the embedded log that were damaged or edited by hand: they keep nobody back, or are one clear error."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.sqlite.log_rows import UNREADABLE
from domain.errors import DatabaseError
from ports.event_subscriber import Start
from tests.adapters.sqlite.event_bench import GROUP, TOPIC, ZERO, Process, ignore, message, open_process


@pytest.fixture
async def process(path: Path) -> AsyncIterator[Process]:
    async with open_process(path, partitions=1) as opened:
        yield opened


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("headers", "'x'"),
        ("headers", "'[1]'"),
        ("headers", """'[["a", 1]]'"""),
        ("headers", r"""'[["a", "\ud800"]]'"""),
        ("headers", f"'{'[' * 100_000}'"),
        ("headers", "CAST(x'ff' AS TEXT)"),
        ("headers", "x'ff'"),
        ("at", "'then'"),
        ("at", "CAST(x'ff' AS TEXT)"),
        ("key", "'k'"),
        ("value", "'1'"),
    ],
)
async def test_a_damaged_message_is_delivered_without_what_cannot_be_read(
    process: Process, column: str, value: str
) -> None:
    await process.publish(1, 2)
    await process.database.execute(f"UPDATE log_messages SET {column} = {value} WHERE offset_number = 0")
    async with process.join() as subscription:
        damaged, sound = await subscription.receive(10, ZERO)
    assert (damaged.message.key, damaged.message.value, damaged.message.headers) == (b"k", b"1", ())
    assert damaged.at == (UNREADABLE if column == "at" else sound.at)
    assert sound.message == message(2)


@pytest.mark.parametrize("column", ["key", "value"])
async def test_bytes_are_delivered_though_they_are_kept_as_text_that_is_none(process: Process, column: str) -> None:
    await process.publish(1)
    await process.database.execute(f"UPDATE log_messages SET {column} = CAST(x'ff' AS TEXT)")
    async with process.join() as subscription:
        (delivery,) = await subscription.receive(10, ZERO)
    assert getattr(delivery.message, column) == b"\xff"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("topics", "CAST(x'ff' AS TEXT)"),
        ("topics", f"'{'[' * 100_000}'"),
        ("topics", r"""'["\ud800"]'"""),
        ("alive_until", "CAST(x'ff' AS TEXT)"),
        ("member_id", "CAST(x'ff' AS TEXT)"),
    ],
)
async def test_a_damaged_member_is_buried_by_the_next_one(process: Process, column: str, value: str) -> None:
    await process.publish(1)
    await process.database.insert("log_groups", {"group_id": GROUP, "generation": 0})
    row = {"group_id": GROUP, "member_id": "gone", "topics": "[]", "alive_until": "9999"}
    await process.database.insert("log_members", row)
    await process.database.update("log_offsets", {"member_id": "gone"}, "1 = 1")
    await process.database.execute(f"UPDATE log_members SET {column} = {value}")
    assert await process.topics.groups() == []
    assert await process.topics.lag(GROUP) == []
    async with process.join() as subscription:
        assert len(await subscription.receive(10, ZERO)) == 1
        assert await process.database.fetch_one("SELECT count(*) AS rows FROM log_members") == {"rows": 1}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("log_messages", "offset_number"),
        ("log_partitions", "next_offset"),
        ("log_groups", "generation"),
        ("log_offsets", "committed_offset"),
    ],
)
async def test_a_place_that_cannot_be_read_is_told_by_table_and_without_its_value(
    process: Process, table: str, column: str
) -> None:
    await process.publish(1)
    async with process.join() as subscription:
        (delivery,) = await subscription.receive(10, ZERO)
        await subscription.commit({delivery.partition: 1})
        await process.publish(2)
        await process.database.execute(
            f"UPDATE {table} SET {column} = 'garbled' WHERE {column} = (SELECT max({column}) FROM {table})"
        )
        with pytest.raises(DatabaseError) as caught:
            await (process.topics.lag(GROUP) if table == "log_offsets" else subscription.receive(10, ZERO))
    assert (caught.value.error_code, caught.value.table, caught.value.transient) == ("ROW_MALFORMED", table, False)
    assert column == "offset_number" or "garbled" not in str(caught.value)


async def test_a_damaged_retention_is_told_to_operators_and_publishing_goes_on(process: Process) -> None:
    await process.publish(1)
    await process.database.update("log_topics", {"retention_microseconds": "long"}, "topic = ?", (TOPIC,))
    async with open_process(process.database.path, name="b") as other:
        assert await other.publish(2) == [None]
        with pytest.raises(DatabaseError) as caught:
            await other.topics.topics()
    assert (caught.value.error_code, caught.value.details["topic"]) == ("ROW_MALFORMED", TOPIC)
    async with process.subscriber.subscribe([TOPIC], None, start=Start.EARLIEST, revoked=ignore) as subscription:
        assert len(await subscription.receive(10, ZERO)) == 2
