"""The promises of `MailArchive`."""

import attrs
import pytest

from domain.correspondence.vocabulary import DropReason
from domain.mail import UnreadableMail
from domain.mail_results import DroppedMail, MailboxCounts
from domain.mail_sync import FolderNews, MailId, SyncPhase, Window
from tests.contracts.mail_samples import (
    KIM,
    Copying,
    claim,
    copying,
    deleted,
    drop_all,
    dropped,
    finish_all,
    mail,
    mails,
    moved,
)
from tests.contracts.rigs import Rig
from tests.contracts.samples import MINUTE, NOW, renamed


async def dropped_at_noon(copy: Copying, *message_ids: str) -> None:
    """Store and drop mails, all at the same moment."""
    await copy.tell(*mails(*message_ids))
    await drop_all(copy.rig)


async def seen(rig: Rig, copy: Copying | None = None, after: MailId | None = None, limit: int = 500) -> list[MailId]:
    """Return the ids of dropped mails."""
    account_id = None if copy is None else copy.account_id
    return [each.mail_id for each in await rig.archive.dropped(account_id, after=after, limit=limit)]


async def test_an_account_of_which_nothing_was_synced_is_not_counted(rig: Rig) -> None:
    await copying(rig)
    assert list(await rig.archive.counts()) == []


async def test_an_account_without_mail_is_counted(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell()
    (found,) = await rig.archive.counts()
    assert attrs.asdict(found) == {
        "account_id": copy.account_id,
        "user_id": "ann",
        "folders": 1,
        "complete_at": None,
        **dict.fromkeys(("new", "announced", "dropped", "deleted", "unreadable"), 0),
    }


async def test_mails_are_counted_by_state_and_the_deleted_ones_once_more(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("a1", "a2", "a3"))
    await finish_all(rig)
    await copy.tell(*mails("d1", "d2"))
    await drop_all(rig)
    unreadable = [UnreadableMail(message_id=each, raw=b"", problem="p") for each in ("u1", None)]
    await copy.save(copy.sync("archive"), FolderNews(mails=[mail("n1", "archive")], unreadable=unreadable))
    await copy.tell(deleted("a1"), deleted("d1"), moved("a2", "elsewhere"))
    (found,) = await rig.archive.counts()
    assert found == MailboxCounts(
        account_id=copy.account_id,
        user_id="ann",
        folders=2,
        new=1,
        announced=3,
        dropped=2,
        deleted=2,
        unreadable=2,
        complete_at=None,
    )


async def test_accounts_come_in_the_order_of_their_user_ids(rig: Rig) -> None:
    for user_id, number in (("bob", 2), ("Ann", 1), ("cid", 3)):
        copy = await copying(rig, user_id)
        await copy.tell(*(mail(f"m{each}") for each in range(number)))
    assert [(each.user_id, each.new) for each in await rig.archive.counts()] == [("Ann", 1), ("bob", 2), ("cid", 3)]


async def test_counts_carry_the_user_id_that_the_account_has_now(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell()
    await rig.accounts.save(renamed(copy.account, "zoe"))
    assert [each.user_id for each in await rig.archive.counts()] == ["zoe"]


async def test_a_mailbox_is_complete_as_far_as_each_of_its_folders_is(rig: Rig) -> None:
    copy = await copying(rig)
    complete = {"phase": SyncPhase.FOLLOWING, "complete_at": NOW}
    await copy.save(copy.sync("a", **complete), FolderNews())
    await copy.save(copy.sync("b", **complete | {"complete_at": NOW - MINUTE}), FolderNews())
    assert (await rig.archive.counts())[0].complete_at == NOW - MINUTE
    await copy.save(copy.sync("c"), FolderNews())
    assert (await rig.archive.counts())[0].complete_at is None
    await copy.save(copy.sync("c", phase=SyncPhase.ENDED), FolderNews())
    assert (await rig.archive.counts())[0].complete_at == NOW - MINUTE
    await copy.save(copy.sync("b", window=Window()), FolderNews())
    assert (await rig.archive.counts())[0].complete_at is None


async def test_a_mailbox_whose_folders_are_all_gone_is_complete_at_no_time(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.save(copy.sync(phase=SyncPhase.ENDED, complete_at=NOW), FolderNews())
    assert (await rig.archive.counts())[0].complete_at is None


async def test_a_dropped_mail_is_shown_as_it_is_now(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1", received_at=NOW - MINUTE))
    (claimed,) = await claim(rig)
    await rig.queue.finish("me", NOW, [dropped(claimed, DropReason.NO_REPLY)])
    await copy.tell(mail("m1", version="2", subject="Later", received_at=NOW - MINUTE))
    assert list(await rig.archive.dropped()) == [
        DroppedMail(
            mail_id=copy.mail_id("m1"),
            user_id="ann",
            reason=DropReason.NO_REPLY,
            dropped_at=NOW,
            received_at=NOW - MINUTE,
            subject="Later",
            sender_address=KIM.address,
        )
    ]


async def test_a_dropped_mail_may_lack_subject_and_sender(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1", subject=None, sender=None))
    await drop_all(rig)
    (found,) = await rig.archive.dropped()
    assert (found.subject, found.sender_address) == (None, None)


async def test_the_latest_dropped_come_first(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2", "m3"))
    first, second, third = await claim(rig)
    for number, claimed in enumerate((second, third, first)):
        await rig.queue.finish("me", NOW + number * MINUTE, [dropped(claimed)])
    assert await seen(rig) == [first.mail_id, third.mail_id, second.mail_id]


async def test_only_what_is_dropped_is_shown(rig: Rig) -> None:
    copy = await copying(rig)
    await dropped_at_noon(copy, "m1", "m2")
    await copy.announce(mail("m3"))
    await copy.tell(mail("m4"))
    await rig.queue.restore(copy.mail_id("m1"), "operator", NOW)
    assert await seen(rig) == [copy.mail_id("m2")]


async def test_one_accounts_dropped_mails_can_be_asked_for(rig: Rig) -> None:
    ann, bob = await copying(rig, "ann"), await copying(rig, "bob")
    await dropped_at_noon(ann, "m1")
    await dropped_at_noon(bob, "m1")
    assert await seen(rig, ann) == [ann.mail_id("m1")]
    assert len(await seen(rig)) == 2


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_dropped_mails_can_be_read_page_by_page(rig: Rig, size: int) -> None:
    copy = await copying(rig)
    await dropped_at_noon(copy, *(f"m{number}" for number in range(5)))
    everything, pages = await seen(rig), list[MailId]()
    while page := await seen(rig, copy, after=pages[-1] if pages else None, limit=size):
        assert len(page) <= size
        pages += page
    assert pages == everything
    assert len(everything) == 5
    assert await seen(rig, limit=0) == []


async def test_a_mail_that_was_restored_keeps_its_place_between_pages(rig: Rig) -> None:
    copy = await copying(rig)
    await dropped_at_noon(copy, "m1", "m2", "m3")
    before = await seen(rig)
    await rig.queue.restore(before[1], "operator", NOW + MINUTE)
    await finish_all(rig, NOW + MINUTE)
    assert await seen(rig, after=before[1]) == before[2:]


async def test_behind_a_mail_that_was_never_dropped_everything_comes(rig: Rig) -> None:
    copy = await copying(rig)
    await dropped_at_noon(copy, "m1")
    await copy.announce(mail("m2"))
    for other in (MailId("unknown"), copy.mail_id("m2")):
        assert await seen(rig, after=other) == [copy.mail_id("m1")]
