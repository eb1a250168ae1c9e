"""The promises of `TokenStore` to whoever claims by the user id alone, and about accounts that may not be used."""

from collections.abc import Callable

import pytest

from domain import lifecycle
from domain.account import Account
from domain.change import AccountChange
from domain.errors import ConflictError, EncryptionError, NotFoundError, StaleKeyError
from domain.lifecycle import Act
from domain.refreshing import Wait, WaitReason
from ports.token_store import Lease
from tests.contracts.rigs import Rig, Secret, World
from tests.contracts.samples import (
    CANARIES,
    LEASE,
    NOW,
    act,
    application,
    due,
    losing_grant,
    renamed,
    token,
    unchanged,
)
from tests.contracts.scenes import account_of, contents_unchanged, enrol, held, lease, refusal, sign_in


async def test_the_lease_is_the_same_as_of_whoever_has_read(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig, "Straße", app=application(*CANARIES))
    given = await rig.tokens.claim("STRASSE", "me", NOW, LEASE)
    assert isinstance(given, Lease)
    assert (given.owner, given.expires_at, given.attempts) == ("me", NOW + LEASE, (NOW,))
    assert (given.account, given.refresh) == (await account_of(rig, "Straße"), token().refresh)
    assert (await held(elsewhere, "Straße")).wait == Wait(until=NOW + LEASE, reason=WaitReason.LEASED)
    await rig.tokens.commit(given, token("2"), due(), unchanged)
    assert (await held(elsewhere, "Straße")).access == token("2").access


async def test_whatever_was_written_before_is_no_conflict(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    await elsewhere.tokens.commit(await lease(elsewhere), token("2"), due(), unchanged)
    assert isinstance(await rig.tokens.claim("ann", "me", NOW, LEASE), Lease)


async def test_an_account_that_never_had_a_token_can_be_leased(rig: Rig) -> None:
    await enrol(rig)
    given = await rig.tokens.claim("ann", "me", NOW, LEASE)
    assert isinstance(given, Lease)
    assert given.refresh is None
    await rig.tokens.commit(given, token(), due(), unchanged)
    assert (await held(rig)).access == token().access


async def test_a_living_lease_is_waited_for_and_nothing_is_written(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    await lease(elsewhere)
    before = await rig.contents()
    outcome = await rig.tokens.claim("ann", "late", NOW, LEASE)
    assert outcome == Wait(until=NOW + LEASE, reason=WaitReason.LEASED)
    assert await contents_unchanged(rig, before)


async def test_an_account_that_needs_a_sign_in_can_be_leased(rig: Rig) -> None:
    await sign_in(rig)
    await rig.tokens.fail(await lease(rig), NOW, None, 0, losing_grant())
    wait = (await held(rig)).wait
    assert wait is not None
    assert isinstance(await rig.tokens.claim("ann", "me", wait.until, LEASE), Lease)


async def test_an_unknown_user_is_refused_and_nothing_is_written(rig: Rig) -> None:
    await sign_in(rig)
    before = await rig.contents()
    with refusal(NotFoundError):
        await rig.tokens.claim("bob", "me", NOW, LEASE)
    assert await contents_unchanged(rig, before)


async def test_the_user_id_of_the_moment_counts(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    await elsewhere.accounts.save(renamed(await account_of(rig), "anna"))
    with refusal(NotFoundError):
        await rig.tokens.claim("ann", "me", NOW, LEASE)
    assert isinstance(await rig.tokens.claim("anna", "me", NOW, LEASE), Lease)


async def test_a_secret_that_does_not_open_lets_everybody_wait(rig: Rig, elsewhere: Rig) -> None:
    found = await sign_in(rig)
    await rig.put_ciphertext(found.account_id, Secret.REFRESH_TOKEN, "damaged")
    with pytest.raises(EncryptionError):
        await rig.tokens.claim("ann", "me", NOW, LEASE)
    wait = (await held(elsewhere)).wait
    assert wait is not None
    assert wait.reason is WaitReason.RETRY_LATER


async def test_a_stale_key_is_told_before_anything_is_claimed(rig: Rig, world: World) -> None:
    await sign_in(rig)
    async with world.process("new", "old") as stale:
        before = await rig.contents()
        with refusal(StaleKeyError):
            await stale.tokens.claim("ann", "me", NOW, LEASE)
        assert await contents_unchanged(rig, before)


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("change", [lifecycle.lock, lifecycle.deactivate])
async def test_nobody_is_given_a_lease_on_an_account_that_may_not_be_used(
    rig: Rig,
    elsewhere: Rig,
    change: Callable[[Account, Act, str], AccountChange],
    read: bool,  # noqa: FBT001 - drawn by pytest
) -> None:
    found = await sign_in(rig)
    await elsewhere.accounts.save(change(await account_of(rig), act(), "left"))
    before = await rig.contents()
    with refusal(ConflictError, "ACCOUNT_NOT_USABLE"):
        await rig.tokens.claim(found if read else "ann", "me", NOW, LEASE)
    assert await contents_unchanged(rig, before)


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("keys", [("old", "new"), ("new", "old"), ("new",)])
async def test_that_an_account_may_not_be_used_is_told_before_its_secrets_and_keys_are_looked_at(
    rig: Rig,
    world: World,
    keys: tuple[str, ...],
    read: bool,  # noqa: FBT001 - drawn by pytest
) -> None:
    """Its refresh token is damaged, the process may be stale or lack the key: no lease is given anyway."""
    found = await sign_in(rig)
    await rig.put_ciphertext(found.account_id, Secret.REFRESH_TOKEN, "damaged")
    await rig.accounts.save(lifecycle.lock(await account_of(rig), act(), "theft"))
    before = await rig.contents()
    async with world.process(*keys) as process:
        with refusal(ConflictError, "ACCOUNT_NOT_USABLE"):
            await process.tokens.claim(found if read else "ann", "me", NOW, LEASE)
    assert await contents_unchanged(rig, before)


async def test_the_first_key_is_recorded_only_with_a_lease(rig: Rig, elsewhere: Rig) -> None:
    """Before the first secret no key is recorded."""
    account = await enrol(rig)
    await elsewhere.accounts.save(lifecycle.lock(account, act(), "theft"))
    before = await rig.contents()
    with refusal(ConflictError, "ACCOUNT_NOT_USABLE"):
        await rig.tokens.claim("ann", "me", NOW, LEASE)
    assert await contents_unchanged(rig, before)
