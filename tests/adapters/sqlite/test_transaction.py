"""`transaction()`: exclusive, not nested, and never left open, whenever its task is cancelled."""

import asyncio
import sqlite3
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from adapters.sqlite.database import Database, open_database
from domain.errors import DatabaseError
from tests.adapters.sqlite.schema import Gate, count, failure, is_locked, locked, turns

INSERT = "INSERT INTO accounts (user_id) VALUES (?)"


async def enter(database: Database) -> None:
    async with database.transaction():
        pass


async def in_a_child(work: Coroutine[Any, Any, int]) -> int:
    return await asyncio.create_task(work)


async def test_a_transaction_sees_its_own_writes_and_others_see_them_when_it_is_over(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.insert("accounts", {"user_id": "a"})
        assert await tx.execute(INSERT, ("b",)) == 1
        assert await tx.update("accounts", {"status": "LOCKED"}, "user_id = ?", ("a",)) == 1
        assert await tx.delete("accounts", "user_id = ?", ("b",)) == 1
        assert await tx.fetch_one("SELECT status FROM accounts WHERE user_id = 'a'") == {"status": "LOCKED"}
        assert len(await tx.fetch_all("SELECT * FROM accounts")) == 2
        assert len(await database.fetch_all("SELECT * FROM accounts")) == 1
    assert len(await database.fetch_all("SELECT * FROM accounts")) == 2


async def test_an_error_rolls_back_and_passes_unchanged(database: Database) -> None:
    raised = KeyError("mine")

    async def work() -> None:
        async with database.transaction() as tx:
            await tx.insert("accounts", {"user_id": "a"})
            raise raised

    with pytest.raises(KeyError) as caught:
        await work()
    assert caught.value is raised
    assert count(database.path, "accounts") == 1
    assert not is_locked(database.path)


async def test_a_failing_script_in_a_transaction_undoes_only_itself(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.insert("accounts", {"user_id": "a"})
        error = await failure(tx.execute_script("DELETE FROM accounts; SELECT * FROM missing"))
        assert error.error_code == "SQL_ERROR"
        await tx.execute_script("INSERT INTO accounts (user_id) VALUES ('b'); SELECT 1;")
    assert count(database.path, "accounts") == 3


async def test_other_writes_wait_until_it_is_over_and_reads_go_on(database: Database) -> None:
    order: list[str] = []

    async def other() -> None:
        await database.insert("accounts", {"user_id": "other"})
        order.append("other")

    async with asyncio.TaskGroup() as group:
        ready = asyncio.Event()

        async def holder() -> None:
            async with database.transaction() as tx:
                ready.set()
                for number in range(5):
                    await tx.insert("accounts", {"user_id": f"user{number}"})
                    assert await database.fetch_one("SELECT count(*) AS n FROM accounts") == {"n": 1}
                order.append("holder")

        group.create_task(holder())
        await ready.wait()
        group.create_task(other())
    assert order == ["holder", "other"]


async def test_nesting_is_refused_and_waits_for_nothing(database: Database) -> None:
    async with asyncio.timeout(60), database.transaction() as tx:
        for attempt in (
            database.insert("accounts", {"user_id": "a"}),
            database.execute("DELETE FROM accounts"),
            database.execute_script("DELETE FROM accounts"),
            database.write(lambda _: None),
            enter(database),
        ):
            error = await failure(attempt)
            assert isinstance(error, DatabaseError)
            assert error.error_code == "NESTED_TRANSACTION"
            assert "use the verbs of its tx" in str(error)
        await tx.insert("accounts", {"user_id": "a"})
    await database.insert("accounts", {"user_id": "b"})
    assert count(database.path, "accounts") == 3


async def test_a_child_task_is_refused_too_unless_it_outlives_the_transaction(database: Database) -> None:
    async with asyncio.timeout(60):
        over = asyncio.Event()

        async def late() -> int:
            await over.wait()
            return await database.insert("accounts", {"user_id": "late"})

        async with database.transaction() as tx:
            outliving = asyncio.create_task(late())
            error = await failure(in_a_child(database.insert("accounts", {"user_id": "child"})))
            assert error.error_code == "NESTED_TRANSACTION"
            assert await asyncio.create_task(tx.insert("accounts", {"user_id": "child of tx"})) == 2
        over.set()
        assert await outliving == 3


async def test_another_database_is_no_nesting(database: Database, tmp_path: Path, migrations: Path) -> None:
    async with open_database(tmp_path / "other.db", migrations=migrations) as other:
        async with database.transaction(), other.transaction() as tx:
            await tx.insert("accounts", {"user_id": "a"})
        assert count(other.path, "accounts") == 2


async def test_a_transaction_that_is_over_does_nothing_more(database: Database) -> None:
    async with database.transaction() as tx:
        pass
    for attempt in (tx.insert("accounts", {"user_id": "a"}), tx.fetch_all("SELECT 1"), tx.write(lambda _: None)):
        assert (await failure(attempt)).error_code == "TRANSACTION_ENDED"
    assert count(database.path, "accounts") == 1


async def test_a_transaction_that_sqlite_has_given_up_does_nothing_more(database: Database) -> None:
    """A full disk rolls back the whole transaction; what follows must not be committed one by one."""
    pages = await database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])

    async def fill() -> None:
        async with database.transaction() as tx:
            await tx.execute(f"PRAGMA max_page_count = {pages + 1}")
            await tx.insert("accounts", {"user_id": "a"})
            assert (await failure(tx.insert("accounts", {"user_id": "x" * 100_000}))).error_code == "DATABASE_FULL"
            assert (await failure(tx.insert("accounts", {"user_id": "b"}))).error_code == "TRANSACTION_LOST"
            script = tx.execute_script("INSERT INTO accounts (user_id) VALUES ('c')")
            assert (await failure(script)).error_code == "TRANSACTION_LOST"

    assert (await failure(fill())).error_code == "TRANSACTION_LOST"
    assert count(database.path, "accounts") == 1


