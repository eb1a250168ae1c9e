"""Every test that asks for a world or a rig runs once for each implementation."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.contracts.rigs import WORLDS, Rig, World


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with WORLDS[request.param]() as opened:
        yield opened


@pytest.fixture
async def rig(world: World) -> AsyncIterator[Rig]:
    async with world.process("old") as opened:
        yield opened


@pytest.fixture
async def elsewhere(world: World, rig: Rig) -> AsyncIterator[Rig]:  # noqa: ARG001 - the first process opens the data
    """Another process with the same key."""
    async with world.process("old") as opened:
        yield opened
