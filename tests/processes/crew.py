"""Processes that share one database file."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs

from tests.processes.driver import Pool, WorkerProcess


@attrs.define(eq=False, kw_only=True)
class Crew:
    """Workers of one pool, each with a session on the database; what every session is told stands in `told`."""

    directory: Path
    pool: Pool
    _workers: list[WorkerProcess] = attrs.field(factory=list)

    @property
    def told(self) -> Mapping[str, object]:
        """Options of every session, besides the database."""
        return {}

    @property
    def database(self) -> Path:
        """Return the product's database file."""
        return self.directory / "data" / "iacsgraph.db"

    def take(self) -> WorkerProcess:
        """Return a process without a session; it is still starting."""
        worker = self.pool.take()
        self._workers.append(worker)
        return worker

    def give_back(self, worker: WorkerProcess) -> None:
        """Close its session and keep it for another test."""
        self._workers.remove(worker)
        self.pool.give_back(worker)

    def processes(self, count: int, **options: object) -> list[WorkerProcess]:
        """Return that many processes with the database open; they start side by side."""
        workers = [self.take() for _ in range(count)]
        told: dict[str, object] = {"database": str(self.database), **self.told, **options}
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
            self.give_back(self._workers[-1])
