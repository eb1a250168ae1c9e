"""The promises of `TokenStore` about a token that has expired: when it did is told, and it is not opened."""

from datetime import timedelta

from domain.token import TokenState
from tests.contracts.rigs import Rig, Secret
from tests.contracts.samples import NOW, signing_out, token
from tests.contracts.scenes import held, lease, sign_in

A_MOMENT = timedelta(microseconds=1)
OVER = token().access.expires_at


async def test_an_expired_token_is_told_without_its_value(rig: Rig) -> None:
    await sign_in(rig)
    before, after = await held(rig, now=OVER - A_MOMENT), await held(rig, now=OVER)
    assert (before.access, before.expires_at) == (token().access, OVER)
    assert (after.access, after.expires_at, after.state(OVER)) == (None, OVER, TokenState.EXPIRED)
    assert after.due_at == before.due_at


async def test_without_a_token_there_is_neither_state_nor_expiry(rig: Rig) -> None:
    await sign_in(rig)
    account = await held(rig)
    await rig.tokens.replace(account.account_id, None, None, signing_out())
    found = await held(rig)
    assert (found.access, found.expires_at, found.state(NOW)) == (None, None, None)


async def test_a_damaged_access_token_that_has_expired_keeps_nobody_from_a_new_one(rig: Rig) -> None:
    found = await sign_in(rig)
    await rig.put_ciphertext(found.account_id, Secret.ACCESS_TOKEN, "damaged")
    assert (await held(rig, now=OVER)).access is None
    assert (await lease(rig, now=OVER)).refresh == token().refresh


async def test_a_lease_tells_the_attempts_that_count(rig: Rig) -> None:
    """The one that it is itself comes last; what is too old for the budget is not told."""
    await sign_in(rig)
    first = await lease(rig, now=NOW)
    second = await lease(rig, now=first.expires_at)
    late = await lease(rig, now=second.expires_at + timedelta(hours=1))
    assert [each.attempts for each in (first, second, late)] == [
        (NOW,),
        (NOW, first.expires_at),
        (second.expires_at + timedelta(hours=1),),
    ]
