"""The promises of `Mailbox.changes`."""

from collections.abc import AsyncIterator

import pytest

from domain.errors import NotFoundError, ResyncRequiredError
from domain.mail import FolderRole
from modules.simulator.mail.content import File
from tests.contracts.letters import draft
from tests.contracts.mailbox_benches import CHANGING_BENCHES, PAGE_SIZE, MailboxBench
from tests.contracts.mailbox_scenes import EVERYTHING, NOTHING, Follower, deliver_several, round_of, told
from tests.contracts.scenes import refusal

FILE = File(name="a.pdf", content_type="application/pdf", content=b"content")


@pytest.fixture(params=CHANGING_BENCHES)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[MailboxBench]:
    async with CHANGING_BENCHES[request.param]() as opened:
        yield opened


@pytest.fixture
def follower(bench: MailboxBench) -> Follower:
    return Follower(bench, bench.folder_id(FolderRole.INBOX))


@pytest.fixture
def archive(bench: MailboxBench) -> str:
    return bench.folder_id(FolderRole.ARCHIVE)


@pytest.mark.parametrize("count", [0, 1, PAGE_SIZE, 2 * PAGE_SIZE + 1])
async def test_the_first_round_is_the_whole_folder(bench: MailboxBench, follower: Follower, count: int) -> None:
    ids = deliver_several(bench, count)
    bench.deliver(draft(), bench.folder_id(FolderRole.ARCHIVE))
    await follower.follow()
    assert follower.mails.keys() == set(ids)


async def test_the_first_round_does_not_tell_what_went_before(bench: MailboxBench, archive: str) -> None:
    moved, deleted, here = deliver_several(bench, 3)
    bench.move(moved, archive)
    bench.delete(deleted)
    changes = await told(bench)
    assert ([mail.message_id for mail in changes.changed], list(changes.removed)) == ([here], [])


async def test_a_large_folder_comes_in_several_steps(bench: MailboxBench) -> None:
    deliver_several(bench, 2 * PAGE_SIZE + 1)
    steps = [changes async for changes in round_of(bench)]
    assert len(steps) >= 3
    assert [step.complete for step in steps] == [False] * (len(steps) - 1) + [True]
    assert all(len(step.changed) <= PAGE_SIZE for step in steps)


async def test_without_a_change_nothing_was_removed_and_nothing_is_different(
    bench: MailboxBench, follower: Follower
) -> None:
    deliver_several(bench, PAGE_SIZE)
    await follower.follow()
    before = dict(follower.mails)
    for _ in range(2):
        await follower.follow()
        assert follower.mails == before


async def test_later_rounds_tell_what_came_what_changed_and_what_went(bench: MailboxBench, follower: Follower) -> None:
    changed, deleted, same = deliver_several(bench, 3)
    await follower.follow()
    bench.mark(changed, is_read=True)
    bench.delete(deleted)
    new = bench.deliver(draft(9))
    await follower.follow()
    assert follower.state() == {changed: True, same: False, new: False}


async def test_a_mail_that_moves_goes_here_and_comes_there(
    bench: MailboxBench, follower: Follower, archive: str
) -> None:
    message_id = bench.deliver(draft())
    there = Follower(bench, archive)
    await follower.follow()
    await there.follow()
    bench.move(message_id, archive)
    assert (await told(bench, follower.cursor)).removed == [message_id]
    await follower.follow()
    await there.follow()
    assert (list(follower.mails), list(there.mails)) == ([], [message_id])
    bench.move(message_id, follower.folder_id)
    await follower.follow()
    await there.follow()
    assert (list(follower.mails), list(there.mails)) == ([message_id], [])


async def test_a_mail_that_went_and_came_back_is_there(bench: MailboxBench, follower: Follower, archive: str) -> None:
    message_id = bench.deliver(draft())
    await follower.follow()
    bench.move(message_id, archive)
    bench.move(message_id, follower.folder_id)
    await follower.follow()
    assert list(follower.mails) == [message_id]


async def test_a_mail_that_came_and_went_between_rounds_is_not_there(bench: MailboxBench, follower: Follower) -> None:
    await follower.follow()
    bench.delete(bench.deliver(draft()))
    await follower.follow()
    assert follower.mails == {}


async def test_the_same_cursor_tells_the_same_again(bench: MailboxBench, follower: Follower) -> None:
    """And of what happened since, too."""
    first, second = deliver_several(bench, 2)
    await follower.follow()
    cursor = follower.cursor
    bench.delete(first)
    await follower.follow()
    again = Follower(bench, follower.folder_id, cursor, {**follower.mails})
    bench.mark(second, is_read=True)
    await again.follow()
    assert again.state() == {second: True}


