"""What is SQLite's own in moving events within the database: damaged rows, all or nothing, what it executes."""

import sqlite3
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sqlite.database import Database
from adapters.sqlite.log_trimming import TRIM_EVERY
from adapters.sqlite.outbox import MALFORMED
from domain.errors import DatabaseError
from ports.outbox_transfer import Moved
from tests.adapters.sqlite.schema import locked
from tests.contracts.transfer_benches import PLAN, Bench, event, sqlite_bench

LEASE = timedelta(seconds=20)
LARGE = ("outbox", "log_messages", "outbox_published")
COPYING = "INSERT INTO log_messages (partition_id, offset_number, at, key, value, headers) SELECT"


@pytest.fixture
async def bench(path: Path) -> AsyncIterator[Bench]:
    async with sqlite_bench("transfer", path.parent) as opened:
        yield opened


def database_of(bench: Bench) -> Database:
    """Return the open file."""
    assert bench.database is not None
    return bench.database


async def damage(bench: Bench, name: str, change: str) -> None:
    """Change the stored row of the event."""
    await database_of(bench).execute(f"UPDATE outbox SET {change} WHERE event_id = ?", (name,))


async def names(bench: Bench) -> list[str]:
    """Return the values of what stands on the log."""
    return [(each.message.value or b"").decode() for each in await bench.logged(["orders"])]


async def executed(bench: Bench) -> list[str]:
    """Collect what the writer and a reader execute from now on."""
    found: list[str] = []
    database = database_of(bench)
    for run in (database.read, database.write):
        await run(lambda connection: connection.set_trace_callback(found.append))
    return found


@pytest.mark.parametrize(
    "change",
    [
        "headers = 'x'",
        "headers = '[]'",
        "headers = '{},{}'",
        """headers = '{"a": 1}'""",
        """headers = '{"a": null}'""",
        r"""headers = '{"a": "\ud800"}'""",
        f"headers = '{'[' * 100_000}'",
        """headers = CAST('{"a": "b"}' AS BLOB)""",
        "headers = CAST(x'ff' AS TEXT)",
        "value = 'text'",
        "value = 7",
        "value = CAST(x'ff' AS TEXT)",
        "topic = ' '",
        "topic = x'74'",
        "topic = CAST(x'ff' AS TEXT)",
        "key = x'6b'",
        "key = CAST(x'ff' AS TEXT)",
    ],
)
async def test_a_damaged_event_is_parked_and_keeps_nobody_back(bench: Bench, change: str) -> None:
    await bench.append([event("first"), event("second"), event("third")])
    await damage(bench, "second", change)
    moved = await bench.transfer.move("me", LEASE, 10)
    assert (moved and moved.published, moved and moved.parked) == (2, ())
    assert await names(bench) == ["first", "third"]
    assert [each.reason for each in await bench.parked.parked(10)] == [MALFORMED]


async def test_two_damaged_rows_of_which_the_headers_fit_together_are_not_taken_for_sound_ones(bench: Bench) -> None:
    await bench.append([event("first"), event("second")])
    await damage(bench, "first", """headers = '{"a":"}'""")
    await damage(bench, "second", """headers = '{","b":"c"},{}'""")
    assert await bench.transfer.move("me", LEASE, 10) == Moved()
    assert [each.reason for each in await bench.parked.parked(10)] == [MALFORMED] * 2


@pytest.mark.parametrize("event_id", ["CAST(x'ff' AS TEXT)", "x'ff'"])
async def test_an_event_without_a_legible_id_is_parked(bench: Bench, event_id: str) -> None:
    await bench.append([event("first"), event("second")])
    await damage(bench, "first", f"event_id = {event_id}")
    await bench.transfer.move("me", LEASE, 10)
    assert await names(bench) == ["second"]


async def test_behind_any_number_of_damaged_events_others_are_found(bench: Bench) -> None:
    await bench.append([event(f"e{number}") for number in range(7)])
    await database_of(bench).execute("UPDATE outbox SET headers = 'x' WHERE event_id <> 'e6'")
    moved = await bench.transfer.move("me", LEASE, 2)
    assert moved is not None
    assert moved.published == 1
    assert (await bench.parked.summary()).parked == 6


