"""Repeating what may be repeated, with full jitter, within one bound for the whole call."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import Enum
from typing import TypeVar

import attrs

from adapters.http_client.transport import Sent
from domain.errors import APIConnectionError
from ports.clock import Clock
from ports.identifiers import Identifiers

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Pace:
    """How long a call goes on repeating. `budget` is for the call in all."""

    budget: timedelta
    attempts: int
    first_pause: timedelta
    longest_pause: timedelta


class Repeat(Enum):
    """After which failures a request is sent again."""

    UNLESS_RECEIVED = frozenset({Sent.NEVER, Sent.REFUSED})
    """What works once: an authorization code or a device code, which must not arrive twice."""
    IF_ANSWERED = frozenset({Sent.NEVER, Sent.REFUSED, Sent.FAILED})
    """A refresh token: a server that rotates strictly takes a second use of the same one for theft."""
    ALWAYS = frozenset(Sent)
    """What changes nothing, or nothing that a repetition makes worse."""


@attrs.frozen(kw_only=True)
class Deadline:
    """When a call must be over."""

    clock: Clock
    at: float

    @property
    def remaining(self) -> float:
        """Return the seconds that are left, at least a moment: what was begun is tried."""
        return max(self.at - self.clock.monotonic(), 0.1)

    def within(self, duration: timedelta) -> "Deadline":
        """Return an earlier deadline for a part of the call that must leave time for the rest."""
        return attrs.evolve(self, at=min(self.at, self.clock.monotonic() + duration.total_seconds()))


def _always(error: APIConnectionError, attempts: int) -> bool:  # noqa: ARG001 - the signature is what matters
    return True


@attrs.frozen(kw_only=True)
class Retrying:
    """Full jitter: a pause is drawn evenly between nothing and a bound that doubles.

    Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
    """

    clock: Clock
    identifiers: Identifiers
    pace: Pace

    def deadline(self) -> Deadline:
        """Return when a call that begins now must be over."""
        return Deadline(clock=self.clock, at=self.clock.monotonic() + self.pace.budget.total_seconds())

    async def run(
        self,
        attempt: Callable[[float], Awaitable[T]],
        repeat: Repeat,
        deadline: Deadline,
        *,
        worth: Callable[[APIConnectionError, int], bool] = _always,
    ) -> T:
        """Return what the first attempt that succeeds returns; each is told how many seconds it has.

        `worth` may end it sooner: it is told an error and how many attempts there were.

        Raises: what the last attempt raised. A pause asked for that does not fit in is left to the caller.
        """
        for attempts in range(1, self.pace.attempts):
            try:
                return await attempt(deadline.remaining)
            except APIConnectionError as error:
                pause = self._pause(error, attempts)
                if error.details.get("sent") not in repeat.value or not worth(error, attempts):
                    raise
                if pause.total_seconds() >= deadline.remaining:
                    raise
            await self.clock.sleep(pause)
        return await attempt(deadline.remaining)

    def _pause(self, error: APIConnectionError, attempts: int) -> timedelta:
        bound: timedelta = min(self.pace.first_pause * 2 ** (attempts - 1), self.pace.longest_pause)
        return error.retry_after or bound * self.identifiers.fraction()
