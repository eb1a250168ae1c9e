"""The keeper: fresh tokens ahead of time, for everybody, however many keepers there are."""

import asyncio
from collections import deque
from datetime import timedelta

import attrs
import pytest

from adapters.memory.cipher import MemoryCipher
from adapters.memory.token_store import MemoryTokenStore
from application.token_keeper import TokenKeeper
from domain.errors import APIConnectionError, DatabaseError, StaleKeyError
from domain.token import REFRESH_TOKEN_IDLE, TokenState
from ports.cipher import Binding
from tests.application.rig import Rig, open_rig
from tests.fakes.stores import FailingTokenStore

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def keeper_of(rig: Rig, **options: int) -> TokenKeeper:
    """Return a keeper in this process."""
    return TokenKeeper(service=rig.service, tokens=rig.tokens, clock=rig.clock, **options)  # type: ignore[arg-type]


async def let_pass(rig: Rig, duration: timedelta, step: timedelta = 15 * SECOND) -> None:
    """Let time pass in small steps."""
    for _ in range(duration // step):
        await rig.clock.advance(step)


async def test_no_reader_ever_meets_a_token_that_is_not_fresh(rig: Rig) -> None:
    keeping = asyncio.create_task(keeper_of(rig).run())
    for _ in range(24 * 4):
        await let_pass(rig, 15 * MINUTE, 5 * MINUTE)
        access = (await rig.held()).access
        assert access is not None
        assert access.state(rig.clock.now()) is TokenState.FRESH
    keeping.cancel()
    assert 24 <= rig.refreshes <= 36


async def test_what_the_keeper_refreshes_is_told_apart_from_what_somebody_waited_for(rig: Rig) -> None:
    await rig.expire()
    await keeper_of(rig).look()
    await rig.expire()
    await rig.service.get_valid_token("kim")
    told = rig.told("refreshed")
    assert [entry[3:] for entry in told] == [("ahead",), ()]


async def test_several_keepers_refresh_each_account_once(rig: Rig) -> None:
    for number in range(10):
        await rig.sign_in(f"user{number}")
    async with open_rig(rig) as other:
        await rig.clock.advance(HOUR)
        await asyncio.gather(keeper_of(rig).look(), keeper_of(other).look(), keeper_of(other).look())
    assert rig.refreshes == 11


async def test_no_more_refreshes_at_once_than_allowed(rig: Rig) -> None:
    for number in range(10):
        await rig.sign_in(f"user{number}")
    running, most = 0, 0

    async def observe() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    rig.provider.interventions.extend([observe] * 11)
    await rig.clock.advance(HOUR)
    await keeper_of(rig, concurrency=3).look()
    assert (most, rig.refreshes) == (3, 11)


async def test_one_failing_account_stops_no_other_and_is_tried_again_when_it_may(rig: Rig) -> None:
    await rig.sign_in("lee")
    rig.provider.interventions.append(APIConnectionError("No route.", retry_after=MINUTE))
    await rig.clock.advance(HOUR)
    keeping = asyncio.create_task(keeper_of(rig).run())
    await rig.clock.advance(SECOND)
    assert rig.refreshes == 2
    await let_pass(rig, 50 * SECOND, 10 * SECOND)
    assert rig.refreshes == 2
    await let_pass(rig, 30 * SECOND, 10 * SECOND)
    assert rig.refreshes == 3
    keeping.cancel()


async def test_accounts_that_are_locked_or_need_a_sign_in_are_left_alone(rig: Rig) -> None:
    await rig.sign_in("lee")
    await rig.operator.lock("lee", actor="test", reason="test")
    rig.provider.revoke("kim@office.example")
    await rig.clock.advance(HOUR)
    for _ in range(3):
        await keeper_of(rig).look()
        await rig.clock.advance(MINUTE)
    assert rig.refreshes == 1


async def test_refresh_tokens_are_used_before_they_die_of_inactivity(rig: Rig) -> None:
    rig.provider.lifetime = timedelta(days=365)
    await rig.sign_in("lee")
    await rig.clock.advance(HOUR)
    await keeper_of(rig).look()
    before = rig.refreshes
    await rig.clock.advance(REFRESH_TOKEN_IDLE)
    await keeper_of(rig).look()
    assert rig.refreshes == before + 2


async def test_the_keeper_comes_back_when_the_next_token_is_due_or_after_its_interval(rig: Rig) -> None:
    keeper = keeper_of(rig)
    assert await keeper.look() == keeper.interval
    due = (await rig.held()).due_at
    assert due is not None
    await rig.clock.advance(due - rig.clock.now() - 5 * SECOND)
    assert await keeper.look() == 5 * SECOND
    await rig.clock.advance(5 * SECOND - timedelta(milliseconds=1))
    assert await keeper.look() == keeper.pause


async def test_a_full_batch_is_followed_at_once_by_the_next(rig: Rig) -> None:
    for number in range(4):
        await rig.sign_in(f"user{number}")
    await rig.clock.advance(HOUR)
    keeper = keeper_of(rig, batch=2)
    rests = [await keeper.look() for _ in range(3)]
    assert rests[:2] == [timedelta(0)] * 2
    assert rig.refreshes == 5


async def test_a_process_with_an_old_key_stops_and_says_why(rig: Rig) -> None:
    rig.database.primary_key = MemoryCipher("00000002").key_ids[0]
    await rig.clock.advance(HOUR)
    with pytest.raises(StaleKeyError):
        await keeper_of(rig).run()
    assert rig.refreshes == 0


async def test_passing_failures_of_the_store_are_waited_out_and_others_told(rig: Rig) -> None:
    @attrs.frozen
    class Failing(MemoryTokenStore):
        """Breaks the promise to list what is due."""

        failures: deque[DatabaseError] = attrs.field(factory=deque)

        async def due(self, now: object, limit: int) -> list[tuple[str, object]]:  # type: ignore[override]
            if self.failures:
                raise self.failures.popleft()
            return list(await super().due(now, limit))  # type: ignore[arg-type]

    store = Failing(rig.database)
    store.failures.extend([DatabaseError("Locked.", transient=True), DatabaseError("Corrupt.")])
    keeping = asyncio.create_task(TokenKeeper(service=rig.service, tokens=store, clock=rig.clock).run())
    await rig.clock.advance(SECOND)
    assert not keeping.done()
    await rig.clock.advance(MINUTE)
    with pytest.raises(DatabaseError, match="Corrupt"):
        await keeping


async def test_an_account_that_meets_a_bug_stops_no_other_and_rests(rig: Rig) -> None:
    heard: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(str(context["exception"])))

    async def break_down() -> None:
        raise KeyError("a bug")

    await rig.sign_in("lee")
    await rig.clock.advance(HOUR)
    rig.provider.interventions.append(break_down)
    keeper = keeper_of(rig)
    for _ in range(3):
        await keeper.look()
    assert rig.refreshes == 2
    assert heard == ["'a bug'"]


