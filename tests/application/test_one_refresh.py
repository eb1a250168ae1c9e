"""However many ask, in however many processes: one refresh, one outcome, nobody disturbed."""

import asyncio
from collections import deque
from datetime import timedelta

import pytest

from application.refresher import RefreshTimes
from domain.errors import (
    APIConnectionError,
    DatabaseError,
    LeaseLostError,
    PermissionDeniedError,
    ReauthenticationRequiredError,
    TokenRefreshError,
)
from domain.token import AccessToken
from tests.application.rig import Rig, open_rig
from tests.fakes.stores import FailingTokenStore

SECOND = timedelta(seconds=1)
CALLERS = 1000


class Gate:
    """Holds the provider's answer until it is opened; `reached` is set when somebody waits at it."""

    def __init__(self) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.opened.wait()


async def test_a_thousand_callers_on_an_expired_token_cause_one_refresh(rig: Rig) -> None:
    await rig.expire()
    found = await asyncio.gather(*(rig.service.get_valid_token("kim") for _ in range(CALLERS)))
    assert len({token.value for token in found}) == 1
    assert rig.refreshes == 1


async def test_a_failing_refresh_fails_all_who_wait_once_and_each_with_an_error_of_its_own(rig: Rig) -> None:
    await rig.expire()
    rig.provider.interventions.append(APIConnectionError("No route."))
    outcomes = await asyncio.gather(
        *(rig.service.get_valid_token("kim") for _ in range(CALLERS)), return_exceptions=True
    )
    assert all(isinstance(outcome, TokenRefreshError) and outcome.transient for outcome in outcomes)
    assert len({id(outcome) for outcome in outcomes}) == CALLERS
    assert rig.refreshes == 1
    assert len(rig.told("refresh_failed")) == 1


