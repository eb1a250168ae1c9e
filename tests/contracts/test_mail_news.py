"""The promises of `MailSyncStore` about events, and about mails that cannot be read."""

import json
from typing import Any

import pytest

from domain.mail import UnreadableMail
from domain.mail_sync import FolderNews, Stored, UnreadableRecord
from tests.contracts.mail_samples import (
    Copying,
    claim,
    copying,
    deleted,
    drop_all,
    finish_all,
    mail,
    mail_events,
    mails,
    moved,
)
from tests.contracts.rigs import Rig
from tests.contracts.samples import MINUTE, NOW

LATER = NOW + MINUTE


def unreadable(message_id: str | None, problem: str = "no id") -> UnreadableMail:
    """Return a message that cannot be read."""
    return UnreadableMail(message_id=message_id, raw=b"{", problem=problem)


async def told(rig: Rig) -> list[dict[str, Any]]:
    """Return what was told of mails after that they came, as others read it."""
    events = await mail_events(rig)
    return [json.loads(each.value) for each in events if each.headers["ce_type"] != "email.received"]


async def noted(copy: Copying, *found: UnreadableMail, folder_id: str = "inbox", **news: Any) -> None:  # noqa: ANN401 - fields of many types
    """Save that messages could not be read."""
    await copy.save(copy.sync(folder_id), FolderNews(unreadable=found, **news))


