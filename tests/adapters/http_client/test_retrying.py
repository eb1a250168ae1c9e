"""Which failures are followed by another attempt, and when."""

from collections.abc import Callable
from datetime import timedelta

import attrs
import pytest

from adapters.http_client.retrying import Pace, Repeat, Retrying
from adapters.http_client.transport import Sent
from adapters.memory.identifiers import MemoryIdentifiers
from domain.errors import APIConnectionError, NotFoundError
from tests.fakes.hurried_clock import HurriedClock

PACE = Pace(
    budget=timedelta(seconds=60), attempts=5, first_pause=timedelta(seconds=1), longest_pause=timedelta(seconds=3)
)


def failure(*, sent: str | None = Sent.FAILED.value, wait: float | None = None) -> APIConnectionError:
    retry_after = None if wait is None else timedelta(seconds=wait)
    return APIConnectionError("no", details={"sent": sent} if sent else {}, retry_after=retry_after)


@attrs.define
class Attempts:
    """Fails as it is told, then succeeds."""

    failures: list[Exception]
    clock: HurriedClock = attrs.field(factory=HurriedClock)
    seed: int = 0
    made: int = 0

    async def attempt(self, seconds: float) -> str:
        """Fail or succeed."""
        assert seconds > 0
        self.made += 1
        if self.made <= len(self.failures):
            raise self.failures[self.made - 1]
        return "done"

    async def run(self, worth: Callable[[APIConnectionError, int], bool] | None = None) -> str:
        """Run it."""
        retrying = Retrying(clock=self.clock, identifiers=MemoryIdentifiers(seed=self.seed), pace=PACE)
        if worth is None:
            return await retrying.run(self.attempt, Repeat.ALWAYS, retrying.deadline())
        return await retrying.run(self.attempt, Repeat.ALWAYS, retrying.deadline(), worth=worth)


async def test_pauses_are_drawn_below_a_bound_that_doubles_up_to_the_longest() -> None:
    longest = [timedelta(0)] * 4
    for seed in range(50):
        attempts = Attempts([failure()] * 4, seed=seed)
        assert await attempts.run() == "done"
        assert len(attempts.clock.slept) == 4
        assert timedelta(0) < min(attempts.clock.slept)
        longest = list(map(max, longest, attempts.clock.slept))
    for pause, bound in zip(longest, (1, 2, 3, 3), strict=True):
        assert timedelta(seconds=0.8 * bound) < pause < timedelta(seconds=bound)


async def test_a_wait_that_is_asked_for_is_kept_and_one_of_nothing_is_drawn() -> None:
    attempts = Attempts([failure(wait=9), failure(wait=0)])
    assert await attempts.run() == "done"
    first, second = attempts.clock.slept
    assert first == timedelta(seconds=9)
    assert timedelta(0) < second < timedelta(seconds=2)


async def test_a_wait_that_does_not_fit_is_the_callers() -> None:
    attempts = Attempts([failure(wait=50), failure(wait=20)])
    with pytest.raises(APIConnectionError) as caught:
        await attempts.run()
    assert caught.value.retry_after == timedelta(seconds=20)
    assert attempts.clock.slept == [timedelta(seconds=50)]


async def test_it_ends_where_another_attempt_is_not_worth_it() -> None:
    attempts = Attempts([failure()] * 4)
    asked: list[int] = []

    def worth(error: APIConnectionError, made: int) -> bool:
        assert error in attempts.failures
        asked.append(made)
        return made < 2

    with pytest.raises(APIConnectionError):
        await attempts.run(worth)
    assert (attempts.made, asked) == (2, [1, 2])


@pytest.mark.parametrize("error", [failure(sent=None), NotFoundError("no"), OSError("no")])
async def test_what_does_not_say_how_far_it_came_is_not_repeated(error: Exception) -> None:
    attempts = Attempts([error])
    with pytest.raises(type(error)):
        await attempts.run()
    assert attempts.made == 1
