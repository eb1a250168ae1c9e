"""The sign-in pages, served for one test."""

from collections.abc import AsyncIterator

import pytest

from tests.modules.auth.web.rig import Site, open_site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with open_site() as opened:
        yield opened
