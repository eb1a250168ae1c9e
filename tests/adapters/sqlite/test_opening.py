"""Opening: the file, its mode, what is refused, several processes at once, inspection."""

import asyncio
import hashlib
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.sqlite.database import Database, inspect_database, open_database
from adapters.sqlite.migrator import APPLICATION_ID
from domain.errors import ConnectionError as DatabaseConnectionError
from domain.errors import DatabaseError
from tests.adapters.sqlite.schema import count, damage, failure, locked, names, opening, write_migrations

ROOT = Path(__file__).parents[3]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(path: Path, content: bytes) -> str:
    """Write a file where a database is expected."""
    path.parent.mkdir()
    path.write_bytes(content)
    return fingerprint(path)


def foreign(path: Path, *pragmas: str) -> Path:
    """Create a database of another program."""
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("CREATE TABLE theirs (a)")
    return path


async def test_a_new_database_is_closed_to_other_users(path: Path, migrations: Path) -> None:
    async with open_database(path, migrations=migrations) as database:
        await database.insert("accounts", {"user_id": "a"})
        await database.fetch_all("SELECT * FROM accounts")
        assert mode(path.parent) == 0o700
        assert {name: mode(path.parent / name) for name in names(path.parent)} == {
            "test.db": 0o600,
            "test.db-wal": 0o600,
            "test.db-shm": 0o600,
        }
    assert names(path.parent) == {"test.db"}


async def test_the_settings_of_the_connections(database: Database) -> None:
    def settings(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "query_only")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.write(settings) == ["wal", 2, 1, 5000, 0]
    assert (await database.read(settings))[-2:] == [5000, 1]


@pytest.mark.parametrize("name", ["a b.db", "ä?#%41.db", ":memory:", "file:x.db"])
async def test_any_file_name_is_taken_literally(tmp_path: Path, migrations: Path, name: str) -> None:
    await opening(tmp_path / "d" / name, migrations)
    assert names(tmp_path / "d") == {name}


async def test_an_empty_file_becomes_a_database(path: Path, migrations: Path) -> None:
    write(path, b"")
    await opening(path, migrations)
    assert count(path, "accounts") == 1


async def test_opening_again_changes_nothing(path: Path, migrations: Path) -> None:
    await opening(path, migrations)
    before = fingerprint(path)
    await opening(path, migrations)
    assert fingerprint(path) == before


async def test_a_newer_schema_is_refused_and_left_alone(path: Path, migrations: Path, tmp_path: Path) -> None:
    await opening(path, write_migrations(tmp_path / "newer", "CREATE TABLE later (a)"))
    before = fingerprint(path)
    error = await failure(opening(path, migrations))
    assert isinstance(error, DatabaseError)
    assert (error.error_code, error.details["found"], error.details["known"]) == ("SCHEMA_NEWER", 3, 2)
    assert "update the program" in str(error)
    assert (fingerprint(path), names(path.parent)) == (before, {"test.db"})


async def test_a_newer_schema_left_by_a_crash_keeps_its_wal(path: Path, migrations: Path, tmp_path: Path) -> None:
    crashed = tmp_path / "crashed" / "test.db"
    crashed.parent.mkdir()
    async with open_database(path, migrations=write_migrations(tmp_path / "newer", "CREATE TABLE later (a)")):
        for name in ("test.db", "test.db-wal"):
            shutil.copy(path.parent / name, crashed.parent / name)
    before = [fingerprint(crashed), fingerprint(crashed.with_name("test.db-wal"))]
    assert (await failure(opening(crashed, migrations))).error_code == "SCHEMA_NEWER"
    assert [fingerprint(crashed), fingerprint(crashed.with_name("test.db-wal"))] == before


@pytest.mark.parametrize(
    "pragmas", [(), ("application_id = 77",), ("journal_mode = wal",), ("user_version = 1",), ("user_version = 99",)]
)
async def test_a_database_of_another_program_is_refused(path: Path, migrations: Path, pragmas: tuple[str, ...]) -> None:
    before = fingerprint(foreign(path, *pragmas))
    assert (await failure(opening(path, migrations))).error_code == "FOREIGN_DATABASE"
    assert (await failure(inspect_database(path, migrations=migrations))).error_code == "FOREIGN_DATABASE"
    assert (fingerprint(path), names(path.parent)) == (before, {"test.db"})


