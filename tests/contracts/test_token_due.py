"""The promises of `TokenStore.due`: what the keeper is told."""

from collections.abc import Awaitable, Callable

from domain import lifecycle
from domain.account import Account, AccountStatus, AuthFlow
from domain.change import AccountChange
from domain.lifecycle import Transition
from domain.token import AccessToken, Token
from tests.contracts.rigs import Rig
from tests.contracts.samples import (
    MINUTE,
    NOW,
    SECOND,
    act,
    application,
    due,
    losing_grant,
    recovering,
    signing_in,
    token,
    unchanged,
)
from tests.contracts.scenes import (
    account_of,
    enrol,
    lease,
    sign_in,
)

BARE = Token(access=AccessToken(value="a", expires_at=NOW + MINUTE, obtained_at=NOW))

Writing = Callable[[Rig, Account, Transition], Awaitable[AccountChange | None]]


async def test_what_is_due_is_told_earliest_first_also_before_its_time(rig: Rig, elsewhere: Rig) -> None:
    times = {"ann": NOW + 3 * MINUTE, "bob": NOW - MINUTE, "cid": NOW + MINUTE}
    for user_id, at in times.items():
        account = await enrol(rig, user_id)
        await rig.tokens.replace(account.account_id, token(), at, signing_in())
    expected = [("bob", times["bob"]), ("cid", times["cid"]), ("ann", times["ann"])]
    assert await elsewhere.tokens.due(NOW, 10) == expected
    assert await elsewhere.tokens.due(NOW, 2) == expected[:2]
    assert await elsewhere.tokens.due(NOW, 0) == []


async def test_an_account_that_must_wait_is_told_in_the_order_of_the_end_of_its_waiting(rig: Rig) -> None:
    for user_id, at in {"ann": NOW - 2 * MINUTE, "bob": NOW - MINUTE}.items():
        account = await enrol(rig, user_id)
        await rig.tokens.replace(account.account_id, token(), at, signing_in())
    given = await lease(rig, "ann")
    assert await rig.tokens.due(NOW, 10) == [("bob", NOW - MINUTE), ("ann", given.expires_at)]
    assert await rig.tokens.due(NOW, 1) == [("bob", NOW - MINUTE)]


async def test_only_active_accounts_are_due(rig: Rig) -> None:
    verbs = {"ann": None, "bob": lifecycle.lock, "cid": lifecycle.deactivate}
    for user_id, verb in verbs.items():
        await sign_in(rig, user_id)
        if verb is not None:
            await rig.accounts.save(verb(await account_of(rig, user_id), act(), "so"))
    await sign_in(rig, "dan")
    await rig.tokens.fail(await lease(rig, "dan"), NOW, SECOND, 0, losing_grant())
    await enrol(rig, "eve")
    assert await rig.tokens.due(NOW, 10) == [("ann", due())]
    await rig.accounts.save(lifecycle.unlock(await account_of(rig, "bob"), act(), "so"))
    assert sorted(await rig.tokens.due(NOW, 10)) == [("ann", due()), ("bob", due())]


async def test_an_account_that_acts_by_itself_is_due_once_it_has_a_token(rig: Rig) -> None:
    account = await enrol(rig, app=application("s", flow=AuthFlow.CLIENT_CREDENTIALS))
    assert await rig.tokens.due(NOW, 10) == []
    await rig.tokens.commit(await lease(rig), token(refresh=False), due(), recovering())
    assert await rig.tokens.due(NOW, 10) == [("ann", due())]
    assert account.status is AccountStatus.ACTIVE


async def test_an_account_under_a_lease_is_due_when_the_lease_expires(rig: Rig) -> None:
    found = await sign_in(rig)
    await rig.tokens.replace(found.account_id, token(), NOW - MINUTE, unchanged)
    given = await lease(rig)
    assert await rig.tokens.due(NOW, 10) == [("ann", given.expires_at)]
    await rig.tokens.commit(given, token("2"), due(), unchanged)
    assert await rig.tokens.due(NOW, 10) == [("ann", due())]


async def test_an_account_that_must_wait_is_due_when_the_waiting_ends(rig: Rig) -> None:
    found = await sign_in(rig)
    await rig.tokens.replace(found.account_id, token(), NOW - MINUTE, unchanged)
    await rig.tokens.fail(await lease(rig), NOW, 7 * MINUTE, 0, unchanged)
    assert await rig.tokens.due(NOW, 10) == [("ann", NOW + 7 * MINUTE)]


async def test_an_account_that_must_wait_less_long_is_due_at_its_time(rig: Rig) -> None:
    await sign_in(rig)
    await rig.tokens.fail(await lease(rig), NOW, SECOND, 0, unchanged)
    assert await rig.tokens.due(NOW, 10) == [("ann", due())]


async def test_an_account_whose_budget_is_spent_is_due_when_an_attempt_is_free_again(rig: Rig) -> None:
    found = await sign_in(rig)
    await rig.tokens.replace(found.account_id, token(), NOW - MINUTE, unchanged)
    for number in range(10):
        at = NOW + number * SECOND
        await rig.tokens.commit(await lease(rig, now=at), token("2"), NOW - MINUTE, unchanged)
    assert await rig.tokens.due(NOW, 10) == [("ann", NOW + 5 * MINUTE)]