async def test_cancelled_while_another_program_holds_the_lock(database: Database) -> None:
    """BEGIN is already waiting on the database's thread, and succeeds after the cancellation."""
    with locked(database.path):
        entering = asyncio.create_task(enter(database))
        await turns(5)
        entering.cancel()
        await turns(5)
        assert not entering.done()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert not is_locked(database.path)
    await database.insert("accounts", {"user_id": "a"})


async def test_cancelled_in_the_middle_is_rolled_back(database: Database) -> None:
    gate = Gate()

    async def work() -> None:
        async with database.transaction() as tx:
            await tx.insert("accounts", {"user_id": "a"})
            await tx.write(gate)
            await tx.insert("accounts", {"user_id": "b"})

    working = asyncio.create_task(work())
    await gate.entered()
    working.cancel()
    working.cancel()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert not is_locked(database.path)
    assert count(database.path, "accounts") == 1


async def test_cancelled_during_the_commit_is_committed(database: Database) -> None:
    """The gate keeps the thread busy while COMMIT is queued behind it."""
    gate, leaving = Gate(), asyncio.Event()
    held: list[asyncio.Task[str]] = []

    async def work() -> None:
        async with database.transaction() as tx:
            await tx.insert("accounts", {"user_id": "a"})
            held.append(asyncio.create_task(tx.write(gate)))
            await gate.entered()
            leaving.set()

    working = asyncio.create_task(work())
    await leaving.wait()
    await turns(5)
    working.cancel()
    await turns(5)
    working.cancel()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert await held[0] == "through"
    assert not is_locked(database.path)
    assert count(database.path, "accounts") == 2


async def test_a_cancelled_write_that_has_begun_is_committed_before_it_ends(database: Database) -> None:
    gate = Gate()

    def save(connection: sqlite3.Connection) -> None:
        connection.execute(INSERT, ("a",))
        gate(connection)

    writing = asyncio.create_task(database.write(save))
    await gate.entered()
    writing.cancel()
    await turns(5)
    writing.cancel()
    await turns(5)
    assert not writing.done()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert count(database.path, "accounts") == 2


async def test_a_cancelled_write_that_waits_for_its_turn_does_nothing(database: Database) -> None:
    gate = Gate()
    first = asyncio.create_task(database.write(gate))
    await gate.entered()
    second = asyncio.create_task(database.insert("accounts", {"user_id": "a"}))
    third = asyncio.create_task(database.insert("accounts", {"user_id": "b"}))
    await turns(5)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    gate.open()
    await first
    await third
    assert await database.fetch_all("SELECT user_id FROM accounts WHERE id > 1") == [{"user_id": "b"}]


async def test_cancelled_at_any_point_it_is_whole_or_absent(database: Database) -> None:
    """Cancelled after 0, 1, 2, ... turns of the event loop, until one comes too late to matter."""

    async def work(name: str) -> None:
        async with database.transaction() as tx:
            await tx.insert("accounts", {"user_id": f"{name} one"})
            await tx.insert("accounts", {"user_id": f"{name} two"})

    cancelled, completed = 0, 0
    while completed < 20:
        working = asyncio.create_task(work(str(cancelled + completed)))
        for _ in range(cancelled):
            await asyncio.sleep(0)
        completed += working.done()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
        cancelled += 1
        assert not is_locked(database.path)
        assert count(database.path, "accounts") % 2 == 1
    assert cancelled > completed
