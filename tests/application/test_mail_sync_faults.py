"""What goes wrong during a sync: with a step, a folder, a mailbox, a mail, or with what the mailbox says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import attrs
import pytest

from application.mail_lookup import WHOLE
from application.mail_sync import EVERYTHING
from domain.errors import (
    APIConnectionError,
    BusinessLogicError,
    ConflictError,
    IACSGraphError,
    ReauthenticationRequiredError,
    ThrottledError,
    ValidationError,
)
from domain.mail import FolderRole, MailChanges, UnreadableMail
from domain.mail_sync import FolderNews, Stored, SyncPhase
from tests.application.mail_sync_rig import SyncRig, open_memory_sync_rig
from tests.contracts.letters import NOON, SECOND, draft
from tests.contracts.mailbox_benches import MemoryMailboxBench
from tests.fakes.mailboxes import CirclingMailbox, EndlessMailbox, HookedMailbox, ToldMailbox
from tests.fakes.sync_path import TurningMailbox, TurningSyncStore

Opened = tuple[SyncRig, MemoryMailboxBench]


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """A mailbox in memory, three mails to a page."""
    async with open_memory_sync_rig() as each:
        yield each


async def test_one_folder_that_fails_does_not_stop_the_others(opened: Opened) -> None:
    rig, bench = opened
    archive = bench.folder_id(FolderRole.ARCHIVE)
    bench.deliver(draft())
    kept = bench.deliver(draft(1), archive)
    hooked = HookedMailbox(bench.mailbox, failing={rig.inbox: APIConnectionError("It fails.")})
    report = await rig.with_parts(hooked).attempt()
    assert rig.stored() == [kept]
    assert list(report.failed) == ["Inbox"]
    assert report.error is None
    assert report.complete == report.folders - 1
    assert report.complete_at is None
    assert ("sync_failed", bench.owner.user_id, "Inbox", "API_CONNECTION_ERROR") in rig.log.entries
    assert not rig.log.told("synced")


@pytest.mark.parametrize(
    "error",
    [
        ThrottledError("Wait.", retry_after=timedelta(minutes=3)),
        ReauthenticationRequiredError("Sign in."),
        APIConnectionError("It moves.", error_code="MAILBOX_MOVING"),
    ],
)
async def test_what_would_meet_every_folder_ends_the_sync_of_the_mailbox(
    opened: Opened, error: APIConnectionError
) -> None:
    rig, bench = opened
    hooked = HookedMailbox(bench.mailbox, failing={rig.inbox: error})
    report = await rig.with_parts(hooked).attempt()
    assert report.error is error
    assert report.complete == 0
    assert rig.log.entries[-1] == ("sync_failed", bench.owner.user_id, None, error.error_code)


async def test_after_three_folders_in_a_row_that_fail_for_the_moment_the_rest_is_left_for_later(
    opened: Opened,
) -> None:
    rig, bench = opened
    folders = [rig.inbox, *(bench.add_folder(f"Class {number}") for number in range(6))]
    hooked = HookedMailbox(bench.mailbox, failing=dict.fromkeys(folders, APIConnectionError("It fails.")))
    report = await rig.with_parts(hooked).attempt()
    assert report.error is not None
    assert len(report.failed) == 4, "the archive is in between"


async def test_a_wish_for_more_of_the_past_outlives_a_sync_that_is_broken_off(opened: Opened) -> None:
    rig, bench = opened
    places = (rig.inbox, bench.folder_id(FolderRole.ARCHIVE))
    mails = [bench.deliver(draft(number), place) for place in places for number in range(6)]
    await rig.run(NOON + 4 * SECOND)

    async def turn(call: str) -> None:
        if call == "changes":
            raise asyncio.CancelledError

    with suppress(asyncio.CancelledError):
        await rig.with_parts(TurningMailbox(bench.mailbox, turn)).attempt(EVERYTHING)
    await rig.run()
    assert rig.stored() == sorted(mails)


async def test_a_folder_that_another_process_syncs_is_left_to_it(opened: Opened) -> None:
    rig, bench = opened
    bench.deliver(draft())

    async def turn(call: str) -> None:
        if call == "save":
            raise ConflictError("Another.", error_code="SYNC_OVERTAKEN")

    report = await rig.with_parts(store=TurningSyncStore(rig.store, turn)).attempt()
    assert report.first_error is None
    assert report.overtaken == report.folders
    assert rig.rows == []
    assert not rig.log.told("sync_failed")


@pytest.mark.parametrize("how", ["removed", "not met", "changed", "tried again"])
async def test_where_a_mail_went_is_not_stored_once_another_sync_has_heard_more(opened: Opened, how: str) -> None:
    """It went on before that was stored, and its next folder told that to the other sync, which tells it only once."""
    rig, bench = opened
    archive, junk = bench.folder_id(FolderRole.ARCHIVE), bench.folder_id(FolderRole.JUNK)
    mail = bench.deliver(draft())
    await rig.run()
    told: list[MailChanges] = []
    match how:
        case "not met":
            bench.forget_cursors()
        case "changed":
            changed = attrs.evolve(rig.mail(mail), folder_id=archive)
            told.append(MailChanges(changed=[changed], cursor="any", complete=True))
        case "tried again":
            bench.damage(mail)
            assert (await rig.run()).unreadable == 1
            bench.memory.mend(bench.owner, mail)
            await rig.rig.clock.advance(timedelta(minutes=11))
        case _:
            pass
    went = False

    async def turn(call: str) -> None:
        nonlocal went
        if call == "read" and how == "tried again" and not went:
            bench.move(mail, archive)
        if call == "read done" and not went:
            went = True
            bench.move(mail, junk)
            changes = await bench.mailbox.changes(bench.owner, archive, None, parts=WHOLE)
            state = attrs.evolve(await rig.folder(archive), cursor=changes.cursor)
            await rig.store.save(state, FolderNews(), rig.rig.clock.now())

    if how != "tried again":
        bench.move(mail, archive)
    report = await rig.with_parts(TurningMailbox(ToldMailbox(bench.mailbox, told=told), turn)).attempt()
    assert went
    assert report.overtaken
    await rig.run()
    assert rig.stored(junk) == [mail]


async def test_a_window_that_is_broken_off_goes_on_where_it_was(opened: Opened) -> None:
    rig, bench = opened
    mails = [bench.deliver(draft(number)) for number in range(12)]
    saves = 0

    async def turn(call: str) -> None:
        nonlocal saves
        saves += call == "save done"
        if saves == 2:
            raise asyncio.CancelledError

    with suppress(asyncio.CancelledError):
        await rig.with_parts(store=TurningSyncStore(rig.store, turn)).attempt(NOON)
    assert rig.stored() == sorted(mails[6:])
    window = (await rig.folder()).window
    assert window is not None
    assert window.before == NOON + 7 * SECOND
    asked: list[str] = []

    async def note(call: str) -> None:
        asked.append(call)

    await rig.with_parts(TurningMailbox(bench.mailbox, note)).run(NOON)
    assert rig.stored() == sorted(mails)
    assert [row.mail.message_id for row in rig.rows] == mails[::-1]


async def test_a_window_that_leads_nowhere_is_given_up_and_the_round_finds_the_rest(opened: Opened) -> None:
    rig, bench = opened
    mails = [bench.deliver(draft(number)) for number in range(7)]
    endless = EndlessMailbox(bench.mailbox)
    await rig.with_parts(endless).run(NOON)
    assert rig.stored() == sorted(mails)
    assert endless.pages < 200


async def test_changes_that_lead_round_and_round_are_an_error_and_then_the_folder_begins_anew(opened: Opened) -> None:
    rig, bench = opened
    mail = bench.deliver(draft())
    circling = CirclingMailbox(bench.mailbox)
    report = await rig.with_parts(circling).attempt()
    assert report.failed["Inbox"].error_code == "CHANGES_REPEATED"
    assert (await rig.folder()).round == 2
    circling.circling = False
    await rig.with_parts(circling).run()
    assert rig.stored() == [mail]


async def test_a_mailbox_that_forgets_every_cursor_at_once_is_left_for_later(opened: Opened) -> None:
    rig, bench = opened
    for number in range(4):
        bench.deliver(draft(number))

    async def turn(call: str) -> None:
        if call == "changes":
            bench.forget_cursors()

    report = await rig.with_parts(TurningMailbox(bench.mailbox, turn)).attempt()
    assert report.failed["Inbox"].error_code == "RESYNC_REQUIRED"
    assert len([each for each in rig.log.told("resynced") if each[2] == "Inbox"]) == 3
    await rig.run()
    await rig.check()


async def test_a_removal_of_what_is_there_and_old_news_of_what_went_change_nothing(opened: Opened) -> None:
    rig, bench = opened
    archive = bench.folder_id(FolderRole.ARCHIVE)
    here, moved, deleted, unknown = (bench.deliver(draft(number)) for number in range(4))
    bench.move(unknown, bench.folder_id(FolderRole.SENT))
    await rig.run()
    await rig.announce()
    old = [rig.mail(moved), rig.mail(deleted)]
    bench.move(moved, archive)
    bench.delete(deleted)
    await rig.run()
    told = len(rig.news())
    strange = attrs.evolve(old[0], message_id=unknown, folder_id=bench.folder_id(FolderRole.SENT))
    news = MailChanges(changed=[*old, strange], removed=[here, "unknown"], cursor="any", complete=True)
    said = ToldMailbox(bench.mailbox, told=[news])
    assert (await rig.with_parts(said).run()).stored == Stored()
    assert len(rig.news()) == told
    assert unknown not in rig.stored()
    await rig.check()


async def test_a_damaged_mail_is_recorded_once_and_stored_when_it_can_be_read(opened: Opened) -> None:
    rig, bench = opened
    whole, damaged = bench.deliver(draft()), bench.deliver(draft(1))
    bench.damage(damaged)
    report = await rig.run()
    assert report.unreadable == 1
    assert rig.stored() == [whole]
    assert len(rig.log.told("unreadable")) == 1
    bench.memory.mend(bench.owner, damaged)
    assert (await rig.run()).stored == Stored(), "it is not tried again at once"
    await rig.rig.clock.advance(timedelta(minutes=11))
    report = await rig.run()
    assert report.stored == Stored(new=1)
    assert report.unreadable == 0
    assert await rig.store.unreadable(rig.account.account_id) == []
    await rig.check()


async def test_what_cannot_be_read_is_tried_ever_more_rarely(opened: Opened) -> None:
    rig, bench = opened
    bench.damage(bench.deliver(draft()))
    hooked = HookedMailbox(bench.mailbox)
    tried: list[int] = []
    for minute in range(0, 200, 5):
        hooked.reads.clear()
        await rig.with_parts(hooked).run()
        if hooked.reads:
            tried.append(minute)
        await rig.rig.clock.advance(timedelta(minutes=5))
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps == sorted(gaps)
    assert len(tried) < 8
    assert len(rig.log.told("unreadable")) == 1


async def test_a_damaged_mail_that_goes_is_forgotten(opened: Opened) -> None:
    rig, bench = opened
    damaged = bench.deliver(draft())
    bench.damage(damaged)
    await rig.run()
    bench.delete(damaged)
    assert (await rig.run()).unreadable == 0
    assert await rig.store.unreadable(rig.account.account_id) == []


async def test_a_stored_mail_that_is_damaged_later_stays_stored_when_all_is_listed_anew(opened: Opened) -> None:
    rig, bench = opened
    mails = [bench.deliver(draft(number)) for number in range(4)]
    await rig.run()
    bench.damage(mails[2])
    bench.forget_cursors()
    assert (await rig.run()).stored == Stored()
    assert rig.stored() == sorted(mails)
    assert (await rig.folder()).phase is SyncPhase.FOLLOWING


async def test_very_many_damaged_mails_do_not_hide_one_that_is_gone(opened: Opened) -> None:
    rig, bench = opened
    mails = [bench.deliver(draft(number)) for number in range(110)]
    await rig.run()
    for mail in mails[:-1]:
        bench.damage(mail)
    bench.delete(mails[-1])
    bench.forget_cursors()
    assert (await rig.run()).stored == Stored(deleted=1)
    assert rig.stored() == sorted(mails[:-1])


async def test_a_mail_that_moves_behind_a_first_sync_is_stored_by_it(opened: Opened) -> None:
    rig, bench = opened
    archive = bench.folder_id(FolderRole.ARCHIVE)
    mail = bench.deliver(draft(), archive)
    calls = 0

    async def turn(call: str) -> None:
        nonlocal calls
        calls += call == "changes"
        if call == "changes" and calls == 3:  # the inbox took two
            bench.move(mail, rig.inbox)

    await rig.with_parts(TurningMailbox(bench.mailbox, turn)).run()
    assert rig.stored(rig.inbox) == [mail]


async def test_a_page_that_was_damaged_on_its_way_is_read_mail_by_mail(opened: Opened) -> None:
    rig, bench = opened
    mail = bench.deliver(draft())
    told = UnreadableMail(message_id=mail, raw=b"{", problem="cut off")
    said = ToldMailbox(bench.mailbox, told=[MailChanges(unreadable=[told], cursor="any", complete=True)])
    report = await rig.with_parts(said).run()
    assert rig.stored() == [mail]
    assert report.unreadable == 0


async def test_what_came_without_an_id_is_found_by_comparing_ids(opened: Opened) -> None:
    rig, bench = opened
    mails = [bench.deliver(draft(number)) for number in range(2)]
    await rig.run()
    lost = bench.deliver(draft(5))
    nameless = UnreadableMail(message_id=None, raw=b"{", problem="cut off")
    said = ToldMailbox(bench.mailbox, told=[MailChanges(unreadable=[nameless], cursor="any", complete=True)])
    await rig.with_parts(said).run()
    assert rig.stored() == sorted(mails)
    assert [each.message_id for each in await rig.store.unreadable(rig.account.account_id)] == [None]
    await rig.rig.clock.advance(timedelta(minutes=11))
    await rig.run()
    assert lost in rig.stored()
    assert await rig.store.unreadable(rig.account.account_id) == []


async def test_what_went_without_an_id_is_found_by_comparing_ids(opened: Opened) -> None:
    rig, bench = opened
    kept, gone, moved = (bench.deliver(draft(number)) for number in range(3))
    await rig.run()
    bench.delete(gone)
    bench.move(moved, bench.folder_id(FolderRole.ARCHIVE))
    nameless = UnreadableMail(message_id=None, raw=b"{", problem="cut off")
    said = ToldMailbox(bench.mailbox, told=[MailChanges(unreadable=[nameless], cursor="any", complete=True)])
    await rig.with_parts(said).run()
    await rig.rig.clock.advance(timedelta(minutes=11))
    await rig.run()
    assert rig.stored(rig.inbox) == [kept]
    assert gone not in rig.stored()
    assert await rig.store.unreadable(rig.account.account_id) == []


@pytest.mark.parametrize(
    "error",
    [
        BusinessLogicError("No.", error_code="MAIL_UNREADABLE"),
        ValidationError("Never.", error_code="REQUEST_REFUSED"),
    ],
)
async def test_one_mail_that_the_mailbox_refuses_to_tell_of_blocks_nothing(
    opened: Opened, error: IACSGraphError
) -> None:
    rig, bench = opened
    first, second = bench.deliver(draft()), bench.deliver(draft(1))
    await rig.run()
    bench.delete(second)
    bench.delete(first)
    reads = 0

    async def turn(call: str) -> None:
        nonlocal reads
        reads += call == "read"
        if call == "read" and reads == 1:
            raise error

    report = await rig.with_parts(TurningMailbox(bench.mailbox, turn)).run()
    assert report.stored == Stored(deleted=1)
    assert report.unreadable == 1
    await rig.rig.clock.advance(timedelta(minutes=11))
    assert (await rig.run()).stored == Stored(deleted=1)
    await rig.check()


async def test_a_sync_that_has_no_time_left_says_so_and_the_next_goes_on(opened: Opened) -> None:
    rig, bench = opened
    mails = [bench.deliver(draft(number)) for number in range(12)]

    async def turn(call: str) -> None:
        if call == "changes done":
            await rig.rig.clock.advance(timedelta(seconds=40))

    slow = rig.with_parts(TurningMailbox(bench.mailbox, turn))
    reports = [await slow.attempt(longest=timedelta(minutes=1))]
    assert 0 < reports[0].stored.new < 12
    while not reports[-1].finished:
        reports.append(await slow.attempt(longest=timedelta(minutes=1)))
    assert rig.stored() == sorted(mails)
    assert len(reports) > 2
    await rig.check()


async def test_folders_that_need_little_come_before_those_that_were_never_complete(opened: Opened) -> None:
    rig, bench = opened
    hooked = HookedMailbox(bench.mailbox, failing={rig.inbox: APIConnectionError("It fails.")})
    await rig.with_parts(hooked).attempt()
    steps: list[str] = []
    await rig.run(heard=lambda step: steps.append(step.folder))
    assert steps.index("Archive") < steps.index("Inbox")


async def test_a_mailbox_that_was_never_synced_is_wanted_as_far_back_as_it_is_set(opened: Opened) -> None:
    rig, bench = opened
    now = rig.rig.clock.now()
    bench.deliver(draft(received_at=now - timedelta(days=31)))
    mail = bench.deliver(draft(received_at=now - timedelta(days=29)))
    reaching = attrs.evolve(rig, sync=attrs.evolve(rig.sync, reach=timedelta(days=30)))
    await reaching.run()
    assert rig.stored() == [mail]
    await rig.rig.clock.advance(timedelta(days=5))
    await reaching.run()
    assert (await rig.folder()).since == now - timedelta(days=30)


async def test_an_account_that_nobody_knows_is_in_the_report(opened: Opened) -> None:
    rig, _ = opened
    report = await rig.sync.sync("nobody")
    assert report.error is not None
    assert report.error.error_code == "ACCOUNT_UNKNOWN"
