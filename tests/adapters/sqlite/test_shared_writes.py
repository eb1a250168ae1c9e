"""Writes that wait at the same time share a commit, and nobody notices but the disk."""

import asyncio
import random
import sqlite3
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from adapters.sqlite import writes
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.transaction import begin
from domain.errors import DatabaseError, NotFoundError
from tests.adapters.sqlite.schema import WAIT_SECONDS, Gate, count, failure, is_locked, turns

NAMES = "SELECT user_id FROM accounts WHERE id > 1 ORDER BY id"
LONG = "x" * 100_000


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many share a transaction must not depend on how busy the machine is."""
    monkeypatch.setattr(writes, "SHARED_SECONDS", 3600)


class Watch:
    """A clock that stands still unless it is put forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def adding(name: str) -> Callable[[sqlite3.Connection], str]:
    """Return a function that adds an account, and returns its name."""

    def add(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO accounts (user_id) VALUES (?)", (name,))
        return name

    return add


async def gathered(
    database: Database, *functions: Callable[[sqlite3.Connection], object]
) -> "list[object | BaseException]":
    """Let all of them wait for one that holds the writer, then let them go; return what each returned or raised."""
    return await waiting(database, *map(database.write, functions))


async def waiting(database: Database, *writes: Coroutine[None, None, object]) -> "list[object | BaseException]":
    """As `gathered`, of calls of `write`."""
    gate = Gate()
    first = asyncio.create_task(database.write(gate))
    await gate.entered()
    calls = [asyncio.create_task(each) for each in writes]
    await turns(3)
    gate.open()
    await first
    return await asyncio.gather(*calls, return_exceptions=True)


async def transacting(database: Database, ready: asyncio.Event) -> None:
    async with database.transaction():
        await ready.wait()


async def stored(database: Database) -> list[object]:
    return [row["user_id"] for row in await database.fetch_all(NAMES)]


async def test_those_that_wait_share_one_transaction_in_the_order_of_their_calls(database: Database) -> None:
    before, wanted = database.writes.count, [f"user {n}" for n in range(50)]
    assert await gathered(database, *map(adding, wanted)) == wanted
    assert await stored(database) == wanted
    assert database.writes.count == before + 2, "the one that held the writer, and all others"


async def test_nobody_is_told_before_all_is_committed(database: Database) -> None:
    first, second = Gate(), Gate()
    holding = asyncio.create_task(database.write(first))
    await first.entered()
    adding_one = asyncio.create_task(database.write(adding("one")))
    staying = asyncio.create_task(database.write(second))
    await turns(3)
    first.open()
    await holding
    await second.entered()
    await turns(3)
    assert not adding_one.done()
    assert count(database.path, "accounts") == 1
    second.open()
    assert await adding_one == "one"
    await staying
    assert count(database.path, "accounts") == 2


async def test_one_that_fails_is_undone_alone(database: Database) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        adding("half")(connection)
        raise NotFoundError("no such thing")

    found = await gathered(database, adding("a"), fail, adding("a"), adding("b"))
    assert (found[0], found[3]) == ("a", "b")
    assert isinstance(found[1], NotFoundError)
    assert isinstance(found[2], DatabaseError)
    assert found[2].error_code == "CONSTRAINT_VIOLATED"
    assert await stored(database) == ["a", "b"]


async def test_a_clean_one_that_fails_before_it_writes_fails_alone(database: Database) -> None:
    def refuse(connection: sqlite3.Connection) -> None:
        connection.execute("SELECT no_such_column FROM accounts")

    writes = [database.write(each, clean=True) for each in (adding("a"), refuse, adding("b"))]
    found = await waiting(database, *writes)
    assert [each if isinstance(each, str) else type(each) for each in found] == ["a", DatabaseError, "b"]
    assert await stored(database) == ["a", "b"]


@pytest.mark.parametrize("error", [ValueError("no"), sqlite3.IntegrityError("no")])
async def test_a_clean_one_that_fails_in_the_middle_takes_those_along_that_shared_its_transaction(
    database: Database, error: Exception
) -> None:
    def add_and_fail(connection: sqlite3.Connection) -> None:
        adding("half")(connection)
        raise error

    found = await waiting(
        database,
        database.write(adding("a"), clean=True),
        database.write(add_and_fail, clean=True),
        database.write(adding("b")),
    )
    codes = [getattr(each, "error_code", each) for each in found]
    assert codes == ["TRANSACTION_LOST", error if isinstance(error, ValueError) else "CONSTRAINT_VIOLATED", "b"]
    assert isinstance(found[0], DatabaseError)
    assert found[0].transient
    assert await stored(database) == ["b"]


async def test_a_full_disk_takes_clean_ones_along_like_others(database: Database) -> None:
    pages = await database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await database.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 1}").fetchone())
    found = await waiting(database, *[database.write(adding(name), clean=True) for name in ("a", LONG, "b")])
    assert [getattr(each, "error_code", each) for each in found] == ["DATABASE_FULL", "DATABASE_FULL", "b"]
    assert await stored(database) == ["b"]


