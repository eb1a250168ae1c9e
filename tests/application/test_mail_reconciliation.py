"""What is stored is compared with the mailbox, and what is only under way is no false alarm."""

from collections.abc import AsyncIterator, Sequence

import attrs
import pytest

from application.mail_reconciliation import FolderComparison, MailReconciliation, Reconciliation
from domain.errors import APIConnectionError, ConflictError, NotFoundError
from domain.mail import FolderRole
from domain.mail_sync import Departure, FolderNews, Stored
from tests.application.mail_sync_rig import SyncRig, open_memory_sync_rig, open_sync_rig
from tests.contracts.letters import NOON, SECOND, draft
from tests.contracts.mailbox_benches import CHANGING_BENCHES
from tests.fakes.mailboxes import CirclingMailbox, HidingMailbox, PartlyReadMailbox
from tests.fakes.sync_path import TurningMailbox, TurningSyncStore


@pytest.fixture(params=list(CHANGING_BENCHES))
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[SyncRig]:
    """One mailbox of each kind."""
    async with open_sync_rig(request.param) as opened:
        yield opened


async def compare(rig: SyncRig, *, repair: bool = False) -> Reconciliation:
    """Compare."""
    return await MailReconciliation(sync=rig.sync).compare(rig.bench.owner.user_id, repair=repair)


def inbox_of(found: Reconciliation) -> FolderComparison:
    """Return what was found of the inbox."""
    return next(folder for folder in found.folders if folder.path in {"Inbox", "받은 편지함"})


def forget(rig: SyncRig, message_ids: Sequence[str]) -> None:
    """Let the store lose mails, as nothing of ours does."""
    mails = rig.rig.database.mail.mails
    for mail_id in [each for each, row in mails.items() if row.mail.message_id in message_ids]:
        del mails[mail_id]


async def test_a_mailbox_of_which_everything_is_stored_is_complete_up_to_its_last_sync(rig: SyncRig) -> None:
    for number in range(7):
        rig.bench.deliver(draft(number))
    report = await rig.run()
    found = await compare(rig)
    assert found.is_right
    assert found.complete_at == report.complete_at
    assert inbox_of(found).mails == 7


async def test_a_mailbox_that_was_never_synced_is_not_complete(rig: SyncRig) -> None:
    rig.bench.deliver(draft())
    found = await compare(rig)
    assert not found.is_right
    assert found.complete_at is None
    assert not inbox_of(found).is_followed
    assert inbox_of(found).mails == 1


async def test_what_came_changed_and_went_since_the_last_sync_is_not_missing_but_pending(rig: SyncRig) -> None:
    moved, deleted, back = (rig.bench.deliver(draft(number)) for number in range(3))
    rig.bench.move(back, rig.bench.folder_id(FolderRole.DELETED))
    await rig.run()
    rig.bench.deliver(draft(9))
    rig.bench.move(moved, rig.bench.folder_id(FolderRole.ARCHIVE))
    rig.bench.move(back, rig.inbox)
    rig.bench.delete(deleted)
    found = await compare(rig)
    assert found.is_right
    assert found.complete_at is not None
    assert inbox_of(found).pending == 4


async def test_what_is_missing_and_what_is_not_there_any_more_is_named(rig: SyncRig) -> None:
    mails = [rig.bench.deliver(draft(number)) for number in range(7)]
    await rig.run()
    forget(rig, mails[2:4])
    rig.bench.delete(mails[5])
    state = await rig.folder()
    changes = await rig.bench.mailbox.changes(rig.bench.owner, rig.inbox, state.cursor, parts=frozenset())
    skipping = attrs.evolve(state, cursor=changes.cursor)
    while not changes.complete:
        changes = await rig.bench.mailbox.changes(rig.bench.owner, rig.inbox, changes.cursor, parts=frozenset())
        skipping = attrs.evolve(state, cursor=changes.cursor)
    await rig.store.save(skipping, FolderNews(), rig.rig.clock.now())
    found = await compare(rig)
    assert not found.is_right
    assert found.complete_at is None
    assert sorted(inbox_of(found).missing) == sorted(mails[2:4])
    assert list(inbox_of(found).superfluous) == [mails[5]]
    repaired = inbox_of(await compare(rig, repair=True))
    assert repaired.repaired == Stored(new=2, deleted=1)
    assert (await compare(rig)).is_right
    await rig.check()


async def test_what_is_older_than_what_is_wanted_is_not_missing(rig: SyncRig) -> None:
    mails = [rig.bench.deliver(draft(number)) for number in range(7)]
    await rig.run(NOON + 3 * SECOND)
    found = await compare(rig)
    assert found.is_right
    assert inbox_of(found).mails == 4
    forget(rig, mails[4:5])
    assert list(inbox_of(await compare(rig)).missing) == mails[4:5]


