"""A process that enrols accounts until its input ends: `python -m tests.modules.admin.writer DATABASE KEY`."""

import asyncio
import select
import sys
from itertools import count
from pathlib import Path

from adapters.memory.identity_provider import MemoryIdentityProvider
from adapters.sqlite.database import open_database
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from modules.auth.compose import wire
from tests.modules.auth.seeds import settings, sides


def stopped() -> bool:
    """Whether the parent has closed our input."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


async def write(database: Path, key: str) -> None:
    """Say each account that was stored; the last one is stored after the end was asked for."""
    provider = MemoryIdentityProvider(clock=SystemClock(), identifiers=SystemIdentifiers())
    async with open_database(database) as opened, wire(opened, sides(provider), settings(database, key)) as auth:
        for number in count(1):
            last = stopped()
            await auth.accounts.enrol(email=f"user{number}@office.example", name="A Name", actor="writer")
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
            if last:
                return


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2]))
