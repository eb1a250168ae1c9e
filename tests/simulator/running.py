"""A simulator for the length of a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from modules.simulator.compose import compose
from modules.simulator.settings import SimulatorSettings
from modules.simulator.simulator import Simulator


@asynccontextmanager
async def running_simulator(**settings: Any) -> AsyncIterator[Simulator]:  # noqa: ANN401 - of SimulatorSettings
    """Run one on free ports; `settings` are those of `SimulatorSettings`."""
    async with compose(SimulatorSettings(**settings)) as simulator:
        yield simulator
