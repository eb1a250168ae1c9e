"""One database, one provider and the processes that share them, as the parent test sees them."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs

from adapters.fernet.cipher import generate_key
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from tests.fakes.shared_provider import SharedIdentityProvider, open_shared_provider
from tests.processes.crew import Crew
from tests.processes.driver import Pool
from tests.processes.session import APPLICATION

LONG_AGO = 7200
"""Seconds: a token of this age has expired an hour ago."""


@attrs.define(eq=False, kw_only=True)
class World(Crew):
    """Everything of one test. Open with `open_world`."""

    provider: SharedIdentityProvider
    keys: tuple[str, ...] = attrs.field(factory=lambda: (generate_key(),))

    @property
    def told(self) -> Mapping[str, object]:
        """Where the provider is, and the keys."""
        return {"provider": str(self.directory / "provider.db"), "keys": self.keys}


@contextmanager
def open_world(directory: Path, pool: Pool) -> Iterator[World]:
    """Open a world with a provider that knows the default application."""
    with open_shared_provider(directory / "provider.db", SystemClock(), SystemIdentifiers()) as provider:
        provider.register(APPLICATION)
        world = World(directory=directory, provider=provider, pool=pool)
        try:
            yield world
        finally:
            world.close()


def wait_until(moment: float) -> None:
    """Let the wall clock pass a moment by which something must be over, such as a lease."""
    while (left := moment - time.time()) > 0:
        time.sleep(left)
