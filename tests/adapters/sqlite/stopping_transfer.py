"""A process that moves events up to a statement: `python -m tests.adapters.sqlite.stopping_transfer FILE STATEMENT`.

When its writer is about to execute a statement that begins so for the second time, it says so, and stops for ever.
"""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from adapters.sqlite.database import open_database
from adapters.sqlite.outbox_transfer import SqliteOutboxTransfer
from adapters.system.clock import SystemClock
from tests.contracts.transfer_benches import PLAN

LEASE = timedelta(seconds=20)


async def main(path: Path, beginning: str) -> None:
    """Move two events at a time."""
    seen: list[str] = []

    def look(statement: str) -> None:
        seen.append(statement)
        if len([each for each in seen if each.startswith(beginning)]) > 1:
            sys.stdout.write("here\n")
            sys.stdout.flush()
            sys.stdin.read()

    async with open_database(path) as database:
        await database.write(lambda connection: connection.set_trace_callback(look))
        seen.clear()
        transfer = SqliteOutboxTransfer(database, SystemClock(), PLAN)
        while moved := await transfer.move("killed", LEASE, 2):
            assert moved.gone, "the statement did not come"


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
