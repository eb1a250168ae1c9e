"""The promises of `Mailbox` about folders, single mails and contents, and what every call says when it fails.

Another implementation joins by a `MailboxBench`: it must play senders, the owner, and troubles.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern

import attrs
import pytest

from domain.errors import BusinessLogicError, NotFoundError
from domain.mail import (
    Attachment,
    AttachmentKind,
    BodyFormat,
    FolderRole,
    Mail,
    MailFolder,
    MailPart,
)
from domain.mail_filter import MailFilter
from modules.simulator.mail.content import Address, Attached, Draft, File, Item, Link
from tests.contracts.letters import KIM, NOON, OFFICE, draft, mail_of
from tests.contracts.mailbox_benches import BENCHES, FAILURES, MailboxBench
from tests.contracts.mailbox_scenes import EVERYTHING, NOTHING, found
from tests.contracts.scenes import refusal

PICTURE = File(name="hull.png", content_type="image/png", content=b"\x89PNG", is_inline=True, content_id="hull@1")
REPORT = File(name="보고서 50%.pdf", content_type="application/pdf", content=bytes(range(256)) * 2_000)
EMPTY = File(name="empty.txt", content_type="text/plain", content=b"")
FORWARDED = Item(name="Older letter", draft=draft(7, subject="The letter inside", body="<p>Inside</p>"))
LINK = Link(name="Drawings", url="https://yard.example/drawings")

Call = Callable[[MailboxBench, str], Awaitable[object]]


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[MailboxBench]:
    async with BENCHES[request.param]() as opened:
        yield opened


async def _query(bench: MailboxBench, _message_id: str) -> object:
    return [page async for page in bench.mailbox.query(bench.owner, MailFilter(), parts=NOTHING)]


async def _content(bench: MailboxBench, message_id: str, attachment_id: str | None = None) -> bytes:
    async with bench.mailbox.content(bench.owner, message_id, attachment_id) as parts:
        return b"".join([part async for part in parts])


CALLS: dict[str, Call] = {
    "folders": lambda bench, _: bench.mailbox.folders(bench.owner),
    "query": _query,
    "changes": lambda bench, _: bench.mailbox.changes(
        bench.owner, bench.folder_id(FolderRole.INBOX), None, parts=NOTHING
    ),
    "read": lambda bench, message_id: bench.mailbox.read(bench.owner, message_id, parts=NOTHING),
    "content": _content,
}


async def _folders(bench: MailboxBench) -> dict[str, MailFolder]:
    return {folder.folder_id: folder for folder in await bench.mailbox.folders(bench.owner)}


async def _attachment(bench: MailboxBench, message_id: str, attached: Attached) -> Attachment:
    mail = await bench.mailbox.read(bench.owner, message_id, parts={MailPart.ATTACHMENTS})
    return next(each for each in mail.attachments or () if each.name == attached.name)


async def test_every_mailbox_has_folders_with_roles(bench: MailboxBench) -> None:
    folders = await _folders(bench)
    roles = {folder.role: folder_id for folder_id, folder in folders.items() if folder.role is not None}
    assert roles == {role: bench.folder_id(role) for role in FolderRole}
    for folder in folders.values():
        assert (folder.parent_id, folder.path, folder.is_hidden) == (None, folder.name.replace("/", "//"), False)


async def test_folders_inside_others_come_behind_their_parents_with_paths(bench: MailboxBench) -> None:
    """Also those inside a folder of more than a page."""
    inbox = bench.folder_id(FolderRole.INBOX)
    outer = bench.add_folder("In/Out", inbox)
    inner = [bench.add_folder(f"선체 {number}", outer) for number in range(12)]
    deepest = bench.add_folder("Deepest", inner[-1])
    folders = await _folders(bench)
    assert folders[deepest].path == f"{folders[inbox].name}/In//Out/선체 11/Deepest"
    assert folders[deepest].parent_id == inner[-1]
    assert {folders[each].parent_id for each in inner} == {outer}
    assert folders[outer].parent_id == inbox
    seen: set[str | None] = {None}
    for folder in folders.values():
        assert folder.parent_id in seen
        seen.add(folder.folder_id)


async def test_hidden_folders_are_told_as_such(bench: MailboxBench) -> None:
    hidden = bench.add_folder("Behind", is_hidden=True)
    inside = bench.add_folder("Inside", hidden)
    folders = await _folders(bench)
    assert folders[hidden].is_hidden
    assert folders[inside].parent_id == hidden


async def test_a_folder_says_how_many_mails_are_in_it(bench: MailboxBench) -> None:
    inbox = bench.folder_id(FolderRole.INBOX)
    for number in range(3):
        bench.deliver(draft(number, is_read=number == 0))
    empty = bench.add_folder("Empty", inbox)
    folders = await _folders(bench)
    assert (folders[inbox].total, folders[inbox].unread) == (3, 2)
    assert (folders[empty].total, folders[empty].unread) == (0, 0)


def _rich_letter() -> Draft:
    return draft(
        subject='Re: "선체" & <50%>',
        sender=KIM,
        sent_by=Address("desk@yard.example", "Desk"),
        to=(OFFICE, Address("master@ship.example", "Master")),
        cc=(Address("cc@owner.example", "Cc"),),
        bcc=(Address("bcc@owner.example", "Bcc"),),
        reply_to=(Address("list@yard.example", "List"),),
        body="<p>Docking &amp; survey: 선체</p>",
        body_type="html",
        importance="high",
        is_read=True,
        categories=("Yard",),
        headers=(("X-Panel", "3"),),
        attachments=(PICTURE, REPORT),
    )


async def test_a_mail_is_told_as_it_was_sent(bench: MailboxBench) -> None:
    letter = _rich_letter()
    message_id = bench.deliver(letter)
    mail = await bench.mailbox.read(bench.owner, message_id, parts=EVERYTHING)
    expected = mail_of(letter, message_id, bench.folder_id(FolderRole.INBOX))
    assert _plain(mail) == _plain(expected)
    assert mail.body == expected.body
    assert mail.headers is not None
    assert ("X-Panel", "3") in mail.headers
    assert mail.version is not None


def _plain(mail: Mail) -> Mail:
    """Return what the sender decides, and does not have to be asked for."""
    return attrs.evolve(
        mail,
        body=None,
        headers=None,
        attachments=None,
        conversation_id=None,
        changed_at=None,
        web_link=None,
        preview=None,
        version=None,
    )


async def test_who_has_no_name_is_told_by_the_address(bench: MailboxBench) -> None:
    """As the name, too, in some places."""
    message_id = bench.deliver(draft(sender=Address("kim@yard.example")))
    mail = await bench.mailbox.read(bench.owner, message_id, parts=NOTHING)
    assert str(mail.sender) == "kim@yard.example"


async def test_a_draft_has_nobody_that_it_is_from(bench: MailboxBench) -> None:
    message_id = bench.deliver(draft(sender=None, to=(), is_draft=True), bench.folder_id(FolderRole.DRAFTS))
    mail = await bench.mailbox.read(bench.owner, message_id, parts=NOTHING)
    assert (mail.sender, mail.sent_by, mail.recipients, mail.is_draft) == (None, None, (), True)


async def test_what_is_not_asked_for_is_not_fetched(bench: MailboxBench) -> None:
    message_id = bench.deliver(_rich_letter())
    for parts in (NOTHING, {MailPart.BODY}, {MailPart.TEXT_BODY}, {MailPart.HEADERS}, {MailPart.ATTACHMENTS}):
        mail = await bench.mailbox.read(bench.owner, message_id, parts=parts)
        assert (mail.body is not None) == bool(parts & {MailPart.BODY, MailPart.TEXT_BODY})
        assert (mail.headers is not None) == (MailPart.HEADERS in parts)
        assert (mail.attachments is not None) == (MailPart.ATTACHMENTS in parts)


async def test_what_a_mail_does_not_have_is_empty_where_it_was_asked_for(bench: MailboxBench) -> None:
    message_id = bench.deliver(draft())
    mail = await bench.mailbox.read(bench.owner, message_id, parts={MailPart.ATTACHMENTS})
    assert mail.attachments == ()


async def test_a_body_comes_as_it_is_or_as_text(bench: MailboxBench) -> None:
    message_id = bench.deliver(draft(body="<p>Docking &amp; <b>survey</b></p>", body_type="html"))
    stored = await bench.mailbox.read(bench.owner, message_id, parts={MailPart.BODY})
    text = await bench.mailbox.read(bench.owner, message_id, parts={MailPart.TEXT_BODY})
    assert stored.body is not None
    assert text.body is not None
    assert (stored.body.format, stored.body.content) == (BodyFormat.HTML, "<p>Docking &amp; <b>survey</b></p>")
    assert text.body.format is BodyFormat.TEXT
    assert text.body.content.split() == ["Docking", "&", "survey"]


async def test_a_mail_keeps_its_id_when_it_moves_and_has_another_version_after_each_change(
    bench: MailboxBench,
) -> None:
    message_id = bench.deliver(draft())
    versions = [(await bench.mailbox.read(bench.owner, message_id, parts=NOTHING)).version]
    bench.mark(message_id, is_read=True)
    changed = await bench.mailbox.read(bench.owner, message_id, parts=NOTHING)
    versions.append(changed.version)
    assert changed.is_read
    bench.move(message_id, bench.folder_id(FolderRole.ARCHIVE))
    moved = await bench.mailbox.read(bench.owner, message_id, parts=NOTHING)
    assert (moved.message_id, moved.folder_id) == (message_id, bench.folder_id(FolderRole.ARCHIVE))
    assert len({*versions, moved.version}) == 3


async def test_attachments_are_told_without_their_contents(bench: MailboxBench) -> None:
    letter = draft(attachments=(PICTURE, REPORT, FORWARDED, LINK))
    message_id = bench.deliver(letter)
    mail = await bench.mailbox.read(bench.owner, message_id, parts={MailPart.ATTACHMENTS})
    told = mail.attachments or ()
    assert [(each.name, each.kind, each.is_inline) for each in told] == [
        (PICTURE.name, AttachmentKind.FILE, True),
        (REPORT.name, AttachmentKind.FILE, False),
        (FORWARDED.name, AttachmentKind.ITEM, False),
        (LINK.name, AttachmentKind.LINK, False),
    ]
    assert len({each.attachment_id for each in told}) == 4
    picture, report, *_ = told
    assert (picture.media_type, picture.content_id) == (PICTURE.content_type, PICTURE.content_id)
    assert (report.media_type, report.content_id) == (REPORT.content_type, None)
    assert report.size_bytes >= len(REPORT.content)


@pytest.mark.parametrize("attached", [PICTURE, REPORT, EMPTY], ids=lambda each: each.name)
async def test_the_content_of_a_file_is_its_bytes(bench: MailboxBench, attached: File) -> None:
    message_id = bench.deliver(draft(attachments=(attached,)))
    attachment = await _attachment(bench, message_id, attached)
    assert await _content(bench, message_id, attachment.attachment_id) == attached.content


async def test_the_content_of_an_attached_mail_is_its_mime(bench: MailboxBench) -> None:
    message_id = bench.deliver(draft(attachments=(FORWARDED,)))
    attachment = await _attachment(bench, message_id, FORWARDED)
    inside = _parsed(await _content(bench, message_id, attachment.attachment_id))
    assert inside["Subject"] == FORWARDED.draft.subject


async def test_the_content_of_a_mail_is_its_mime(bench: MailboxBench) -> None:
    letter = draft(subject="선체 survey", body="<p>Docking</p>", attachments=(REPORT,))
    message_id = bench.deliver(letter)
    mail = _parsed(await _content(bench, message_id))
    assert (mail["Subject"], mail["Message-ID"]) == (letter.subject, letter.internet_message_id)
    assert [each.get_content() for each in mail.iter_attachments()] == [REPORT.content]


def _parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=modern)
    assert isinstance(message, EmailMessage)
    return message


async def test_a_content_need_not_be_read_to_its_end(bench: MailboxBench) -> None:
    message_id = bench.deliver(draft(attachments=(REPORT,)))
    attachment = await _attachment(bench, message_id, REPORT)
    for _ in range(6):
        async with bench.mailbox.content(bench.owner, message_id, attachment.attachment_id) as parts:
            assert REPORT.content.startswith(await anext(parts))
        async with bench.mailbox.content(bench.owner, message_id, attachment.attachment_id):
            pass
    assert await _content(bench, message_id, attachment.attachment_id) == REPORT.content


async def test_a_link_has_no_content(bench: MailboxBench) -> None:
    message_id = bench.deliver(draft(attachments=(LINK,)))
    attachment = await _attachment(bench, message_id, LINK)
    with refusal(BusinessLogicError, "ATTACHMENT_IS_LINK"):
        await _content(bench, message_id, attachment.attachment_id)


async def test_an_attachment_that_does_not_exist_is_told(bench: MailboxBench) -> None:
    """Here: one of a mail that was deleted, asked of another mail."""
    gone, message_id = bench.deliver(draft(attachments=(REPORT,))), bench.deliver(draft(1))
    attachment = await _attachment(bench, gone, REPORT)
    with refusal(NotFoundError, "ATTACHMENT_UNKNOWN"):
        await _content(bench, message_id, attachment.attachment_id)


async def test_a_mail_that_was_deleted_is_not_known(bench: MailboxBench) -> None:
    message_id = bench.deliver(draft(attachments=(REPORT,)))
    attachment = await _attachment(bench, message_id, REPORT)
    bench.delete(message_id)
    with refusal(NotFoundError, "MAIL_UNKNOWN"):
        await bench.mailbox.read(bench.owner, message_id, parts=NOTHING)
    with refusal(NotFoundError, "MAIL_UNKNOWN"):
        await _content(bench, message_id)
    with refusal(NotFoundError, "MAIL_UNKNOWN"):
        await _content(bench, message_id, attachment.attachment_id)


async def test_a_mail_that_does_not_fit_cannot_be_read_but_transferred(bench: MailboxBench) -> None:
    letter = draft()
    message_id = bench.deliver(letter)
    bench.damage(message_id)
    with refusal(BusinessLogicError, "MAIL_UNREADABLE"):
        await bench.mailbox.read(bench.owner, message_id, parts=NOTHING)
    assert _parsed(await _content(bench, message_id))["Message-ID"] == letter.internet_message_id


async def test_an_application_opens_a_mailbox_by_its_address(bench: MailboxBench) -> None:
    message_id = bench.deliver(draft(received_at=NOON))
    own = await bench.mailbox.read(bench.owner, message_id, parts=NOTHING)
    assert await bench.mailbox.read(bench.addressed, message_id, parts=NOTHING) == attrs.evolve(
        own, web_link=own.web_link
    )
    assert await bench.mailbox.folders(bench.addressed) == await bench.mailbox.folders(bench.owner)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_mailbox_that_does_not_exist_is_told(bench: MailboxBench, call: Call) -> None:
    message_id = bench.deliver(draft())
    bench.owner = bench.nobody
    with refusal(NotFoundError, "MAILBOX_UNKNOWN"):
        await call(bench, message_id)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_every_call_says_why_it_fails_and_works_again_afterwards(
    bench: MailboxBench, call: Call, failure: str
) -> None:
    message_id, error = bench.deliver(draft()), FAILURES[failure]
    with bench.failing(error), pytest.raises(type(error)) as caught:
        await call(bench, message_id)
    assert type(caught.value) is type(error)
    assert (caught.value.error_code, caught.value.transient) == (error.error_code, error.transient)
    assert (caught.value.retry_after is None) == (error.retry_after is None)
    await call(bench, message_id)


async def test_no_error_says_what_a_mail_says(bench: MailboxBench) -> None:
    message_id = bench.deliver(draft(subject="canary", body="canary"))
    bench.damage(message_id)
    with pytest.raises(BusinessLogicError) as caught:
        await bench.mailbox.read(bench.owner, message_id, parts=EVERYTHING)
    assert "canary" not in f"{caught.value!r}{caught.value}{caught.value.details}"


async def test_nothing_is_changed_by_reading(bench: MailboxBench) -> None:
    """A mail that was read here is not marked as read."""
    message_id = bench.deliver(draft(attachments=(REPORT,)))
    before = await bench.mailbox.read(bench.owner, message_id, parts=EVERYTHING)
    for call in CALLS.values():
        await call(bench, message_id)
    assert await bench.mailbox.read(bench.owner, message_id, parts=EVERYTHING) == before
    assert await found(bench, unread=True) == [message_id]
