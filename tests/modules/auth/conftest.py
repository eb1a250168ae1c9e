"""A shell with a database in which one account's token is due."""

import shutil
from pathlib import Path

import pytest

from tests.modules.auth.seeds import OLD, seed
from tests.modules.iacsgraph.shell import Shell

DATABASE = "iacsgraph.db"


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one account, closed; tests work on copies."""
    database = tmp_path_factory.mktemp("seeded") / DATABASE
    seed(database, "ann")
    return database


@pytest.fixture
def house(tmp_path: Path, seeded: Path) -> Shell:
    shutil.copy(seeded, tmp_path)
    return Shell(tmp_path, {"DATABASE_PATH": DATABASE, "ENCRYPTION_KEY": OLD, "IDENTITY_PROVIDER": "memory"})


@pytest.fixture
def database(house: Shell) -> Path:
    return house.directory / DATABASE
