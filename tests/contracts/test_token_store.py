"""The promises of `TokenStore` about what is stored and read. What is due, leases and news have files of their own."""

from collections.abc import Awaitable, Callable

import attrs
import pytest

from domain import lifecycle
from domain.account import Account, AccountId, AccountStatus
from domain.change import AccountChange
from domain.errors import (
    EncryptionError,
    NotFoundError,
    PermissionDeniedError,
    StaleKeyError,
    UnknownKeyError,
    ValidationError,
)
from domain.lifecycle import Transition
from domain.token import AccessToken, Token
from tests.contracts.rigs import CODEC, Rig, Secret, World
from tests.contracts.samples import (
    CANARIES,
    LEASE,
    MINUTE,
    NAIVE,
    NOW,
    OWNER,
    SECOND,
    STRANGER,
    act,
    application,
    due,
    enrolment,
    losing_grant,
    recovering,
    signing_in,
    signing_out,
    token,
    unchanged,
    updated,
    without_secrets,
)
from tests.contracts.scenes import (
    account_of,
    contents_unchanged,
    enrol,
    held,
    lease,
    refusal,
    sign_in,
    stored_token,
)

BARE = Token(access=AccessToken(value="a", expires_at=NOW + MINUTE, obtained_at=NOW))

Writing = Callable[[Rig, Account, Transition], Awaitable[AccountChange | None]]


async def _replacing(rig: Rig, account: Account, transition: Transition) -> AccountChange | None:
    return await rig.tokens.replace(account.account_id, token("2"), due(), transition)


async def _committing(rig: Rig, account: Account, transition: Transition) -> AccountChange | None:
    return await rig.tokens.commit(await lease(rig, account.user_id), token("2"), due(), transition)


async def _failing(rig: Rig, account: Account, transition: Transition) -> AccountChange | None:
    return await rig.tokens.fail(await lease(rig, account.user_id), NOW, None, 0.5, transition)


WRITINGS = pytest.mark.parametrize("write", [_replacing, _committing, _failing])


@pytest.mark.parametrize("stored", [token(), token(refresh=False), BARE], ids=["whole", "no refresh token", "bare"])
async def test_a_token_is_read_back_as_it_was_stored(rig: Rig, elsewhere: Rig, stored: Token) -> None:
    await sign_in(rig, stored=stored)
    for reader in (rig, elsewhere):
        assert (await held(reader)).access == stored.access
    assert await stored_token(elsewhere, now=NOW) == stored


@pytest.mark.parametrize("scope", ["https://graph.microsoft.com/.default", "Mail Read", "a\u00a0b", "a\u2003b"])
async def test_any_scope_that_the_domain_accepts_is_read_back(rig: Rig, scope: str) -> None:
    try:
        access = attrs.evolve(token().access, scopes=(scope, "User.Read"))
    except ValidationError:
        return
    await sign_in(rig, stored=Token(access=access))
    assert (await held(rig)).access == access


async def test_an_account_without_a_token_is_held_without_one(rig: Rig) -> None:
    account = await enrol(rig)
    found = await held(rig)
    assert (found.account_id, found.user_id) == (account.account_id, "ann")
    assert (found.status, found.reauth_reason) == (AccountStatus.REAUTH_REQUIRED, "never_signed_in")
    assert (found.access, found.due_at, found.wait) == (None, None, None)


async def test_a_token_is_held_with_what_a_reader_needs(rig: Rig) -> None:
    found = await sign_in(rig)
    assert (found.access, found.due_at, found.wait) == (token().access, due(), None)
    assert (found.status, found.reauth_reason, found.usable) == (AccountStatus.ACTIVE, None, True)


