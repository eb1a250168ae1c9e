"""A database of two tables, with migrations of its own, in a temporary directory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.sqlite.database import Database, open_database
from tests.adapters.sqlite.schema import write_migrations


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    return write_migrations(tmp_path / "migrations")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "test.db"


@pytest.fixture
async def database(path: Path, migrations: Path) -> AsyncIterator[Database]:
    async with open_database(path, migrations=migrations) as database:
        yield database
