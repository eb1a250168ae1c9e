"""Short reads that wait at the same time share a hop to a reader's thread, and nobody notices but the processor."""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.sqlite import short_reads
from adapters.sqlite.database import Database, open_database
from domain.errors import DatabaseError
from tests.adapters.sqlite.schema import WAIT_SECONDS, Gate, failure, turns

Reading = Callable[[sqlite3.Connection], object]


def saying(number: int) -> Callable[[sqlite3.Connection], int]:
    """Return a function that lets the database say a number."""

    def say(connection: sqlite3.Connection) -> int:
        (said,) = connection.execute("SELECT ?", (number,)).fetchone()
        return int(said)

    return say


def task(database: Database, read: Reading) -> "asyncio.Task[object]":
    return asyncio.create_task(database.read(read, single=True))


async def waiting(
    database: Database, *reads: Reading
) -> "tuple[Gate, asyncio.Task[object], list[asyncio.Task[object]]]":
    """Return the gate at which a first read is held, its task, and those that wait for it to end."""
    gate = Gate()
    first = task(database, gate)
    await gate.entered()
    calls = [task(database, each) for each in reads]
    await turns(3)
    return gate, first, calls


async def test_those_that_come_while_one_is_under_way_share_the_next_hop(database: Database) -> None:
    """The first of them is answered only once the last one, in the same hop, was read."""
    second = Gate()
    gate, first, (one, held) = await waiting(database, saying(1), second)
    gate.open()
    assert await first == "through"
    await second.entered()
    await turns(5)
    assert not one.done()
    second.open()
    assert [await one, await held] == [1, "through"]


async def test_all_are_answered_though_they_are_more_than_share_a_hop(database: Database) -> None:
    numbers = range(3 * short_reads.SHARED_AT_MOST + 1)
    gate, _, calls = await waiting(database, *map(saying, numbers))
    gate.open()
    assert await asyncio.gather(*calls) == list(numbers)


async def test_one_that_fails_fails_alone_and_by_its_own_name(database: Database) -> None:
    def fail(_: sqlite3.Connection) -> None:
        raise ValueError("no")

    gate, _, (one, wrong, own, four) = await waiting(
        database, saying(1), lambda connection: connection.execute("SELECT nothing"), fail, saying(4)
    )
    gate.open()
    assert [await one, await four] == [1, 4]
    with pytest.raises(DatabaseError) as caught:
        await wrong
    assert caught.value.operation == "read"
    with pytest.raises(ValueError, match="no"):
        await own


async def test_a_write_is_refused_in_company_as_it_is_alone(database: Database) -> None:
    gate, _, (one, _two) = await waiting(
        database, lambda connection: connection.execute("DELETE FROM accounts"), saying(2)
    )
    gate.open()
    with pytest.raises(DatabaseError) as caught:
        await one
    assert caught.value.error_code == "READ_ONLY_CONNECTION"


async def test_one_that_is_cancelled_while_others_share_its_hop_disturbs_none(database: Database) -> None:
    """Neither the one that leads nor one that follows; and whoever comes afterwards is served."""
    second = Gate()
    gate, first, (leading, held, following, last) = await waiting(database, saying(1), second, saying(3), saying(4))
    gate.open()
    await first
    await second.entered()
    leading.cancel()
    following.cancel()
    await turns(5)
    assert following.cancelled()
    late = task(database, saying(5))
    await turns(3)
    second.open()
    async with asyncio.timeout(WAIT_SECONDS):
        assert [await held, await last, await late] == ["through", 4, 5]
    with pytest.raises(asyncio.CancelledError):
        await leading


async def test_one_that_is_cancelled_when_it_is_to_lead_lets_the_next_one_lead(database: Database) -> None:
    gate = Gate()

    async def first_then_cancel() -> None:
        await database.read(gate, single=True)
        cancelled.cancel()  # it has been told to lead, and has not heard of it yet

    first = asyncio.create_task(first_then_cancel())
    await gate.entered()
    cancelled, after = task(database, saying(1)), task(database, saying(2))
    await turns(3)
    gate.open()
    await first
    async with asyncio.timeout(WAIT_SECONDS):
        assert await after == 2
    assert cancelled.cancelled()


async def test_one_that_is_cancelled_alone_is_interrupted_and_the_next_is_served(database: Database) -> None:
    def endless(connection: sqlite3.Connection) -> object:
        begun.set()
        return connection.execute(
            "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
        ).fetchone()

    loop, ready = asyncio.get_running_loop(), asyncio.Event()

    class Begun:
        def set(self) -> None:
            loop.call_soon_threadsafe(ready.set)

    begun = Begun()
    alone = task(database, endless)
    await ready.wait()
    after = task(database, saying(2))
    await turns(2)
    alone.cancel()
    async with asyncio.timeout(WAIT_SECONDS):
        assert await after == 2
    assert alone.cancelled()


async def test_closing_tells_those_that_wait(path: Path, migrations: Path) -> None:
    gate = Gate()
    async with open_database(path, migrations=migrations) as database:
        first = task(database, gate)
        await gate.entered()
        calls = [asyncio.create_task(failure(database.read(saying(n), single=True))) for n in range(3)]
        await turns(3)
        asyncio.get_running_loop().call_later(0, gate.open)
    await asyncio.gather(first, return_exceptions=True)
    assert {(await each).error_code for each in calls} == {"DATABASE_CLOSED"}


async def test_closing_tells_those_whose_leader_was_cancelled(path: Path, migrations: Path) -> None:
    """The hop that the cancelled one had asked for fails, and its error is theirs."""
    async with open_database(path, migrations=migrations, readers=1) as database:
        holding = Gate()
        gate, first, (leading,) = await waiting(database, saying(1))
        followers = [asyncio.create_task(failure(database.read(saying(n), single=True))) for n in range(2)]
        holder = asyncio.create_task(database.read(holding))
        await turns(3)
        gate.open()
        await first
        await holding.entered()
        leading.cancel()
        await turns(3)
        asyncio.get_running_loop().call_later(0, holding.open)
    await asyncio.gather(holder, return_exceptions=True)
    async with asyncio.timeout(WAIT_SECONDS):
        assert {(await each).error_code for each in followers} == {"DATABASE_CLOSED"}
    with pytest.raises(asyncio.CancelledError):
        await leading


@pytest.mark.parametrize("seed", range(10))
async def test_whoever_is_cancelled_whenever_all_others_are_answered(database: Database, seed: int) -> None:
    """Sixty reads, of which many are cancelled at some turn of the event loop."""
    chance, calls = random.Random(seed), []  # noqa: S311 - a choice of tests
    for number in range(60):
        calls.append(task(database, saying(number)))
        await turns(chance.randrange(3))
        if chance.random() < 0.4:
            chance.choice(calls).cancel()
    async with asyncio.timeout(WAIT_SECONDS):
        done = await asyncio.gather(*calls, return_exceptions=True)
    answers = list(enumerate(done))
    assert all(found == number or isinstance(found, asyncio.CancelledError) for number, found in answers)
    assert await database.read(saying(7), single=True) == 7
