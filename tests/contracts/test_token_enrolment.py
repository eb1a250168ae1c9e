"""The promises of `TokenStore.replace` with an `enrolment`: account and token come to be together or not at all."""

import attrs
import pytest

from domain.account import AccountStatus
from domain.change import AccountChange
from domain.errors import ConflictError, PermissionDeniedError, StaleKeyError, ValidationError
from tests.contracts.rigs import CODEC, Rig, World
from tests.contracts.samples import NAIVE, due, enrolment, signing_in, token, unchanged
from tests.contracts.scenes import contents_unchanged, enrol, held, refusal, sign_in


async def test_an_enrolment_and_its_sign_in_are_stored_together(rig: Rig, elsewhere: Rig) -> None:
    enrolled = enrolment("ann")
    account_id = enrolled.after.account_id
    change = await rig.tokens.replace(account_id, token(), due(), signing_in(), enrolled)
    assert change is not None
    assert change.before == enrolled.after
    found = await held(elsewhere)
    assert (found.account_id, found.status, found.access) == (account_id, AccountStatus.ACTIVE, token().access)
    assert await elsewhere.accounts.get(account_id) == change.after
    assert await elsewhere.accounts.audit_trail(account_id) == [enrolled.audit, change.audit]
    assert await elsewhere.outbox() == [CODEC.encode(enrolled.event), CODEC.encode(change.event)]


async def test_an_enrolment_of_an_account_that_exists_is_refused_and_writes_nothing(rig: Rig) -> None:
    enrolled = enrolment("ann")
    await rig.accounts.save(enrolled)
    before = await rig.contents()
    with refusal(ConflictError, "VERSION_CONFLICT"):
        await rig.tokens.replace(enrolled.after.account_id, token(), due(), signing_in(), enrolled)
    assert await contents_unchanged(rig, before)


async def test_an_enrolment_under_a_taken_user_id_is_refused_and_writes_nothing(rig: Rig) -> None:
    await enrol(rig, "ann")
    enrolled = enrolment("ANN")
    before = await rig.contents()
    with refusal(ConflictError, "USER_ID_TAKEN"):
        await rig.tokens.replace(enrolled.after.account_id, token(), due(), signing_in(), enrolled)
    assert await contents_unchanged(rig, before)


async def test_a_transition_that_refuses_leaves_nobody_enrolled(rig: Rig) -> None:
    enrolled = enrolment("ann")
    before = await rig.contents()

    def refusing(_: object) -> AccountChange | None:
        raise PermissionDeniedError("no")

    with refusal(PermissionDeniedError):
        await rig.tokens.replace(enrolled.after.account_id, token(), due(), refusing, enrolled)
    assert await contents_unchanged(rig, before)


async def test_a_transition_that_does_not_fit_leaves_nobody_enrolled(rig: Rig) -> None:
    """A change of an older version than the enrolled account's."""
    enrolled = enrolment("ann")
    late = attrs.evolve(enrolled, before=None)
    before = await rig.contents()
    with refusal(ConflictError, "VERSION_CONFLICT"):
        await rig.tokens.replace(enrolled.after.account_id, token(), due(), lambda _: late, enrolled)
    assert await contents_unchanged(rig, before)


async def test_a_naive_due_time_leaves_nobody_enrolled(rig: Rig) -> None:
    enrolled = enrolment("ann")
    before = await rig.contents()
    with pytest.raises(ValidationError):
        await rig.tokens.replace(enrolled.after.account_id, token(), NAIVE, signing_in(), enrolled)
    assert await contents_unchanged(rig, before)


async def test_a_stale_key_leaves_nobody_enrolled(rig: Rig, world: World) -> None:
    await sign_in(rig, "bob")
    enrolled = enrolment("ann")
    async with world.process("new") as stale:
        before = await rig.contents()
        with refusal(StaleKeyError):
            await stale.tokens.replace(enrolled.after.account_id, token(), due(), unchanged, enrolled)
        assert await contents_unchanged(rig, before)
