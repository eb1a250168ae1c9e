"""No secret stands readable in any file of the database, and nobody else can read the files."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.fakes.shared_provider import BEFORE_ANSWER
from tests.processes.world import LONG_AGO, World

USERS = [f"user-{number}" for number in range(5)]
CANARY = "canary-client-secret"


def files(directory: Path) -> Iterator[Path]:
    return (path for path in directory.iterdir() if path.is_file())


def assert_closed(world: World, directory: Path, *, expected: set[str]) -> None:
    """Look for every token ever issued and every client secret in every file; a user's name must be found."""
    found = b""
    names = set()
    for path in files(directory):
        names.add(path.name)
        assert path.stat().st_mode & 0o777 == 0o600, path.name
        found += path.read_bytes() + b"\n"
    assert names == expected
    assert USERS[0].encode() in found, "the search would find nothing at all"
    secrets = [*world.provider.issued(), CANARY, "s3cret-app"]
    assert [secret for secret in secrets if secret.encode() in found] == []


def test_database_wal_and_backup_hold_no_readable_secret_and_are_closed_to_other_users(world: World) -> None:
    worker, other = world.processes(2, umask=0)
    worker.call("enrol", users=USERS[:3], secret=CANARY, age=LONG_AGO)
    other.call("enrol", users=USERS[3:])
    worker.call("get", user=USERS[0])
    other.call("refresh", user=USERS[1])
    worker.call("sign_in", user=USERS[3])
    name, data = world.database.name, world.database.parent
    assert (data / f"{name}-wal").stat().st_size > 0
    assert_closed(world, data, expected={name, f"{name}-wal", f"{name}-shm"})
    backups = world.directory / "backups"
    backups.mkdir()
    worker.call("back_up", target=str(backups / "copy.db"))
    assert_closed(world, backups, expected={"copy.db"})
    with closing(sqlite3.connect(world.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (data / f"{name}-wal").stat().st_size == 0
    assert_closed(world, data, expected={name, f"{name}-wal", f"{name}-shm"})


def test_what_a_killed_process_leaves_behind_holds_no_readable_secret(world: World) -> None:
    worker = world.process(umask=0)
    worker.call("enrol", users=USERS, secret=CANARY, age=LONG_AGO)
    worker.call("hold", window=BEFORE_ANSWER, user=USERS[0])
    worker.send("get", user=USERS[0])
    worker.hear("reached")
    world.kill(worker)
    name = world.database.name
    assert_closed(world, world.database.parent, expected={name, f"{name}-wal", f"{name}-shm"})
