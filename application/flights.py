"""One task per work in flight, however many wait for it."""

import asyncio
import copy
from collections.abc import Callable, Coroutine, Hashable
from datetime import timedelta
from functools import partial
from typing import Any, Generic, TypeVar

import attrs

from domain.errors import IACSGraphError, TokenRefreshError

T = TypeVar("T")


def shutting_down() -> TokenRefreshError:
    """Return what those hear who wait for, or ask for, work that will not be done any more."""
    return TokenRefreshError("The program is shutting down.", error_code="SHUTTING_DOWN", transient=True)


def landed(outcome: T | Exception) -> T:
    """Return the outcome of a flight.

    Raises: what the flight's work raised.
    """
    if isinstance(outcome, IACSGraphError):
        raise copy.copy(outcome) from outcome
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@attrs.define(eq=False)
class _Flight(Generic[T]):
    waiters: "list[asyncio.Future[T | Exception]]" = attrs.field(factory=list)
    outcome: T | Exception = attrs.field(factory=shutting_down)


@attrs.define(eq=False)
class Flights(Generic[T]):
    """Owner tasks in a task group, a future per waiter.

    A waiter that is cancelled, the first one too, disturbs nobody. The outcome, success or failure, reaches all who
    wait at that moment, once; who comes later begins anew. Outcomes are results of the futures, never their exceptions:
    nothing is left unretrieved, and each waiter raises a copy of its own.
    """

    _group: asyncio.TaskGroup
    _flights: dict[Hashable, _Flight[T]] = attrs.field(factory=dict, init=False)
    _owners: set[asyncio.Task[None]] = attrs.field(factory=set, init=False)
    _closed: bool = attrs.field(default=False, init=False)

    async def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for the flight under this key, launching `work` if there is none.

        Raises: what `work` raised.
        """
        return landed(await self.board(key, work))

    def board(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> "asyncio.Future[T | Exception]":
        """Return what `join` waits for, to be awaited by one; `landed` makes of its outcome what `join` does.

        Raises: as `launch`.
        """
        return self._waiting(self.launch(key, work))

    def joined(self, key: Hashable) -> "asyncio.Future[T | Exception] | None":
        """Return what `board` does, if there is a flight under this key; begin none."""
        flight = self._flights.get(key)
        return None if flight is None else self._waiting(flight)

    def under_way(self, key: Hashable) -> bool:
        """Return whether there is a flight under this key."""
        return key in self._flights

    @staticmethod
    def _waiting(flight: _Flight[T]) -> "asyncio.Future[T | Exception]":
        future: asyncio.Future[T | Exception] = asyncio.get_running_loop().create_future()
        flight.waiters.append(future)
        return future

    def launch(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> _Flight[T]:
        """Start `work` under this key unless it is in flight already; nobody needs to wait for it.

        Raises:
            TokenRefreshError: `land` was called.
        """
        flight = self._flights.get(key)
        if flight is None:
            if self._closed:
                raise shutting_down()
            flight = self._flights[key] = _Flight()
            owner = self._group.create_task(self._own(flight, work))
            self._owners.add(owner)
            owner.add_done_callback(partial(self._landed, key, flight))
        return flight

    async def land(self, within: timedelta) -> None:
        """Begin nothing more, let the flights finish, then cancel what has not; whoever still waits is told."""
        self._closed = True
        if self._owners:
            await asyncio.wait(self._owners, timeout=within.total_seconds())
        for owner in tuple(self._owners):
            owner.cancel()

    @staticmethod
    async def _own(flight: _Flight[T], work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        try:
            flight.outcome = await work()
        except Exception as error:  # noqa: BLE001 - the edge of the task: whoever waits gets it, the group must not
            flight.outcome = error

    def _landed(self, key: Hashable, flight: _Flight[T], owner: asyncio.Task[None]) -> None:
        """Tell the outcome; runs whatever became of the owner, also if it was cancelled before it began."""
        self._owners.discard(owner)
        del self._flights[key]
        outcome, waiting = flight.outcome, [waiter for waiter in flight.waiters if not waiter.done()]
        for waiter in waiting:
            waiter.set_result(outcome)
        if not waiting and isinstance(outcome, Exception) and not isinstance(outcome, IACSGraphError):
            context = {"message": "A task that nobody waits for failed unexpectedly", "exception": outcome}
            owner.get_loop().call_exception_handler(context)
