"""However many callers ask for a token that must be read, the store is asked twice at most."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import attrs
import pytest

from adapters.memory.token_store import MemoryTokenStore
from domain.errors import DatabaseError
from domain.token import AccessToken
from ports.held_tokens import HeldToken
from tests.application.rig import Rig, open_rig

CALLERS = 50


@attrs.frozen
class SlowTokenStore(MemoryTokenStore):
    """Keeps every promise, and answers a read with what it found, once `answered` is set; counts the reads."""

    reads: list[str] = attrs.field(factory=list)
    failures: list[DatabaseError] = attrs.field(factory=list)
    answered: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def read(self, user_id: str, now: datetime) -> HeldToken | None:
        """Read, wait, and answer or fail."""
        self.reads.append(user_id)
        held = await super().read(user_id, now)
        await self.answered.wait()
        if self.failures:
            raise self.failures[0]
        return held


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with open_rig() as opened:
        await opened.sign_in()
        yield opened


@pytest.fixture
def store(rig: Rig) -> SlowTokenStore:
    """Return the store that the service reads from."""
    slow = SlowTokenStore(rig.database)
    rig.service.cache._tokens = slow  # noqa: SLF001 - between the service and its store
    return slow


async def callers(rig: Rig) -> "list[asyncio.Task[AccessToken]]":
    """Let many ask, and come as far as they can."""
    tasks = [asyncio.create_task(rig.service.get_valid_token("kim")) for _ in range(CALLERS)]
    for _ in range(10):
        await asyncio.sleep(0)
    return tasks


async def test_a_crowd_reads_twice_at_most_and_everybody_gets_the_token(rig: Rig, store: SlowTokenStore) -> None:
    tasks = await callers(rig)
    store.answered.set()
    assert len(set(await asyncio.gather(*tasks))) == 1
    assert len(store.reads) == 2


async def test_the_next_caller_alone_reads_for_itself(rig: Rig, store: SlowTokenStore) -> None:
    store.answered.set()
    await rig.service.get_valid_token("kim")
    rig.service.cache.forget((await rig.account()).account_id)
    await rig.service.get_valid_token("kim")
    assert len(store.reads) == 2


@pytest.mark.parametrize("cancelled", [[0], [1], [0, 1], list(range(CALLERS - 1))])
async def test_who_is_cancelled_disturbs_nobody(rig: Rig, store: SlowTokenStore, cancelled: list[int]) -> None:
    tasks = await callers(rig)
    for number in cancelled:
        tasks[number].cancel()
    await asyncio.sleep(0)
    store.answered.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [number for number, each in enumerate(outcomes) if not isinstance(each, AccessToken)] == cancelled
    assert len(store.reads) == 2


async def test_a_failure_reaches_everybody_and_the_store_is_not_asked_again(rig: Rig, store: SlowTokenStore) -> None:
    store.failures.append(DatabaseError("The disk failed."))
    tasks = await callers(rig)
    store.answered.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(each) for each in outcomes} == {DatabaseError}
    assert len(store.reads) == 2
    store.failures.clear()
    assert (await rig.service.get_valid_token("kim")).value


async def test_who_comes_after_a_write_does_not_share_what_was_read_before_it(rig: Rig, store: SlowTokenStore) -> None:
    early = await callers(rig)
    signed_in = await rig.sign_in()
    late = await callers(rig)
    store.answered.set()
    assert signed_in.value not in {token.value for token in await asyncio.gather(*early)}
    assert {token.value for token in await asyncio.gather(*late)} == {signed_in.value}
    assert len(store.reads) == 3
