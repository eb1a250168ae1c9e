"""The state of a mailbox: folders, messages, ids and counts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.simulator.clock import Clock
from modules.simulator.mail import ids
from modules.simulator.mail.mailbox import Mailbox
from tests.modules.simulator.mail.graph_client import NOW, OWNER, a_mailbox
from tests.modules.simulator.mail.reading import ITEM, LINK, MOMENT, PICTURE, REPORT, draft
from tests.modules.simulator.rig import Rig


def test_ids_follow_from_the_seed_the_owner_and_the_number() -> None:
    first, again, other = (a_mailbox(seed).deliver(draft()) for seed in (1, 1, 2))
    assert (first.id, first.immutable_id, first.change_key) == (again.id, again.immutable_id, again.change_key)
    assert first.id != other.id
    assert first.immutable_id != other.immutable_id


def test_ids_need_to_be_encoded_and_their_case_counts() -> None:
    mailbox = a_mailbox()
    found = [mailbox.deliver(draft()) for _ in range(30)]
    assert {"+", "/", "="} <= set("".join(each.id for each in found))
    assert len({each.id for each in found} | {each.immutable_id for each in found}) == 60
    assert all(mailbox.find(each.id) is mailbox.find(each.immutable_id) is each for each in found)
    assert mailbox.find(found[0].id.swapcase()) is None


@given(st.text() | st.text("AMkQ+/=", max_size=60).map("AAMk".__add__))
def test_no_text_is_a_message_by_accident(text: str) -> None:
    mailbox = a_mailbox()
    mailbox.deliver(draft())
    assert mailbox.find(text) is None
    assert ids.number_in(text) is None or ids.is_plausible(text)


def test_ids_of_another_mailbox_find_nothing() -> None:
    other = a_mailbox(seed=5).deliver(draft())
    mine = a_mailbox()
    mine.deliver(draft())
    assert (mine.find(other.id), mine.find(other.immutable_id)) == (None, None)


def test_a_moved_message_has_a_new_id_and_keeps_the_immutable_one() -> None:
    mailbox = a_mailbox()
    message = mailbox.deliver(draft("x", REPORT))
    before, immutable, attached = message.id, message.immutable_id, message.attachment_ids
    assert mailbox.move(message, "archive") is message
    assert (message.folder, message.immutable_id) == (mailbox.folder("Archive"), immutable)
    assert message.attachment_ids == attached
    assert mailbox.find(before) is None
    assert mailbox.find(message.id) is mailbox.find(immutable) is message
    mailbox.move(message, "inbox")
    assert message.id != before


def test_a_move_to_where_it_is_changes_nothing() -> None:
    mailbox = a_mailbox()
    message = mailbox.deliver(draft())
    state = (message.id, message.version, mailbox.revision)
    mailbox.move(message, "inbox")
    assert (message.id, message.version, mailbox.revision) == state


def test_a_change_makes_a_new_version_now() -> None:
    mailbox = a_mailbox()
    message = mailbox.deliver(draft())
    key = message.change_key
    assert (message.created_at, message.modified_at, message.version) == (MOMENT, MOMENT, 1)
    mailbox.change(message, is_read=True, subject="new", importance="high", categories=("red",))
    assert (message.is_read, message.subject, message.importance, message.categories) == (True, "new", "high", ("red",))
    assert (message.version, message.modified_at, message.created_at) == (2, NOW, MOMENT)
    assert message.change_key != key


def test_a_deleted_message_is_gone() -> None:
    mailbox = a_mailbox()
    message, other = mailbox.deliver(draft("a")), mailbox.deliver(draft("b"))
    mailbox.delete(message)
    assert (mailbox.find(message.id), mailbox.find(message.immutable_id)) == (None, None)
    assert mailbox.messages() == mailbox.messages("inbox") == [other]
    with pytest.raises(KeyError):
        mailbox.delete(message)


def test_nothing_can_be_done_to_a_message_that_is_gone() -> None:
    """A move would take another message out of the folder; a change would bring it back into the folder's history."""
    mailbox = a_mailbox()
    older, gone, newer = (mailbox.deliver(draft(each)) for each in "abc")
    mailbox.delete(gone)
    revision = mailbox.revision
    with pytest.raises(KeyError):
        mailbox.move(gone, "archive")
    with pytest.raises(KeyError):
        mailbox.change(gone, is_read=True)
    assert mailbox.messages("inbox") == [newer, older]
    assert (mailbox.revision, gone.is_gone, mailbox.folder("inbox").unread) == (revision, True, 2)


