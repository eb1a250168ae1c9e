"""The news that a transaction has ended: no wake-up is lost, nobody is woken by time."""

import asyncio
import sqlite3
from collections.abc import Awaitable
from datetime import timedelta

import pytest

from adapters.memory.clock import MemoryClock
from adapters.sqlite.database import Database
from tests.adapters.sqlite.schema import WAIT_SECONDS, Gate, count, turns

INSERT = "INSERT INTO accounts (user_id) VALUES (?)"


async def soon(awaitable: Awaitable[object]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        await awaitable


async def test_whoever_waits_is_woken_by_a_write_and_finds_it_committed(database: Database) -> None:
    waiting = asyncio.create_task(database.writes.after(database.writes.count))
    await turns(3)
    assert not waiting.done()
    await database.execute(INSERT, ("ann",))
    await soon(waiting)
    assert count(database.path, "accounts") == 2


async def test_a_write_between_looking_and_waiting_is_not_missed(database: Database) -> None:
    seen = database.writes.count
    await database.insert("accounts", {"user_id": "ann"})
    await soon(database.writes.after(seen))


async def test_the_end_of_a_transaction_wakes_and_its_single_writes_do_not(database: Database) -> None:
    waiting = asyncio.create_task(database.writes.after(database.writes.count))
    async with database.transaction() as tx:
        await tx.insert("accounts", {"user_id": "ann"})
        await turns(3)
        assert not waiting.done()
    await soon(waiting)


async def test_a_cancelled_write_that_was_committed_wakes_all_the_same(database: Database) -> None:
    gate, seen = Gate(), database.writes.count

    def work(connection: sqlite3.Connection) -> None:
        gate(connection)
        connection.execute(INSERT, ("ann",))

    writing = asyncio.create_task(database.write(work))
    await gate.entered()
    writing.cancel()
    gate.open()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await soon(database.writes.after(seen))
    assert count(database.path, "accounts") == 2


async def test_a_waiter_that_gave_up_takes_no_wake_up_from_the_others(database: Database) -> None:
    first, second = (asyncio.create_task(database.writes.after(database.writes.count)) for _ in range(2))
    await turns(3)
    first.cancel()
    await database.execute(INSERT, ("ann",))
    await soon(second)
    assert first.cancelled()


async def test_waiting_ends_when_the_time_has_passed_by_the_clock(database: Database) -> None:
    clock = MemoryClock()
    waiting = asyncio.create_task(database.writes.wait(database.writes.count, clock, timedelta(seconds=2)))
    await turns(3)
    await clock.advance(timedelta(seconds=1))
    assert not waiting.done()
    await clock.advance(timedelta(seconds=1))
    await soon(waiting)
    assert clock.sleepers == 0


async def test_a_cancelled_wait_leaves_no_task_behind(database: Database) -> None:
    clock, before = MemoryClock(), len(asyncio.all_tasks())
    waiting = asyncio.create_task(database.writes.wait(database.writes.count, clock, timedelta(seconds=2)))
    await turns(3)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (clock.sleepers, len(asyncio.all_tasks())) == (0, before)
