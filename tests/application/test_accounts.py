"""Enrolling accounts and deciding whether they may be used."""

from datetime import timedelta

import attrs
import pytest

from adapters.memory.account_store import MemoryAccountStore
from application.accounts import ATTEMPTS, Accounts
from domain.account import Account, AccountId, AccountStatus
from domain.errors import ConflictError, IllegalTransitionError, NotFoundError
from tests.application.rig import APPLICATION, Rig


async def test_two_tenants_may_hold_the_same_local_part(rig: Rig) -> None:
    first = await rig.operator.enrol(email="lee@a.example", name="Lee", actor="test")
    second = await rig.operator.enrol(email="lee@b.example", name="Lee", actor="test")
    assert (first.user_id, second.user_id) == ("lee", "lee@b.example")


async def test_nothing_is_overwritten(rig: Rig) -> None:
    before = await rig.account()
    with pytest.raises(ConflictError) as caught:
        await rig.operator.enrol(email="kim@b.example", name="Other Kim", actor="test", user_id="KIM")
    assert caught.value.error_code == "USER_ID_TAKEN"
    assert await rig.account() == before


async def test_every_step_is_in_the_audit_trail_with_who_did_it(rig: Rig) -> None:
    for verb in ("lock", "unlock", "deactivate", "activate"):
        await getattr(rig.operator, verb)("kim", actor="lee", reason=f"to {verb}")
    await rig.operator.update("kim", actor="lee", name="Kim G.", application=APPLICATION)
    trail = await rig.operator.audit_trail("kim")
    assert [entry.action for entry in trail] == [
        "enrolled",
        "signed_in",
        "locked",
        "unlocked",
        "deactivated",
        "activated",
        "updated",
    ]
    assert {entry.actor for entry in trail[2:]} == {"lee"}
    assert "right" not in repr(trail)
    assert (await rig.account()).status is AccountStatus.ACTIVE


async def test_an_update_that_changes_nothing_writes_nothing(rig: Rig) -> None:
    before = rig.database.writes
    await rig.operator.update("kim", actor="test", name="kim")
    assert rig.database.writes == before


async def test_an_illegal_step_writes_nothing(rig: Rig) -> None:
    before = rig.database.writes
    with pytest.raises(IllegalTransitionError):
        await rig.operator.unlock("kim", actor="test", reason="test")
    assert rig.database.writes == before


async def test_an_unknown_account_is_an_error(rig: Rig) -> None:
    with pytest.raises(NotFoundError):
        await rig.operator.lock("nobody", actor="test", reason="test")


async def test_all_accounts_are_gone_through_page_by_page(rig: Rig) -> None:
    for number in range(7):
        await rig.operator.enrol(email=f"u{number}@a.example", name="U", actor="test")
    found = [account.user_id async for account in rig.operator.every(page=3)]
    assert found == ["kim", *(f"u{number}" for number in range(7))]


@attrs.frozen
class Busy(MemoryAccountStore):
    """Breaks the promise that what was just read is current: somebody changes every account between read and write."""

    races: list[None]

    async def get(self, account_id: AccountId) -> Account | None:
        """Return the account as it was before the change that comes at once."""
        account = await super().get(account_id)
        if account is not None and self.races:
            self.races.pop()
            self.database.accounts[account.account_id] = attrs.evolve(account, version=account.version + 1)
        return account


@pytest.mark.parametrize("times", [1, ATTEMPTS - 1])
async def test_a_change_that_lost_a_race_is_decided_again(rig: Rig, times: int) -> None:
    busy = Accounts(store=Busy(rig.database, [None] * times), log=rig.log, clock=rig.clock, identifiers=rig.identifiers)
    assert (await busy.update("kim", actor="test", name="Kim G.")).name == "Kim G."


async def test_a_change_that_loses_every_race_says_so(rig: Rig) -> None:
    busy = Accounts(
        store=Busy(rig.database, [None] * ATTEMPTS), log=rig.log, clock=rig.clock, identifiers=rig.identifiers
    )
    with pytest.raises(ConflictError):
        await busy.update("kim", actor="test", name="Kim G.")


async def test_an_account_may_be_named_after_its_file(rig: Rig) -> None:
    first = await rig.operator.enrol(email="jun@a.example", name="Jun", actor="test", stem="krsdtp")
    second = await rig.operator.enrol(email="min@a.example", name="Min", actor="test", stem="KRSDTP")
    assert (first.user_id, second.user_id) == ("krsdtp", "min@a.example")


async def test_a_renamed_account_is_found_under_its_new_id_only_also_by_who_had_read_it(rig: Rig) -> None:
    await rig.clock.advance(timedelta(milliseconds=250))
    token = await rig.service.get_valid_token("kim")
    await rig.operator.update("kim", actor="test", new_user_id="kimghw")
    await rig.clock.advance(timedelta(milliseconds=250))
    assert await rig.service.get_valid_token("kimghw") == token
    with pytest.raises(NotFoundError):
        await rig.service.get_valid_token("kim")
    assert rig.published()[-1] == "account.updated"


async def test_a_user_id_of_somebody_else_cannot_be_taken(rig: Rig) -> None:
    await rig.sign_in("lee")
    with pytest.raises(ConflictError):
        await rig.operator.update("kim", actor="test", new_user_id="LEE")
    assert (await rig.account("lee")).email == "lee@office.example"
