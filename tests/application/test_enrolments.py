"""Bringing accounts to what is wanted: who is meant, what is changed, and nothing twice."""

from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.account_store import MemoryAccountStore
from adapters.memory.authentication_log import MemoryAuthenticationLog
from adapters.memory.cipher import MemoryCipher
from adapters.memory.clock import MemoryClock
from adapters.memory.database import MemoryDatabase
from adapters.memory.identifiers import MemoryIdentifiers
from application.accounts import Accounts
from application.enrolments import Enrolled, Enrolment, Enrolments, Outcome, Roster
from domain.account import AccountStatus, user_key
from domain.errors import ConflictError
from tests.application.rig import APPLICATION


def wanted(user_id: str | None, email: str, name: str = "Kim", source: str = "") -> Enrolment:
    """Return what a file would say; its name is that of the user id or the address."""
    return Enrolment(
        source=source or f"{user_id or email}.yaml", email=email, name=name, user_id=user_id, application=APPLICATION
    )


@attrs.frozen
class House:
    """Accounts in memory, and enrolment into them."""

    database: MemoryDatabase = attrs.field(
        factory=lambda: MemoryDatabase(cipher=MemoryCipher(), codec=CloudEventCodec())
    )

    identifiers: MemoryIdentifiers = attrs.field(factory=MemoryIdentifiers)

    @property
    def accounts(self) -> Accounts:
        return Accounts(
            store=MemoryAccountStore(self.database),
            log=MemoryAuthenticationLog(),
            clock=MemoryClock(),
            identifiers=self.identifiers,
        )

    async def run(self, *enrolments: Enrolment) -> list[Enrolled | str]:
        """Enrol one after the other in one run; a refusal is its code."""
        return (await self.roster(*enrolments))[0]

    async def roster(self, *enrolments: Enrolment) -> tuple[list[Enrolled | str], Roster]:
        """Return the roster after the run, too."""
        roster, done = await Roster.read(self.accounts), list[Enrolled | str]()
        for each in enrolments:
            try:
                done.append(await Enrolments(accounts=self.accounts).apply(roster, each, "test"))
            except ConflictError as error:
                done.append(error.error_code)
        return done, roster


def user_ids(done: Sequence[Enrolled | str]) -> list[str]:
    """Return the user ids, or the codes of refusals."""
    return [each if isinstance(each, str) else each.user_id for each in done]


@pytest.fixture
def house() -> House:
    return House()


async def test_enrolling_the_same_again_writes_nothing(house: House) -> None:
    files = [wanted("kim", "kim@a.example"), wanted(None, "lee@a.example"), wanted(None, "lee@b.example")]
    assert user_ids(await house.run(*files)) == ["kim", "lee", "lee@b.example"]
    before = house.database.writes, len(house.database.outbox), len(house.database.audit)
    again = await house.run(*files)
    assert [each.outcome for each in again if isinstance(each, Enrolled)] == [Outcome.UNCHANGED] * 3
    assert (house.database.writes, len(house.database.outbox), len(house.database.audit)) == before


async def test_a_change_updates_exactly_what_changed_and_tells_of_secrets_masked(house: House) -> None:
    await house.run(wanted("kim", "kim@a.example"))
    changed = attrs.evolve(APPLICATION, client_secrets=("canary",), scopes=("Mail.Read",))
    (done,) = await house.run(attrs.evolve(wanted("KIM", "kim@a.example", "Kim G."), application=changed))
    assert isinstance(done, Enrolled)
    assert (done.user_id, done.fields) == ("kim", ("name", "application.scopes", "application.client_secrets"))
    entry = (await house.accounts.audit_trail("kim"))[-1]
    assert [item.field for item in entry.fields] == [*done.fields]
    assert "canary" not in repr(entry)
    account = await house.accounts.find("kim")
    assert account.version == 2


async def test_an_address_that_changed_is_updated_where_the_user_id_is_named(house: House) -> None:
    await house.run(wanted("kim", "kim@old.example"))
    (done,) = await house.run(wanted("kim", "kim@new.example"))
    assert isinstance(done, Enrolled)
    assert done.fields == ("email",)


async def test_a_renamed_file_makes_no_second_account_and_says_what_to_do(house: House) -> None:
    await house.run(wanted("kim", "kim@a.example"))
    roster = await Roster.read(house.accounts)
    with pytest.raises(ConflictError, match="account rename kim kimghw") as caught:
        roster.meant(wanted("kimghw", "KIM@a.example"))
    assert caught.value.error_code == "ADDRESS_TAKEN"
    assert await house.run(wanted("kimghw", "kim@a.example")) == ["ADDRESS_TAKEN"]
    assert len(house.database.accounts) == 1


