"""A shell with a database of its own, where the practice provider is used and nobody is enrolled yet."""

from pathlib import Path

import pytest

from tests.modules.account.files import DATABASE, DIRECTORY
from tests.modules.auth.seeds import OLD
from tests.modules.iacsgraph.shell import Shell


@pytest.fixture
def house(tmp_path: Path) -> Shell:
    (tmp_path / DIRECTORY).mkdir()
    variables = {"DATABASE_PATH": DATABASE, "ENCRYPTION_KEY": OLD, "IDENTITY_PROVIDER": "memory"}
    return Shell(tmp_path, variables | {"AZURE_CLIENT_ID": "global-app", "AZURE_CLIENT_SECRET": "canary-global"})


@pytest.fixture
def files(house: Shell) -> Path:
    """Where the enrolment files are looked for."""
    return house.directory / DIRECTORY


@pytest.fixture
def database(house: Shell) -> Path:
    return house.directory / DATABASE
