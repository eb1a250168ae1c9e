"""Every test that asks for a world or a rig runs once for each implementation."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.contracts.azure_benches import independent_config
from tests.contracts.event_worlds import LOG_WORLDS, LogRig, LogWorld
from tests.contracts.rigs import WORLDS, Rig, World
from tests.independent_provider.process import independent_provider, require_independent_provider


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


@pytest.fixture(params=LOG_WORLDS)
def log(request: pytest.FixtureRequest) -> Iterator[LogWorld]:
    """A log of events."""
    with LOG_WORLDS[request.param](request) as opened:
        for words, reason in opened.CANNOT.items():
            if all(word in request.node.name for word in words.split()):
                pytest.skip(reason)
        yield opened


@pytest.fixture
async def here(log: LogWorld) -> AsyncIterator[LogRig]:
    """One process."""
    async with log.process() as opened:
        yield opened


@pytest.fixture
async def there(log: LogWorld, here: LogRig) -> AsyncIterator[LogRig]:  # noqa: ARG001 - the first process opens the data
    """Another process."""
    async with log.process() as opened:
        yield opened


@pytest.fixture(scope="session")
def independent_provider_url() -> Iterator[str]:
    """The address of the independent provider, which one process of the tests starts when the first test asks."""
    require_independent_provider()
    with independent_provider(independent_config()) as url:
        yield url
