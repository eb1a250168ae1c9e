"""Signing in by device code: the person signs in elsewhere while any number of processes wait for it."""

import asyncio
from datetime import timedelta

import pytest

from application.sign_ins import ENOUGH_TIME
from domain import lifecycle
from domain.account import AccountStatus
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    IACSGraphError,
    PermissionDeniedError,
    ReauthenticationRequiredError,
    ThrottledError,
)
from domain.reauth import MFA_REQUIRED
from domain.sign_in import OPEN_PER_ACCOUNT, SignIn, Stage
from tests.application.rig import APPLICATION, Rig, open_rig
from tests.contracts.samples import act
from tests.fakes.providers import PickyIdentityProvider

SECOND = timedelta(seconds=1)
LEE = "lee@office.example"
CLAIMS = '{"id_token":{}}'


@pytest.fixture
async def begun(rig: Rig) -> SignIn:
    """Return the device sign-in of an account that has never signed in."""
    await rig.enrol()
    return await rig.sign_ins.begin_device("lee")


def code_of(sign_in: SignIn) -> str:
    """Return what the person types."""
    assert sign_in.device is not None
    return sign_in.device.user_code


async def wait(rig: Rig, sign_in: SignIn) -> tuple[SignIn, IACSGraphError | None]:
    """Wait until the provider may be asked, and ask."""
    found = await rig.sign_ins.find(sign_in.sign_in_id)
    assert found.device is not None
    await rig.clock.advance(found.device.poll_at - rig.clock.now())
    return await rig.sign_ins.poll(sign_in.sign_in_id)


async def test_once_the_person_has_signed_in_the_next_poll_stores_their_token(rig: Rig, begun: SignIn) -> None:
    pending, error = await wait(rig, begun)
    assert (pending.stage, pending.secrets, error) == (Stage.PENDING, None, None)
    rig.provider.approve(code_of(begun), LEE)
    ended, error = await wait(rig, begun)
    assert (ended.stage, ended.secrets, error) == (Stage.DONE, None, None)
    assert (await rig.account("lee")).status is AccountStatus.ACTIVE
    assert rig.provider.owner((await rig.service.get_valid_token("lee")).value) == LEE


async def test_what_is_handed_out_holds_no_device_code(rig: Rig, begun: SignIn) -> None:
    (device_code,) = rig.provider.devices.flows
    assert begun.secrets is None
    shown = [begun, await rig.sign_ins.devices(), await wait(rig, begun), rig.database.sign_ins]
    assert device_code not in repr(shown)


async def test_any_process_sees_what_is_open_and_finishes_it(rig: Rig, begun: SignIn) -> None:
    await rig.sign_ins.begin("lee")
    async with open_rig(rig) as other:
        assert await other.sign_ins.devices() == [begun]
        rig.provider.approve(code_of(begun), LEE)
        assert (await wait(other, begun))[0].stage is Stage.DONE
    assert await rig.sign_ins.devices() == []


async def test_whoever_begins_while_one_is_open_takes_that_one_up(rig: Rig, begun: SignIn) -> None:
    async with open_rig(rig) as other:
        assert await other.sign_ins.begin_device("lee") == begun
    assert await rig.sign_ins.begin_device("kim") != begun
    assert rig.provider.calls["begin_device_flow"] == 2


async def test_one_that_is_almost_over_is_not_taken_up(rig: Rig, begun: SignIn) -> None:
    await rig.clock.advance(begun.expires_at - rig.clock.now() - ENOUGH_TIME)
    assert (await rig.sign_ins.begin_device("lee")).sign_in_id != begun.sign_in_id


async def test_a_sign_in_in_a_browser_is_not_taken_up_nor_polled(rig: Rig) -> None:
    departure = await rig.sign_ins.begin("kim")
    assert (await rig.sign_ins.begin_device("kim")).sign_in_id != departure.sign_in.sign_in_id
    await rig.clock.advance(60 * SECOND)
    assert await rig.sign_ins.poll(departure.sign_in.sign_in_id) == (departure.sign_in, None)
    assert rig.provider.calls["redeem_device_code"] == 0


async def test_the_provider_is_not_asked_before_it_is_time(rig: Rig, begun: SignIn) -> None:
    assert await rig.sign_ins.poll(begun.sign_in_id) == (begun, None)
    await rig.clock.advance(4 * SECOND)
    assert await rig.sign_ins.poll(begun.sign_in_id) == (begun, None)
    assert rig.provider.calls["redeem_device_code"] == 0


