"""Shells in an empty directory, and in one with a database."""

import shutil
from pathlib import Path

import pytest

from tests.modules.auth.seeds import OLD, seed
from tests.modules.iacsgraph.shell import Shell

DATABASE = "iacsgraph.db"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two accounts, closed; tests work on copies."""
    database = tmp_path_factory.mktemp("seeded") / DATABASE
    seed(database, "ann", "bob")
    return database


@pytest.fixture
def house(shell: Shell, seeded: Path) -> Shell:
    """A shell where a database with two accounts stands, with its settings."""
    shutil.copy(seeded, shell.directory / DATABASE)
    return shell.having(DATABASE_PATH=DATABASE, ENCRYPTION_KEY=OLD, IDENTITY_PROVIDER="memory")


@pytest.fixture
def database(house: Shell) -> Path:
    return house.directory / DATABASE