async def test_a_reader_sees_the_status_that_the_operator_set(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    await rig.accounts.save(lifecycle.lock(await account_of(rig), act(), "suspicious"))
    found = await held(elsewhere)
    assert (found.status, found.usable, found.access) == (AccountStatus.LOCKED, False, token().access)


async def test_an_unknown_user_is_none(rig: Rig) -> None:
    await enrol(rig)
    assert await rig.tokens.read("bob", NOW) is None


async def test_a_token_is_read_by_its_user_id_in_any_case(rig: Rig) -> None:
    await sign_in(rig, "Straße")
    assert (await held(rig, "STRASSE")).user_id == "Straße"


async def test_reading_writes_nothing(rig: Rig) -> None:
    await enrol(rig, "bob")
    await sign_in(rig)
    before = await rig.contents()
    for user_id in ("ann", "bob", "nobody"):
        await rig.tokens.read(user_id, NOW)
    await rig.tokens.due(NOW, 10)
    await rig.tokens.news(None)
    assert await contents_unchanged(rig, before)


async def test_a_sign_in_stores_token_account_audit_entry_and_event_together(rig: Rig, elsewhere: Rig) -> None:
    account = await enrol(rig)
    transition = signing_in(OWNER)
    change = await rig.tokens.replace(account.account_id, token(), due(), transition)
    assert change is not None
    assert change == transition(account)
    assert await account_of(elsewhere) == change.after
    assert (await elsewhere.accounts.audit_trail(account.account_id))[-1] == change.audit
    assert (await elsewhere.outbox())[-1] == CODEC.encode(change.event)
    assert (await held(elsewhere)).access == token().access


@WRITINGS
async def test_a_transition_that_changes_nothing_writes_neither_audit_entry_nor_event(rig: Rig, write: Writing) -> None:
    await sign_in(rig)
    account, outbox = await account_of(rig), await rig.outbox()
    assert await write(rig, account, unchanged) is None
    assert await rig.outbox() == outbox
    assert await account_of(rig) == account


@WRITINGS
async def test_a_transition_decides_on_the_current_account(rig: Rig, elsewhere: Rig, write: Writing) -> None:
    await sign_in(rig)
    seen: list[Account] = []

    def transition(account: Account) -> AccountChange | None:
        seen.append(account)
        return losing_grant()(account)

    stale = await account_of(rig)
    await elsewhere.accounts.save(updated(stale, name="meanwhile"))
    change = await write(rig, stale, transition)
    assert change is not None
    assert seen == [change.before]
    assert (change.after.name, change.after.reauth_reason) == ("meanwhile", "grant_revoked")
    assert await account_of(rig) == change.after


async def test_a_commit_decides_on_an_account_that_was_changed_since_the_lease(rig: Rig, elsewhere: Rig) -> None:
    """What the lease tells about the account is old news by then."""
    await sign_in(rig)
    given, seen = await lease(rig), list[Account]()
    locked = lifecycle.lock(given.account, act(), "meanwhile")
    await elsewhere.accounts.save(locked)

    def transition(account: Account) -> AccountChange | None:
        seen.append(account)
        return losing_grant()(account)

    change = await rig.tokens.commit(given, token("2"), due(), transition)
    assert change is not None
    assert seen == [change.before]
    assert (seen[0].version, seen[0].status) == (given.account.version + 1, AccountStatus.LOCKED)
    assert await account_of(rig) == change.after


@WRITINGS
async def test_a_transition_leaves_client_secrets_as_they_are(rig: Rig, write: Writing) -> None:
    await sign_in(rig, app=application(*CANARIES))
    account = await account_of(rig)
    change = await write(rig, account, losing_grant())
    assert change is not None
    assert account.application is not None
    assert (await account_of(rig)).application == account.application
    assert without_secrets(change) == without_secrets(attrs.evolve(change, after=await account_of(rig)))
    told = f"{change} {await rig.accounts.audit_trail(account.account_id)} {await rig.outbox()}"
    assert not any(canary in told for canary in CANARIES)


@WRITINGS
async def test_a_transition_that_refuses_leaves_everything_as_it_was(rig: Rig, write: Writing) -> None:
    await sign_in(rig)
    account, asked = await account_of(rig), []

    def refusing(current: Account) -> AccountChange | None:
        asked.append(current)
        raise PermissionDeniedError("no")

    outbox, trail = await rig.outbox(), await rig.accounts.audit_trail(account.account_id)
    with refusal(PermissionDeniedError):
        await write(rig, account, refusing)
    assert asked == [account]
    assert (await rig.outbox(), await rig.accounts.audit_trail(account.account_id)) == (outbox, trail)
    assert (await held(rig)).access == token().access
    assert await account_of(rig) == account


async def test_a_stranger_who_signs_in_leaves_everything_as_it_was(rig: Rig) -> None:
    await sign_in(rig)
    before = await rig.contents()
    with refusal(PermissionDeniedError, "WRONG_IDENTITY"):
        account_id = (await account_of(rig)).account_id
        await rig.tokens.replace(account_id, token("2"), due(NOW + MINUTE), signing_in(STRANGER))
    assert await contents_unchanged(rig, before)


async def test_a_transition_to_a_taken_user_id_leaves_everything_as_it_was(rig: Rig) -> None:
    await enrol(rig, "bob")
    await sign_in(rig)
    before = await rig.contents()
    account_id = (await account_of(rig)).account_id
    with pytest.raises(Exception, match="belongs to another account"):
        await rig.tokens.replace(account_id, token("2"), due(), lambda account: updated(account, user_id="BOB"))
    assert await contents_unchanged(rig, before)


async def test_a_new_sign_in_without_a_refresh_token_leaves_none(rig: Rig) -> None:
    await sign_in(rig)
    newer = token("2", refresh=False)
    await rig.tokens.replace((await account_of(rig)).account_id, newer, due(), signing_in())
    assert await stored_token(rig, now=NOW) == newer
    assert sum((await rig.secrets.count_by_key()).values()) == 1


async def test_forgetting_a_token_leaves_no_secret_and_nothing_due(rig: Rig, elsewhere: Rig) -> None:
    found = await sign_in(rig)
    change = await rig.tokens.replace(found.account_id, None, None, signing_out())
    assert change is not None
    assert (await held(elsewhere)).access is None
    assert (await held(elsewhere)).due_at is None
    assert (await held(elsewhere)).status is AccountStatus.REAUTH_REQUIRED
    assert sum((await rig.secrets.count_by_key()).values()) == 0
    assert await elsewhere.tokens.due(NOW, 10) == []


async def test_replacing_the_token_of_an_unknown_account_is_refused_and_writes_nothing(rig: Rig) -> None:
    before = await rig.contents()
    for newer in (token(), None):
        with refusal(NotFoundError):
            await rig.tokens.replace(AccountId("unknown"), newer, due(), unchanged)
    assert await contents_unchanged(rig, before)


async def test_a_commit_stores_the_token_and_recovers_the_account(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    await rig.tokens.fail(await lease(rig), NOW, SECOND, 0, losing_grant())
    later = NOW + MINUTE
    change = await rig.tokens.commit(await lease(rig, now=later), token("2"), due(later), recovering(later))
    assert change is not None
    found = await held(elsewhere, now=later)
    assert (found.status, found.reauth_reason) == (AccountStatus.ACTIVE, None)
    assert (found.access, found.due_at, found.wait) == (token("2").access, due(later), None)
    assert await stored_token(elsewhere, now=later) == token("2")
    assert (await elsewhere.outbox())[-1] == CODEC.encode(change.event)


async def test_a_failure_keeps_the_token_and_tells_of_the_lost_grant(rig: Rig, elsewhere: Rig) -> None:
    await sign_in(rig)
    change = await rig.tokens.fail(await lease(rig), NOW, SECOND, 0, losing_grant())
    assert change is not None
    found = await held(elsewhere)
    assert (found.access, found.due_at) == (token().access, None)
    assert (found.status, found.reauth_reason) == (AccountStatus.REAUTH_REQUIRED, "grant_revoked")
    assert (await elsewhere.outbox())[-1] == CODEC.encode(change.event)
    assert await stored_token(elsewhere, now=NOW + MINUTE) == token()


# Secrets that do not open


async def test_an_access_token_under_an_unknown_key_is_told_to_the_reader(rig: Rig, world: World) -> None:
    await sign_in(rig)
    async with world.process("other") as other:
        with refusal(UnknownKeyError):
            await other.tokens.read("ann", NOW)
        await enrol(other, "bob")
        assert (await held(other, "bob")).access is None


@pytest.mark.parametrize("keep", [0, 4, 8, 9, 20, -1])
async def test_a_truncated_access_token_does_not_open_and_a_sign_in_heals_it(rig: Rig, keep: int) -> None:
    found = await sign_in(rig)
    text = await rig.ciphertext(found.account_id, Secret.ACCESS_TOKEN)
    await rig.put_ciphertext(found.account_id, Secret.ACCESS_TOKEN, text[:keep])
    with pytest.raises(EncryptionError):
        await rig.tokens.read("ann", NOW)
    await rig.tokens.replace(found.account_id, token("2"), due(), signing_in())
    assert (await held(rig)).access == token("2").access


async def test_a_sign_in_and_a_sign_out_need_no_client_secret_that_opens(rig: Rig) -> None:
    found = await sign_in(rig, app=application(*CANARIES))
    await rig.put_ciphertext(found.account_id, Secret.CLIENT_SECRETS, "damaged")
    await rig.tokens.replace(found.account_id, None, None, signing_out())
    assert (await held(rig)).status is AccountStatus.REAUTH_REQUIRED
    await rig.tokens.replace(found.account_id, token("2"), due(), signing_in())
    assert (await held(rig)).access == token("2").access
    assert await rig.ciphertext(found.account_id, Secret.CLIENT_SECRETS) == "damaged"


async def test_a_token_moved_to_another_account_does_not_open(rig: Rig) -> None:
    ann, bob = await sign_in(rig, "ann"), await sign_in(rig, "bob")
    text = await rig.ciphertext(ann.account_id, Secret.ACCESS_TOKEN)
    await rig.put_ciphertext(bob.account_id, Secret.ACCESS_TOKEN, text)
    with pytest.raises(EncryptionError):
        await rig.tokens.read("bob", NOW)
    assert (await held(rig, "ann")).access == token().access


async def test_a_refresh_token_moved_to_the_access_token_does_not_open(rig: Rig) -> None:
    found = await sign_in(rig)
    text = await rig.ciphertext(found.account_id, Secret.REFRESH_TOKEN)
    await rig.put_ciphertext(found.account_id, Secret.ACCESS_TOKEN, text)
    with pytest.raises(EncryptionError):
        await rig.tokens.read("ann", NOW)


# Keys


async def test_a_sign_in_is_stored_under_the_recorded_key_whatever_the_process_s_first_one_is(
    rig: Rig, world: World
) -> None:
    found = await sign_in(rig)
    async with world.process("new", "old") as stale:
        await stale.tokens.replace(found.account_id, token("2"), due(NOW + MINUTE), signing_in())
        assert (await held(stale)).access == token("2").access
    assert await rig.secrets.count_by_key() == {world.key_id("old"): 2}


async def test_a_process_that_lacks_the_recorded_key_stores_no_sign_in(rig: Rig, world: World) -> None:
    found = await sign_in(rig)
    async with world.process("new") as stale:
        before = await rig.contents()
        with refusal(StaleKeyError):
            await stale.tokens.replace(found.account_id, token("2"), due(NOW + MINUTE), signing_in())
        assert await contents_unchanged(rig, before)


async def test_a_process_whose_first_key_is_not_the_recorded_one_may_forget_a_token(rig: Rig, world: World) -> None:
    found = await sign_in(rig)
    async with world.process("new", "old") as stale:
        await stale.tokens.replace(found.account_id, None, None, signing_out())
    assert (await held(rig)).access is None


async def test_a_commit_is_encrypted_under_a_key_that_was_promoted_meanwhile(rig: Rig, world: World) -> None:
    await sign_in(rig)
    async with world.process("old", "new") as holder, world.process("new", "old") as promoter:
        given = await lease(holder)
        await promoter.secrets.promote()
        await holder.tokens.commit(given, token("2"), due(), unchanged)
        assert await promoter.secrets.count_by_key() == {world.key_id("new"): 2}
        assert await stored_token(promoter, now=NOW) == token("2")


async def test_a_commit_by_a_process_without_the_promoted_key_is_refused_and_writes_nothing(
    rig: Rig, world: World
) -> None:
    await sign_in(rig)
    given = await lease(rig)
    async with world.process("new", "old") as promoter:
        await promoter.secrets.promote()
    before = await rig.contents()
    with refusal(StaleKeyError):
        await rig.tokens.commit(given, token("2"), due(NOW + MINUTE), recovering())
    assert await contents_unchanged(rig, before)


async def test_a_failure_is_stored_whatever_key_was_promoted_meanwhile(rig: Rig, world: World) -> None:
    await sign_in(rig)
    given = await lease(rig)
    async with world.process("new", "old") as promoter:
        await promoter.secrets.promote()
    await rig.tokens.fail(given, NOW, MINUTE, 0, losing_grant())
    assert (await held(rig)).reauth_reason == "grant_revoked"


# Naive times


@pytest.mark.parametrize("naive", ["expires_at", "obtained_at", "refresh_at"])
def test_a_token_with_a_naive_time_cannot_be_made(naive: str) -> None:
    times = {"expires_at": NOW, "obtained_at": NOW, "refresh_at": NOW, naive: NAIVE}
    with refusal(ValidationError):
        AccessToken(
            value="a",
            expires_at=times["expires_at"],
            obtained_at=times["obtained_at"],
            refresh_at=times["refresh_at"],
        )


async def test_a_naive_due_time_is_refused_and_writes_nothing(rig: Rig) -> None:
    found = await sign_in(rig)
    given = await lease(rig)
    before = await rig.contents()
    with pytest.raises(ValidationError):
        await rig.tokens.replace(found.account_id, token("2"), NAIVE, unchanged)
    with pytest.raises(ValidationError):
        await rig.tokens.commit(given, token("2"), NAIVE, recovering())
    assert await contents_unchanged(rig, before)


async def test_a_claim_or_failure_at_a_naive_time_is_refused_and_writes_nothing(rig: Rig) -> None:
    found = await sign_in(rig)
    before = await rig.contents()
    with refusal(ValidationError):
        await rig.tokens.claim(found, "me", NAIVE, LEASE)
    assert await contents_unchanged(rig, before)
    given = await lease(rig)
    before = await rig.contents()
    with refusal(ValidationError):
        await rig.tokens.fail(given, NAIVE, None, 0, losing_grant())
    assert await contents_unchanged(rig, before)


async def test_a_naive_time_is_refused_also_where_it_would_be_compared(rig: Rig) -> None:
    await sign_in(rig)
    await rig.tokens.fail(await lease(rig), NOW, MINUTE, 0, unchanged)
    waiting = await held(rig)
    before = await rig.contents()
    with refusal(ValidationError):
        await rig.tokens.read("ann", NAIVE)
    with refusal(ValidationError):
        await rig.tokens.claim(waiting, "me", NAIVE, LEASE)
    assert await contents_unchanged(rig, before)


async def test_a_transition_that_makes_the_account_unusable_still_stores_the_token(rig: Rig) -> None:
    """The transition decides on the account, the store does not: whoever is locked keeps its newest token."""
    await sign_in(rig)
    doing = act()
    await rig.tokens.commit(
        await lease(rig), token("2"), due(), lambda account: lifecycle.lock(account, doing, "policy")
    )
    found = await held(rig)
    assert (found.status, found.access) == (AccountStatus.LOCKED, token("2").access)


async def test_a_token_for_an_account_enrolled_by_another_process_is_stored(rig: Rig, elsewhere: Rig) -> None:
    change = enrolment()
    await rig.accounts.save(change)
    await elsewhere.tokens.replace(change.after.account_id, token(), due(), signing_in())
    assert (await held(rig)).access == token().access
