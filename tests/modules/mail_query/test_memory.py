"""However many mails there are, a query takes the same memory, and does not keep its reader waiting."""

import subprocess
import sys

import pytest

from tests.modules.iacsgraph.shell import PATIENCE
from tests.modules.mail_query.long_query import MANY

UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts (getrusage(2))."""
MARGIN = 8 << 20
"""By how many bytes the process may grow between 2,500 and 25,000 mails, several times that if they were kept."""


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_ten_times_the_mails_take_no_more_memory(form: str) -> None:
    command = [sys.executable, "-m", "tests.modules.mail_query.long_query", form]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
    assert done.stdout.count(b"\n") >= MANY
    few, many = (int(line) * UNIT for line in done.stderr.split())
    assert many < few + MARGIN
