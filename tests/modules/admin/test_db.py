"""`db`: migrating, checking and backing up."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.sqlite.database import MIGRATIONS
from tests.modules.auth.seeds import EACH, OLD, fingerprints, rows, vandalise
from tests.modules.iacsgraph.shell import PATIENCE, Shell

ROOT = Path(__file__).parents[3]
NEWEST = len([*MIGRATIONS.glob("*.sql")])
"""This program's schema version."""


@contextmanager
def writer(database: Path) -> Iterator["subprocess.Popen[str]"]:
    """Let another process write into the database; it says what it has stored, line by line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.modules.admin.writer", database, OLD],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def corrupt(database: Path) -> None:
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


def report(path: str, problems: int = 0, version: int = NEWEST) -> tuple[str, int, int]:
    return path, version, problems


def read(shell: Shell, *command: str) -> tuple[str, int, int]:
    """Return path, schema version and number of problems, as the command says."""
    (line,) = shell.call(*command, "--json").document
    assert set(line) == {"path", "schema_version", "problems"}
    return line["path"], line["schema_version"], len(line["problems"])


def test_migrate_creates_a_private_database_in_a_private_directory_and_does_nothing_the_second_time(
    shell: Shell,
) -> None:
    home = shell.having(DATABASE_PATH="data/x.db")
    first, second = (home.run("db", "migrate") for _ in range(2))
    assert (first.code, first.err, second) == (0, "", first)
    assert [line.split() for line in first.out.splitlines()] == [
        ["path", "schema_version", "problems"],
        ["data/x.db", str(NEWEST)],
    ]
    assert list(fingerprints(shell.directory)) == ["data/x.db"]
    assert (shell.directory / "data").stat().st_mode & 0o777 == 0o700
    assert (shell.directory / "data" / "x.db").stat().st_mode & 0o777 == 0o600


def test_several_may_migrate_a_new_database_at_once(shell: Shell) -> None:
    home = shell.having(DATABASE_PATH="data/x.db")
    done = home.run_each(*[["db", "migrate", "--json"]] * 4)
    assert [(each.code, each.err) for each in done] == [(0, "")] * 4
    assert read(home, "db", "check") == report("data/x.db")


def test_an_older_schema_is_brought_up_to_date(shell: Shell, tmp_path: Path) -> None:
    home = shell.having(DATABASE_PATH="x.db")
    assert home.call("db", "migrate").code == 0
    tables = [
        name for (name,) in rows(tmp_path / "x.db", "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE TABLE%'")
    ]
    vandalise(
        tmp_path / "x.db",
        *(f"DROP TABLE {name}" for name in tables if not name.startswith("sqlite_")),
        "PRAGMA user_version = 0",
    )
    assert read(home, "db", "check") == report("x.db", version=0)
    assert read(home, "db", "migrate") == report("x.db")


def test_check_finds_nothing_wrong_with_a_sound_database_and_writes_nothing(house: Shell) -> None:
    before = fingerprints(house.directory)
    done = house.run("db", "check")
    assert (done.code, done.err) == (0, "")
    assert read(house, "db", "check") == report("iacsgraph.db")
    assert fingerprints(house.directory) == before


def test_check_needs_no_key(house: Shell) -> None:
    assert house.having(ENCRYPTION_KEY="garbage").call("db", "check").code == 0


@pytest.mark.parametrize("command", [["check"], ["backup", "copy.db"]])
def test_without_a_database_check_and_backup_say_so_and_create_none(shell: Shell, command: list[str]) -> None:
    done = shell.having(DATABASE_PATH="data/x.db").call("db", *command)
    assert (done.code, done.out) == (11, "")
    assert "data/x.db: there is no database yet, `iacsgraph db migrate` creates it [DATABASE_MISSING]" in done.err
    assert list(shell.directory.iterdir()) == []


def test_check_lists_broken_references_and_fails(house: Shell, database: Path) -> None:
    vandalise(database, "DELETE FROM accounts WHERE user_id = 'ann'")
    before = fingerprints(house.directory)
    done = house.call("db", "check", "--json")
    (line,) = done.document
    assert done.code == 1
    assert any("of tokens refers to a missing row of accounts" in problem for problem in line["problems"])
    assert "refers to a missing row" in house.run("db", "check").out
    assert fingerprints(house.directory) == before


@pytest.mark.parametrize("command", [["migrate"], ["check"], ["backup", "copy.db"]])
def test_a_corrupt_database_is_refused_and_left_as_it_is(house: Shell, database: Path, command: list[str]) -> None:
    corrupt(database)
    before = fingerprints(house.directory)
    done = house.call("db", *command)
    assert done.code in {1, 11}
    assert "malformed" in done.out or "[DATABASE_CORRUPT]" in done.err or "[BACKUP_UNSOUND]" in done.err
    assert fingerprints(house.directory) == before, "no backup either"


@pytest.mark.parametrize(("command", "code"), [(["migrate"], 11), (["check"], 1), (["backup", "copy.db"], 0)])
def test_a_newer_schema_is_not_migrated_but_looked_at_and_backed_up(
    house: Shell, database: Path, command: list[str], code: int
) -> None:
    vandalise(database, "PRAGMA user_version = 99")
    before = fingerprints(house.directory)
    done = house.call("db", *command)
    assert done.code == code
    assert ("newer" in done.err + done.out) == bool(code)
    assert fingerprints(house.directory)[database.name] == before[database.name]


@pytest.mark.parametrize("command", [["migrate"], ["check"], ["backup", "copy.db"]])
def test_a_file_of_somebody_else_is_refused(shell: Shell, command: list[str]) -> None:
    (shell.directory / "letter").write_text("Dear operator, " * 1000)
    vandalise(shell.directory / "other.db", "CREATE TABLE things (x)")
    before = fingerprints(shell.directory)
    for name, code in (("letter", "NOT_A_DATABASE"), ("other.db", "FOREIGN_DATABASE")):
        done = shell.having(DATABASE_PATH=name).call("db", *command)
        assert (done.code, done.out) == (11, "")
        assert f"[{code}]" in done.err
    assert fingerprints(shell.directory) == before


def test_a_backup_is_private_complete_and_opens_with_the_same_keys(house: Shell) -> None:
    done = house.run("db", "backup", "copy.db")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("copy.db written. ")
    assert (house.directory / "copy.db").stat().st_mode & 0o777 == 0o600
    assert list(fingerprints(house.directory)) == ["copy.db", "iacsgraph.db"]
    restored = house.having(DATABASE_PATH="copy.db")
    assert read(restored, "db", "check") == report("copy.db")
    assert f"{2 * EACH} stored, all open" in restored.call("doctor").out


def test_a_backup_never_overwrites(house: Shell, database: Path) -> None:
    (house.directory / "copy.db").write_text("yesterday's")
    (house.directory / "link").symlink_to("nowhere")
    before = fingerprints(house.directory)
    for name in ("copy.db", "link", database.name):
        done = house.call("db", "backup", name)
        assert (done.code, done.out) == (11, "")
        assert f"{name} exists already and is not overwritten: choose another name [BACKUP_TARGET_EXISTS]" in done.err
    assert fingerprints(house.directory) == before


def test_of_several_backups_to_one_file_at_once_one_is_written(house: Shell) -> None:
    """Where two processes close a database at once, each may leave its log, empty, to the other."""
    done = house.run_each(*[["db", "backup", "copy.db"]] * 3)
    assert sorted(each.code for each in done) == [0, 11, 11]
    assert {*fingerprints(house.directory)} - {"iacsgraph.db-wal", "iacsgraph.db-shm"} == {"copy.db", "iacsgraph.db"}
    assert read(house.having(DATABASE_PATH="copy.db"), "db", "check") == report("copy.db")


def test_a_place_that_cannot_be_written_is_named_and_nothing_is_left_there(house: Shell) -> None:
    for name in ("missing/copy.db", "iacsgraph.db/copy.db"):
        done = house.call("db", "backup", name)
        assert (done.code, done.out) == (11, "")
        assert f"error: {name}: " in done.err
    assert list(fingerprints(house.directory)) == ["iacsgraph.db"]


def test_a_backup_of_an_older_schema_is_taken_before_it_is_migrated(house: Shell, database: Path) -> None:
    """The doctor's advice is to back up first: so the backup must hold the older schema, and must not migrate it."""
    vandalise(database, "PRAGMA user_version = 0")
    before = fingerprints(house.directory)
    assert house.run("db", "backup", "copy.db").code == 0
    assert fingerprints(house.directory)[database.name] == before[database.name]
    assert read(house.having(DATABASE_PATH="copy.db"), "db", "check") == report("copy.db", version=0)


def test_a_backup_taken_while_another_process_writes_is_a_whole_state_of_the_database(shell: Shell) -> None:
    home = shell.having(DATABASE_PATH="x.db")
    with writer(shell.directory / "x.db") as process:
        assert process.stdout is not None
        before = int(process.stdout.readline())
        assert home.run("db", "backup", "copy.db").code == 0
        rest, _ = process.communicate(timeout=PATIENCE)
    after = int(rest.splitlines()[-1])
    copy = shell.directory / "copy.db"
    ((accounts, entries, events),) = rows(
        copy, "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM audit), (SELECT count(*) FROM outbox)"
    )
    assert before <= accounts < after, "it wrote before, meanwhile and afterwards"
    assert accounts == entries == events
    assert read(home.having(DATABASE_PATH="copy.db"), "db", "check") == report("copy.db")
    assert rows(shell.directory / "x.db", "SELECT count(*) FROM accounts") == [(after,)]
