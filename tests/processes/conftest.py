"""Workers are kept for the whole run; each test has a world of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.driver import Pool
from tests.processes.world import World, open_world


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    workers = Pool()
    try:
        yield workers
    finally:
        workers.end()


@pytest.fixture
def world(tmp_path: Path, pool: Pool) -> Iterator[World]:
    with open_world(tmp_path, pool) as opened:
        yield opened
