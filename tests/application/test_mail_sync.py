"""A mailbox is copied into the store, folder by folder, and followed from then on."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from application.mail_sync import EVERYTHING
from domain.mail import FolderRole
from domain.mail_sync import Stored, SyncPhase
from tests.application.mail_sync_rig import SyncRig, open_sync_rig
from tests.contracts.letters import NOON, SECOND, draft
from tests.contracts.mailbox_benches import CHANGING_BENCHES


@pytest.fixture(params=list(CHANGING_BENCHES))
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[SyncRig]:
    """One mailbox of each kind."""
    async with open_sync_rig(request.param) as opened:
        yield opened


async def test_all_of_a_mailbox_is_stored_whole_and_then_nothing_comes_twice(rig: SyncRig) -> None:
    archive = rig.bench.folder_id(FolderRole.ARCHIVE)
    letters = [rig.bench.deliver(draft(number, body="hull")) for number in range(10)]
    kept = rig.bench.deliver(draft(20), archive)
    report = await rig.run()
    assert report.stored == Stored(new=11)
    assert (report.folders, report.complete, report.finished) == (report.folders, report.folders, True)
    assert rig.stored(rig.inbox) == sorted(letters)
    assert rig.stored(archive) == [kept]
    body = rig.mail(letters[0]).body
    assert body is not None
    assert body.content.strip() == "hull"
    assert rig.mail(letters[0]).headers is not None
    assert rig.mail(letters[0]).attachments is not None
    assert (await rig.run()).stored == Stored()
    await rig.check()


async def test_what_the_owner_wrote_and_what_nobody_wants_is_left_out(rig: SyncRig) -> None:
    roles = (FolderRole.DRAFTS, FolderRole.OUTBOX, FolderRole.SENT, FolderRole.JUNK, FolderRole.DELETED)
    for role in roles:
        rig.bench.deliver(draft(), rig.bench.folder_id(role))
    inside = rig.bench.add_folder("Old", rig.bench.folder_id(FolderRole.DELETED))
    rig.bench.deliver(draft(), inside)
    assert (await rig.run()).stored == Stored()
    assert rig.rows == []


async def test_later_changes_arrivals_moves_and_deletions_are_followed_and_told_once(rig: SyncRig) -> None:
    archive = rig.bench.folder_id(FolderRole.ARCHIVE)
    read, moved, deleted, binned, silent = (rig.bench.deliver(draft(number)) for number in range(5))
    await rig.run()
    await rig.announce()
    late = rig.bench.deliver(draft(7))
    rig.bench.mark(read, is_read=True)
    rig.bench.move(moved, archive)
    rig.bench.delete(deleted)
    rig.bench.move(binned, rig.bench.folder_id(FolderRole.DELETED))
    assert (await rig.run()).stored == Stored(new=1, changed=1, moved=2, deleted=1)
    assert sorted(rig.news()) == ["mail.deleted", "mail.moved", "mail.moved"]
    assert rig.mail(read).is_read
    assert rig.stored(rig.inbox) == sorted([read, silent, late])
    await rig.run()
    assert len(rig.news()) == 3
    await rig.check()


async def test_a_mail_that_comes_back_from_a_folder_that_is_not_synced_is_told_as_moved(rig: SyncRig) -> None:
    mail = rig.bench.deliver(draft())
    await rig.run()
    await rig.announce()
    rig.bench.move(mail, rig.bench.folder_id(FolderRole.DELETED))
    await rig.run()
    rig.bench.move(mail, rig.inbox)
    assert (await rig.run()).stored.moved == 1
    assert rig.news() == ["mail.moved", "mail.moved"]
    await rig.check()


async def test_forgotten_cursors_list_anew_without_telling_known_mail_and_without_missing_any(rig: SyncRig) -> None:
    mails = [rig.bench.deliver(draft(number)) for number in range(8)]
    await rig.run()
    await rig.announce()
    rig.bench.delete(mails[1])
    rig.bench.move(mails[2], rig.bench.folder_id(FolderRole.ARCHIVE))
    late = rig.bench.deliver(draft(9))
    rig.bench.forget_cursors()
    report = await rig.run()
    assert report.stored == Stored(new=1, moved=1, deleted=1)
    assert sorted(rig.news()) == ["mail.deleted", "mail.moved"]
    assert late in rig.stored(rig.inbox)
    assert ("resynced", rig.bench.owner.user_id, (await rig.folder()).path) in rig.log.entries
    await rig.check()


async def test_a_bounded_sync_stores_its_window_newest_first_and_follows_what_comes_later(rig: SyncRig) -> None:
    mails = [rig.bench.deliver(draft(number)) for number in range(12)]
    await rig.run(NOON + 5 * SECOND)
    assert rig.stored() == sorted(mails[5:])
    order = [row.mail.message_id for row in rig.rows]
    assert order == mails[:4:-1]
    rig.bench.mark(mails[1], is_read=True)
    rig.bench.mark(mails[6], is_read=True)
    late = rig.bench.deliver(draft(20))
    assert (await rig.run()).stored == Stored(new=1, changed=1)
    assert rig.stored() == sorted([*mails[5:], late])
    assert rig.mail(mails[6]).is_read


async def test_mails_of_one_second_are_all_stored_however_the_pages_of_the_window_fall(rig: SyncRig) -> None:
    mails = [rig.bench.deliver(draft(number // 7)) for number in range(21)]
    await rig.run(NOON)
    assert rig.stored() == sorted(mails)


async def test_more_of_the_past_can_be_wanted_later_and_then_all_of_it(rig: SyncRig) -> None:
    mails = [rig.bench.deliver(draft(number)) for number in range(12)]
    await rig.run(NOON + 9 * SECOND)
    assert (await rig.run(NOON + 4 * SECOND)).stored == Stored(new=5)
    assert rig.stored() == sorted(mails[4:])
    assert (await rig.run(NOON + 6 * SECOND)).stored == Stored()
    assert (await rig.run(EVERYTHING)).stored == Stored(new=4)
    assert rig.stored() == sorted(mails)
    await rig.check()


async def test_a_folder_that_is_new_in_a_bounded_mailbox_reaches_as_far_back(rig: SyncRig) -> None:
    await rig.run(NOON)
    folder = rig.bench.add_folder("Class")
    rig.bench.deliver(draft(-5), folder)
    wanted = rig.bench.deliver(draft(5), folder)
    await rig.run()
    assert rig.stored() == [wanted]
    assert (await rig.folder(folder)).since == NOON


async def test_the_time_up_to_which_a_mailbox_is_complete_is_told(rig: SyncRig) -> None:
    report = await rig.run()
    assert report.complete_at == rig.rig.clock.now()
    assert rig.log.entries[-1] == ("synced", rig.bench.owner.user_id, rig.rig.clock.now())
    await rig.rig.clock.advance(timedelta(minutes=1))
    assert (await rig.run()).complete_at == rig.rig.clock.now()
    assert (await rig.folder()).phase is SyncPhase.FOLLOWING
