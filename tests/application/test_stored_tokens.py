"""Tokens at hand are what the token service would hand out as they are; nobody is asked and nothing is written."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.stored_tokens import StoredTokens
from domain.errors import NotFoundError, PermissionDeniedError, ReauthenticationRequiredError, TokenExpiredError
from tests.application.rig import Rig, open_rig

HOUR = timedelta(hours=1)


def stored(rig: Rig) -> StoredTokens:
    return StoredTokens(tokens=rig.tokens, clock=rig.clock)


async def test_a_fresh_token_is_at_hand_and_an_expired_one_is_not(rig: Rig) -> None:
    access = await rig.sign_in()
    before = dict(rig.database.written)
    assert await stored(rig).at_hand("KIM") == access
    assert await stored(rig).at_hand("kim", 2 * HOUR) is None
    await rig.expire()
    assert await stored(rig).at_hand("kim") is None
    assert (rig.refreshes, rig.database.written) == (0, before)


async def test_a_token_that_still_lives_is_at_hand_also_where_a_sign_in_is_needed(rig: Rig) -> None:
    access = await rig.sign_in()
    rig.provider.revoke("kim@office.example")
    with pytest.raises(ReauthenticationRequiredError):
        await rig.service.refresh_token("kim")
    assert await stored(rig).at_hand("kim") == access


async def test_nobody_s_token_and_one_that_must_not_be_used_are_refused(rig: Rig) -> None:
    with pytest.raises(NotFoundError):
        await stored(rig).at_hand("nobody")
    await rig.sign_in()
    await rig.operator.lock("kim", actor="test", reason="a reason")
    with pytest.raises(PermissionDeniedError):
        await stored(rig).at_hand("kim")


@given(age=st.timedeltas(timedelta(0), 2 * HOUR), wanted=st.timedeltas(timedelta(0), 2 * HOUR))
async def test_it_agrees_with_the_token_service_on_every_age_and_wish(age: timedelta, wanted: timedelta) -> None:
    """Where there is nothing to renew it with, the service hands out what is at hand, or nothing."""
    async with open_rig() as rig:
        access = await rig.sign_in()
        rig.provider.revoke("kim@office.example")
        await rig.clock.advance(age)
        found = await stored(rig).at_hand("kim", wanted)
        try:
            handed_out = await rig.service.get_valid_token("kim", wanted)
        except TokenExpiredError:
            handed_out = None
        assert found in (None, access)
        assert found is None or handed_out == access
