"""What is fetched seldom and needed often: one fetch at a time, and the last good answer while fetching fails."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

import attrs

from adapters.http_client.retrying import Deadline
from domain.errors import IACSGraphError
from ports.clock import Clock

T = TypeVar("T")

FRESH = timedelta(hours=1)
KEPT = timedelta(hours=24)
"""How long an answer serves while no newer one is to be had. Source of both: signing-key-rollover.md."""
SELDOM = timedelta(minutes=5)
"""Shortest time between two fetches for the sake of something unknown, and after one that failed."""

PATIENCE = timedelta(seconds=3)
"""How long a caller is kept waiting for a newer answer while the one at hand will do."""


@attrs.define(kw_only=True, eq=False)
class Remembered(Generic[T]):
    """One value. Times are of the process's clock, which nobody sets."""

    fetch: Callable[[Deadline], Awaitable[T]]
    clock: Clock
    _value: T | None = None
    _fetched_at: float | None = None
    _failed_at: float | None = None
    _renewed_at: float | None = None
    _tries: int = 0
    _failure: IACSGraphError | None = None
    _lock: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    async def get(self, deadline: Deadline) -> T:
        """Return the value, fetched within the hour if that was possible, else within the day.

        Raises: as `fetch`, where there is nothing to fall back on.
        """
        age = self._since(self._fetched_at)
        if self._value is None or age >= KEPT:
            return await self._fetched(deadline)
        if age < FRESH or (self._since(self._failed_at) < SELDOM and not self._lock.locked()):
            return self._value
        return await self._newer(self._value, deadline.within(PATIENCE))

    async def renewed(self, deadline: Deadline) -> T:
        """Return a value fetched anew, because the one at hand lacks something; but seldom.

        Raises: as `get`.
        """
        value = await self.get(deadline)
        if self._since(self._renewed_at) < SELDOM and not self._lock.locked():
            return value
        found = await self._newer(value, deadline)
        self._renewed_at = self.clock.monotonic()
        return found

    async def _newer(self, value: T, deadline: Deadline) -> T:
        try:
            return await self._fetched(deadline)
        except IACSGraphError:
            return value

    async def _fetched(self, deadline: Deadline) -> T:
        """Fetch; who comes while somebody fetches gets the same outcome."""
        tries = self._tries
        async with self._lock:
            if self._tries == tries:
                await self._fetch(deadline)
        if self._failure is not None:
            raise self._failure
        assert self._value is not None  # noqa: S101 - a fetch that did not fail has set it
        return self._value

    async def _fetch(self, deadline: Deadline) -> None:
        try:
            self._value = await self.fetch(deadline)
        except IACSGraphError as error:
            self._failure, self._failed_at = error, self.clock.monotonic()
        else:
            self._failure, self._fetched_at = None, self.clock.monotonic()
        self._tries += 1

    def _since(self, moment: float | None) -> timedelta:
        return timedelta.max if moment is None else timedelta(seconds=self.clock.monotonic() - moment)