async def test_sound_events_do_not_pass_through_python_and_odd_ones_do(bench: Bench) -> None:
    """So that the tests above and the contract are of both ways."""
    statements = await executed(bench)
    await bench.append([event(f"e{number}", value=b"\xff", headers={"name": "plain"}) for number in range(3)])
    await bench.transfer.move("me", LEASE, 10)
    assert [each.startswith(COPYING) for each in statements if "INTO log_messages" in each] == [True]
    assert not any("outbox.value" in each or ", value" in each for each in statements if each.startswith("SELECT"))
    statements.clear()
    await bench.append([event("odd", headers={"name": "é"})])
    await bench.transfer.move("me", LEASE, 10)
    assert [each.startswith(COPYING) for each in statements if "INTO log_messages" in each] == [False]


@pytest.mark.parametrize("headers", [{"name": "plain"}, {"name": "é"}])
async def test_if_the_topic_of_one_is_damaged_nothing_of_the_page_is_moved_or_marked(
    bench: Bench, headers: dict[str, str]
) -> None:
    await bench.append([event("good", headers=headers), event("bad", topic="letters", headers=headers)])
    await bench.publisher.publish([event("before", topic="letters").message()])
    database = database_of(bench)
    await database.execute("UPDATE log_partitions SET next_offset = 'x' WHERE topic = 'letters'")
    with pytest.raises(DatabaseError) as caught:
        await bench.transfer.move("me", LEASE, 10)
    assert (caught.value.error_code, caught.value.transient) == ("ROW_MALFORMED", False)
    assert [each.event_id for each in await bench.outbox.pending(10)] == ["good", "bad"]
    assert (await database.fetch_one("SELECT count(*) AS n FROM log_messages")) == {"n": 1}
    assert (await bench.parked.summary()).relay is None, "the claim is undone, too"


@pytest.mark.parametrize(
    ("beginning", "headers"),
    [("SELECT json_group_array", {"name": "plain"}), ("SELECT outbox.position", {"name": "é"})],
)
async def test_if_sqlite_undoes_the_transaction_while_it_is_read_nothing_is_moved(
    bench: Bench, beginning: str, headers: dict[str, str]
) -> None:
    """As after an error of the disk: otherwise each statement would be committed by itself, and without a claim."""
    await bench.append([event("first", headers=headers), event("second", headers=headers)])
    database = database_of(bench)
    writers: list[sqlite3.Connection] = []

    def undo(statement: str) -> None:
        if statement.startswith(beginning):
            writers.pop().execute("ROLLBACK")

    def prepare(connection: sqlite3.Connection) -> None:
        writers.append(connection)
        connection.set_trace_callback(undo)

    await database.write(prepare)
    with pytest.raises(DatabaseError) as caught:
        await bench.transfer.move("me", LEASE, 10)
    assert caught.value.error_code == "TRANSACTION_LOST"
    assert await names(bench) == []
    assert [each.event_id for each in await bench.outbox.pending(10)] == ["first", "second"]


async def test_a_locked_database_is_a_passing_error(bench: Bench) -> None:
    await bench.append([event("first")])
    database = database_of(bench)
    with locked(database.path):
        with pytest.raises(DatabaseError) as caught:
            await bench.transfer.move("me", LEASE, 10)
        assert caught.value.transient
    await bench.transfer.move("me", LEASE, 10)
    assert await names(bench) == ["first"]


async def test_what_a_topic_need_not_keep_any_longer_is_removed_now_and_then(bench: Bench) -> None:
    assert PLAN.retention is not None
    await bench.append([event("old")])
    await bench.transfer.move("me", LEASE, 10)
    await bench.clock.advance(PLAN.retention + TRIM_EVERY)
    await bench.append([event("new")])
    await bench.transfer.move("me", LEASE, 10)
    assert await names(bench) == ["new"]


async def test_no_statement_goes_through_a_whole_table_or_sorts_it(bench: Bench) -> None:
    statements = await executed(bench)
    await bench.append([event("plain"), event("other")])
    await bench.transfer.move("me", LEASE, 10)
    await bench.append([event("odd", headers={"name": "é"})])
    await bench.transfer.move("me", LEASE, 10)
    database = database_of(bench)
    assert any(each.startswith(COPYING) for each in statements)
    for statement in set(statements):
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
            plan = await database.fetch_all(f"EXPLAIN QUERY PLAN {statement}")
            assert list(_slow(str(step["detail"]) for step in plan)) == [], statement


def _slow(steps: Iterable[str]) -> Iterable[str]:
    for step in steps:
        words = step.split()
        if (words[0] == "SCAN" and words[1] in LARGE and "USING" not in words) or "TEMP B-TREE" in step:
            yield step
