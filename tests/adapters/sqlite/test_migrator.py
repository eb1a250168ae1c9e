"""Migrations: order, atomicity, what makes a folder or a script unusable."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.sqlite.database import inspect_database, open_database
from adapters.sqlite.migrator import load_migrations
from domain.errors import DatabaseError
from tests.adapters.sqlite.schema import count, failure, names, opening, write_migrations


async def test_pending_migrations_are_applied_in_order_and_once(path: Path, tmp_path: Path) -> None:
    await opening(path, write_migrations(tmp_path / "older"))
    newer = write_migrations(
        tmp_path / "newer", "ALTER TABLE accounts ADD COLUMN later TEXT", "UPDATE accounts SET later = user_id"
    )
    await opening(path, newer)
    async with open_database(path, migrations=newer) as database:
        assert await database.fetch_all("SELECT user_id, later FROM accounts") == [
            {"user_id": "first", "later": "first"}
        ]


@pytest.mark.parametrize(
    "broken",
    [
        "CREATE TABLE half (a); INSERT INTO missing VALUES (1)",
        "CREATE TABLE half (a); SELEC",
        "CREATE TABLE half (a); INSERT INTO accounts (user_id) VALUES ('first')",
        "CREATE TABLE half (a); DELETE FROM accounts; INSERT INTO tokens VALUES (1, 'x')",
        "CREATE TABLE half (a); DROP TABLE accounts; INSERT INTO tokens VALUES (1, 'x')",
    ],
)
async def test_a_failing_migration_leaves_what_was_before(path: Path, tmp_path: Path, broken: str) -> None:
    """The migration before it, applied by the same opening, stays."""
    migrations = write_migrations(tmp_path / "broken", "CREATE TABLE good (a)", broken)
    error = await failure(opening(path, migrations))
    assert isinstance(error, DatabaseError)
    assert (error.error_code, error.operation) == ("MIGRATION_FAILED", "migrate")
    assert error.details["migration"] == "0004_more.sql"
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    assert tables == {"accounts", "tokens", "good", "sqlite_sequence"}
    (migrations / "0004_more.sql").write_text("CREATE TABLE half (a)", encoding="utf-8")
    await opening(path, migrations)
    assert count(path, "half") == 0


async def test_a_table_that_others_refer_to_can_be_rebuilt(path: Path, tmp_path: Path) -> None:
    older = write_migrations(tmp_path / "older", "INSERT INTO tokens VALUES (1, 'x')")
    await opening(path, older)
    rebuild = """
        CREATE TABLE rebuilt (id INTEGER PRIMARY KEY, user_id TEXT);
        INSERT INTO rebuilt SELECT id, user_id FROM accounts;
        DROP TABLE accounts;
        ALTER TABLE rebuilt RENAME TO accounts;
    """
    newer = write_migrations(tmp_path / "newer", "INSERT INTO tokens VALUES (1, 'x')", rebuild)
    async with open_database(path, migrations=newer) as database:
        assert await database.fetch_all("SELECT * FROM accounts") == [{"id": 1, "user_id": "first"}]
        assert await database.check() == []


async def test_an_empty_folder_makes_a_database_of_version_0(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "none"
    folder.mkdir()
    await opening(path, folder)
    assert (await inspect_database(path, migrations=folder)).found == 0
    assert (await failure(opening(path, tmp_path / "missing"))).error_code == "MIGRATIONS_INVALID"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("0004_gap.sql", b"SELECT 1"),
        ("0002_twice.sql", b"SELECT 1"),
        ("3_short.sql", b"SELECT 1"),
        ("0003_Name.sql", b"SELECT 1"),
        ("0003_blank.sql", b"-- nothing"),
        ("0003_commits.sql", b"CREATE TABLE a (a); COMMIT; CREATE TABLE b (b)"),
        ("0003_latin.sql", b"SELECT '\xe9'"),
    ],
)
async def test_an_unusable_folder_is_refused_before_anything_is_created(
    path: Path, migrations: Path, name: str, content: bytes
) -> None:
    (migrations / name).write_bytes(content)
    error = await failure(opening(path, migrations))
    assert error.error_code == "MIGRATIONS_INVALID"
    assert names(path.parent.parent) == {"migrations"}


def test_files_that_are_no_sql_are_ignored(migrations: Path) -> None:
    (migrations / "README.md").touch()
    assert [each.name for each in load_migrations(migrations)] == ["0001_accounts.sql", "0002_tokens.sql"]