async def test_of_many_pollers_in_several_processes_one_asks(rig: Rig, begun: SignIn) -> None:
    await rig.clock.advance(5 * SECOND)
    async with open_rig(rig) as other:
        polls = [process.sign_ins.poll(begun.sign_in_id) for process in (rig, other) * 5]
        outcomes = await asyncio.gather(*polls)
    assert {(sign_in.stage, error) for sign_in, error in outcomes} == {(Stage.PENDING, None)}
    assert rig.provider.calls["redeem_device_code"] == 1


async def test_an_answer_that_takes_longer_than_the_interval_is_waited_for_by_all(rig: Rig, begun: SignIn) -> None:
    """The provider gives the tokens once: whoever asked as well would hear that the code is no good, and end it."""
    release = asyncio.Event()

    async def hold_back() -> None:
        await release.wait()

    rig.provider.approve(code_of(begun), LEE)
    rig.provider.after_answer = hold_back
    await rig.clock.advance(5 * SECOND)
    async with open_rig(rig) as other, asyncio.TaskGroup() as group:
        first = group.create_task(rig.sign_ins.poll(begun.sign_in_id))
        await rig.clock.advance(6 * SECOND)
        assert (await other.sign_ins.poll(begun.sign_in_id))[0].stage is Stage.PENDING
        release.set()
    assert (first.result()[0].stage, rig.provider.calls["redeem_device_code"]) == (Stage.DONE, 1)
    assert (await rig.held("lee")).access is not None


async def test_a_poller_that_ends_while_it_asks_stores_what_the_answer_brings(rig: Rig, begun: SignIn) -> None:
    async def interrupt() -> None:
        poller.cancel()
        await asyncio.sleep(0)

    rig.provider.approve(code_of(begun), LEE)
    rig.provider.after_answer = interrupt
    await rig.clock.advance(5 * SECOND)
    poller = asyncio.create_task(rig.sign_ins.poll(begun.sign_in_id))
    with pytest.raises(asyncio.CancelledError):
        await poller
    assert (await rig.sign_ins.find(begun.sign_in_id)).stage is Stage.DONE
    assert (await rig.held("lee")).access is not None


async def test_a_poller_that_ends_does_not_wait_for_an_answer_without_end(rig: Rig, begun: SignIn) -> None:
    object.__setattr__(rig.sign_ins, "grace", timedelta(milliseconds=10))
    asked = asyncio.Event()

    async def hang() -> None:
        asked.set()
        await asyncio.Event().wait()

    rig.provider.interventions.append(hang)
    await rig.clock.advance(5 * SECOND)
    poller = asyncio.create_task(rig.sign_ins.poll(begun.sign_in_id))
    await asked.wait()
    poller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poller
    assert (await rig.sign_ins.find(begun.sign_in_id)).stage is Stage.PENDING


async def test_a_provider_that_asks_to_wait_is_not_asked_before(rig: Rig, begun: SignIn) -> None:
    rig.provider.interventions.append(ThrottledError("Busy.", retry_after=60 * SECOND))
    slower, _ = await wait(rig, begun)
    assert slower.device is not None
    assert slower.device.poll_at == rig.clock.now() + 60 * SECOND


async def test_a_provider_that_asks_to_slow_down_is_asked_less_often_by_everybody(rig: Rig, begun: SignIn) -> None:
    (flow,) = rig.provider.devices.flows.values()
    flow.interval = 7 * SECOND
    await wait(rig, begun)
    slower, error = await wait(rig, begun)
    assert error is None
    assert slower.device is not None
    assert (slower.device.interval, slower.device.poll_at) == (10 * SECOND, rig.clock.now() + 10 * SECOND)
    async with open_rig(rig) as other:
        await rig.clock.advance(9 * SECOND)
        await other.sign_ins.poll(begun.sign_in_id)
    assert rig.provider.calls["redeem_device_code"] == 2
    rig.provider.approve(code_of(begun), LEE)
    assert (await wait(rig, begun))[0].stage is Stage.DONE


@pytest.mark.parametrize("fault", [APIConnectionError("No route."), ThrottledError("Busy.")])
async def test_a_provider_that_is_down_for_a_moment_only_slows_it_down(
    rig: Rig, begun: SignIn, fault: IACSGraphError
) -> None:
    rig.provider.interventions.append(fault)
    slower, error = await wait(rig, begun)
    assert (slower.stage, error) == (Stage.PENDING, None)
    assert slower.device is not None
    assert slower.device.interval == 10 * SECOND
    rig.provider.approve(code_of(begun), LEE)
    assert (await wait(rig, begun))[0].stage is Stage.DONE


