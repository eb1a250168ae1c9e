"""A token seen before needs no disk, and yet what another process wrote is seen within a second."""

from collections import deque
from datetime import datetime, timedelta

import attrs
import pytest

from adapters.memory.token_store import MemoryTokenStore
from application.token_cache import TokenCache
from domain.errors import DatabaseError, PermissionDeniedError
from ports.held_tokens import HeldToken
from ports.token_store import Cursor, News
from tests.application.rig import Rig, open_rig
from tests.fakes.stores import CountingTokenStore, FailingTokenStore

POLL = timedelta(milliseconds=250)
SECOND = timedelta(seconds=1)


def cache_of(rig: Rig, **options: object) -> tuple[TokenCache, CountingTokenStore]:
    """Return a cache over the rig's data, and its store."""
    store = CountingTokenStore(rig.database)
    return TokenCache(tokens=store, clock=rig.clock, **options), store  # type: ignore[arg-type]


async def poll(cache: TokenCache, cursor: Cursor | None = None) -> Cursor:
    """Let the cache ask for news once."""
    return await cache._catch_up(cursor)  # noqa: SLF001 - one step of the endless `follow`


async def test_a_token_seen_before_is_not_read_again(rig: Rig) -> None:
    cache, store = cache_of(rig)
    await poll(cache)
    held = await cache.read("kim")
    assert cache.get("kim") is held
    assert store.reads == ["kim"]


async def test_nothing_is_served_before_the_first_news_or_when_they_stop_coming(rig: Rig) -> None:
    cache, _ = cache_of(rig)
    await cache.read("kim")
    assert cache.get("kim") is None
    await poll(cache)
    await cache.read("kim")
    await rig.clock.advance(SECOND - timedelta(milliseconds=1))
    assert cache.get("kim") is not None
    await rig.clock.advance(timedelta(milliseconds=1))
    assert cache.get("kim") is None


async def test_news_that_took_long_to_come_are_trusted_from_when_they_were_asked_for(rig: Rig) -> None:
    cache, _ = cache_of(rig)

    @attrs.frozen
    class Slow(MemoryTokenStore):
        """Answers what was so some time ago."""

        async def news(self, since: Cursor | None) -> News:
            found = await super().news(since)
            await rig.clock.advance(SECOND - POLL)
            return found

    cache._tokens = Slow(rig.database)  # noqa: SLF001 - as a disk that is busy
    await poll(cache)
    await cache.read("kim")
    await rig.clock.advance(POLL - timedelta(milliseconds=1))
    assert cache.get("kim") is not None
    await rig.clock.advance(timedelta(milliseconds=1))
    assert cache.get("kim") is None


async def test_what_was_written_is_forgotten_at_the_next_news_and_all_else_kept(rig: Rig) -> None:
    await rig.sign_in("lee")
    cache, _ = cache_of(rig)
    cursor = await poll(cache)
    await cache.read("kim")
    await cache.read("lee")
    await rig.operator.lock("kim", actor="test", reason="test")
    await poll(cache, cursor)
    assert cache.get("kim") is None
    assert cache.get("lee") is not None


async def test_news_that_came_while_reading_keep_the_old_value_out(rig: Rig) -> None:
    cache, store = cache_of(rig)
    cursor = await poll(cache)

    @attrs.frozen
    class Racing(CountingTokenStore):
        """Reads, and is overtaken by a write and its news before it answers."""

        async def read(self, user_id: str, now: datetime) -> HeldToken | None:
            held = await super().read(user_id, now)
            await rig.operator.lock("kim", actor="test", reason="test")
            await poll(cache, cursor)
            return held

    cache._tokens = Racing(rig.database)  # noqa: SLF001 - the race cannot be had from outside
    stale = await cache.read("kim")
    assert stale is not None
    assert stale.usable
    assert cache.get("kim") is None
    assert store.reads == []


async def test_more_news_than_can_be_told_empty_the_cache(rig: Rig) -> None:
    cache, _ = cache_of(rig)
    cursor = await poll(cache)
    await cache.read("kim")

    @attrs.frozen
    class Flooded(MemoryTokenStore):
        """Has too much news to tell."""

        async def news(self, since: Cursor | None) -> News:
            return News(cursor=since or cursor, account_ids=None)

    cache._tokens = Flooded(rig.database)  # noqa: SLF001 - 10,001 accounts would do the same, slowly
    await poll(cache, cursor)
    assert cache.get("kim") is None


async def test_the_cache_is_bounded_and_the_oldest_goes_first(rig: Rig) -> None:
    users = ["u1", "u2", "u3"]
    for user in users:
        await rig.sign_in(user)
    cache, _ = cache_of(rig, capacity=2)
    await poll(cache)
    for user in users:
        await cache.read(user)
    assert [cache.get(user) is not None for user in users] == [False, True, True]


async def test_a_lock_by_another_process_is_honoured_within_a_second(rig: Rig) -> None:
    async with open_rig(rig) as other:
        await rig.clock.advance(POLL)
        await rig.service.get_valid_token("kim")
        await other.operator.lock("kim", actor="operator", reason="theft")
        await rig.clock.advance(SECOND)
        with pytest.raises(PermissionDeniedError):
            await rig.service.get_valid_token("kim")


async def test_while_the_store_has_no_news_to_give_every_read_goes_to_it() -> None:
    async with open_rig() as rig:
        await rig.sign_in()
        store = FailingTokenStore(rig.database, polls=deque(DatabaseError("Locked.", transient=True) for _ in range(3)))
        object.__setattr__(rig.service.cache, "_tokens", store)
        await rig.clock.advance(POLL)
        await rig.service.get_valid_token("kim")
        assert rig.service.cache.get("kim") is None
        for _ in range(3):
            await rig.clock.advance(POLL)
        await rig.service.get_valid_token("kim")
        assert rig.service.cache.get("kim") is not None
