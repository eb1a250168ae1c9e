"""An office without a network."""

from collections.abc import AsyncIterator

import pytest

from tests.modules.mail_query.desk import Desk, open_desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened
