"""The promises of `TokenStore.counts`: how many accounts have a token that can be used."""

from datetime import timedelta

import pytest

from domain import lifecycle
from domain.token import TokenCounts
from tests.contracts.rigs import Rig
from tests.contracts.samples import MINUTE, NOW, SECOND, act, losing_grant, signing_out, token
from tests.contracts.scenes import account_of, enrol, lease, sign_in

HOUR = timedelta(hours=1)


async def test_an_empty_store_has_no_tokens(rig: Rig) -> None:
    assert await rig.tokens.counts(NOW) == TokenCounts()


async def test_every_account_counts_once_also_for_other_processes(rig: Rig, elsewhere: Rig) -> None:
    await enrol(rig, "ann")
    await sign_in(rig, "bob", stored=token(at=NOW - HOUR - MINUTE))
    for user_id, minutes in {"cid": 2, "dan": 1}.items():
        await sign_in(rig, user_id, stored=token(at=NOW + minutes * MINUTE))
    found = await elsewhere.tokens.counts(NOW)
    assert found == TokenCounts(fresh=2, expired=1, absent=1, soonest=NOW - MINUTE)


@pytest.mark.parametrize(("before", "fresh"), [(timedelta(microseconds=1), 1), (timedelta(0), 0), (-SECOND, 0)])
async def test_a_token_is_fresh_until_the_moment_of_its_expiry(rig: Rig, before: timedelta, fresh: int) -> None:
    await sign_in(rig)
    assert await rig.tokens.counts(NOW + HOUR - before) == TokenCounts(
        fresh=fresh, expired=1 - fresh, soonest=NOW + HOUR
    )


async def test_the_tokens_of_accounts_that_nobody_refreshes_do_not_count_as_the_soonest(rig: Rig) -> None:
    await sign_in(rig, "ann")
    await rig.accounts.save(lifecycle.lock(await account_of(rig, "ann"), act(), "so"))
    await sign_in(rig, "bob")
    await rig.tokens.fail(await lease(rig, "bob"), NOW, SECOND, 0, losing_grant())
    assert await rig.tokens.counts(NOW) == TokenCounts(fresh=2)


async def test_an_account_that_signed_out_has_none(rig: Rig) -> None:
    held = await sign_in(rig)
    await rig.tokens.replace(held.account_id, None, None, signing_out())
    assert await rig.tokens.counts(NOW) == TokenCounts(absent=1)
