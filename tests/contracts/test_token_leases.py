"""The promises of `TokenStore` about leases: one at a time, fenced, within a budget, whatever becomes of the holder."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from domain.account import AccountId
from domain.errors import (
    ConflictError,
    EncryptionError,
    IACSGraphError,
    LeaseLostError,
    NotFoundError,
    StaleKeyError,
    UnknownKeyError,
)
from domain.refreshing import BACKOFF_LAST, RETRY_AFTER_LAST, Wait, WaitReason
from ports.held_tokens import HeldToken
from ports.token_store import Lease
from tests.contracts.rigs import Rig, Secret, World
from tests.contracts.samples import (
    CANARIES,
    LEASE,
    MINUTE,
    NOW,
    SECOND,
    application,
    due,
    losing_grant,
    recovering,
    signing_in,
    signing_out,
    token,
    unchanged,
    updated,
)
from tests.contracts.scenes import (
    account_of,
    contents_unchanged,
    enrol,
    held,
    lease,
    refusal,
    refused,
    sign_in,
    stored_token,
)

MICROSECOND = timedelta(microseconds=1)


async def _attempts(rig: Rig, number: int) -> None:
    """Refresh so often, a second apart."""
    for index in range(number):
        at = NOW + index * SECOND
        await rig.tokens.commit(await lease(rig, now=at), token(), due(), unchanged)


async def test_a_lease_holds_what_it_takes_to_refresh(rig: Rig) -> None:
    await sign_in(rig, app=application(*CANARIES))
    given = await lease(rig, owner="me", lasting=3 * MINUTE)
    assert (given.owner, given.expires_at) == ("me", NOW + 3 * MINUTE)
    assert (given.account, given.refresh) == (await account_of(rig), token().refresh)


async def test_an_account_without_a_token_can_be_leased(rig: Rig) -> None:
    await enrol(rig)
    given = await lease(rig)
    assert given.refresh is None
    await rig.tokens.commit(given, token(), due(), signing_in())
    assert (await held(rig)).access == token().access


async def test_a_lease_tells_the_account_as_it_is_now(rig: Rig, elsewhere: Rig) -> None:
    found = await sign_in(rig)
    await elsewhere.accounts.save(updated(await account_of(rig), application=application("new secret")))
    given = await rig.tokens.claim(found, "me", NOW, LEASE)
    assert isinstance(given, Lease)
    assert given.account.application == application("new secret")


async def test_while_a_lease_lives_others_are_told_to_wait_for_its_end(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    given = await lease(rig)
    last = given.expires_at - MICROSECOND
    for at in (NOW, last):
        assert await refused(elsewhere, now=at) == Wait(until=given.expires_at, reason=WaitReason.LEASED)
        assert (await held(elsewhere, now=at)).wait == Wait(until=given.expires_at, reason=WaitReason.LEASED)


async def test_the_holder_itself_is_not_given_a_second_lease(rig: Rig) -> None:
    await sign_in(rig)
    await lease(rig, owner="refused")
    assert (await refused(rig)).reason is WaitReason.LEASED


async def test_being_told_to_wait_writes_nothing(rig: Rig) -> None:
    await sign_in(rig)
    await lease(rig)
    before = await rig.contents()
    await refused(rig)
    assert await contents_unchanged(rig, before)


async def test_an_expired_lease_is_taken_over(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    late = await lease(rig, owner="late")
    assert (await held(elsewhere, now=late.expires_at)).wait is None
    taken = await lease(elsewhere, owner="next", now=late.expires_at)
    assert taken.fence > late.fence


async def test_a_holder_that_was_taken_over_can_neither_commit_nor_fail(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    late = await lease(rig, owner="late")
    taken = await lease(elsewhere, owner="next", now=late.expires_at)
    before = await rig.contents()
    with refusal(LeaseLostError):
        await rig.tokens.commit(late, token("late"), due(), recovering())
    with refusal(LeaseLostError):
        await rig.tokens.fail(late, NOW, MINUTE, 0, losing_grant())
    assert await contents_unchanged(rig, before)
    await elsewhere.tokens.commit(taken, token("2"), due(), unchanged)
    with refusal(LeaseLostError):
        await rig.tokens.commit(late, token("late"), due(), recovering())
    assert (await held(rig)).access == token("2").access


async def test_a_late_holder_is_refused_also_where_the_next_one_has_its_name(rig: Rig) -> None:
    await sign_in(rig)
    late = await lease(rig, owner="me")
    await lease(rig, owner="me", now=late.expires_at)
    with refusal(LeaseLostError):
        await rig.tokens.commit(late, token("late"), due(), unchanged)


async def test_a_holder_whose_lease_expired_may_commit_while_nobody_took_over(rig: Rig) -> None:
    await sign_in(rig)
    given = await lease(rig)
    assert (await held(rig, now=given.expires_at + MINUTE)).wait is None
    await rig.tokens.commit(given, token("2"), due(), unchanged)
    assert (await held(rig)).access == token("2").access


async def test_a_lease_ends_with_its_commit(rig: Rig) -> None:
    await sign_in(rig)
    given = await lease(rig)
    await rig.tokens.commit(given, token("2"), due(), unchanged)
    before = await rig.contents()
    with refusal(LeaseLostError):
        await rig.tokens.commit(given, token("3"), due(), unchanged)
    with refusal(LeaseLostError):
        await rig.tokens.fail(given, NOW, None, 0, unchanged)
    assert await contents_unchanged(rig, before)


async def test_a_lease_ends_with_its_failure(rig: Rig) -> None:
    await sign_in(rig)
    given = await lease(rig)
    await rig.tokens.fail(given, NOW, None, 0, unchanged)
    with refusal(LeaseLostError):
        await rig.tokens.commit(given, token("3"), due(), unchanged)
    with refusal(LeaseLostError):
        await rig.tokens.fail(given, NOW, None, 0, losing_grant())


@pytest.mark.parametrize(("owner", "ahead"), [("somebody else", 0), ("me", -1), ("me", 1)])
async def test_a_lease_that_was_never_given_is_refused(rig: Rig, owner: str, ahead: int) -> None:
    await sign_in(rig)
    given = await lease(rig, owner="me")
    given = attrs.evolve(given, owner=owner, fence=given.fence + ahead)
    with refusal(LeaseLostError):
        await rig.tokens.commit(given, token("3"), due(), unchanged)


@pytest.mark.parametrize("newer", [token("2"), None], ids=["sign-in", "sign-out"])
async def test_a_sign_in_or_sign_out_fences_off_whoever_is_refreshing(rig: Rig, elsewhere: Rig, newer: object) -> None:
    await sign_in(rig)
    given = await lease(rig)
    account_id = given.account.account_id
    if newer is None:
        await elsewhere.tokens.replace(account_id, None, None, signing_out())
    else:
        await elsewhere.tokens.replace(account_id, token("2"), due(), signing_in())
    before = await rig.contents()
    with refusal(LeaseLostError):
        await rig.tokens.commit(given, token("late"), due(), recovering())
    with refusal(LeaseLostError):
        await rig.tokens.fail(given, NOW, None, 0, losing_grant())
    assert await contents_unchanged(rig, before)
    assert (await held(rig)).wait is None


async def test_a_sign_in_ends_waiting_after_a_failure(rig: Rig) -> None:
    found = await sign_in(rig)
    await rig.tokens.fail(await lease(rig), NOW, MINUTE, 0, unchanged)
    await rig.tokens.replace(found.account_id, token("2"), due(), signing_in())
    assert (await held(rig)).wait is None
    await lease(rig)


async def test_a_change_of_the_account_fences_nobody_off(rig: Rig) -> None:
    await sign_in(rig)
    given = await lease(rig)
    await rig.accounts.save(updated(await account_of(rig), name="Another Name"))
    await rig.tokens.commit(given, token("2"), due(), unchanged)
    assert (await held(rig)).access == token("2").access


async def test_accounts_are_leased_independently(rig: Rig) -> None:
    await sign_in(rig, "ann")
    await sign_in(rig, "bob")
    await lease(rig, "ann")
    assert (await lease(rig, "bob")).account.user_id == "bob"


async def test_of_claims_made_at_once_by_several_processes_one_is_given(rig: Rig, elsewhere: Rig) -> None:
    found = await sign_in(rig)

    async def claim(number: int) -> str:
        asked = (rig, elsewhere)[number % 2]
        try:
            outcome = await asked.tokens.claim(found, f"owner {number}", NOW, LEASE)
        except ConflictError as error:
            return error.error_code
        return type(outcome).__name__

    outcomes = await asyncio.gather(*map(claim, range(20)))
    assert sorted(outcomes) == ["FENCE_MOVED"] * 19 + ["Lease"]


# Old news


async def _leased(rig: Rig, found: HeldToken) -> None:
    await rig.tokens.claim(found, "somebody", NOW, LEASE)


async def _failed(rig: Rig, _: HeldToken) -> None:
    await rig.tokens.fail(await lease(rig), NOW, None, 0, unchanged)


async def _refreshed(rig: Rig, _: HeldToken) -> None:
    await rig.tokens.commit(await lease(rig), token("2"), due(), unchanged)


async def _replaced(rig: Rig, found: HeldToken) -> None:
    await rig.tokens.replace(found.account_id, token("2"), due(), unchanged)


async def _forgotten(rig: Rig, found: HeldToken) -> None:
    await rig.tokens.replace(found.account_id, None, None, unchanged)


@pytest.mark.parametrize("happened", [_leased, _failed, _refreshed, _replaced, _forgotten])
async def test_a_claim_on_old_news_is_refused_and_writes_nothing(rig: Rig, elsewhere: Rig, happened: object) -> None:
    found = await sign_in(rig)
    assert callable(happened)
    await happened(elsewhere, found)
    before = await rig.contents()
    with refusal(ConflictError, "FENCE_MOVED"):
        await rig.tokens.claim(found, "me", NOW, LEASE)
    assert await contents_unchanged(rig, before)


async def test_a_claim_on_an_unknown_account_is_refused_and_writes_nothing(rig: Rig) -> None:
    found = attrs.evolve(await sign_in(rig), account_id=AccountId("unknown"))
    before = await rig.contents()
    with refusal(NotFoundError):
        await rig.tokens.claim(found, "me", NOW, LEASE)
    assert await contents_unchanged(rig, before)


# Waiting


async def test_after_a_failure_everybody_waits_as_long_as_the_provider_asks(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    await rig.tokens.fail(await lease(rig), NOW, 7 * MINUTE, 0.3, unchanged)
    wait = Wait(until=NOW + 7 * MINUTE, reason=WaitReason.RETRY_LATER)
    for waiter in (rig, elsewhere):
        assert await refused(waiter, now=wait.until - MICROSECOND) == wait
        assert (await held(waiter)).wait == wait
    await lease(elsewhere, now=wait.until)


async def test_no_provider_is_believed_for_ever(rig: Rig) -> None:
    await sign_in(rig)
    await rig.tokens.fail(await lease(rig), NOW, timedelta(days=1000), 0, unchanged)
    assert (await refused(rig)).until == NOW + RETRY_AFTER_LAST


async def test_without_being_asked_everybody_waits_twice_as_long_each_time(rig: Rig) -> None:
    await sign_in(rig)
    at, waits = NOW, []
    for _ in range(6):
        await rig.tokens.fail(await lease(rig, now=at), at, None, 1, unchanged)
        wait = await refused(rig, now=at)
        waits.append((wait.until - at).total_seconds())
        at = wait.until
    assert waits == [1, 2, 4, 8, 16, 32]


async def test_the_waiting_is_spread_over_its_second_half(rig: Rig) -> None:
    await sign_in(rig)
    await rig.tokens.fail(await lease(rig), NOW, None, 0, unchanged)
    assert (await refused(rig)).until == NOW + SECOND / 2


async def test_a_commit_forgets_earlier_failures(rig: Rig) -> None:
    await sign_in(rig)
    at = NOW
    for _ in range(4):
        await rig.tokens.fail(await lease(rig, now=at), at, None, 1, unchanged)
        at += MINUTE
    await rig.tokens.commit(await lease(rig, now=at), token(), due(), unchanged)
    await rig.tokens.fail(await lease(rig, now=at), at, None, 1, unchanged)
    assert (await refused(rig, now=at)).until == at + SECOND


async def test_ten_attempts_in_five_minutes_spend_the_budget(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    await _attempts(rig, 10)
    wait = Wait(until=NOW + 5 * MINUTE, reason=WaitReason.BUDGET_SPENT)
    for waiter in (rig, elsewhere):
        assert await refused(waiter, now=NOW + 10 * SECOND) == wait
        assert await refused(waiter, now=wait.until - MICROSECOND) == wait
    await lease(elsewhere, now=wait.until)
    later = wait.until + LEASE
    assert (await held(rig, now=later)).wait is None


async def test_each_attempt_is_free_again_after_five_minutes(rig: Rig) -> None:
    await sign_in(rig)
    await _attempts(rig, 10)
    for number in range(3):
        at = NOW + 5 * MINUTE + number * SECOND
        await rig.tokens.commit(await lease(rig, now=at), token(), due(), unchanged)
        if number < 2:
            assert (await refused(rig, now=at)).until == at + SECOND


async def test_attempts_that_failed_or_were_abandoned_count_too(rig: Rig) -> None:
    await sign_in(rig)
    for number in range(5):
        at = NOW + number * 10 * SECOND
        await rig.tokens.fail(await lease(rig, now=at), at, SECOND, 0, unchanged)
        await lease(rig, now=at + SECOND, lasting=SECOND)
    assert (await refused(rig, now=NOW + MINUTE)).reason is WaitReason.BUDGET_SPENT


async def test_a_sign_in_does_not_renew_the_budget(rig: Rig) -> None:
    found = await sign_in(rig)
    await _attempts(rig, 10)
    await rig.tokens.replace(found.account_id, token("2"), due(), signing_in())
    assert (await refused(rig, now=NOW + MINUTE)).reason is WaitReason.BUDGET_SPENT


async def test_the_budget_of_one_account_is_not_that_of_another(rig: Rig) -> None:
    await sign_in(rig, "ann")
    await sign_in(rig, "bob")
    await _attempts(rig, 10)
    await lease(rig, "bob", now=NOW + 10 * SECOND)


# Secrets that do not open, keys that are stale


@pytest.mark.parametrize("secret", [Secret.REFRESH_TOKEN, Secret.CLIENT_SECRETS])
async def test_a_secret_that_does_not_open_makes_everybody_wait_and_is_raised(
    rig: Rig, elsewhere: Rig, secret: Secret
) -> None:
    found = await sign_in(rig, app=application(*CANARIES))
    text = await rig.ciphertext(found.account_id, secret)
    await rig.put_ciphertext(found.account_id, secret, text[:-5])
    with pytest.raises(EncryptionError):
        await rig.tokens.claim(found, "me", NOW, LEASE)
    wait = Wait(until=NOW + BACKOFF_LAST, reason=WaitReason.RETRY_LATER)
    assert (await held(elsewhere)).wait == wait
    assert await refused(elsewhere, now=wait.until - MICROSECOND) == wait
    with pytest.raises(EncryptionError):
        await lease(elsewhere, now=wait.until)
    await rig.put_ciphertext(found.account_id, secret, text)
    assert await stored_token(rig, now=wait.until + BACKOFF_LAST) == token()


async def test_a_refresh_token_moved_from_another_account_is_not_handed_to_the_provider(rig: Rig) -> None:
    ann, bob = await sign_in(rig, "ann"), await sign_in(rig, "bob")
    text = await rig.ciphertext(ann.account_id, Secret.REFRESH_TOKEN)
    await rig.put_ciphertext(bob.account_id, Secret.REFRESH_TOKEN, text)
    with pytest.raises(EncryptionError):
        await rig.tokens.claim(bob, "me", NOW, LEASE)


async def test_a_key_that_only_one_process_lacks_keeps_no_other_from_refreshing(rig: Rig, world: World) -> None:
    found = await sign_in(rig)
    alien = world.cipher("other").encrypt("refresh", rig.binding(found.account_id, Secret.REFRESH_TOKEN))
    await rig.put_ciphertext(found.account_id, Secret.REFRESH_TOKEN, alien)
    before = await rig.contents()
    with refusal(UnknownKeyError):
        await rig.tokens.claim(found, "me", NOW, LEASE)
    assert await contents_unchanged(rig, before)
    async with world.process("old", "other") as complete:
        assert isinstance(await complete.tokens.claim(found, "complete", NOW, LEASE), Lease)


async def test_the_lease_of_a_healthy_secret_is_not_given_by_mistake_after_a_fault(rig: Rig) -> None:
    """The waiting moves the fence: who read before the fault has old news."""
    found = await sign_in(rig)
    await rig.put_ciphertext(found.account_id, Secret.REFRESH_TOKEN, "damaged")
    with pytest.raises(EncryptionError):
        await rig.tokens.claim(found, "me", NOW, LEASE)
    with refusal(ConflictError, "FENCE_MOVED"):
        await rig.tokens.claim(found, "me", NOW + BACKOFF_LAST, LEASE)


async def test_a_stale_key_is_told_before_anything_is_claimed(rig: Rig, world: World) -> None:
    found = await sign_in(rig)
    async with world.process("new", "old") as stale:
        before = await rig.contents()
        with refusal(StaleKeyError):
            await stale.tokens.claim(found, "me", NOW, LEASE)
        assert await contents_unchanged(rig, before)
        await stale.secrets.promote()
        with refusal(StaleKeyError):
            await rig.tokens.claim(found, "me", NOW, LEASE)
        await lease(stale)


async def test_a_lease_lost_while_its_transition_refuses_is_told_as_lost(rig: Rig) -> None:
    """A late holder's transition is not even asked: it would decide for a grant that is not the stored one."""
    await sign_in(rig)
    late = await lease(rig)
    await lease(rig, now=late.expires_at)
    asked: list[object] = []

    def transition(account: object) -> None:
        asked.append(account)

    for write in (
        rig.tokens.commit(late, token("late"), due(), transition),
        rig.tokens.fail(late, NOW, None, 0, transition),
    ):
        with refusal(LeaseLostError):
            await write
    assert asked == []


async def test_errors_name_the_account_and_hold_no_secret(rig: Rig) -> None:
    found = await sign_in(rig, app=application(*CANARIES))
    late = await lease(rig)
    await rig.tokens.replace(found.account_id, token("canary"), due(), signing_in())
    errors: list[IACSGraphError] = []
    for attempt in (
        rig.tokens.claim(found, "me", NOW, LEASE),
        rig.tokens.commit(late, token("canary"), due(), unchanged),
        rig.tokens.fail(late, NOW, None, 0, unchanged),
    ):
        with pytest.raises(ConflictError) as caught:
            await attempt
        errors.append(caught.value)
    for error in errors:
        told = f"{error} {error.details} {error!r}"
        assert "ann" in told
        assert "canary" not in told
