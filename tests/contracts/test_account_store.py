"""The promises of `AccountStore`."""

import asyncio
import unicodedata

import pytest

from domain import lifecycle
from domain.account import Account, AccountId, AccountStatus, AuthFlow, OAuthApplication, user_key
from domain.change import MASK
from domain.errors import (
    ConflictError,
    EncryptionError,
    IllegalTransitionError,
    NotFoundError,
    StaleKeyError,
    UnknownKeyError,
    ValidationError,
)
from domain.events import EventId
from domain.lifecycle import Act
from tests.contracts.rigs import CODEC, Rig, Secret, World
from tests.contracts.samples import (
    CANARIES,
    NAIVE,
    OWNER,
    act,
    application,
    bare,
    enrolment,
    renamed,
    signing_in,
    updated,
)
from tests.contracts.scenes import account_of, contents_unchanged, enrol, refusal, save

SAME_NAMES = [
    ("ann", "ANN"),
    ("straße", "STRASSE"),
    (unicodedata.normalize("NFC", "zoë"), unicodedata.normalize("NFD", "Zoë")),
    ("ann@example.com", "Ann@Example.COM"),
    ("ΣΊΣΥΦΟΣ", "σίσυφος"),
]
PEM = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"
USER_IDS = ["bob", "Ann", "zoë", "ann@example.com", "Émile", "10", "9", "\N{CAT FACE}", "\ufb01sh"]


@pytest.mark.parametrize(
    "app",
    [None, application(), application(*CANARIES), OAuthApplication(client_id="c", tenant_id="t")],
    ids=["global", "public", "confidential", "bare"],
)
async def test_an_account_is_read_back_as_it_was_saved(rig: Rig, elsewhere: Rig, app: OAuthApplication | None) -> None:
    account = await enrol(rig, app=app)
    for reader in (rig, elsewhere):
        assert await reader.accounts.get(account.account_id) == account
        assert await reader.accounts.find("ann") == bare(account)


@pytest.mark.parametrize("flow", AuthFlow)
async def test_every_flow_is_read_back(rig: Rig, flow: AuthFlow) -> None:
    account = await enrol(rig, app=application(flow=flow))
    assert await rig.accounts.get(account.account_id) == account


async def test_a_pinned_identity_is_read_back(rig: Rig) -> None:
    account = await enrol(rig)
    change = signing_in(OWNER)(account)
    assert change is not None
    assert await save(rig, change) == await account_of(rig)
    assert (await account_of(rig)).identity == OWNER


async def test_each_status_is_read_back_with_its_reason_and_time(rig: Rig) -> None:
    account = await enrol(rig)
    for verb in (lifecycle.deactivate, lifecycle.activate, lifecycle.lock, lifecycle.unlock):
        account = await save(rig, verb(account, act(), "because"))
        assert await account_of(rig) == account


async def test_an_unknown_account_is_none(rig: Rig) -> None:
    await enrol(rig)
    assert await rig.accounts.find("bob") is None
    assert await rig.accounts.get(AccountId("unknown")) is None
    assert await rig.accounts.audit_trail(AccountId("unknown")) == []


@pytest.mark.parametrize(("enrolled", "asked"), SAME_NAMES)
async def test_a_user_id_is_found_in_any_case_and_normal_form(rig: Rig, enrolled: str, asked: str) -> None:
    account = await enrol(rig, enrolled)
    assert await rig.accounts.find(asked) == account
    assert (await account_of(rig, asked)).user_id == enrolled


@pytest.mark.parametrize(("enrolled", "asked"), SAME_NAMES)
async def test_a_user_id_that_is_taken_is_refused_and_nothing_is_overwritten(
    rig: Rig, enrolled: str, asked: str
) -> None:
    await enrol(rig, enrolled)
    before = await rig.contents()
    with refusal(ConflictError, "USER_ID_TAKEN"):
        await enrol(rig, asked)
    assert await contents_unchanged(rig, before)


async def test_an_account_cannot_take_the_user_id_of_another(rig: Rig) -> None:
    await enrol(rig, "ann")
    bob = await enrol(rig, "bob")
    before = await rig.contents()
    with refusal(ConflictError, "USER_ID_TAKEN"):
        await rig.accounts.save(renamed(bob, "ANN"))
    assert await contents_unchanged(rig, before)


async def test_an_account_may_change_the_case_of_its_own_user_id(rig: Rig) -> None:
    account = await save(rig, renamed(await enrol(rig, "ann"), "Ann"))
    assert (await account_of(rig, "ann")) == account
    assert account.user_id == "Ann"


