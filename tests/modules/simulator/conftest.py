"""A rig for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.modules.simulator.rig import Rig, running_rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running_rig() as found:
        yield found
