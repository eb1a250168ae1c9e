"""Fixtures of the use-case tests."""

from collections.abc import AsyncIterator

import pytest

from tests.application.rig import Rig, open_rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """Return one process with a signed-in account 'kim'."""
    async with open_rig() as opened:
        await opened.sign_in()
        yield opened