async def test_a_user_id_that_was_given_up_is_free(rig: Rig) -> None:
    await save(rig, renamed(await enrol(rig, "ann"), "anna"))
    assert await rig.accounts.find("ann") is None
    await enrol(rig, "ann")


@pytest.mark.parametrize("user_id", ["ann", "bob"], ids=["same user id", "other user id"])
async def test_an_account_that_exists_cannot_be_added_again(rig: Rig, user_id: str) -> None:
    account = await enrol(rig)
    again = lifecycle.enrol(account.account_id, act(), user_id=user_id, name="B", email="b@example.com")
    before = await rig.contents()
    with refusal(ConflictError, "VERSION_CONFLICT"):
        await rig.accounts.save(again)
    assert await contents_unchanged(rig, before)


async def test_a_change_of_an_old_version_is_refused_and_writes_nothing(rig: Rig, elsewhere: Rig) -> None:
    account = await enrol(rig, app=application(*CANARIES))
    await elsewhere.accounts.save(lifecycle.lock(account, act(), "first"))
    before = await rig.contents()
    with refusal(ConflictError, "VERSION_CONFLICT"):
        await rig.accounts.save(updated(account, application=None))
    assert await contents_unchanged(rig, before)


async def test_an_old_version_is_told_before_a_taken_user_id(rig: Rig) -> None:
    await enrol(rig, "ann")
    bob = await enrol(rig, "bob")
    await rig.accounts.save(lifecycle.lock(bob, act(), "first"))
    with refusal(ConflictError, "VERSION_CONFLICT"):
        await rig.accounts.save(renamed(bob, "ann"))


async def test_the_same_change_is_not_stored_twice(rig: Rig) -> None:
    change = lifecycle.lock(await enrol(rig), act(), "once")
    await rig.accounts.save(change)
    with refusal(ConflictError, "VERSION_CONFLICT"):
        await rig.accounts.save(change)


@pytest.mark.parametrize("user_id", ["bob", "ann"], ids=["free user id", "taken user id"])
async def test_a_change_of_an_account_that_does_not_exist_is_refused_and_writes_nothing(rig: Rig, user_id: str) -> None:
    await enrol(rig, "ann")
    nobody = enrolment("nobody").after
    before = await rig.contents()
    with refusal(NotFoundError):
        await rig.accounts.save(renamed(nobody, user_id))
    assert await contents_unchanged(rig, before)