@pytest.mark.parametrize("content", [b"hi", b"some text " * 1000, b"SQLite format 3\0", b"SQLite format 3\0" * 999])
async def test_a_file_that_is_no_database_is_refused(path: Path, migrations: Path, content: bytes) -> None:
    before = write(path, content)
    assert (await failure(opening(path, migrations))).error_code == "NOT_A_DATABASE"
    assert (await failure(inspect_database(path, migrations=migrations))).error_code == "NOT_A_DATABASE"
    assert (fingerprint(path), names(path.parent)) == (before, {"test.db"})


async def test_a_damaged_schema_is_refused_and_left_alone(path: Path, migrations: Path) -> None:
    await opening(path, migrations)
    damage(path, 100, 3000)
    before = fingerprint(path)
    error = await failure(opening(path, migrations))
    assert error.error_code == "DATABASE_CORRUPT"
    assert "restore a backup" in str(error)
    assert (await failure(inspect_database(path, migrations=migrations))).error_code == "DATABASE_CORRUPT"
    assert fingerprint(path) == before


async def test_damage_further_inside_is_found_by_reading_and_by_checking(path: Path, migrations: Path) -> None:
    async with open_database(path, migrations=migrations) as database, database.transaction() as tx:
        for number in range(100):
            await tx.insert("accounts", {"user_id": f"{number:0500}"})
    damage(path, 20_000, 8192)
    async with open_database(path, migrations=migrations) as database:
        assert await database.check() != []
        error = await failure(database.fetch_all("SELECT * FROM accounts"))
    assert (error.error_code, error.transient) == ("DATABASE_CORRUPT", False)
    assert (await inspect_database(path, migrations=migrations)).problems != ()


async def test_a_missing_reference_is_found_by_checking(path: Path, migrations: Path) -> None:
    async with open_database(path, migrations=migrations) as database:
        assert await database.check() == []
        with closing(sqlite3.connect(path)) as careless:
            careless.execute("INSERT INTO tokens VALUES (77, 'secret')")
            careless.commit()
        assert await database.check() == ["row 1 of tokens refers to a missing row of accounts"]


async def test_a_directory_that_cannot_be_made_is_a_connection_error(tmp_path: Path, migrations: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "test.db", tmp_path / "file" / "deeper" / "test.db", tmp_path):
        error = await failure(opening(path, migrations))
        assert isinstance(error, DatabaseConnectionError)
        assert isinstance(error, OSError)
        assert error.error_code == "DATABASE_CANNOT_OPEN"
        permission = "Check the write permission of the DATABASE_PATH directory, or change DATABASE_PATH"
        assert (permission if path != tmp_path else "DATABASE_PATH must name a file in it") in str(error)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Yield a directory that other users may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


UNPRIVILEGED = """
import asyncio, os, sys, urllib.parse  # all that is needed, while it can be read
from pathlib import Path
from adapters.sqlite.database import open_database
async def main():
    async with open_database(Path(sys.argv[1]), migrations=Path(sys.argv[2])):
        pass
if os.getuid() == 0:
    os.setuid(65534)
try:
    asyncio.run(main())
except ConnectionError as error:
    print(error.error_code, error)
"""


