"""Folders that come, go, are wanted or not, or always fail."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import attrs
import pytest

from application.synced_folders import EXCLUDED
from domain.errors import APIConnectionError, NotFoundError
from domain.mail import FolderRole, MailChanges, UnreadableMail
from domain.mail_sync import Stored, SyncPhase
from tests.application.mail_sync_rig import SyncRig, open_memory_sync_rig
from tests.contracts.letters import NOON, SECOND, draft
from tests.contracts.mailbox_benches import MemoryMailboxBench
from tests.fakes.mailboxes import HookedMailbox, ToldMailbox
from tests.fakes.sync_path import TurningMailbox

Opened = tuple[SyncRig, MemoryMailboxBench]


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """A mailbox in memory, three mails to a page."""
    async with open_memory_sync_rig() as each:
        yield each


async def test_folders_that_always_fail_do_not_keep_the_others_from_their_turn(opened: Opened) -> None:
    """They are the stalest of all."""
    rig, bench = opened
    hooked = HookedMailbox(bench.mailbox)
    for number in range(3):
        hooked.failing[bench.add_folder(f"Class {number}")] = APIConnectionError("It fails.")
    for number in range(3, 6):
        bench.add_folder(f"Class {number}")
    await rig.run()
    for number in range(5):
        await rig.rig.clock.advance(timedelta(minutes=1))
        mail = bench.deliver(draft(number))
        report = await rig.with_parts(hooked).attempt()
        assert sorted(report.failed) == ["Class 0", "Class 1", "Class 2"]
        assert mail in rig.stored()


async def test_a_folder_that_is_gone_has_its_mails_looked_for_and_ends(opened: Opened) -> None:
    rig, bench = opened
    folder = bench.add_folder("Class")
    gone, moved = bench.deliver(draft(), folder), bench.deliver(draft(1), folder)
    await rig.run()
    await rig.announce()
    bench.move(moved, rig.inbox)
    bench.memory.remove_folder(bench.owner, folder)
    assert (await rig.run()).stored == Stored(moved=1, deleted=1)
    assert (await rig.folder(folder)).phase is SyncPhase.ENDED
    assert rig.stored() == [moved]
    assert sorted(rig.news()) == ["mail.deleted", "mail.moved"]
    assert gone not in rig.stored()
    assert (await rig.run()).stored == Stored()


async def test_a_folder_that_goes_while_it_is_synced_ends_in_the_same_sync(opened: Opened) -> None:
    rig, bench = opened
    folder = bench.add_folder("Class")
    for number in range(6):
        bench.deliver(draft(number), folder)

    async def turn(call: str) -> None:
        if call == "changes" and rig.stored(folder):
            with suppress(NotFoundError):
                bench.memory.remove_folder(bench.owner, folder)

    report = await rig.with_parts(TurningMailbox(bench.mailbox, turn)).run()
    assert report.stored == Stored(new=3, deleted=3)
    assert rig.stored() == []
    assert (await rig.folder(folder)).phase is SyncPhase.ENDED


async def test_a_folder_that_is_excluded_later_is_followed_no_more_and_begins_anew_when_it_is_wanted_again(
    opened: Opened,
) -> None:
    rig, bench = opened
    archive = bench.folder_id(FolderRole.ARCHIVE)
    first = bench.deliver(draft(), archive)
    await rig.run(NOON)
    without = attrs.evolve(rig, sync=attrs.evolve(rig.sync, excluded=("Archive",)))
    await without.run()
    assert (await rig.folder(archive)).phase is SyncPhase.ENDED
    second = bench.deliver(draft(1), archive)
    bench.delete(first)
    await without.run()
    assert rig.stored() == [first]
    assert (await rig.run()).stored == Stored(new=1, deleted=1)
    assert rig.stored() == [second]


async def test_a_folder_that_is_wanted_again_reaches_as_far_back_as_the_others_do_by_then(opened: Opened) -> None:
    rig, bench = opened
    archive = bench.folder_id(FolderRole.ARCHIVE)
    mails = [bench.deliver(draft(number), archive) for number in range(6)]
    await rig.run(NOON + 4 * SECOND)
    without = attrs.evolve(rig, sync=attrs.evolve(rig.sync, excluded=("Archive",)))
    await without.run(NOON + 2 * SECOND)
    await rig.run()
    assert rig.stored() == sorted(mails[2:])


async def test_what_cannot_be_read_in_a_folder_that_is_followed_no_more_is_forgotten(opened: Opened) -> None:
    rig, bench = opened
    archive, folder = bench.folder_id(FolderRole.ARCHIVE), bench.add_folder("Class")
    for place in (archive, folder):
        bench.damage(bench.deliver(draft(), place))
    assert (await rig.run()).unreadable == 2
    nameless = UnreadableMail(message_id=None, raw=b"{", problem="cut off")
    said = [MailChanges(unreadable=[nameless], cursor="any", complete=True)] * 2
    without_inbox = attrs.evolve(rig.sync, excluded=(*EXCLUDED, "Inbox"), mailbox=ToldMailbox(bench.mailbox, told=said))
    await attrs.evolve(rig, sync=without_inbox).run()
    assert len(await rig.store.unreadable(rig.account.account_id)) == 4
    bench.memory.remove_folder(bench.owner, folder)
    without_archive = attrs.evolve(rig.sync, excluded=(*EXCLUDED, "Archive"))
    assert (await attrs.evolve(rig, sync=without_archive).run()).unreadable == 0
    assert await rig.store.unreadable(rig.account.account_id) == []
