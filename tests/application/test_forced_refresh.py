"""Refreshing now, whatever is stored: nothing is read before, and whoever asks meanwhile shares it."""

import asyncio
from datetime import timedelta

import pytest

from domain.errors import (
    APIConnectionError,
    NotFoundError,
    PermissionDeniedError,
    ReauthenticationRequiredError,
    ThrottledError,
    TokenRefreshError,
)
from domain.token import AccessToken
from tests.application.rig import APPLICATION, Rig
from tests.application.test_one_refresh import SECOND, Gate
from tests.fakes.stores import CountingTokenStore

MINUTE = timedelta(minutes=1)


async def held_up(rig: Rig, user_id: str = "kim", *, failing: bool = False) -> tuple[Gate, "asyncio.Task[AccessToken]"]:
    """Begin a forced refresh, and come as far as the provider's answer."""
    gate = Gate()

    async def answer() -> None:
        await gate()
        if failing:
            raise APIConnectionError("No route.")

    rig.provider.interventions.append(answer)
    forced = asyncio.create_task(rig.service.refresh_token(user_id))
    await gate.reached.wait()
    return gate, forced


async def test_nothing_is_read_before_and_the_new_token_is_what_is_stored(rig: Rig) -> None:
    store = CountingTokenStore(rig.database)
    object.__setattr__(rig.refresher, "tokens", store)
    object.__setattr__(rig.service.cache, "_tokens", store)
    before = (await rig.held()).access
    brought = await rig.service.refresh_token("kim")
    assert store.reads == []
    assert brought != before
    assert (await rig.held()).access == brought
    assert await rig.service.get_valid_token("kim") == brought


async def test_a_token_that_the_process_remembers_is_not_handed_out_afterwards(rig: Rig) -> None:
    remembered = await rig.service.get_valid_token("kim")
    brought = await rig.service.refresh_token("kim")
    assert brought != remembered
    assert await rig.service.get_valid_token("kim") == brought


async def test_all_who_want_another_at_once_share_one(rig: Rig) -> None:
    gate, forced = await held_up(rig)
    others = [asyncio.create_task(rig.service.refresh_token(name)) for name in ("kim", "KIM", "kim")]
    await asyncio.sleep(0)
    gate.opened.set()
    assert {token.value for token in await asyncio.gather(forced, *others)} == {(await forced).value}
    assert rig.refreshes == 1


async def test_who_finds_the_token_expired_meanwhile_shares_it(rig: Rig) -> None:
    await rig.expire()
    gate, forced = await held_up(rig, "KIM")
    plain = [asyncio.create_task(rig.service.get_valid_token("kim")) for _ in range(3)]
    keeper = asyncio.create_task(rig.service.refresh_ahead("kim"))
    for _ in range(5):
        await asyncio.sleep(0)
    gate.opened.set()
    assert {await each for each in plain} == {await forced}
    await keeper
    assert rig.refreshes == 1
    assert rig.service.renewing == {}


@pytest.mark.parametrize("spelt", ["kim", "KIM"])
async def test_it_shares_what_somebody_else_has_begun(rig: Rig, spelt: str) -> None:
    await rig.expire()
    gate = Gate()
    rig.provider.interventions.append(gate)
    plain = asyncio.create_task(rig.service.get_valid_token("kim"))
    await gate.reached.wait()
    forced = asyncio.create_task(rig.service.refresh_token(spelt))
    for _ in range(5):
        await asyncio.sleep(0)
    gate.opened.set()
    assert await forced == await plain
    assert rig.refreshes == 1


async def test_it_does_not_share_what_was_begun_for_another_account_that_had_the_user_id(rig: Rig) -> None:
    gate, forced = await held_up(rig)
    await rig.operator.update("kim", actor="operator", new_user_id="kimberly")
    rig.provider.add_user("new@office.example")
    signed_in = rig.provider.sign_in(APPLICATION, "new@office.example")
    await rig.service.store_tokens("kim", signed_in, user_name="kim", email="new@office.example")
    late = asyncio.create_task(rig.service.refresh_token("kim"))
    for _ in range(5):
        await asyncio.sleep(0)
    gate.opened.set()
    assert await forced == (await rig.held("kimberly")).access
    assert await late == (await rig.held("kim")).access


