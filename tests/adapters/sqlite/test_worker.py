"""The thread behind a connection: one hop per call, nothing logged, nothing left behind."""

import asyncio
import logging
import sqlite3
import threading
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from adapters.sqlite.database import Database, open_database
from adapters.sqlite.worker import open_worker, uninterrupted
from domain.errors import ConflictError
from tests.adapters.sqlite.schema import Gate, count, failure, is_locked, locked, names, opening, turns, until

CANARY = "canary-93ab"
ENDLESS = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


async def test_the_private_function_of_aiosqlite_still_runs_a_function_on_its_thread() -> None:
    """`Worker` depends on it; if this fails, the new version of aiosqlite needs another way."""
    async with aiosqlite.connect(":memory:") as connection:
        thread = await connection._execute(threading.get_ident)  # type: ignore[no-untyped-call]  # noqa: SLF001
    assert thread != threading.get_ident()


def test_the_private_function_is_used_in_one_place() -> None:
    folder = Path(__file__).parents[3] / "adapters" / "sqlite"
    uses = [path.name for path in folder.glob("*.py") for _ in range(path.read_text("utf-8").count("._execute("))]
    assert uses == ["worker.py"]


async def test_each_verb_is_one_hop(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Every job that its threads execute is logged by aiosqlite."""
    await database.fetch_one("SELECT 1")  # opens the reader
    caplog.set_level(logging.DEBUG, "aiosqlite")

    async def hops(work: Coroutine[Any, Any, object]) -> int:
        caplog.clear()
        await work
        return sum(record.getMessage().startswith("executing") for record in caplog.records)

    assert await hops(database.fetch_one("SELECT 1")) == 1
    assert await hops(database.fetch_all("SELECT * FROM accounts")) == 1
    assert await hops(database.read(lambda c: [c.execute("SELECT 1").fetchone() for _ in range(5)])) == 1
    assert await hops(database.insert("accounts", {"user_id": "a"})) == 1
    assert await hops(database.update("accounts", {"user_name": "b"}, "user_id = ?", ("a",))) == 1
    assert await hops(database.delete("accounts", "user_id = ?", ("a",))) == 1
    assert await hops(database.execute("DELETE FROM accounts")) == 1
    assert await hops(database.execute_script("SELECT 1; SELECT 2; SELECT 3")) == 1
    async with database.transaction() as tx:
        assert await hops(tx.insert("accounts", {"user_id": "a"})) == 1
        assert await hops(tx.fetch_all("SELECT * FROM accounts")) == 1


async def test_no_value_reaches_a_log_or_a_traceback(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await database.insert("accounts", {"user_id": CANARY})
    errors = [
        await failure(database.insert("accounts", {"user_id": CANARY})),
        await failure(database.insert("accounts", {"user_id": CANARY + "\ud800"})),
        await failure(database.update("accounts", {"is_active": 2**70}, "user_id = ?", (CANARY,))),
        await failure(database.fetch_one("SELECT CAST(x'ff' || ? AS TEXT)", (CANARY,))),
        await failure(database.fetch_one("SELECT ?, ?", (CANARY,))),
        await failure(database.fetch_one("SELECT json_extract('{}', ?)", (CANARY,))),
    ]
    text = "".join("".join(traceback.format_exception(error)) + repr(error) + repr(error.details) for error in errors)
    assert CANARY not in text
    assert caplog.records
    assert CANARY not in caplog.text


def database_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if "_connection_worker_thread" in each.name]


async def no_thread_is_left() -> None:
    await until(lambda: not database_threads())


async def test_closing_leaves_no_thread_and_no_file(path: Path, migrations: Path) -> None:
    async with open_database(path, migrations=migrations, readers=3) as database:
        await asyncio.gather(*(database.fetch_one("SELECT 1") for _ in range(9)))
        assert len(database_threads()) > 1
    await no_thread_is_left()
    assert names(path.parent) == {"test.db"}


async def test_a_failed_opening_leaves_no_thread(tmp_path: Path, migrations: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to be looked at" * 100)
    for _ in range(5):
        await failure(opening(tmp_path / "text.db", migrations))
    await no_thread_is_left()


async def test_a_cancelled_opening_leaves_nothing_open(path: Path, migrations: Path) -> None:
    """Cancelled after 0, 1, 2, ... turns of the event loop, until opening and closing are complete."""
    done = False
    for number in range(10_000):
        task = asyncio.create_task(opening(path, migrations))
        await turns(number)
        done = task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        if done:
            break
    assert done
    await no_thread_is_left()
    assert not is_locked(path)
    assert count(path, "accounts") == 1


async def test_an_opening_that_is_cancelled_while_it_waits_for_a_lock(path: Path, migrations: Path) -> None:
    await opening(path, migrations)
    (migrations / "0003_more.sql").write_text("CREATE TABLE more (a)", encoding="utf-8")
    with locked(path):
        task = asyncio.create_task(opening(path, migrations))
        await turns(20)
        task.cancel()
        await turns(20)
        assert not task.done()
    with pytest.raises(asyncio.CancelledError):
        await task
    await no_thread_is_left()


async def test_after_closing_every_call_is_refused(path: Path, migrations: Path, tmp_path: Path) -> None:
    async with open_database(path, migrations=migrations) as database:
        pass

    async def enter() -> None:
        async with database.transaction():
            pass

    for attempt in (
        database.fetch_one("SELECT 1"),
        database.insert("accounts", {"user_id": "a"}),
        database.backup(tmp_path / "copy.db"),
        database.check(),
        enter(),
    ):
        assert (await failure(attempt)).error_code == "DATABASE_CLOSED"
    await no_thread_is_left()


def endless(started: threading.Event) -> Callable[[sqlite3.Connection], object]:
    def select(connection: sqlite3.Connection) -> object:
        started.set()
        return connection.execute(ENDLESS).fetchone()

    return select


async def test_closing_interrupts_running_and_refuses_waiting_reads(path: Path, migrations: Path) -> None:
    started = threading.Event()
    async with asyncio.timeout(60):
        async with open_database(path, migrations=migrations, readers=1) as database:
            running = asyncio.create_task(failure(database.read(endless(started))))
            waiting = asyncio.create_task(failure(database.fetch_one("SELECT 1")))
            await asyncio.to_thread(started.wait, 10)
        assert (await running).error_code == "DATABASE_INTERRUPTED"
        assert (await waiting).error_code == "DATABASE_CLOSED"
    await no_thread_is_left()


async def test_a_cancelled_read_ends_soon_and_its_reader_serves_on(path: Path, migrations: Path) -> None:
    async with asyncio.timeout(60), open_database(path, migrations=migrations, readers=1) as database:
        for _ in range(5):
            started = threading.Event()
            reading = asyncio.create_task(database.read(endless(started)))
            await asyncio.to_thread(started.wait, 10)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert await database.fetch_one("SELECT 1 AS one") == {"one": 1}


@pytest.mark.parametrize("raised", [None, ConflictError("mine")])
async def test_closing_rolls_back_a_transaction_of_another_task(
    path: Path, migrations: Path, raised: ConflictError | None
) -> None:
    """Its block then fails to commit; an error of its own passes unchanged."""
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def work(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.insert("accounts", {"user_id": "a"})
            entered.set()
            await go_on.wait()
            if raised is not None:
                raise raised

    async with open_database(path, migrations=migrations) as database:
        working = asyncio.create_task(failure(work(database)))
        await entered.wait()
    go_on.set()
    error = await working
    assert error is raised or (raised is None and error.error_code == "DATABASE_CLOSED")
    assert count(path, "accounts") == 1
    await no_thread_is_left()


async def test_closing_lets_a_running_write_finish(path: Path, migrations: Path) -> None:
    gate = Gate()

    def save(connection: sqlite3.Connection) -> None:
        gate(connection)
        connection.execute("INSERT INTO accounts (user_id) VALUES ('a')")

    async def use() -> None:
        async with open_database(path, migrations=migrations) as database:
            tasks.append(asyncio.create_task(database.write(save)))
            await gate.entered()

    tasks: list[asyncio.Task[None]] = []
    using = asyncio.create_task(use())
    await gate.entered()
    await turns(10)
    for _ in range(3):
        using.cancel()
        await turns(10)
        assert not using.done()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await using
    await tasks[0]
    assert count(path, "accounts") == 2
    await no_thread_is_left()


async def test_what_a_function_raises_arrives_unchanged() -> None:
    def stop(_: sqlite3.Connection) -> None:
        raise SystemExit(3)

    async with open_worker(lambda: sqlite3.connect(":memory:")) as worker:
        with pytest.raises(SystemExit):
            await worker.run(stop, operation="test")
        assert await worker.run(lambda c: c.execute("SELECT 1").fetchone(), operation="test") == (1,)


async def test_uninterrupted_work_ends_before_the_cancellation_is_raised() -> None:
    go_on, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go_on.wait()
        ended.set()
        raise ValueError

    task = asyncio.create_task(uninterrupted(work()))
    for _ in range(3):
        await turns(3)
        task.cancel()
    await turns(3)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
