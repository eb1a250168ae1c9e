"""The promises of `MailSyncStore`: what is stored of mails and folders. What is told about mails: `test_mail_news`."""

import asyncio
from datetime import timedelta
from itertools import count
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.account import AccountId
from domain.errors import ConflictError, NotFoundError
from domain.mail import Mail, MailAddress
from domain.mail_sync import FolderNews, FolderSync, KnownMail, Stored, SyncPhase, Window
from domain.unicode_text import REPLACEMENT, as_unicode
from tests.contracts.mail_samples import (
    MAILS,
    SINCE,
    Copying,
    claim,
    copying,
    deleted,
    dropped,
    finish_all,
    mail,
    mails,
    moved,
)
from tests.contracts.properties import QUICK
from tests.contracts.rigs import Rig, World
from tests.contracts.samples import MINUTE, NOW, enrolment
from tests.contracts.scenes import contents_unchanged, refusal
from tests.contracts.side_by_side import SideBySide

FULL: dict[str, Any] = {
    "path": "Inbox/Projects",
    "since": SINCE,
    "window": Window(before=NOW),
    "phase": SyncPhase.FOLLOWING,
    "cursor": "https://graph.example/delta?token=1",
    "round": 3,
    "complete_at": NOW - MINUTE,
    "asked_at": NOW - 2 * MINUTE,
}


async def read_back(rig: Rig, *message_ids: str) -> list[Mail]:
    """Return stored mails as somebody who processes them gets them; all are new."""
    found = {each.mail.message_id: each.mail for each in await claim(rig)}
    return [found[message_id] for message_id in message_ids]


async def test_an_account_that_was_never_synced_has_no_folders(rig: Rig) -> None:
    copy = await copying(rig)
    assert list(await rig.mail_sync.folders(copy.account_id)) == []
    assert list(await rig.mail_sync.folders(AccountId("unknown"))) == []


async def test_the_state_of_a_folder_is_stored_with_the_next_revision(rig: Rig, elsewhere: Rig) -> None:
    copy = await copying(rig)
    state = copy.sync(**FULL)
    await rig.mail_sync.save(state, FolderNews(), NOW)
    assert list(await elsewhere.mail_sync.folders(copy.account_id)) == [attrs.evolve(state, revision=1)]