async def test_an_announced_mail_that_moves_is_told_with_the_folders_names(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.announce(mail("m1"))
    await copy.save(copy.sync(), FolderNews(departures=[moved("m1", "f2")], paths={"f2": "Archive"}), LATER)
    (event,) = await told(rig)
    mail_id = copy.mail_id("m1")
    assert (event["event_type"], event["event_id"], event["mail_id"]) == ("mail_moved", f"{mail_id}.1", mail_id)
    assert event["user_id"] == "ann"
    assert event["occurred_at"] == "2026-03-01T12:01:00.000000Z"
    assert (event["from_folder_id"], event["from_folder"]) == ("inbox", "Inbox")
    assert (event["to_folder_id"], event["to_folder"]) == ("f2", "Archive")


async def test_a_move_that_another_folders_sync_sees_is_told_the_same(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.announce(mail("m1"))
    await copy.tell(mail("m1", "archive"), folder_id="archive")
    (event,) = await told(rig)
    assert (event["from_folder"], event["to_folder"]) == ("Inbox", "Archive")


async def test_a_folder_is_called_as_was_told_last_and_none_that_was_never_named(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.announce(*mails("m1", "m2", "m3"))
    await copy.save(copy.sync(path="Posteingang"), FolderNews(departures=[moved("m1", "f2")]))
    await copy.save(copy.sync(), FolderNews(paths={"f2": "Old", "unknown": "Never"}))
    await copy.save(copy.sync(), FolderNews(paths={"f2": "New"}))
    await copy.tell(moved("m2", "f2"), moved("m3", "unknown"))
    assert [(event["from_folder"], event["to_folder"]) for event in await told(rig)] == [
        ("Posteingang", None),
        ("Posteingang", "New"),
        ("Posteingang", None),
    ]


async def test_an_announced_mail_that_is_deleted_is_told(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.announce(mail("m1"))
    await copy.tell(deleted("m1"), now=LATER)
    (event,) = await told(rig)
    assert (event["event_type"], event["folder_id"], event["folder"]) == ("mail_deleted", "inbox", "Inbox")
    assert event["occurred_at"] == "2026-03-01T12:01:00.000000Z"


async def test_a_deleted_mail_that_is_back_came_from_nowhere(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.announce(mail("m1"))
    await copy.tell(deleted("m1"))
    await copy.tell(mail("m1"))
    back = (await told(rig))[1]
    assert back["event_type"] == "mail_moved"
    assert (back["from_folder_id"], back["from_folder"], back["to_folder_id"]) == (None, None, "inbox")


async def test_events_of_a_mail_are_numbered_and_those_of_a_step_are_in_its_order(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.announce(*mails("m1", "m2", "m3"))
    await copy.tell(mail("m3", "archive"), mail("m1"), mail("m2", "archive"), deleted("m1"), deleted("m3"))
    await copy.tell(mail("m1"))
    first, second, third = (copy.mail_id(message_id) for message_id in ("m1", "m2", "m3"))
    assert [event["event_id"] for event in await told(rig)] == [
        f"{third}.1",
        f"{second}.1",
        f"{first}.1",
        f"{third}.2",
        f"{first}.2",
    ]


async def test_of_mails_that_were_not_announced_nothing_is_told(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.tell(mail("dropped"))
    await drop_all(rig)
    await copy.tell(mail("new"))
    assert await copy.tell(moved("new", "archive"), deleted("dropped")) == Stored(moved=1, deleted=1)
    await copy.tell(mail("dropped"))
    assert await mail_events(rig) == []


async def test_a_change_without_a_move_is_not_told(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.announce(mail("m1"))
    await copy.tell(mail("m1", version="2", is_read=True))
    assert await told(rig) == []


async def test_events_wake_the_relay(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.announce(mail("m1"))
    known = await rig.outbox()
    await copy.tell(deleted("m1"))
    (event,) = await rig.relay.pending(10, after=known[-1].event_id)
    assert event.headers["ce_type"] == "mail.deleted"


async def test_what_cannot_be_read_is_noted_once_with_its_first_and_last_time(rig: Rig) -> None:
    copy = await copying(rig)
    await noted(copy, unreadable("u1", "first"))
    await copy.save(copy.sync("archive"), FolderNews(unreadable=[unreadable("u1", "second")]), LATER)
    assert list(await rig.mail_sync.unreadable(copy.account_id)) == [
        UnreadableRecord(
            account_id=copy.account_id,
            folder_id="archive",
            message_id="u1",
            problem="second",
            first_at=NOW,
            last_at=LATER,
        )
    ]


async def test_messages_without_an_id_count_once_per_folder(rig: Rig) -> None:
    copy = await copying(rig)
    await noted(copy, unreadable(None), unreadable("u1"), unreadable(None, "again"))
    await noted(copy, unreadable(None), folder_id="archive")
    found = await rig.mail_sync.unreadable(copy.account_id)
    assert [(each.folder_id, each.message_id, each.problem) for each in found] == [
        ("inbox", None, "again"),
        ("inbox", "u1", "no id"),
        ("archive", None, "no id"),
    ]


async def test_what_could_not_be_read_first_comes_first(rig: Rig) -> None:
    copy = await copying(rig)
    await copy.save(copy.sync(), FolderNews(unreadable=[unreadable("late")]), LATER)
    await noted(copy, unreadable("early"))
    found = await rig.mail_sync.unreadable(copy.account_id)
    assert [each.message_id for each in found] == ["early", "late"]


async def test_what_is_recovered_is_forgotten(rig: Rig) -> None:
    copy, other = await copying(rig, "ann"), await copying(rig, "bob")
    await noted(copy, unreadable("u1"), unreadable("u2"), unreadable(None))
    await noted(other, unreadable("u1"))
    await noted(copy, unreadable("u2"), recovered=["u2", "u1", "unknown"])
    assert [each.message_id for each in await rig.mail_sync.unreadable(copy.account_id)] == [None]
    assert len(await rig.mail_sync.unreadable(other.account_id)) == 1


@pytest.mark.parametrize(("left", "expected"), [([], []), ([unreadable(None, "other")], ["other"])])
async def test_messages_without_an_id_are_recovered_all_at_once(
    rig: Rig, left: list[UnreadableMail], expected: list[str]
) -> None:
    copy = await copying(rig)
    await noted(copy, unreadable(None))
    await noted(copy, unreadable(None, "elsewhere"), folder_id="archive")
    await noted(copy, *left, nameless_recovered=True)
    found = await rig.mail_sync.unreadable(copy.account_id)
    assert sorted(each.problem for each in found) == sorted([*expected, "elsewhere"])


async def test_a_mail_that_can_be_read_in_the_end_is_new(rig: Rig) -> None:
    copy = await copying(rig)
    await noted(copy, unreadable("u1"))
    await copy.save(copy.sync(), FolderNews(mails=mails("u1"), recovered=["u1"]))
    assert list(await rig.mail_sync.unreadable(copy.account_id)) == []
    await finish_all(rig)
    assert len(await mail_events(rig)) == 1
    assert list(await claim(rig)) == []