def test_folders_count_what_is_in_them_and_what_is_unread() -> None:
    mailbox = a_mailbox()
    inbox, archive = mailbox.folder("inbox"), mailbox.folder("archive")
    first, second = mailbox.deliver(draft()), mailbox.deliver(draft(is_read=True))
    assert (inbox.total, inbox.unread) == (2, 1)
    mailbox.change(second, is_read=False)
    mailbox.change(first, is_read=True)
    mailbox.change(first, is_read=True)
    assert (inbox.total, inbox.unread) == (2, 1)
    mailbox.move(second, archive)
    assert (inbox.total, inbox.unread, archive.total, archive.unread) == (1, 0, 1, 1)
    mailbox.delete(second)
    assert (archive.total, archive.unread) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30))
def test_messages_come_newest_first_in_whatever_order_they_arrived(arrivals: list[tuple[int, bool]]) -> None:
    """Of the same moment, the later delivery is the newer one; deletions in between do not disturb."""
    mailbox = a_mailbox()
    expected = []
    for minutes, is_deleted in arrivals:
        message = mailbox.deliver(draft(received_at=MOMENT + timedelta(minutes=minutes)))
        if is_deleted:
            mailbox.delete(message)
        else:
            expected.append(message)
    expected.sort(key=lambda message: (message.draft.received_at, message.number), reverse=True)
    assert mailbox.messages() == mailbox.messages("inbox") == expected


def test_folders_are_found_by_name_well_known_name_id_and_path() -> None:
    mailbox = a_mailbox()
    panels = mailbox.add_folder("Panels")
    deep = mailbox.add_folder("PL", panels)
    hidden = mailbox.add_folder("Secret", "Panels", hidden=True)
    for name in ("PL", "Panels/PL", "panels/pl", deep.folder_id):
        assert mailbox.folder(name) is deep
    assert mailbox.folder("INBOX") is mailbox.folder("Inbox")
    assert (panels.parent, deep.parent, panels.children) == (mailbox.root, panels, [deep, hidden])
    assert panels.child_count == 1
    assert mailbox.find_folder("PL") is None
    for name in ("nowhere", "Panels/nowhere", ""):
        with pytest.raises(KeyError):
            mailbox.folder(name)


def test_every_mailbox_has_the_usual_folders() -> None:
    names = {each.well_known: each.name for each in a_mailbox().folders}
    assert names.pop("msgfolderroot") == "Top of Information Store"
    assert names == {
        "inbox": "Inbox",
        "drafts": "Drafts",
        "sentitems": "Sent Items",
        "deleteditems": "Deleted Items",
        "junkemail": "Junk Email",
        "outbox": "Outbox",
        "archive": "Archive",
    }


def test_inline_files_are_no_attachments_but_items_and_links_are() -> None:
    mailbox = a_mailbox()
    assert not mailbox.deliver(draft("x", PICTURE)).has_attachments
    assert mailbox.deliver(draft("x", ITEM)).has_attachments
    assert mailbox.deliver(draft("x", LINK)).has_attachments
    assert mailbox.deliver(draft("x", PICTURE, REPORT)).has_attachments
    assert len(mailbox.deliver(draft("x", PICTURE, REPORT)).attachment_ids) == 2


def test_a_conversation_is_what_the_draft_calls_one() -> None:
    mailbox = a_mailbox()
    one, two, other, lonely = (mailbox.deliver(draft(conversation=each)) for each in ("a", "a", "b", ""))
    assert one.conversation_id == two.conversation_id
    assert len({one.conversation_id, other.conversation_id, lonely.conversation_id}) == 3
    assert one.conversation_index != two.conversation_index


def test_a_message_does_not_show_its_content() -> None:
    message = a_mailbox().deliver(draft("a subject", body="a body", categories=("a category",)))
    assert not {"a subject", "a body", "a category"} & {
        each for each in ("a subject", "a body", "a category") if each in repr(message)
    }


async def test_a_simulator_has_one_mailbox_for_each_person(rig: Rig) -> None:
    user, mail = rig.user(1), rig.simulator.mail
    assert len({id(mail.mailbox(who)) for who in (1, user, user.upn, user.mail, user.object_id.upper())}) == 1
    assert mail.mailbox(0) is not mail.mailbox(1)
    with pytest.raises(KeyError):
        mail.mailbox("nobody@nowhere.example")


def test_time_is_the_clock_s() -> None:
    clock = Clock()
    clock.advance(timedelta(days=400))
    mailbox = Mailbox(OWNER, seed=0, now=clock.now)
    message = mailbox.deliver(draft())
    mailbox.change(message, is_read=True)
    assert clock.now() - message.modified_at < timedelta(minutes=1)
