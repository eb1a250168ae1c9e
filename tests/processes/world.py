"""One database, one provider and the processes that share them, as the parent test sees them."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs

from adapters.fernet.cipher import generate_key
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from tests.fakes.shared_provider import SharedIdentityProvider, open_shared_provider
from tests.processes.driver import Pool, WorkerProcess
from tests.processes.session import APPLICATION

LONG_AGO = 7200
"""Seconds: a token of this age has expired an hour ago."""


@attrs.define(eq=False)
class World:
    """Everything of one test. Open with `open_world`."""

    directory: Path
    provider: SharedIdentityProvider
    pool: Pool
    keys: tuple[str, ...] = attrs.field(factory=lambda: (generate_key(),))
    _workers: list[WorkerProcess] = attrs.field(factory=list)

    @property
    def database(self) -> Path:
        """Return the product's database file."""
        return self.directory / "data" / "iacsgraph.db"

    def processes(self, count: int, **options: object) -> list[WorkerProcess]:
        """Return that many processes with the database open; they start side by side."""
        workers = [self.pool.take() for _ in range(count)]
        self._workers += workers
        told: dict[str, object] = {
            "database": str(self.database),
            "provider": str(self.directory / "provider.db"),
            "keys": self.keys,
            **options,
        }
        for worker, ticket in [(worker, worker.send("open", **told)) for worker in workers]:
            worker.answer(ticket)
        return workers

    def process(self, **options: object) -> WorkerProcess:
        """Return one process with the database open."""
        return self.processes(1, **options)[0]

    def kill(self, worker: WorkerProcess) -> None:
        """Kill -9."""
        self._workers.remove(worker)
        self.pool.discard(worker)

    def rows(self, sql: str, *values: object) -> list[Any]:
        """Read the product's database past its stores."""
        with closing(sqlite3.connect(self.database, timeout=60)) as connection:
            return connection.execute(sql, values).fetchall()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep the product's database locked for all writers, as another program might."""
        with closing(sqlite3.connect(self.database, timeout=60, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    def close(self) -> None:
        """Give the workers back."""
        while self._workers:
            self.pool.give_back(self._workers.pop())


@contextmanager
def open_world(directory: Path, pool: Pool) -> Iterator[World]:
    """Open a world with a provider that knows the default application."""
    with open_shared_provider(directory / "provider.db", SystemClock(), SystemIdentifiers()) as provider:
        provider.register(APPLICATION)
        world = World(directory, provider, pool)
        try:
            yield world
        finally:
            world.close()


def wait_until(moment: float) -> None:
    """Let the wall clock pass a moment by which something must be over, such as a lease."""
    while (left := moment - time.time()) > 0:
        time.sleep(left)
