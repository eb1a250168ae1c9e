"""What several tests of the adapter begin with."""

from collections.abc import AsyncIterator

import pytest

from tests.adapters.azure_ad.rig import Rig, open_azure_rig


@pytest.fixture
async def azure() -> AsyncIterator[Rig]:
    async with open_azure_rig() as rig:
        yield rig
