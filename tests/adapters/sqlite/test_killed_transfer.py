"""A process that moves events to the embedded log, killed in the middle: each is on the log once all the same."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.adapters.sqlite.schema import WAIT_SECONDS
from tests.adapters.sqlite.stopping_transfer import LEASE
from tests.contracts.transfer_benches import event, sqlite_bench

BEFORE_APPENDING, BEFORE_MARKING = "INSERT INTO log_messages", "INSERT INTO outbox_published"
BEFORE_COMMIT, AFTER_COMMIT = "COMMIT", "BEGIN IMMEDIATE"


async def kill_at(path: Path, statement: str) -> None:
    """Start the process, and kill it when it is about to execute the statement for the second time."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.adapters.sqlite.stopping_transfer", str(path), statement, stdin=PIPE, stdout=PIPE
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"here\n"
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize(
    ("statement", "name", "moved_before"),
    [
        (BEFORE_APPENDING, "plain", 2),
        (BEFORE_MARKING, "plain", 2),
        (BEFORE_COMMIT, "plain", 2),
        (AFTER_COMMIT, "plain", 2),
        (BEFORE_MARKING, "é", 0),
    ],
)
async def test_a_relay_that_is_killed_while_it_moves_loses_and_doubles_nothing(
    statement: str, name: str, moved_before: int, path: Path
) -> None:
    """Headers that are not ASCII are moved in the other way, which marks events one by one in one transaction."""
    events = [event(f"e{number}", key="ab"[number % 2], headers={"name": name}) for number in range(7)]
    path.parent.mkdir()
    async with asyncio.timeout(2 * WAIT_SECONDS):
        async with sqlite_bench("transfer", path.parent) as bench:
            await bench.append(events)
        await kill_at(path.parent / "iacsgraph.db", statement)
        async with sqlite_bench("transfer", path.parent) as bench:
            assert len(await bench.logged(["orders"])) == moved_before
            assert len(await bench.outbox.pending(10)) == 7 - moved_before
            while (moved := await bench.transfer.move("other", LEASE, 3)) and moved.gone:
                pass  # the claim of the dead one, of another year, is not believed
            assert moved is not None
            found = [each.message for each in await bench.logged(["orders"])]
    for key in (b"a", b"b"):
        assert [each for each in found if each.key == key] == [
            each.message() for each in events if each.key.encode() == key
        ]
