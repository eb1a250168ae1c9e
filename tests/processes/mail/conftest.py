"""Workers are kept for the whole run."""

from collections.abc import Iterator

import pytest

from tests.processes.driver import Pool
from tests.processes.mail.campaign import WORKER


@pytest.fixture(scope="session")
def up_pool() -> Iterator[Pool]:
    workers = Pool(WORKER)
    try:
        yield workers
    finally:
        workers.end()