async def test_more_than_a_transaction_takes_are_written_in_their_order(database: Database) -> None:
    wanted = [f"user {number}" for number in range(2 * writes.SHARED_AT_MOST + 1)]
    assert await gathered(database, *map(adding, wanted)) == wanted
    assert await stored(database) == wanted


async def test_a_full_disk_is_told_to_all_whose_writes_went_with_it_and_the_others_go_on(database: Database) -> None:
    pages = await database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await database.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 1}").fetchone())
    found = await gathered(database, adding("a"), adding(LONG), adding("b"))
    told = [(each.error_code, each.transient) for each in found if isinstance(each, DatabaseError)]
    assert told == [("DATABASE_FULL", True)] * 2
    assert found[2] == "b"
    assert await stored(database) == ["b"]


async def test_whoever_ends_the_transaction_spoils_it_for_those_in_it_and_they_are_told(database: Database) -> None:
    found = await gathered(database, adding("a"), lambda connection: connection.execute("ROLLBACK"), adding("b"))
    assert [each.error_code for each in found if isinstance(each, DatabaseError)] == ["TRANSACTION_LOST"] * 2
    assert found[2] == "b"
    assert await stored(database) == ["b"]


async def test_a_commit_that_fails_is_told_to_all(database: Database) -> None:
    def orphan(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("INSERT INTO tokens VALUES (77, 'x')")

    found = await gathered(database, adding("a"), orphan)
    assert [each.error_code for each in found if isinstance(each, DatabaseError)] == ["CONSTRAINT_VIOLATED"] * 2
    assert await stored(database) == []
    assert not is_locked(database.path)
    await database.write(adding("b"))


async def test_an_error_told_to_all_is_raised_by_each_as_its_own(database: Database) -> None:
    """Else its traceback would grow with every one that raises it."""

    def orphan(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("INSERT INTO tokens VALUES (77, 'x')")

    lost = await gathered(database, *map(adding, "abc"), lambda connection: connection.execute("ROLLBACK"))
    failed = await gathered(database, *map(adding, "abc"), orphan)
    for errors in (lost, [each.__cause__ for each in failed if isinstance(each, DatabaseError)]):
        found = [each for each in errors if isinstance(each, BaseException)]
        assert len({id(each) for each in found}) == 4
        assert max(len(traceback.extract_tb(each.__traceback__)) for each in found) < 12


async def test_the_time_that_others_had_the_lock_does_not_count(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()

    def slowly(connection: sqlite3.Connection) -> None:
        watch.now += 2 * writes.SHARED_SECONDS
        begin(connection)

    monkeypatch.setattr(writes, "time", watch)
    monkeypatch.setattr(writes, "begin", slowly)
    before, wanted = database.writes.count, ["a", "b", "c"]
    assert await gathered(database, *map(adding, wanted)) == wanted
    assert database.writes.count == before + 2, "the one that held the writer, and all others"


async def test_after_its_time_a_transaction_takes_no_more(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "SHARED_SECONDS", 0)
    before, wanted = database.writes.count, ["a", "b", "c"]
    assert await gathered(database, *map(adding, wanted)) == wanted
    assert await stored(database) == wanted
    assert database.writes.count == before + 4, "one each"


async def test_one_that_is_cancelled_with_others_disturbs_them_not_and_ends_after_the_commit(
    database: Database,
) -> None:
    first, second = Gate(), Gate()
    holding = asyncio.create_task(database.write(first))
    await first.entered()
    one, staying, three = [asyncio.create_task(database.write(each)) for each in (adding("1"), second, adding("3"))]
    await turns(3)
    first.open()
    await holding
    await second.entered()
    for each in (one, three):
        each.cancel()
    await turns(5)
    assert not one.done()
    assert not three.done()
    second.open()
    await staying
    for each in (one, three):
        with pytest.raises(asyncio.CancelledError):
            await each
    assert await stored(database) == ["1", "3"], "they had begun"


async def test_one_that_is_cancelled_when_it_is_to_lead_lets_the_next_one_lead(database: Database) -> None:
    gate = Gate()

    async def first_then_cancel() -> None:
        await database.write(gate)
        cancelled.cancel()  # it has been told to lead, and has not heard of it yet

    first = asyncio.create_task(first_then_cancel())
    await gate.entered()
    cancelled, after = [asyncio.create_task(database.write(adding(name))) for name in "ab"]
    await turns(3)
    gate.open()
    await first
    async with asyncio.timeout(WAIT_SECONDS):
        assert await after == "b"
    assert cancelled.cancelled()
    assert await stored(database) == ["b"]


async def test_one_that_is_cancelled_before_its_turn_lets_the_next_one_lead(database: Database) -> None:
    ready = asyncio.Event()

    async def add(name: str) -> str:
        await ready.wait()
        return await database.write(adding(name))

    cancelled, after = [asyncio.create_task(add(name)) for name in "ab"]
    async with database.transaction():
        ready.set()
        await turns(3)
        cancelled.cancel()
        await turns(3)
        assert cancelled.cancelled()
    async with asyncio.timeout(WAIT_SECONDS):
        assert await after == "b"
    assert await stored(database) == ["b"]


async def test_one_for_which_there_was_no_time_can_be_cancelled_and_nothing_happens(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them while the others write, one while they wait for their turn again."""
    monkeypatch.setattr(writes, "SHARED_SECONDS", 0)
    ready, first, second = asyncio.Event(), Gate(), Gate()
    holding = asyncio.create_task(database.write(first))
    await first.entered()
    names = ["early", "next", "late"]
    staying = asyncio.create_task(database.write(second))
    early, leading, late = [asyncio.create_task(database.write(adding(name))) for name in names]
    await turns(3)
    first.open()
    await second.entered()
    between = asyncio.create_task(transacting(database, ready))
    early.cancel()
    await turns(3)
    second.open()
    await asyncio.gather(holding, staying)
    await turns(3)
    late.cancel()
    await turns(3)
    assert early.cancelled()
    assert late.cancelled()
    assert not leading.done()
    ready.set()
    async with asyncio.timeout(WAIT_SECONDS):
        assert await leading == "next"
    await between
    assert await stored(database) == ["next"]


async def test_writes_wait_for_a_transaction_and_are_shared_after_it(database: Database) -> None:
    ready = asyncio.Event()

    async def add(name: str) -> None:
        await ready.wait()
        await database.write(adding(name))

    calls = [asyncio.create_task(add(name)) for name in "bc"]
    before = database.writes.count
    async with database.transaction() as tx:
        ready.set()
        await turns(5)
        await tx.insert("accounts", {"user_id": "a"})
    await asyncio.gather(*calls)
    assert await stored(database) == ["a", "b", "c"]
    assert database.writes.count == before + 2


async def test_closing_tells_those_that_wait(path: Path, migrations: Path) -> None:
    gate = Gate()
    async with open_database(path, migrations=migrations) as database:
        first = asyncio.create_task(database.write(gate))
        await gate.entered()
        waiting = [asyncio.create_task(failure(database.write(adding(str(n))))) for n in range(3)]
        await turns(3)
        asyncio.get_running_loop().call_later(0, gate.open)
    await first
    assert {(await each).error_code for each in waiting} == {"DATABASE_CLOSED"}
    assert count(path, "accounts") == 1


@pytest.mark.parametrize("seed", range(10))
async def test_whoever_is_cancelled_whenever_no_other_write_is_lost_or_made_twice(
    database: Database, seed: int
) -> None:
    """Sixty writes, a third of which are cancelled at some turn of the event loop, others while they write."""
    chance, calls = random.Random(seed), []  # noqa: S311 - a choice of tests
    for number in range(60):
        calls.append(asyncio.create_task(database.write(adding(str(number)))))
        await turns(chance.randrange(3))
        if chance.random() < 0.4:
            chance.choice(calls).cancel()
    done = await asyncio.gather(*calls, return_exceptions=True)
    found = await stored(database)
    assert len(found) == len(set(found))
    completed = [each for each in done if isinstance(each, str)]
    assert [each for each in found if each in completed] == completed
    assert all(isinstance(each, str | asyncio.CancelledError) for each in done)
    assert await database.write(adding("after all")) == "after all"
    assert not is_locked(database.path)


def synchronous(connection: sqlite3.Connection) -> int:
    """Return how this transaction will be committed: 1 without a sync, 2 with one."""
    level: int = connection.execute("PRAGMA synchronous").fetchone()[0]
    return level


async def test_only_a_write_that_need_not_be_durable_is_committed_without_a_sync(database: Database) -> None:
    assert await database.write(synchronous, durable=False) == 1
    assert await database.write(synchronous) == 2


@pytest.mark.parametrize("error", [ValueError("no"), sqlite3.IntegrityError("no")])
async def test_the_next_write_is_durable_though_one_that_need_not_be_failed(
    database: Database, error: Exception
) -> None:
    def fail(_: sqlite3.Connection) -> None:
        raise error

    with pytest.raises((ValueError, DatabaseError)):
        await database.write(fail, durable=False)
    async with database.transaction() as tx:
        assert await tx.read(synchronous) == 2
    assert await database.write(synchronous) == 2


@pytest.mark.parametrize("others", [(True, False), (False, False, True)])
async def test_those_that_share_a_commit_wait_for_the_disk_if_one_must(
    database: Database, others: tuple[bool, ...]
) -> None:
    writes = [database.write(synchronous, durable=each) for each in others]
    assert await waiting(database, *writes) == [2] * len(others)


async def test_several_that_need_not_be_durable_share_a_commit_without_a_sync(database: Database) -> None:
    writes = [database.write(synchronous, durable=False) for _ in range(2)]
    assert await waiting(database, *writes) == [1, 1]
    assert await database.write(synchronous) == 2