async def test_a_cursor_in_the_middle_of_a_round_can_be_used_again(bench: MailboxBench, follower: Follower) -> None:
    """As after a crash: a page was received, and what was in it was lost."""
    ids = deliver_several(bench, 3 * PAGE_SIZE)
    assert not await follower.step()
    middle, kept = follower.cursor, dict(follower.mails)
    await follower.step()
    again = Follower(bench, follower.folder_id, middle, kept)
    await again.follow()
    assert again.mails.keys() == set(ids)


async def test_what_happens_during_a_round_is_told_in_it_or_in_the_next(
    bench: MailboxBench, follower: Follower, archive: str
) -> None:
    ids = deliver_several(bench, 4 * PAGE_SIZE)
    assert not await follower.step()
    seen, unseen = ([each for each in ids if (each in follower.mails) is known] for known in (True, False))
    bench.delete(seen[0])
    bench.delete(unseen[0])
    bench.move(seen[1], archive)
    bench.move(unseen[1], archive)
    bench.mark(seen[2], is_read=True)
    bench.mark(unseen[2], is_read=True)
    new = bench.deliver(draft(99))
    await follower.follow()
    await follower.follow()
    gone = {*seen[:2], *unseen[:2]}
    expected = {each: each in {seen[2], unseen[2]} for each in [*ids, new] if each not in gone}
    assert follower.state() == expected


async def test_changed_mails_are_whole(bench: MailboxBench) -> None:
    message_id = bench.deliver(draft(subject="Docking", body="<p>Monday</p>", attachments=(FILE,)))
    first = await told(bench, parts=EVERYTHING)
    bench.mark(message_id, is_read=True)
    later = await told(bench, first.cursor, parts=EVERYTHING)
    read = await bench.mailbox.read(bench.owner, message_id, parts=EVERYTHING)
    assert list(later.changed) == [read]
    assert [each.message_id for each in first.changed] == [message_id]
    assert first.changed[0].body == read.body
    assert first.changed[0].attachments == read.attachments


async def test_only_the_parts_asked_for_come(bench: MailboxBench) -> None:
    bench.deliver(draft(body="Monday", attachments=(FILE,)))
    (mail,) = (await told(bench)).changed
    assert (mail.body, mail.headers, mail.attachments) == (None, None, None)


async def test_a_mail_that_does_not_fit_costs_no_other_one(bench: MailboxBench) -> None:
    ids = deliver_several(bench, PAGE_SIZE)
    bench.damage(ids[0])
    changes = await told(bench)
    (unreadable,) = changes.unreadable
    readable = [mail.message_id for mail in changes.changed]
    assert sorted([*readable, unreadable.message_id or ""]) == sorted(ids)
    assert unreadable.raw


async def test_a_cursor_that_is_no_longer_known_is_told(bench: MailboxBench, follower: Follower) -> None:
    ids = deliver_several(bench, PAGE_SIZE)
    await follower.follow()
    bench.forget_cursors()
    bench.delete(ids[0])
    with refusal(ResyncRequiredError, "RESYNC_REQUIRED"):
        await follower.follow()
    anew = Follower(bench, follower.folder_id)
    await anew.follow()
    assert anew.mails.keys() == set(ids[1:])


async def test_a_round_that_was_forgotten_in_its_middle_begins_again(bench: MailboxBench, follower: Follower) -> None:
    deliver_several(bench, 3 * PAGE_SIZE)
    await follower.step()
    bench.forget_cursors()
    with refusal(ResyncRequiredError, "RESYNC_REQUIRED"):
        await follower.follow()


async def test_a_folder_that_does_not_exist_is_told(bench: MailboxBench) -> None:
    unknown = f"{bench.folder_id(FolderRole.INBOX)[:-4]}AAAA"
    with refusal(NotFoundError, "FOLDER_UNKNOWN"):
        await bench.mailbox.changes(bench.owner, unknown, None, parts=NOTHING)


async def test_each_folder_is_followed_by_itself(bench: MailboxBench, follower: Follower, archive: str) -> None:
    there = Follower(bench, archive)
    await follower.follow()
    await there.follow()
    message_id = bench.deliver(draft(), archive)
    await follower.follow()
    await there.follow()
    assert (list(follower.mails), list(there.mails)) == ([], [message_id])


async def test_no_representation_shows_a_cursor(bench: MailboxBench) -> None:
    changes = await told(bench)
    assert changes.cursor not in repr(changes)