async def test_every_part_of_a_state_can_be_absent_again(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.save(copy.sync(**FULL), FolderNews())
    bare = copy.sync(since=None, window=Window(), cursor=None, complete_at=None, asked_at=None, phase=SyncPhase.ENDED)
    await copy.save(bare, FolderNews())
    assert list(await rig.mail_sync.folders(copy.account_id)) == [attrs.evolve(bare, revision=2)]
    await copy.save(copy.sync(window=None), FolderNews())
    assert (await rig.mail_sync.folders(copy.account_id))[0].window is None


async def test_folders_come_in_the_order_of_their_ids_and_of_one_account(rig: Rig) -> None:
    ann, bob = await copying(rig, "ann"), await copying(rig, "bob")
    for copy, folder_id in ((ann, "c"), (bob, "b"), (ann, "é"), (ann, "a"), (ann, "B")):
        await copy.tell(folder_id=folder_id)
    assert [each.folder_id for each in await rig.mail_sync.folders(ann.account_id)] == ["B", "a", "c", "é"]


async def test_a_folder_that_mail_was_moved_to_is_none_that_was_begun(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"), mail("m2", "archive"))
    await copy.tell(moved("m1", "trash"))
    assert [each.folder_id for each in await rig.mail_sync.folders(copy.account_id)] == ["inbox"]


async def test_mail_of_an_unknown_account_is_refused(rig: Rig) -> None:
    before = await rig.contents()
    unknown = FolderSync.begun(AccountId("unknown"), "inbox", "Inbox", None)
    with refusal(NotFoundError, "ACCOUNT_UNKNOWN"):
        await rig.mail_sync.save(unknown, FolderNews(mails=mails("m1")), NOW)
    assert await contents_unchanged(rig, before)


@pytest.mark.parametrize("revision", [0, 1, 3])
async def test_a_state_that_is_no_more_the_stored_one_is_refused_and_nothing_is_written(
    rig: Rig, revision: int
) -> None:
    copy = await copying(rig)
    await copy.announce(mail("m1"))
    await copy.tell(mail("m1"))
    before = await rig.contents()
    news = FolderNews(mails=mails("m2", "m1"), departures=[deleted("m1")], recovered=["u"], paths={"inbox": "New"})
    with refusal(ConflictError, "SYNC_OVERTAKEN"):
        await rig.mail_sync.save(copy.sync(revision=revision, phase=SyncPhase.FOLLOWING), news, NOW)
    assert await contents_unchanged(rig, before)


async def test_a_state_with_a_revision_is_refused_where_none_is_stored(rig: Rig) -> None:
    copy = await copying(rig)
    with refusal(ConflictError, "SYNC_OVERTAKEN"):
        await rig.mail_sync.save(copy.sync(revision=1), FolderNews(), NOW)


async def test_what_was_found_out_before_another_step_of_the_account_is_refused(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    await rig.mail_sync.save(copy.sync(folder_id="archive", revision=0), FolderNews(), NOW)
    before, news = await rig.contents(), FolderNews(mails=[mail("m1", "archive")])
    for seen in (0, 1, 3):
        with refusal(ConflictError, "SYNC_OVERTAKEN"):
            await rig.mail_sync.save(copy.sync(), attrs.evolve(news, seen=seen), NOW)
    assert await contents_unchanged(rig, before)
    assert await rig.mail_sync.save(copy.sync(), attrs.evolve(news, seen=2), NOW) == Stored(moved=1)


async def test_of_syncs_that_go_on_from_the_same_state_at_once_one_does(rig: Rig, elsewhere: Rig) -> None:
    copy = await copying(rig)
    await copy.tell()
    saves = [
        (rig, elsewhere)[number % 2].mail_sync.save(copy.sync(), FolderNews(mails=mails(f"m{number}")), NOW)
        for number in range(8)
    ]
    outcomes = await asyncio.gather(*saves, return_exceptions=True)
    assert [each for each in outcomes if isinstance(each, Stored)] == [Stored(new=1)]
    errors = [each for each in outcomes if isinstance(each, ConflictError)]
    assert [error.error_code for error in errors] == ["SYNC_OVERTAKEN"] * 7
    assert len(await rig.mail_sync.message_ids(copy.account_id, "inbox")) == 1


async def test_unknown_mails_are_stored_as_they_are(rig: Rig, elsewhere: Rig) -> None:
    copy = await copying(rig)
    told = [mail("m1"), mail("m2", "archive", sender=MailAddress(None, None), subject="안녕하세요 \0 \U0001f600")]
    assert await copy.tell(*told) == Stored(new=2)
    assert await read_back(elsewhere, "m1", "m2") == told


def test_every_mail_comes_back_as_it_was_stored() -> None:
    stores, numbers = SideBySide(), count()

    @QUICK
    @given(told=st.lists(MAILS, max_size=3, unique_by=lambda each: each.message_id))
    def store_and_read(told: list[Mail]) -> None:
        change = enrolment(f"user{next(numbers)}")

        async def run(rig: Rig) -> list[Mail]:
            await rig.accounts.save(change)
            assert await Copying(rig, change.after).tell(*told) == Stored(new=len(told))
            claimed = await claim(rig)
            await rig.queue.finish("me", NOW, [dropped(each) for each in claimed])
            return [each.mail for each in claimed]

        assert stores.ask(run).value == told

    try:
        store_and_read()
    finally:
        stores.close()


async def test_halves_of_surrogate_pairs_are_replaced_wherever_they_stand(rig: Rig) -> None:
    copy = await copying(rig)
    half = "a\ud800b\udfff"
    broken = mail("m1", subject=half, to=(MailAddress(half, half),), categories=(half,), headers=((half, half),))
    await copy.tell(broken, mail("m2"))
    (found, whole) = await read_back(rig, "m1", "m2")
    assert (found, whole) == (as_unicode(broken), mail("m2"))
    assert found.subject == f"a{REPLACEMENT}b{REPLACEMENT}"
    await copy.tell(mail(f"n{half}"))
    known = await rig.mail_sync.known(copy.account_id, [f"n{half}"])
    assert list(known) == [f"na{REPLACEMENT}b{REPLACEMENT}"]


async def test_a_known_mail_that_did_not_change_counts_nowhere_and_changes_nothing(rig: Rig) -> None:
    copy = await copying(rig)
    told = [mail("m1"), mail("m2", version="7")]
    await copy.tell(*told)
    assert await copy.tell(*told) == Stored()
    assert await copy.tell(attrs.evolve(told[0], subject="Of the same version", is_read=True)) == Stored()
    assert await read_back(rig, "m1", "m2") == told


async def test_a_known_mail_of_another_version_is_brought_up_to_date_but_for_its_parts(rig: Rig) -> None:
    copy = await copying(rig)
    first = mail("m1", headers=(("a", "b"),), attachments=())
    later = mail("m1", version="2", subject="New", is_read=True, body=None, to=(MailAddress("x", "y"),), preview="p")
    await copy.tell(first)
    assert await copy.tell(later) == Stored(changed=1)
    expected = attrs.evolve(later, body=first.body, headers=first.headers, attachments=first.attachments)
    assert await read_back(rig, "m1") == [expected]


async def test_the_body_that_came_first_stays(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    await copy.tell(attrs.evolve(mail("m2"), message_id="m1", version="2"))
    (found,) = await read_back(rig, "m1")
    assert found.body == mail("m1").body
    assert found.subject == "About m2"


@pytest.mark.parametrize("version", ["1", "2", None])
async def test_parts_that_are_lacking_are_added_when_they_come(rig: Rig, version: str | None) -> None:
    copy = await copying(rig)
    bare = mail("m1", body=None)
    whole = mail("m1", version=version, headers=(), attachments=())
    await copy.tell(bare)
    assert await copy.tell(whole) == Stored(changed=1)
    assert await copy.tell(whole) == Stored(changed=0 if version else 1), "they are there now"
    assert await read_back(rig, "m1") == [whole if version != "1" else attrs.evolve(whole, version="1")]


async def test_one_lacking_part_is_added_beside_others(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1", headers=(("first", "1"),)))
    await copy.tell(mail("m1", headers=(("second", "2"),), attachments=()))
    assert await read_back(rig, "m1") == [mail("m1", headers=(("first", "1"),), attachments=())]


async def test_a_mail_without_a_version_always_counts_as_changed(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1", version=None))
    assert await copy.tell(mail("m1", version=None, subject="New")) == Stored(changed=1)
    assert (await read_back(rig, "m1"))[0].subject == "New"


async def test_the_same_message_id_in_two_accounts_is_two_mails(rig: Rig) -> None:
    ann, bob = await copying(rig, "ann"), await copying(rig, "bob")
    assert await ann.tell(mail("m1", subject="Ann's")) == Stored(new=1)
    assert await bob.tell(mail("m1", subject="Bob's")) == Stored(new=1)
    assert {each.account_id: each.mail.subject for each in await claim(rig)} == {
        ann.account_id: "Ann's",
        bob.account_id: "Bob's",
    }


async def test_of_a_mail_that_is_told_several_times_the_last_counts(rig: Rig) -> None:
    copy = await copying(rig)
    assert await copy.tell(mail("m1", subject="First"), mail("m2"), mail("m1", subject="Last")) == Stored(new=2)
    assert (await read_back(rig, "m1"))[0].subject == "Last"
    assert await copy.tell(deleted("m2"), moved("m2", "archive")) == Stored(moved=1)


async def test_departures_come_after_mails_of_the_same_step(rig: Rig) -> None:
    copy = await copying(rig)
    assert await copy.tell(mail("m1"), deleted("m1")) == Stored(new=1, deleted=1)
    assert await copy.tell(mail("m1"), moved("m1", "archive")) == Stored(moved=2)
    known = await rig.mail_sync.known(copy.account_id, ["m1"])
    assert known["m1"] == KnownMail(message_id="m1", folder_id="archive", is_deleted=False)


async def test_a_mail_that_is_told_of_in_another_folder_has_moved(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    assert await copy.tell(mail("m1", "archive"), folder_id="archive") == Stored(moved=1)
    assert await copy.tell(mail("m1", "archive"), folder_id="archive") == Stored()
    assert await read_back(rig, "m1") == [mail("m1", "archive")]


async def test_departures_move_and_delete_what_is_there_and_nothing_else(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2", "m3"))
    news = [deleted("m1"), moved("m2", "archive"), moved("m3", "inbox"), deleted("unknown"), moved("other", "x")]
    assert await copy.tell(*news) == Stored(deleted=1, moved=1)
    assert await copy.tell(*news) == Stored()
    assert await copy.tell(moved("m1", "archive")) == Stored(), "it is deleted"
    known = await rig.mail_sync.known(copy.account_id, ["m1", "m2", "m3", "unknown"])
    assert {key: (each.folder_id, each.is_deleted) for key, each in known.items()} == {
        "m1": ("inbox", True),
        "m2": ("archive", False),
        "m3": ("inbox", False),
    }


async def test_a_deleted_mail_that_is_told_of_again_has_moved_back(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("m1"))
    await copy.tell(deleted("m1"))
    assert await copy.tell(mail("m1")) == Stored(moved=1)
    assert not (await rig.mail_sync.known(copy.account_id, ["m1"]))["m1"].is_deleted
    assert await rig.mail_sync.message_ids(copy.account_id, "inbox") == ["m1"]


async def test_known_mails_are_found_by_account_and_id(rig: Rig) -> None:
    ann, bob = await copying(rig, "ann"), await copying(rig, "bob")
    await ann.tell(*mails("m1", "m2"))
    await bob.tell(mail("m3"))
    assert await rig.mail_sync.known(ann.account_id, ["m2", "m3", "m2", ""]) == {
        "m2": KnownMail(message_id="m2", folder_id="inbox", is_deleted=False)
    }
    assert await rig.mail_sync.known(ann.account_id, []) == {}


async def test_what_the_round_has_not_met_is_unmet(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2", "m3"), mail("x", "archive"))
    assert list(await rig.mail_sync.unmet(copy.sync(), 10)) == []
    again = copy.sync().restarted()
    assert sorted(await rig.mail_sync.unmet(again, 10)) == ["m1", "m2", "m3"]
    await copy.save(again, FolderNews(mails=mails("m2"), departures=[deleted("m3")]))
    assert list(await rig.mail_sync.unmet(copy.sync(), 10)) == ["m1"]
    await copy.save(copy.sync(), FolderNews(mails=[mail("m1", version="2")]))
    assert list(await rig.mail_sync.unmet(copy.sync(), 10)) == []


async def test_mails_whose_ids_are_alike_up_to_an_odd_character_are_not_taken_for_each_other(rig: Rig) -> None:
    copy = await copying(rig)
    odd = mails("A", "A\0B", 'A"', "A\\", "A\n", "a", "A\u00e9")
    assert await copy.tell(odd[0]) == Stored(new=1)
    again = copy.sync().restarted()
    assert await copy.save(again, FolderNews(mails=odd[1:])) == Stored(new=6)
    assert list(await rig.mail_sync.unmet(copy.sync(), 10)) == ["A"], "its like was met, not it"
    await copy.save(copy.sync().restarted(), FolderNews(mails=odd))
    assert list(await rig.mail_sync.unmet(copy.sync(), 10)) == []


async def test_no_more_unmet_mails_come_than_are_asked_for(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("m1", "m2", "m3"))
    again = copy.sync().restarted()
    assert [len(await rig.mail_sync.unmet(again, limit)) for limit in (0, 1, 2, 3, 4, -1)] == [0, 1, 2, 3, 3, 0]


async def test_a_mail_that_comes_from_another_folder_is_not_met_there_whatever_round_that_is_in(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.save(copy.sync("archive", round=2), FolderNews())
    await copy.save(copy.sync("inbox", round=5), FolderNews(mails=mails("m1", "m2", "m3")))
    await copy.tell(mail("m1", "archive"), moved("m2", "archive"))
    assert sorted(await rig.mail_sync.unmet(copy.sync("archive"), 10)) == ["m1", "m2"]
    await copy.tell(mail("m1", "archive"), folder_id="archive")
    assert list(await rig.mail_sync.unmet(copy.sync("archive"), 10)) == ["m2"]
    await copy.tell(mail("m1", "archive", version="2"))
    assert list(await rig.mail_sync.unmet(copy.sync("archive"), 10)) == ["m2"], "it stays met where it stays"
    await copy.tell(mail("m4", "archive"))
    assert sorted(await rig.mail_sync.unmet(copy.sync("archive"), 10)) == ["m2", "m4"]


async def test_message_ids_come_in_order_and_page_by_page(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(*mails("c", "a", "é", "B", "gone", "b"), mail("x", "archive"))
    await copy.tell(deleted("gone"))
    ordered = ["B", "a", "b", "c", "é"]
    store = rig.mail_sync
    assert list(await store.message_ids(copy.account_id, "inbox")) == ordered
    assert list(await store.message_ids(copy.account_id, "inbox", limit=2)) == ordered[:2]
    assert list(await store.message_ids(copy.account_id, "inbox", after="a", limit=2)) == ordered[2:4]
    assert list(await store.message_ids(copy.account_id, "inbox", after="bb")) == ordered[3:]
    assert list(await store.message_ids(copy.account_id, "inbox", after="é")) == []
    assert list(await store.message_ids(copy.account_id, "unknown")) == []


async def test_what_is_stored_is_there_for_a_process_that_starts_later(world: World) -> None:
    async with world.process("old") as before:
        copy = await copying(before)
        await copy.tell(*mails("m1", "m2"))
        await finish_all(before)
    async with world.process("old") as after:
        assert list(await after.mail_sync.message_ids(copy.account_id, "inbox")) == ["m1", "m2"]
        assert await after.mail_sync.save(copy.sync(), FolderNews(mails=mails("m1")), NOW) == Stored()


async def test_many_mails_are_stored_at_once(rig: Rig) -> None:
    copy = await copying(rig)
    many = [mail(f"m{number:04}", received_at=NOW + timedelta(seconds=number)) for number in range(1200)]
    assert await copy.tell(*many) == Stored(new=1200)
    assert await copy.tell(*many) == Stored()
    assert len(await rig.mail_sync.known(copy.account_id, [each.message_id for each in many])) == 1200