@pytest.mark.parametrize("case", ["new file", "read-only directory", "read-only file"])
async def test_what_may_not_be_written_is_a_connection_error(open_directory: Path, migrations: Path, case: str) -> None:
    place = open_directory / "data"
    path = place / "test.db"
    folder = shutil.copytree(migrations, open_directory / "migrations")
    folder.chmod(0o755)
    place.mkdir()
    if case != "new file":
        await opening(path, folder)
        path.chmod(0o444 if case == "read-only file" else 0o666)
    place.chmod(0o777 if case == "read-only file" else 0o555)
    command = [sys.executable, "-c", UNPRIVILEGED, str(path), str(folder)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("DATABASE_READ_ONLY")
    assert "Check the write permission of the DATABASE_PATH directory" in done.stdout
    place.chmod(0o755)


CONTENDER = """
import asyncio, sys
from pathlib import Path
from adapters.sqlite.database import open_database
async def main():
    async with open_database(Path(sys.argv[1]), migrations=Path(sys.argv[2])) as database:
        await database.insert("accounts", {"user_id": sys.argv[3]})
        rows = await database.fetch_all("SELECT * FROM accounts")
        assert any(row["user_id"] == sys.argv[3] for row in rows)
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main())
print("done", flush=True)
"""


def test_several_processes_open_a_new_database_at_once(tmp_path: Path, migrations: Path) -> None:
    """Six at a time, on three new databases in turn; the migration that inserts a row has run exactly once."""
    for attempt in range(3):
        path = tmp_path / str(attempt) / "test.db"
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", CONTENDER, str(path), str(migrations), f"user{number}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            for number in range(6)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        outcomes = [(*process.communicate(timeout=60), process.returncode) for process in processes]
        assert outcomes == [("done\n", "", 0)] * 6
        assert count(path, "accounts") == 1 + 6
        assert names(path.parent) == {"test.db"}


async def test_several_tasks_open_a_new_database_at_once(tmp_path: Path, migrations: Path) -> None:
    for attempt in range(5):
        path = tmp_path / str(attempt) / "test.db"
        await asyncio.gather(*(opening(path, migrations) for _ in range(8)))
        assert count(path, "accounts") == 1


async def test_a_locked_database_that_needs_a_migration_is_refused_for_now(path: Path, tmp_path: Path) -> None:
    await opening(path, write_migrations(tmp_path / "older"))
    newer = write_migrations(tmp_path / "newer", "CREATE TABLE later (a)")
    with locked(path):
        error = await failure(open_impatiently(path, newer))
    assert (error.error_code, error.transient) == ("DATABASE_LOCKED", True)
    await opening(path, newer)


async def open_impatiently(path: Path, migrations: Path) -> None:
    async with open_database(path, migrations=migrations, busy_timeout=timedelta(milliseconds=20)):
        pass


async def test_the_change_to_wal_waits_for_another_program(path: Path, migrations: Path) -> None:
    """SQLite itself would give up at once, as it did here now and then when several programs began together."""
    write(path, b"")
    with locked(path):
        began = time.monotonic()
        assert (await failure(open_impatiently(path, migrations))).error_code == "DATABASE_LOCKED"
        assert time.monotonic() - began >= 0.02
    await opening(path, migrations)


async def test_a_locked_database_that_needs_no_migration_opens(path: Path, migrations: Path) -> None:
    await opening(path, migrations)
    with locked(path):
        async with open_database(path, migrations=migrations) as database:
            assert len(await database.fetch_all("SELECT * FROM accounts")) == 1


async def test_inspection_reports_without_writing(path: Path, migrations: Path, tmp_path: Path) -> None:
    await opening(path, migrations)
    before = fingerprint(path)
    newer = write_migrations(tmp_path / "newer", "CREATE TABLE later (a)")
    report = await inspect_database(path, migrations=newer)
    assert (report.found, report.known, report.problems) == (2, 3, ())
    assert (fingerprint(path), names(path.parent)) == (before, {"test.db"})


async def test_inspection_sees_what_another_connection_has_just_written(database: Database, migrations: Path) -> None:
    with closing(sqlite3.connect(database.path)) as careless:
        careless.execute("INSERT INTO tokens VALUES (77, 'secret')")
        careless.commit()
    report = await inspect_database(database.path, migrations=migrations)
    assert report.problems == ("row 1 of tokens refers to a missing row of accounts",)


async def test_inspection_never_creates_a_database(path: Path, migrations: Path) -> None:
    error = await failure(inspect_database(path, migrations=migrations))
    assert isinstance(error, DatabaseConnectionError)
    assert error.error_code == "DATABASE_MISSING"
    assert not path.parent.exists()


def test_the_file_says_whose_it_is(path: Path, migrations: Path) -> None:
    asyncio.run(opening(path, migrations))
    assert path.read_bytes()[68:72] == b"IACS" == APPLICATION_ID.to_bytes(4, "big")