async def test_of_changes_made_at_once_exactly_one_is_stored(rig: Rig, elsewhere: Rig) -> None:
    account = await enrol(rig)
    changes = [lifecycle.lock(account, act(), f"reason {number}") for number in range(10)]
    writers = [rig, elsewhere] * 5
    outcomes = await asyncio.gather(
        *(writer.accounts.save(change) for writer, change in zip(writers, changes, strict=True)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConflictError"] * 9 + ["bool"]
    assert (await account_of(rig)).version == account.version + 1
    assert len(await rig.accounts.audit_trail(account.account_id)) == 2
    assert len(await rig.outbox()) == 2


async def test_of_enrolments_made_at_once_under_one_user_id_exactly_one_is_stored(rig: Rig, elsewhere: Rig) -> None:
    enrolments = [enrolment(user_id) for user_id in ("ann", "ANN", "Ann", "aNN")]
    writers = [rig, elsewhere] * 2
    outcomes = await asyncio.gather(
        *(writer.accounts.save(change) for writer, change in zip(writers, enrolments, strict=True)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConflictError"] * 3 + ["bool"]
    assert len(await rig.accounts.page()) == 1


async def test_a_change_is_stored_with_its_audit_entry_and_its_event(rig: Rig, elsewhere: Rig) -> None:
    enrolled = enrolment()
    locked = lifecycle.lock(enrolled.after, act(), "suspicious")
    for change in (enrolled, locked):
        await rig.accounts.save(change)
    assert await elsewhere.accounts.audit_trail(enrolled.after.account_id) == [enrolled.audit, locked.audit]
    assert await elsewhere.outbox() == [CODEC.encode(enrolled.event), CODEC.encode(locked.event)]


async def test_events_of_all_accounts_stand_in_the_outbox_in_the_order_of_the_changes(rig: Rig) -> None:
    changes = [enrolment(user_id) for user_id in USER_IDS]
    changes += [lifecycle.lock(change.after, act(), "all") for change in reversed(changes)]
    for change in changes:
        await rig.accounts.save(change)
    assert [event.event_id for event in await rig.outbox()] == [change.event.event_id for change in changes]


async def test_an_audit_trail_holds_one_account_only_and_the_newest_entries_oldest_first(rig: Rig) -> None:
    ann, bob = await enrol(rig, "ann"), await enrol(rig, "bob")
    for number in range(3):
        ann = await save(rig, updated(ann, name=f"Ann {number}"))
        bob = await save(rig, updated(bob, name=f"Bob {number}"))
    trail = await rig.accounts.audit_trail(ann.account_id)
    assert [entry.action for entry in trail] == ["enrolled"] + ["updated"] * 3
    assert [entry.fields[0].new for entry in trail[1:]] == ["Ann 0", "Ann 1", "Ann 2"]
    assert await rig.accounts.audit_trail(ann.account_id, limit=2) == trail[-2:]
    assert await rig.accounts.audit_trail(ann.account_id, limit=100) == trail


async def test_of_an_audit_trail_no_entries_may_be_asked_for(rig: Rig) -> None:
    account = await enrol(rig)
    assert await rig.accounts.audit_trail(account.account_id, limit=0) == []


async def test_client_secrets_are_masked_in_the_audit_trail_and_absent_from_events(rig: Rig) -> None:
    account = await enrol(rig, app=application(CANARIES[0]))
    account = await save(rig, updated(account, application=application(CANARIES[1])))
    account = await save(rig, updated(account, application=application()))
    trail = await rig.accounts.audit_trail(account.account_id)
    shown = [(item.old, item.new) for entry in trail for item in entry.fields if "secret" in item.field]
    assert shown == [(None, MASK), (MASK, MASK), (MASK, None)]
    told = f"{trail} {await rig.outbox()}"
    assert not any(canary in told for canary in CANARIES)


async def test_client_secrets_come_back_in_their_order_until_they_are_changed_or_removed(rig: Rig) -> None:
    account = await enrol(rig)
    for secrets in (CANARIES, CANARIES[::-1], (PEM, "plain"), ("ключ \N{KEY} \"'\\",), ()):
        account = await save(rig, updated(account, application=application(*secrets)))
        assert await account_of(rig) == account
        assert sum((await rig.secrets.count_by_key()).values()) == (1 if secrets else 0)


async def test_an_application_that_is_removed_takes_its_secrets_with_it(rig: Rig) -> None:
    account = await enrol(rig, app=application(*CANARIES))
    account = await save(rig, updated(account, application=None))
    assert await account_of(rig) == account
    assert sum((await rig.secrets.count_by_key()).values()) == 0


async def test_a_change_of_something_else_leaves_client_secrets_as_they_are(rig: Rig) -> None:
    account = await enrol(rig, app=application(*CANARIES))
    await rig.accounts.save(lifecycle.lock(account, act(), "check"))
    found = (await account_of(rig)).application
    assert found is not None
    assert found.client_secrets == CANARIES


@pytest.mark.parametrize("limit", [1, 2, 3, 9, 10, 500])
async def test_pages_hold_every_account_once_in_the_order_of_user_keys(rig: Rig, limit: int) -> None:
    for user_id in USER_IDS:
        await enrol(rig, user_id, application(*CANARIES))
    found: list[Account] = []
    page = await rig.accounts.page(limit=limit)
    while page:
        found += page
        assert len(page) <= limit
        assert len(found) <= len(USER_IDS)
        full = len(page) == limit
        page = await rig.accounts.page(after=user_key(found[-1].user_id), limit=limit)
        assert full or not page, "fewer than the limit means that there are no more"
    assert [account.user_id for account in found] == sorted(USER_IDS, key=user_key)
    assert all(account.application == application() for account in found), "client secrets are left out"


async def test_a_page_may_begin_behind_a_key_that_nobody_has(rig: Rig) -> None:
    for user_id in ("ann", "bob", "cid"):
        await enrol(rig, user_id)
    assert [account.user_id for account in await rig.accounts.page(after="b")] == ["bob", "cid"]
    assert await rig.accounts.page(after="zoe") == []


async def test_an_empty_store_has_an_empty_page(rig: Rig) -> None:
    assert await rig.accounts.page() == []


async def test_a_client_secret_under_an_unknown_key_is_told_and_nothing_else_suffers(rig: Rig, world: World) -> None:
    secretive, plain = await enrol(rig, "ann", application(*CANARIES)), await enrol(rig, "bob")
    async with world.process("other") as other:
        with refusal(UnknownKeyError):
            await other.accounts.get(secretive.account_id)
        assert await other.accounts.find("ann") == bare(secretive)
        assert await other.accounts.find("bob") == plain
        assert len(await other.accounts.page()) == 2
        assert len(await other.accounts.audit_trail(secretive.account_id)) == 1


@pytest.mark.parametrize("keep", [0, 4, 8, 9, 20, -1])
async def test_a_truncated_client_secret_does_not_open(rig: Rig, keep: int) -> None:
    account = await enrol(rig, app=application(*CANARIES))
    text = await rig.ciphertext(account.account_id, Secret.CLIENT_SECRETS)
    await rig.put_ciphertext(account.account_id, Secret.CLIENT_SECRETS, text[:keep])
    with pytest.raises(EncryptionError):
        await rig.accounts.get(account.account_id)


async def test_a_client_secret_moved_to_another_account_does_not_open(rig: Rig) -> None:
    ann, bob = await enrol(rig, "ann", application("a")), await enrol(rig, "bob", application("b"))
    text = await rig.ciphertext(ann.account_id, Secret.CLIENT_SECRETS)
    await rig.put_ciphertext(bob.account_id, Secret.CLIENT_SECRETS, text)
    with pytest.raises(EncryptionError):
        await rig.accounts.get(bob.account_id)
    assert await rig.accounts.get(ann.account_id) == ann


async def test_a_process_whose_first_key_is_not_the_recorded_one_stores_no_secrets(rig: Rig, world: World) -> None:
    account = await enrol(rig, app=application(*CANARIES))
    async with world.process("new", "old") as stale:
        before = await rig.contents()
        with refusal(StaleKeyError):
            await stale.accounts.save(updated(account, application=application("other")))
        with refusal(StaleKeyError):
            await enrol(stale, "bob", application("secret"))
        assert await contents_unchanged(rig, before)
        await enrol(stale, "bob")
        await stale.accounts.save(lifecycle.lock(account, act(), "leaves the secrets as they are"))


async def test_a_transition_is_decided_on_the_account_as_it_is_now(rig: Rig, elsewhere: Rig) -> None:
    account = await enrol(rig, app=application(*CANARIES))
    await elsewhere.accounts.save(updated(account, name="Other"))
    doing = act()
    change = await rig.accounts.apply("ANN", lambda current: lifecycle.lock(current, doing, "so"))
    assert change is not None
    found = await account_of(rig)
    assert (found.name, found.status, found.version) == ("Other", AccountStatus.LOCKED, account.version + 2)
    assert found.application == application(*CANARIES)
    assert [entry.action for entry in await rig.accounts.audit_trail(account.account_id)][-1] == "locked"
    assert (await rig.outbox())[-1].event_id == doing.event_id


async def test_a_transition_without_a_change_writes_nothing(rig: Rig) -> None:
    await enrol(rig)
    before = await rig.contents()
    assert await rig.accounts.apply("ann", lambda _: None) is None
    assert await contents_unchanged(rig, before)


async def test_a_transition_that_refuses_writes_nothing(rig: Rig) -> None:
    await enrol(rig)
    before, doing = await rig.contents(), act()
    with refusal(IllegalTransitionError):
        await rig.accounts.apply("ann", lambda current: lifecycle.unlock(current, doing, "so"))
    assert await contents_unchanged(rig, before)


async def test_a_transition_of_an_unknown_account_is_refused(rig: Rig) -> None:
    with refusal(NotFoundError, "ACCOUNT_UNKNOWN"):
        await rig.accounts.apply("nobody", lambda _: None)


async def test_an_account_whose_client_secret_does_not_open_can_be_locked(rig: Rig) -> None:
    account = await enrol(rig, app=application(*CANARIES))
    await rig.put_ciphertext(account.account_id, Secret.CLIENT_SECRETS, "damaged")
    doing = act()
    change = await rig.accounts.apply("ann", lambda current: lifecycle.lock(current, doing, "so"))
    assert change is not None
    assert await rig.ciphertext(account.account_id, Secret.CLIENT_SECRETS) == "damaged"


async def test_a_user_id_that_is_no_unicode_text_is_refused_and_writes_nothing(rig: Rig) -> None:
    """Python makes such text of command lines and file names that are not UTF-8."""
    before = await rig.contents()
    with refusal(ValidationError):
        await enrol(rig, "zo\udceb")
    assert await contents_unchanged(rig, before)


def test_an_act_at_a_naive_time_cannot_be_made() -> None:
    with refusal(ValidationError):
        Act(actor="operator", at=NAIVE, event_id=EventId("event"))