async def test_a_store_that_refuses_writes_is_waited_out_and_not_hammered(rig: Rig) -> None:
    for number in range(4):
        await rig.sign_in(f"user{number}")
    await rig.clock.advance(HOUR)
    full = [DatabaseError("Full.", error_code="DATABASE_FULL", transient=True) for _ in range(100)]
    store = FailingTokenStore(rig.database, claims=deque(full))
    object.__setattr__(rig.refresher, "tokens", store)
    keeping = asyncio.create_task(keeper_of(rig, batch=2).run())
    for _ in range(20):
        await rig.clock.advance(SECOND)
    assert len(full) - len(store.claims) == 2
    assert ("refresh_failed", "*", "DATABASE_FULL") in rig.log.entries
    keeping.cancel()


async def test_a_token_that_does_not_open_is_told_once_and_rests(rig: Rig) -> None:
    account_id = (await rig.held()).account_id
    rig.database.ciphertexts[Binding(account_id, "access_token")] = "damaged"
    await rig.sign_in("lee")
    await rig.clock.advance(HOUR - timedelta(minutes=5))  # due, and not expired: then it is not opened any more
    keeper = keeper_of(rig)
    for _ in range(5):
        await keeper.look()
        await rig.clock.advance(SECOND)
    assert len(rig.told("refresh_failed")) == 1
    assert rig.refreshes == 1


async def test_a_keeper_does_not_wait_for_another_one(rig: Rig) -> None:
    await rig.clock.advance(HOUR)
    held = await rig.held()
    await rig.tokens.claim(held, "a keeper that dies", rig.clock.now(), timedelta(seconds=60))
    await asyncio.wait_for(rig.service.refresh_ahead("kim"), 60)
    assert rig.refreshes == 0
