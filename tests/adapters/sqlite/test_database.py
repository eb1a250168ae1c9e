"""The verbs, `read` and `write` on one database."""

import asyncio
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sqlite.database import Database, open_database
from domain.errors import ConflictError, DatabaseError, ValidationError
from tests.adapters.sqlite.schema import Gate, count, failure, is_locked, locked, turns


async def test_the_example_of_the_seed_document(database: Database) -> None:
    db = database
    account_id = await db.insert(
        table="accounts", data={"user_id": "kimghw", "user_name": "Kim Ghw", "status": "ACTIVE"}
    )
    account = await db.fetch_one("SELECT * FROM accounts WHERE user_id = ?", ("kimghw",))
    assert account == {
        "id": account_id,
        "user_id": "kimghw",
        "user_name": "Kim Ghw",
        "status": "ACTIVE",
        "is_active": 1,
    }
    accounts = await db.fetch_all("SELECT * FROM accounts WHERE is_active = 1")
    assert [each["user_id"] for each in accounts] == ["first", "kimghw"]
    assert (
        await db.update(
            table="accounts", data={"status": "INACTIVE"}, where_clause="user_id = ?", where_params=("kimghw",)
        )
        == 1
    )
    assert await db.delete(table="accounts", where_clause="id = ?", where_params=(account_id,)) == 1
    async with db.transaction() as tx:
        other_id = await tx.insert("accounts", {"user_id": "other"})
        await tx.update("accounts", {"status": "LOCKED"}, "id = ?", (other_id,))
    assert await db.fetch_one("SELECT status FROM accounts WHERE id = :id", {"id": other_id}) == {"status": "LOCKED"}


async def test_execute_counts_the_rows_that_changed(database: Database) -> None:
    assert await database.execute("CREATE TABLE new_table (id INTEGER PRIMARY KEY, name TEXT NOT NULL)") == 0
    assert await database.execute("INSERT INTO new_table (name) VALUES (?), (?)", ("a", "b")) == 2
    assert await database.execute("UPDATE new_table SET name = 'c' WHERE id > 0 RETURNING id") == 2
    assert await database.execute("DELETE FROM new_table WHERE id = ?", (9,)) == 0
    assert await database.execute("SELECT * FROM new_table") == 0


async def test_nothing_found_is_none_or_an_empty_list(database: Database) -> None:
    assert await database.fetch_one("SELECT * FROM tokens") is None
    assert await database.fetch_all("SELECT * FROM tokens") == []


async def test_values_are_bound_and_never_sql(database: Database) -> None:
    hostile = "'); DROP TABLE accounts; --"
    await database.insert("accounts", {"user_id": hostile, "user_name": None})
    assert await database.update("accounts", {"user_name": hostile}, "user_id = ?", (hostile,)) == 1
    assert await database.fetch_one("SELECT user_name FROM accounts WHERE user_id = ?", (hostile,)) == {
        "user_name": hostile
    }


async def test_a_script_happens_whole_or_not_at_all(database: Database) -> None:
    await database.execute_script("INSERT INTO accounts (user_id) VALUES ('a;b'); INSERT INTO tokens VALUES (1, 'x');")
    broken = "INSERT INTO accounts (user_id) VALUES ('c'); INSERT INTO accounts (user_id) VALUES ('c')"
    assert (await failure(database.execute_script(broken))).error_code == "CONSTRAINT_VIOLATED"
    assert [row["user_id"] for row in await database.fetch_all("SELECT user_id FROM accounts ORDER BY id")] == [
        "first",
        "a;b",
    ]


async def test_a_mistaken_call_is_refused_before_it_reaches_the_database(database: Database) -> None:
    for attempt in (
        database.insert("accounts; --", {"user_id": "x"}),
        database.insert("accounts", {"user_id) --": "x"}),
        database.insert("accounts", {}),
        database.update("accounts", {}, "1 = 1"),
        database.update("accounts", {"status": "LOCKED"}, ""),
        database.update("accounts", {"status": "LOCKED"}, "user_id = ?", "kimghw"),
        database.delete("accounts", "  "),
        database.delete("accounts", "user_id = ?", "kimghw"),
        database.execute("COMMIT"),
        database.execute(""),
        database.fetch_one("SELECT ?", "kimghw"),
        database.execute_script("SELECT 1; COMMIT;"),
    ):
        assert isinstance(await failure(attempt), ValidationError)
    assert count(database.path, "accounts") == 1


async def test_errors_name_the_verb_and_the_table(database: Database) -> None:
    error = await failure(database.insert("accounts", {"user_id": "first"}))
    assert isinstance(error, DatabaseError)
    assert (error.operation, error.table, error.error_code) == ("insert", "accounts", "CONSTRAINT_VIOLATED")
    assert error.details["columns"] == "accounts.user_id"
    assert "first" not in str(error)
    error = await failure(database.update("nowhere", {"a": 1}, "1 = 1"))
    assert isinstance(error, DatabaseError)
    assert (error.operation, error.table) == ("update", "nowhere")


async def test_foreign_keys_are_enforced(database: Database) -> None:
    assert (await failure(database.insert("tokens", {"account_id": 99}))).details["constraint"] == "foreignkey"


