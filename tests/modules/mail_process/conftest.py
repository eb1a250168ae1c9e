"""A shell beside a database with two users' mail."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from domain.mail_sync import MailId
from tests.modules.iacsgraph.shell import Shell
from tests.modules.mail_process.filling import GOOD, UNWANTED, fill


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, {"DATABASE_PATH": "iacsgraph.db"})


@pytest.fixture
def database(shell: Shell) -> Path:
    return shell.directory / "iacsgraph.db"


@pytest.fixture
def stored(database: Path) -> Mapping[str, list[MailId]]:
    """Of each user a mail that is wanted, and one that is not."""
    return fill(database, {"ann": [GOOD, UNWANTED], "bob": [GOOD, UNWANTED]})