async def test_mail_that_comes_goes_and_is_synced_during_the_comparison_is_no_false_alarm() -> None:
    async with open_memory_sync_rig() as (rig, bench):
        mails = [bench.deliver(draft(number)) for number in range(9)]
        await rig.run()
        pages = 0

        async def turn(call: str) -> None:
            nonlocal pages
            pages += call == "query"
            if call == "query" and pages == 2:
                bench.deliver(draft(20))
                bench.delete(mails[8])
                bench.move(mails[7], bench.folder_id(FolderRole.ARCHIVE))
                await rig.run()

        found = await compare(rig.with_parts(TurningMailbox(bench.mailbox, turn)))
        assert found.is_right
        assert pages > 2


async def test_a_stored_mail_that_cannot_be_read_any_more_is_no_difference() -> None:
    async with open_memory_sync_rig() as (rig, bench):
        mail = bench.deliver(draft())
        await rig.run()
        bench.damage(mail)
        assert (await compare(rig)).is_right
        await rig.run()
        assert (await compare(rig)).is_right


async def test_a_mail_that_cannot_be_read_and_is_not_stored_is_told() -> None:
    async with open_memory_sync_rig() as (rig, bench):
        mail = bench.deliver(draft())
        bench.damage(mail)
        assert (await rig.run()).unreadable == 1
        found = await compare(rig)
        assert inbox_of(found).unreadable == 1
        assert not found.is_right
        assert found.complete_at is None
        bench.memory.mend(bench.owner, mail)
        assert (await compare(rig, repair=True)).is_right
        assert rig.stored() == [mail]


@pytest.mark.parametrize(("is_stored", "unreadable"), [(True, 0), (False, 1)])
async def test_what_comes_without_an_id_is_told_unless_it_is_one_that_is_stored(
    is_stored: bool,  # noqa: FBT001 - a parameter
    unreadable: int,
) -> None:
    async with open_memory_sync_rig() as (rig, bench):
        mails = [bench.deliver(draft(number)) for number in range(4)]
        await rig.run()
        if not is_stored:
            forget(rig, mails[1:2])
        hiding = HidingMailbox(bench.mailbox, hidden=mails[1])
        found = await compare(rig.with_parts(hiding))
        assert inbox_of(found).unreadable == unreadable
        assert found.is_right == is_stored


async def test_where_the_mailbox_forgot_the_sync_a_difference_is_not_taken_for_news() -> None:
    """Nobody knows whether the mail came since, or was lost before."""
    async with open_memory_sync_rig() as (rig, bench):
        await rig.run()
        bench.forget_cursors()
        assert (await compare(rig)).is_right
        bench.deliver(draft())
        found = await compare(rig)
        assert not inbox_of(found).is_followed
        assert not found.is_right
        assert found.complete_at is None


async def test_what_a_repair_could_not_store_is_still_missing() -> None:
    async with open_memory_sync_rig() as (rig, bench):
        mails = [bench.deliver(draft(number)) for number in range(3)]
        await rig.run()
        forget(rig, mails[:2])
        partly = rig.with_parts(PartlyReadMailbox(bench.mailbox, slim_only=mails[0]))
        found = await compare(partly, repair=True)
        assert inbox_of(found).repaired == Stored(new=1)
        assert list(inbox_of(found).missing) == mails[:1]
        assert found.complete_at is None
        assert [each.message_id for each in await rig.store.unreadable(rig.account.account_id)] == mails[:1]


async def test_changes_that_lead_round_and_round_end_a_comparison() -> None:
    async with open_memory_sync_rig() as (rig, bench):
        mail = bench.deliver(draft())
        await rig.run()
        forget(rig, [mail])
        with pytest.raises(APIConnectionError) as caught:
            await compare(rig.with_parts(CirclingMailbox(bench.mailbox, numbers=iter(range(10)))))
        assert caught.value.error_code == "CHANGES_REPEATED"


async def test_a_repair_goes_on_behind_a_sync_that_was_faster() -> None:
    async with open_memory_sync_rig() as (rig, bench):
        mail = bench.deliver(draft())
        await rig.run()
        forget(rig, [mail])
        times = 0

        async def turn(call: str) -> None:
            nonlocal times
            times += call == "save"
            if call == "save" and times == 1:
                raise ConflictError("Another.", error_code="SYNC_OVERTAKEN")

        unlucky = rig.with_parts(store=TurningSyncStore(rig.store, turn))
        assert inbox_of(await compare(unlucky, repair=True)).repaired == Stored(new=1)
        assert rig.stored() == [mail]


async def test_a_departure_that_the_store_has_wrongly_is_missing_from_its_folder() -> None:
    async with open_memory_sync_rig() as (rig, bench):
        mail = bench.deliver(draft())
        await rig.run()
        wrong = FolderNews(departures=[Departure(message_id=mail, folder_id=None)])
        await rig.store.save(await rig.folder(), wrong, rig.rig.clock.now())
        assert list(inbox_of(await compare(rig)).missing) == [mail]
        await compare(rig, repair=True)
        assert rig.stored() == [mail]


async def test_an_account_that_nobody_knows_cannot_be_compared() -> None:
    async with open_memory_sync_rig() as (rig, _):
        with pytest.raises(NotFoundError):
            await MailReconciliation(sync=rig.sync).compare("nobody")