async def test_write_commits_what_its_function_did_or_nothing(database: Database) -> None:
    def save(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO accounts (user_id) VALUES ('a')")
        (rows,) = connection.execute("SELECT count(*) FROM accounts").fetchone()
        return int(rows)

    def conflict(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO accounts (user_id) VALUES ('b')")
        raise ConflictError("somebody was first")

    assert await database.write(save) == 2
    assert type(await failure(database.write(conflict))) is ConflictError
    with pytest.raises(ZeroDivisionError):
        await database.write(lambda connection: connection.execute("DELETE FROM accounts").rowcount // 0)
    assert count(database.path, "accounts") == 2
    assert not is_locked(database.path)


async def test_a_function_may_not_end_the_transaction_it_runs_in(database: Database) -> None:
    error = await failure(database.write(lambda connection: connection.execute("COMMIT")))
    assert error.error_code == "TRANSACTION_LOST"
    await database.insert("accounts", {"user_id": "a"})


async def test_all_selects_of_one_read_see_the_same_state(database: Database) -> None:
    gate = Gate()

    def counts(connection: sqlite3.Connection) -> tuple[int, int]:
        query = "SELECT count(*) FROM accounts"
        (before,) = connection.execute(query).fetchone()
        gate(connection)
        (after,) = connection.execute(query).fetchone()
        return before, after

    reading = asyncio.create_task(database.read(counts))
    await gate.entered()
    await database.insert("accounts", {"user_id": "meanwhile"})
    gate.open()
    assert await reading == (1, 1)
    assert len(await database.fetch_all("SELECT * FROM accounts")) == 2


async def test_a_read_cannot_write(database: Database) -> None:
    error = await failure(database.fetch_one("INSERT INTO accounts (user_id) VALUES ('a') RETURNING id"))
    assert error.error_code == "READ_ONLY_CONNECTION"
    assert "write()" in str(error)
    assert (await failure(database.read(lambda c: c.execute("DELETE FROM accounts")))).error_code == error.error_code
    assert count(database.path, "accounts") == 1


async def test_readers_work_at_the_same_time_and_others_wait_in_order(path: Path, migrations: Path) -> None:
    async with open_database(path, migrations=migrations, readers=2) as database:
        gates = [Gate() for _ in range(4)]
        tasks = []
        for gate in gates:
            tasks.append(asyncio.create_task(database.read(gate)))
            await turns(2)
        await gates[0].entered()
        await gates[1].entered()
        assert await database.insert("accounts", {"user_id": "meanwhile"}) == 2
        assert [gate.is_entered for gate in gates] == [True, True, False, False]
        gates[1].open()
        await gates[2].entered()
        assert not gates[3].is_entered
        for gate in gates:
            gate.open()
        assert await asyncio.gather(*tasks) == ["through"] * 4


async def test_readers_are_opened_when_they_are_needed(path: Path, migrations: Path) -> None:
    before = threading.active_count()
    async with open_database(path, migrations=migrations, readers=3) as database:
        assert threading.active_count() == before + 1
        for _ in range(5):
            await database.fetch_one("SELECT 1")
        assert threading.active_count() == before + 2
        await asyncio.gather(*(database.fetch_one("SELECT 1") for _ in range(20)))
        assert threading.active_count() <= before + 4


async def test_at_least_one_reader_is_needed(path: Path, migrations: Path) -> None:
    with pytest.raises(ValidationError):
        async with open_database(path, migrations=migrations, readers=0):
            pass


async def test_many_tasks_read_and_write_at_once(database: Database) -> None:
    async def work(number: int) -> None:
        await database.insert("accounts", {"user_id": f"user{number}"})
        row = await database.fetch_one("SELECT user_id FROM accounts WHERE user_id = ?", (f"user{number}",))
        assert row is not None

    await asyncio.gather(*(work(number) for number in range(50)))
    assert count(database.path, "accounts") == 51


async def test_a_database_locked_by_another_program_is_a_transient_error(path: Path, migrations: Path) -> None:
    async with open_database(path, migrations=migrations, busy_timeout=timedelta(milliseconds=20)) as database:
        with locked(path):
            error = await failure(database.insert("accounts", {"user_id": "a"}))
            assert (error.error_code, error.transient) == ("DATABASE_LOCKED", True)
            assert (await failure(enter(database))).error_code == "DATABASE_LOCKED"
            assert len(await database.fetch_all("SELECT * FROM accounts")) == 1
        await database.insert("accounts", {"user_id": "a"})


async def enter(database: Database) -> None:
    async with database.transaction():
        pass


async def test_a_write_waits_for_another_program_up_to_the_busy_timeout(database: Database) -> None:
    with locked(database.path):
        writing = asyncio.create_task(database.insert("accounts", {"user_id": "a"}))
        await turns(5)
        assert not writing.done()
    assert await writing == 2


async def test_a_full_disk_is_a_transient_error_and_loses_nothing(database: Database) -> None:
    pages = await database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    await database.write(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 1}").fetchone())
    error = await failure(database.insert("accounts", {"user_id": "x" * 100_000}))
    assert (error.error_code, error.transient) == ("DATABASE_FULL", True)
    script = f"INSERT INTO accounts (user_id) VALUES ('a'); INSERT INTO accounts (user_id) VALUES ('{'x' * 100_000}')"
    assert (await failure(database.execute_script(script))).error_code == "DATABASE_FULL"
    assert count(database.path, "accounts") == 1
    await database.write(lambda connection: connection.execute("PRAGMA max_page_count = 100000").fetchone())
    await database.insert("accounts", {"user_id": "x" * 100_000})
    assert await database.check() == []
