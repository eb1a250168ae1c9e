"""Callers who find the very token expired that is being renewed already wait for that, and are not asked again."""

import asyncio
from collections.abc import AsyncIterator

import attrs
import pytest

from application.access import Renewal
from domain.account import AccountId, user_key
from domain.errors import IACSGraphError, PermissionDeniedError, ReauthenticationRequiredError, TokenRefreshError
from domain.token import AccessToken
from tests.application.rig import Rig, open_rig

CALLERS = 50


@attrs.frozen
class Flight:
    """A renewal of kim's token that lands when it is told what came of it."""

    rig: Rig
    outcome: "asyncio.Future[Renewal]"

    async def work(self) -> Renewal:
        """Wait for what came of it."""
        return await self.outcome

    async def crowd(self, count: int = CALLERS) -> "list[asyncio.Task[AccessToken]]":
        """Let so many ask, and come as far as they can."""
        tasks = [asyncio.create_task(self.rig.service.get_valid_token("kim")) for _ in range(count)]
        for _ in range(10):
            await asyncio.sleep(0)
        return tasks


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with open_rig() as opened:
        await opened.sign_in()
        await opened.expire()
        yield opened


@pytest.fixture
async def flight(rig: Rig) -> Flight:
    """Return the renewal that whoever asks for kim's token joins."""
    flight = Flight(rig, asyncio.get_running_loop().create_future())
    rig.service.flights.launch((user_key("kim"), None, False), flight.work)
    return flight


async def renewed(rig: Rig, account_id: AccountId | None = None) -> Renewal:
    """Return a renewal that brought a token of kim's, or of another account."""
    now = rig.clock.now()
    access = AccessToken(value="brought", obtained_at=now, expires_at=now + rig.provider.lifetime)
    return Renewal(account_id=account_id or (await rig.account()).account_id, access=access, renewed=True)


async def test_everybody_gets_what_the_renewal_brings_and_only_the_first_is_asked(rig: Rig, flight: Flight) -> None:
    tasks = await flight.crowd()
    held = rig.service.renewing["kim"]
    tasks += await flight.crowd()
    assert rig.service.renewing["kim"] is held
    flight.outcome.set_result(await renewed(rig))
    assert {token.value for token in await asyncio.gather(*tasks)} == {"brought"}
    assert rig.refreshes == 0


async def test_a_failure_reaches_each_of_them_as_an_error_of_its_own(rig: Rig, flight: Flight) -> None:
    tasks = await flight.crowd()
    flight.outcome.set_exception(TokenRefreshError("Later.", transient=True))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {str(each) for each in outcomes if isinstance(each, TokenRefreshError)} == {"Later."}
    assert len({id(each) for each in outcomes}) == CALLERS
    assert rig.refreshes == 0


async def test_if_somebody_else_stored_a_token_it_is_read_and_nobody_asks_for_another(rig: Rig, flight: Flight) -> None:
    tasks = await flight.crowd()
    stored = await rig.sign_in()
    flight.outcome.set_result(Renewal(account_id=(await rig.account()).account_id, access=stored, renewed=False))
    assert {token.value for token in await asyncio.gather(*tasks)} == {stored.value}
    assert rig.refreshes == 0


@pytest.mark.parametrize("deed", ["lock", "revoke"])
async def test_who_comes_after_a_lock_or_a_revocation_does_not_share(rig: Rig, flight: Flight, deed: str) -> None:
    early = await flight.crowd()
    if deed == "revoke":
        await rig.service.revoke("kim")
        refusal: type[IACSGraphError] = ReauthenticationRequiredError
    else:
        await rig.operator.lock("kim", actor="operator", reason="lost laptop")
        rig.service.cache.forget((await rig.account()).account_id)  # as the news of it do
        refusal = PermissionDeniedError
    for late in await flight.crowd():
        assert late.done()
        assert isinstance(late.exception(), refusal)
    flight.outcome.set_result(await renewed(rig))
    await asyncio.gather(*early)


async def test_whoever_has_a_wish_of_his_own_is_asked_for_himself(rig: Rig, flight: Flight) -> None:
    tasks = await flight.crowd()
    asked = asyncio.create_task(rig.service.get("kim", rejected="brought"))
    await asyncio.sleep(0)
    flight.outcome.set_result(await renewed(rig))
    assert (await asked).value != "brought"
    assert {token.value for token in await asyncio.gather(*tasks)} == {"brought"}
    assert rig.refreshes == 1


async def test_nothing_is_remembered_of_a_renewal_that_is_over(rig: Rig) -> None:
    tasks = [asyncio.create_task(rig.service.get_valid_token("kim")) for _ in range(CALLERS)]
    assert len(set(await asyncio.gather(*tasks))) == 1
    assert (rig.refreshes, rig.service.renewing) == (1, {})


async def test_however_the_user_id_is_spelt_nothing_is_remembered_of_a_renewal_that_is_over(rig: Rig) -> None:
    await rig.service.get_valid_token("KIM")
    assert (rig.refreshes, rig.service.renewing) == (1, {})


async def test_what_a_renewal_brings_for_another_account_that_had_the_name_is_given_to_nobody(
    rig: Rig, flight: Flight
) -> None:
    tasks = await flight.crowd()
    flight.outcome.set_result(await renewed(rig, AccountId("renamed-since")))
    assert {token.value for token in await asyncio.gather(*tasks)}.isdisjoint({"brought"})
    assert rig.refreshes == 1
