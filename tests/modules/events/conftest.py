"""Shells in an empty directory, and in one with a database where two accounts have just been enrolled and signed in."""

import shutil
from pathlib import Path

import pytest

from tests.modules.auth.seeds import OLD, seed
from tests.modules.iacsgraph.shell import Shell

DATABASE = "iacsgraph.db"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, {"DATABASE_PATH": DATABASE, "ENCRYPTION_KEY": OLD, "IDENTITY_PROVIDER": "memory"})


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two accounts, closed; tests work on copies."""
    database = tmp_path_factory.mktemp("seeded") / DATABASE
    seed(database, "ann", "bob")
    return database


@pytest.fixture
def house(shell: Shell, seeded: Path) -> Shell:
    shutil.copy(seeded, shell.directory / DATABASE)
    return shell


@pytest.fixture
def database(house: Shell) -> Path:
    return house.directory / DATABASE
