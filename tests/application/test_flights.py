"""One task per work in flight, however many wait for it."""

import asyncio
from datetime import timedelta

import pytest

from application.flights import Flights
from domain.errors import TokenRefreshError


async def test_work_that_nobody_waits_for_tells_the_event_loop_of_its_bugs() -> None:
    heard: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(str(context["exception"])))

    async def work() -> int:
        raise RuntimeError("a bug")

    async with asyncio.TaskGroup() as group:
        Flights[int](group).launch("key", work)
    assert heard == ["a bug"]


async def test_errors_that_are_foreseen_are_not_told_to_the_event_loop() -> None:
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))

    async def work() -> int:
        raise TokenRefreshError("Later.", transient=True)

    async with asyncio.TaskGroup() as group:
        Flights[int](group).launch("key", work)
    assert heard == []


async def test_who_comes_after_the_outcome_begins_anew() -> None:
    runs = 0

    async def work() -> int:
        nonlocal runs
        runs += 1
        return runs

    async with asyncio.TaskGroup() as group:
        flights = Flights[int](group)
        assert set(await asyncio.gather(flights.join("key", work), flights.join("key", work))) == {1}
        assert await flights.join("key", work) == 2


async def test_different_keys_fly_apart() -> None:
    async def work() -> int:
        return 1

    async with asyncio.TaskGroup() as group:
        flights = Flights[int](group)
        results = await asyncio.gather(flights.join("a", work), flights.join("b", work))
    assert set(results) == {1}


async def test_landing_waits_no_longer_than_told() -> None:
    async def work() -> int:
        await asyncio.Event().wait()
        return 1

    async with asyncio.TaskGroup() as group:
        flights = Flights[int](group)
        waiter = asyncio.create_task(flights.join("key", work))
        await asyncio.sleep(0)
        await flights.land(timedelta(milliseconds=10))
    with pytest.raises(TokenRefreshError, match="shutting down"):
        await waiter


async def test_an_owner_cancelled_before_it_began_blocks_nobody() -> None:
    async def work() -> int:
        return 1

    async with asyncio.TaskGroup() as group:
        flights = Flights[int](group)
        waiter = asyncio.create_task(flights.join("key", work))
        await asyncio.sleep(0)
        for owner in tuple(flights._owners):  # noqa: SLF001 - what a group that is torn down does
            owner.cancel()
        with pytest.raises(TokenRefreshError, match="shutting down"):
            await waiter
        assert await flights.join("key", work) == 1


async def test_after_landing_nothing_begins() -> None:
    async def work() -> int:
        return 1

    async with asyncio.TaskGroup() as group:
        flights = Flights[int](group)
        await flights.land(timedelta(0))
        for _ in range(2):
            with pytest.raises(TokenRefreshError, match="shutting down"):
                await flights.join("key", work)


async def test_only_a_flight_that_is_under_way_can_be_joined_without_work() -> None:
    async def work() -> int:
        return 1

    async with asyncio.TaskGroup() as group:
        flights = Flights[int](group)
        assert flights.joined("key") is None
        flights.launch("key", work)
        waiting = flights.joined("key")
        assert waiting is not None
        assert await waiting == 1
        assert flights.joined("key") is None