async def test_a_token_that_is_due_is_not_refreshed_behind_the_back_of_whoever_is_at_it(rig: Rig) -> None:
    remembered = await rig.service.get_valid_token("kim")
    await rig.clock.advance(remembered.soft_expiry - rig.clock.now())
    store = CountingTokenStore(rig.database)
    object.__setattr__(rig.refresher, "tokens", store)
    gate, forced = await held_up(rig, "KIM")
    assert await rig.service.get_valid_token("kim") == remembered
    for _ in range(5):
        await asyncio.sleep(0)
    gate.opened.set()
    await forced
    assert store.claims == ["KIM"]


async def test_it_waits_for_another_process_and_then_asks_itself(rig: Rig) -> None:
    await rig.tokens.claim(await rig.held(), "another process", rig.clock.now(), MINUTE)
    forced = asyncio.create_task(rig.service.refresh_token("kim"))
    await rig.clock.advance(SECOND)
    assert not forced.done()
    assert rig.refreshes == 0
    await rig.clock.advance(2 * MINUTE)
    assert await forced == (await rig.held()).access
    assert rig.refreshes == 1


async def test_an_account_that_may_not_be_used_is_refused_and_the_provider_is_not_asked(rig: Rig) -> None:
    await rig.operator.lock("kim", actor="operator", reason="theft")
    with pytest.raises(PermissionDeniedError) as caught:
        await rig.service.refresh_token("kim")
    assert caught.value.error_code == "ACCOUNT_LOCKED"
    assert rig.refreshes == 0
    assert rig.told("denied") == [("denied", "kim", "ACCOUNT_LOCKED")]


async def test_an_account_locked_since_it_was_remembered_is_refused_and_the_provider_is_not_asked(rig: Rig) -> None:
    await rig.service.get_valid_token("kim")
    await rig.operator.lock("kim", actor="operator", reason="theft")
    assert rig.service.cache.get("kim") is not None
    with pytest.raises(PermissionDeniedError):
        await rig.service.refresh_token("kim")
    assert rig.refreshes == 0


async def test_an_unknown_account_is_told_by_the_name_that_was_asked_for(rig: Rig) -> None:
    with pytest.raises(NotFoundError, match="'lee'") as caught:
        await rig.service.refresh_token("lee")
    assert caught.value.error_code == "ACCOUNT_UNKNOWN"


async def test_a_provider_that_asks_to_wait_is_not_asked_again_before(rig: Rig) -> None:
    rig.provider.interventions.append(ThrottledError("Wait.", retry_after=10 * MINUTE))
    for _ in range(2):
        with pytest.raises(TokenRefreshError) as caught:
            await rig.service.refresh_token("kim")
        assert caught.value.retry_after == 10 * MINUTE
    assert rig.refreshes == 1


async def test_after_a_failure_nothing_old_is_remembered(rig: Rig) -> None:
    await rig.service.get_valid_token("kim")
    rig.provider.interventions.append(APIConnectionError("No route."))
    with pytest.raises(TokenRefreshError):
        await rig.service.refresh_token("kim")
    assert rig.service.cache.get("kim") is None
    await rig.clock.advance(MINUTE)  # the waiting after that is over
    gate, forced = await held_up(rig, failing=True)
    remembered = await rig.service.get_valid_token("kim")  # still valid, read while the refresh is under way
    gate.opened.set()
    with pytest.raises(TokenRefreshError):
        await forced
    assert rig.service.cache.get("kim") is None
    assert await rig.service.get_valid_token("kim") == remembered


async def test_where_a_sign_in_is_needed_all_who_want_another_share_one_and_plain_callers_are_refused(rig: Rig) -> None:
    await rig.need_sign_in()
    gate, forced = await held_up(rig)
    with pytest.raises(ReauthenticationRequiredError):
        await rig.service.get_valid_token("kim")
    other = asyncio.create_task(rig.service.refresh_token("kim"))
    await asyncio.sleep(0)
    gate.opened.set()
    assert await other == await forced
    assert rig.refreshes == 2
