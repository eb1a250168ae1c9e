"""Online backup."""

import asyncio
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

from adapters.sqlite.database import Database, inspect_database, open_database
from domain.errors import ConnectionError as DatabaseConnectionError
from tests.adapters.sqlite.schema import count, damage, failure, names, turns


async def fill(database: Database, rows: int = 2000) -> None:
    def insert(connection: sqlite3.Connection) -> None:
        connection.executemany(
            "INSERT INTO accounts (user_id, user_name) VALUES (?, ?)", ((f"user{n}", "x" * 1000) for n in range(rows))
        )

    await database.write(insert)


def journal_mode(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


async def test_a_backup_is_one_complete_sound_private_file(
    database: Database, tmp_path: Path, migrations: Path
) -> None:
    await fill(database, 100)
    target = tmp_path / "copies" / "copy.db"
    target.parent.mkdir()
    await database.backup(target)
    assert names(target.parent) == {"copy.db"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert journal_mode(target) == "delete"
    report = await inspect_database(target, migrations=migrations)
    assert (report.found, report.problems) == (2, ())
    async with open_database(target, migrations=migrations) as copy:
        assert await copy.fetch_one("SELECT count(*) AS n FROM accounts") == {"n": 101}
        await copy.insert("accounts", {"user_id": "goes on"})


async def test_a_backup_is_one_moment_while_others_read_and_write(database: Database, tmp_path: Path) -> None:
    """Each transaction adds an account and a token, so that a copy holding unlike numbers would be no moment."""
    await fill(database)
    before = count(database.path, "accounts")
    over = False

    async def work(name: str) -> int:
        number = 0
        while not over:
            async with database.transaction() as tx:
                row_id = await tx.insert("accounts", {"user_id": f"{name}{number}"})
                await tx.insert("tokens", {"account_id": row_id, "value": "x"})
            await database.fetch_one("SELECT count(*) AS n FROM accounts")
            number += 1
        return number

    workers = [asyncio.create_task(work(name)) for name in ("a", "b")]
    await asyncio.gather(*(database.backup(tmp_path / f"{number}.db") for number in range(3)))
    over = True
    assert min(await asyncio.gather(*workers)) > 0
    for number in range(3):
        copy = tmp_path / f"{number}.db"
        assert count(copy, "accounts") - before == count(copy, "tokens")
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_nothing_is_overwritten(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("precious")
    (tmp_path / "link.db").symlink_to(tmp_path / "nowhere")
    for existing in (target, tmp_path / "link.db", database.path):
        error = await failure(database.backup(existing))
        assert error.error_code == "BACKUP_TARGET_EXISTS"
        assert str(existing) in str(error)
    assert target.read_text() == "precious"
    assert names(tmp_path) == {"copy.db", "link.db", "data", "migrations"}


async def test_of_two_backups_to_the_same_file_one_wins(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    outcomes = await asyncio.gather(*(database.backup(target) for _ in range(3)), return_exceptions=True)
    assert sorted(getattr(each, "error_code", "done") for each in outcomes) == [
        "BACKUP_TARGET_EXISTS",
        "BACKUP_TARGET_EXISTS",
        "done",
    ]
    assert count(target, "accounts") == 1


async def test_a_target_that_cannot_be_written_is_a_connection_error(database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for target in (tmp_path / "missing" / "copy.db", tmp_path / "file" / "copy.db"):
        error = await failure(database.backup(target))
        assert isinstance(error, DatabaseConnectionError)
        assert "choose another file" in str(error)


async def test_a_damaged_database_is_not_backed_up(path: Path, migrations: Path, tmp_path: Path) -> None:
    async with open_database(path, migrations=migrations) as database:
        await fill(database, 100)
    damage(path, 20_000, 8192)
    async with open_database(path, migrations=migrations) as database:
        error = await failure(database.backup(tmp_path / "copy.db"))
    assert error.error_code == "BACKUP_UNSOUND"
    assert "iacsgraph db check" in str(error)
    assert names(tmp_path) == {"data", "migrations"}


async def test_a_backup_cancelled_at_any_point_leaves_all_or_nothing(database: Database, tmp_path: Path) -> None:
    await fill(database)
    folder = tmp_path / "copies"
    folder.mkdir()
    for number in (0, 1, 3, 10, 30, 100, 300, 1000, 3000):
        target = folder / f"{number}.db"
        task = asyncio.create_task(database.backup(target))
        await turns(number)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        for each in folder.iterdir():
            assert each == target
            assert count(each, "accounts") == 2001
            each.unlink()
    await database.insert("accounts", {"user_id": "goes on"})
