"""One task per work in flight, however many wait for it."""

import asyncio
import copy
from collections.abc import Callable, Coroutine, Hashable
from datetime import timedelta
from typing import Any, Generic, TypeVar

import attrs

from domain.errors import IACSGraphError, TokenRefreshError

T = TypeVar("T")


@attrs.define(eq=False)
class _Flight(Generic[T]):
    waiters: "list[asyncio.Future[T | Exception]]" = attrs.field(factory=list)


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

    async def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Wait for the flight under this key, launching `work` if there is none.

        Raises: what `work` raised.
        """
        flight = self.launch(key, work)
        future: asyncio.Future[T | Exception] = asyncio.get_running_loop().create_future()
        flight.waiters.append(future)
        outcome = await future
        if isinstance(outcome, IACSGraphError):
            raise copy.copy(outcome) from outcome
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def launch(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> _Flight[T]:
        """Start `work` under this key unless it is in flight already; nobody needs to wait for it."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight()
            owner = self._group.create_task(self._own(key, flight, work))
            self._owners.add(owner)
            owner.add_done_callback(self._owners.discard)
        return flight

    async def land(self, within: timedelta) -> None:
        """Let the flights finish, then cancel what has not; whoever still waits is told that it ends."""
        if self._owners:
            await asyncio.wait(self._owners, timeout=within.total_seconds())
        for owner in tuple(self._owners):
            owner.cancel()

    async def _own(self, key: Hashable, flight: _Flight[T], work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        outcome: T | Exception = TokenRefreshError(
            "The program is shutting down.", error_code="SHUTTING_DOWN", transient=True
        )
        try:
            outcome = await work()
        except Exception as error:  # noqa: BLE001 - the edge of the task: whoever waits gets it, the group must not
            outcome = error
        finally:
            del self._flights[key]
            self._tell(flight, outcome)

    @staticmethod
    def _tell(flight: _Flight[T], outcome: T | Exception) -> None:
        waiting = [waiter for waiter in flight.waiters if not waiter.done()]
        for waiter in waiting:
            waiter.set_result(outcome)
        if not waiting and isinstance(outcome, Exception) and not isinstance(outcome, IACSGraphError):
            context = {"message": "A task that nobody waits for failed unexpectedly", "exception": outcome}
            asyncio.get_running_loop().call_exception_handler(context)