async def test_an_account_cannot_take_the_address_of_another(house: House) -> None:
    await house.run(wanted("kim", "kim@a.example"), wanted("lee", "lee@a.example"))
    assert await house.run(wanted("kim", "lee@a.example")) == ["ADDRESS_TAKEN"]


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        (wanted("kim", "kim@a.example"), wanted("KIM", "kim@b.example", source="second"), "user_id"),
        (wanted("kim", "kim@a.example"), wanted("lee", "Kim@A.example", source="second"), "email"),
        (wanted("kim", "kim@a.example"), wanted(None, "kim@a.example", source="second"), "email"),
        (wanted(None, "kim@a.example", source="kim.yaml"), wanted("kim", "x@a.example", source="second"), "user_id"),
    ],
)
async def test_who_is_named_a_second_time_is_refused_with_who_named_them_first(
    house: House, first: Enrolment, second: Enrolment, field: str
) -> None:
    roster = await Roster.read(house.accounts)
    await Enrolments(accounts=house.accounts).apply(roster, first, "test")
    with pytest.raises(ConflictError, match=r"kim\.yaml") as caught:
        await Enrolments(accounts=house.accounts).apply(roster, second, "test")
    assert (caught.value.error_code, caught.value.details["field"]) == ("NAMED_TWICE", field)


async def test_an_inactive_account_is_brought_up_to_date_and_stays_inactive(house: House) -> None:
    await house.run(wanted("kim", "kim@a.example"))
    await house.accounts.deactivate("kim", actor="test", reason="test")
    (done,) = await house.run(wanted("kim", "kim@a.example", "Kim G."))
    assert isinstance(done, Enrolled)
    assert (done.fields, done.status) == (("name",), AccountStatus.INACTIVE)


async def test_a_plan_is_what_would_be_done_and_writes_nothing(house: House) -> None:
    await house.run(wanted("kim", "kim@a.example"), wanted("lee", "lee@a.example"))
    files = [wanted("kim", "kim@a.example", "New"), wanted("lee", "lee@a.example"), wanted(None, "park@a.example")]
    files += [wanted(None, "park@b.example"), wanted("choi", "choi@a.example")]
    before = house.database.writes
    roster = await Roster.read(house.accounts)
    planned = [await Enrolments(accounts=house.accounts).plan(roster, each) for each in files]
    assert house.database.writes == before
    done = [attrs.evolve(each, status=None) for each in await house.run(*files) if isinstance(each, Enrolled)]
    assert [attrs.evolve(each, status=None) for each in planned] == done


async def test_whom_nobody_names_is_known_afterwards_but_those_not_in_use(house: House) -> None:
    files = [wanted(name, f"{name}@a.example") for name in ("kim", "lee", "park", "choi")]
    await house.run(*files)
    await house.accounts.deactivate("park", actor="test", reason="test")
    _, roster = await house.roster(files[0])
    assert [account.user_id for account in roster.not_named(())] == ["choi", "lee"]
    assert [account.user_id for account in roster.not_named({"choi"})] == ["lee"]
    retired = await Enrolments(accounts=house.accounts).retire(await house.accounts.find("lee"), "test")
    assert (retired.status, retired.status_reason) == (AccountStatus.INACTIVE, "no enrolment file names it")


names = st.sampled_from(["kim", "KIM", "lee", "park", None])
addresses = st.sampled_from(["kim@a.example", "Kim@A.example", "kim@b.example", "lee@a.example", "park@a.example"])
batches = st.lists(st.builds(wanted, names, addresses, st.sampled_from(["A", "B"])), max_size=6)


@given(first=batches, second=batches)
async def test_whatever_is_enrolled_the_same_run_again_changes_nothing_and_no_address_is_enrolled_twice(
    first: list[Enrolment], second: list[Enrolment]
) -> None:
    house = House()
    await house.run(*first)
    once = await house.run(*second)
    writes = house.database.writes
    again = await house.run(*second)
    if "ADDRESS_TAKEN" not in once:  # an address that was given up later in the run is free in the next one
        assert house.database.writes == writes
        assert user_ids(again) == user_ids(once)
    held = [user_key(account.email) for account in house.database.accounts.values()]
    assert len(held) == len(set(held))