async def test_a_provider_that_does_not_answer_is_not_waited_for_without_end(rig: Rig, begun: SignIn) -> None:
    object.__setattr__(rig.sign_ins, "answer_within", timedelta(milliseconds=20))

    async def hang() -> None:
        await asyncio.Event().wait()

    rig.provider.interventions.append(hang)
    pending, error = await wait(rig, begun)
    assert (pending.stage, error) == (Stage.PENDING, None)
    rig.provider.interventions.append(hang)
    with pytest.raises(APIConnectionError):
        await rig.sign_ins.begin_device("kim")


async def test_whoever_declines_ends_it(rig: Rig, begun: SignIn) -> None:
    rig.provider.decline(code_of(begun))
    ended, error = await wait(rig, begun)
    assert error is not None
    assert (ended.stage, ended.reason, ended.explanation) == (Stage.FAILED, "sign_in_declined", error.message)
    assert rig.told("sign_in_failed") == [("sign_in_failed", "lee", "SIGN_IN_DECLINED")]
    with pytest.raises(AuthenticationError):
        await rig.sign_ins.poll(begun.sign_in_id)


async def test_somebody_else_who_types_the_code_is_refused(rig: Rig, begun: SignIn) -> None:
    rig.provider.add_user("eve@office.example")
    rig.provider.approve(code_of(begun), "eve@office.example")
    ended, error = await wait(rig, begun)
    assert isinstance(error, PermissionDeniedError)
    assert "eve@office.example" in (ended.explanation or "")
    assert (ended.stage, (await rig.held("lee")).access) == (Stage.FAILED, None)


async def test_a_code_that_the_provider_forgot_ends_it(rig: Rig, begun: SignIn) -> None:
    (flow,) = rig.provider.devices.flows.values()
    flow.expires_at = rig.clock.now()
    ended, _ = await wait(rig, begun)
    assert (ended.stage, ended.reason) == (Stage.FAILED, "device_code_expired")


async def test_after_its_time_it_is_over(rig: Rig, begun: SignIn) -> None:
    await rig.clock.advance(begun.expires_at - rig.clock.now())
    with pytest.raises(AuthenticationError, match="within 15 minutes") as caught:
        await rig.sign_ins.poll(begun.sign_in_id)
    assert caught.value.error_code == "SIGN_IN_EXPIRED"
    assert (await rig.sign_ins.find(begun.sign_in_id)).stage is Stage.FAILED
    assert await rig.sign_ins.devices() == []


async def test_what_was_given_up_while_the_person_approved_stores_nothing(rig: Rig, begun: SignIn) -> None:
    async def give_up() -> None:
        rig.provider.after_answer = None
        await rig.sign_ins.cancel(begun.sign_in_id)

    rig.provider.approve(code_of(begun), LEE)
    rig.provider.after_answer = give_up
    with pytest.raises(AuthenticationError) as caught:
        await wait(rig, begun)
    assert caught.value.error_code == "SIGN_IN_CANCELLED"
    assert (await rig.held("lee")).access is None
    assert (await rig.sign_ins.find(begun.sign_in_id)).stage is Stage.CANCELLED


async def test_what_was_given_up_while_the_provider_hesitated_stays_given_up(rig: Rig, begun: SignIn) -> None:
    async def give_up() -> None:
        await rig.sign_ins.cancel(begun.sign_in_id)
        raise ThrottledError("Busy.")

    rig.provider.interventions.append(give_up)
    ended, error = await wait(rig, begun)
    assert (ended.stage, error) == (Stage.CANCELLED, None)
    assert ended.device == (await rig.sign_ins.find(begun.sign_in_id)).device


async def test_newer_sign_ins_replace_it(rig: Rig, begun: SignIn) -> None:
    for _ in range(OPEN_PER_ACCOUNT):
        await rig.clock.advance(SECOND)
        await rig.sign_ins.begin("lee")
    with pytest.raises(AuthenticationError) as caught:
        await rig.sign_ins.poll(begun.sign_in_id)
    assert caught.value.error_code == "SIGN_IN_CANCELLED"


async def test_claims_that_a_challenge_asked_for_are_in_the_next_device_flow(rig: Rig) -> None:
    rig.provider = PickyIdentityProvider(clock=rig.clock, identifiers=rig.identifiers, wanted=CLAIMS)
    rig.provider.register(APPLICATION)
    object.__setattr__(rig.sign_ins, "provider", rig.provider)
    with pytest.raises(ReauthenticationRequiredError):
        await rig.sign_ins.begin_device("kim")
    lost = act(rig.clock.now())
    await rig.accounts.apply("kim", lambda account: lifecycle.lose_grant(account, lost, MFA_REQUIRED, CLAIMS))
    assert (await rig.sign_ins.begin_device("kim")).device is not None