@pytest.mark.parametrize("cancelled", [0, 1, CALLERS // 2, CALLERS - 1])
async def test_a_cancelled_caller_cancels_nobody_else(rig: Rig, cancelled: int) -> None:
    await rig.expire()
    gate = Gate()
    rig.provider.interventions.append(gate)
    callers = [asyncio.create_task(rig.service.get_valid_token("kim")) for _ in range(CALLERS)]
    await gate.reached.wait()
    callers[cancelled].cancel()
    gate.opened.set()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(outcomes.pop(cancelled), asyncio.CancelledError)
    assert len({outcome.value for outcome in outcomes if isinstance(outcome, AccessToken)}) == 1
    assert len(outcomes) == CALLERS - 1
    assert rig.refreshes == 1


async def test_when_all_callers_are_cancelled_the_answer_is_still_stored(rig: Rig) -> None:
    await rig.expire()
    old, gate = (await rig.held()).access, Gate()
    rig.provider.interventions.append(gate)
    caller = asyncio.create_task(rig.service.get_valid_token("kim"))
    await gate.reached.wait()
    caller.cancel()
    gate.opened.set()
    await rig.clock.advance(SECOND)
    assert (await rig.held()).access != old
    assert rig.refreshes == 1


async def test_two_processes_share_one_refresh(rig: Rig) -> None:
    await rig.expire()
    gate = Gate()
    rig.provider.interventions.append(gate)
    async with open_rig(rig) as other:
        first = asyncio.create_task(rig.service.get_valid_token("kim"))
        await gate.reached.wait()
        second = asyncio.create_task(other.service.get_valid_token("kim"))
        await rig.clock.advance(SECOND)
        gate.opened.set()
        await rig.clock.advance(SECOND)
        assert await first == await second
    assert rig.refreshes == 1


async def test_a_failure_in_one_process_fails_those_who_wait_in_another(rig: Rig) -> None:
    await rig.expire()
    gate = Gate()

    async def fail() -> None:
        await gate()
        raise APIConnectionError("No route.", retry_after=60 * SECOND)

    rig.provider.interventions.append(fail)
    async with open_rig(rig) as other:
        first = asyncio.create_task(rig.service.get_valid_token("kim"))
        await gate.reached.wait()
        second = asyncio.create_task(other.service.get_valid_token("kim"))
        await rig.clock.advance(SECOND)
        gate.opened.set()
        await rig.clock.advance(SECOND)
        for caller in (first, second):
            with pytest.raises(TokenRefreshError):
                await caller
    assert rig.refreshes == 1


async def test_a_lease_that_expired_is_taken_over_and_its_late_holder_gets_the_newer_token(rig: Rig) -> None:
    await rig.expire()
    gate = Gate()
    rig.provider.interventions.append(gate)
    async with open_rig(rig) as other:
        late = asyncio.create_task(rig.service.get_valid_token("kim"))
        await gate.reached.wait()
        await rig.clock.advance(rig.refresher.times.lease)
        newer = await other.service.get_valid_token("kim")
        gate.opened.set()
        assert await late == newer
    assert (await rig.held()).access == newer
    assert rig.refreshes == 2


async def test_a_sign_in_during_a_refresh_wins(rig: Rig) -> None:
    await rig.expire()
    gate = Gate()
    rig.provider.interventions.append(gate)
    caller = asyncio.create_task(rig.service.get_valid_token("kim"))
    await gate.reached.wait()
    signed_in = await rig.sign_in()
    gate.opened.set()
    assert await caller == signed_in
    assert (await rig.held()).access == signed_in


async def test_a_rejected_grant_is_tried_once_more_if_the_stored_token_changed_meanwhile(rig: Rig) -> None:
    await rig.expire()
    gate = Gate()

    async def reject() -> None:
        await gate()
        raise ReauthenticationRequiredError("Revoked.", reason="grant_revoked")

    rig.provider.interventions.append(reject)
    caller = asyncio.create_task(rig.service.get_valid_token("kim"))
    await gate.reached.wait()
    lifetime, rig.provider.lifetime = rig.provider.lifetime, timedelta(0)
    expired = await rig.sign_in()
    rig.provider.lifetime = lifetime
    gate.opened.set()
    token = await caller
    assert token.value != expired.value
    assert rig.refreshes == 2
    assert (await rig.account()).reauth_reason is None


async def test_an_account_locked_during_its_refresh_keeps_the_new_token_and_hands_out_none(rig: Rig) -> None:
    await rig.expire()
    old, gate = (await rig.held()).access, Gate()
    rig.provider.interventions.append(gate)
    caller = asyncio.create_task(rig.service.get_valid_token("kim"))
    await gate.reached.wait()
    await rig.operator.lock("kim", actor="operator", reason="theft")
    gate.opened.set()
    with pytest.raises(PermissionDeniedError):
        await caller
    held = await rig.held()
    assert held.access != old
    assert not held.usable


async def test_callers_with_different_needs_are_each_served(rig: Rig) -> None:
    await rig.expire()
    gate = Gate()
    rig.provider.interventions.append(gate)
    plain = asyncio.create_task(rig.service.get_valid_token("kim"))
    await gate.reached.wait()
    challenged = asyncio.create_task(rig.service.get("kim", claims='{"access_token":{}}'))
    forced = asyncio.create_task(rig.service.refresh_token("kim"))
    await rig.clock.advance(SECOND)
    gate.opened.set()
    await rig.clock.advance(SECOND)
    assert (await forced) == (await plain)
    assert (await challenged) != (await plain)
    assert rig.refreshes == 2


async def test_a_store_that_fails_for_a_moment_does_not_lose_the_providers_answer(rig: Rig) -> None:
    store = FailingTokenStore(
        rig.database, commits=deque([DatabaseError("Locked.", transient=True), DatabaseError("Full.", transient=True)])
    )
    object.__setattr__(rig.refresher, "tokens", store)
    await rig.expire()
    caller = asyncio.create_task(rig.service.get_valid_token("kim"))
    for _ in range(3):
        await rig.clock.advance(SECOND)
    assert await caller == (await rig.held()).access
    assert rig.refreshes == 1


async def test_a_store_that_fails_for_good_is_told_to_all_who_wait(rig: Rig) -> None:
    store = FailingTokenStore(rig.database, commits=deque([DatabaseError("Corrupt.")]))
    object.__setattr__(rig.refresher, "tokens", store)
    await rig.expire()
    outcomes = await asyncio.gather(*(rig.service.get_valid_token("kim") for _ in range(3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["Corrupt."] * 3


async def test_losing_the_lease_again_and_again_ends_with_a_passing_failure(rig: Rig) -> None:
    store = FailingTokenStore(rig.database, commits=deque(LeaseLostError("Late.") for _ in range(20)))
    object.__setattr__(rig.refresher, "tokens", store)
    await rig.expire()
    caller = asyncio.create_task(rig.service.get_valid_token("kim"))
    while not caller.done():
        await rig.clock.advance(30 * SECOND)
    with pytest.raises(TokenRefreshError) as caught:
        await caller
    assert caught.value.transient


async def test_a_bug_in_the_provider_reaches_all_who_wait_as_it_is(rig: Rig) -> None:
    async def break_down() -> None:
        raise RuntimeError("a bug")

    await rig.expire()
    rig.provider.interventions.append(break_down)
    outcomes = await asyncio.gather(*(rig.service.get_valid_token("kim") for _ in range(3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["a bug"] * 3


async def test_closing_lets_a_refresh_in_flight_finish() -> None:
    async with open_rig() as rig:
        await rig.sign_in()
        await rig.expire()
        gate = Gate()
        rig.provider.interventions.append(gate)
        caller = asyncio.create_task(rig.service.get_valid_token("kim"))
        await gate.reached.wait()
        asyncio.get_running_loop().call_later(0.01, gate.opened.set)
    assert await caller == (await rig.held()).access


async def test_closing_is_bounded_and_whoever_waits_is_told() -> None:
    async with open_rig() as rig:
        await rig.sign_in()
        await rig.expire()
        store = FailingTokenStore(
            rig.database, commits=deque(DatabaseError("Full.", transient=True) for _ in range(99))
        )
        object.__setattr__(rig.refresher, "tokens", store)
        object.__setattr__(rig.refresher, "times", RefreshTimes(call=timedelta(milliseconds=20)))
        caller = asyncio.create_task(rig.service.get_valid_token("kim"))
        await rig.clock.advance(SECOND)
        assert rig.refreshes == 1
    with pytest.raises(TokenRefreshError, match="shutting down"):
        await caller


async def test_errors_of_the_body_leave_the_service_as_they_are() -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_rig():
            _ = 1 / 0
