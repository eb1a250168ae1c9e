"""Accounts with mailboxes in memory, and what the commands do with them, without a process or a network."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from adapters.memory.mail_query_log import MemoryMailQueryLog
from adapters.memory.mailbox import MemoryMailbox
from application.applications import Applications
from application.mail_queries import MailQueries
from domain.mail import (
    Attachment,
    AttachmentKind,
    BodyFormat,
    FolderRole,
    Importance,
    Mail,
    MailAddress,
    MailBody,
    MailboxOwner,
)
from modules.mail_query.compose import MailQuery
from modules.mail_query.querying import query
from modules.mail_query.wishes import QueryOptions, wishes
from tests.application.rig import APPLICATION, Rig, open_rig

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PARK = MailAddress("park@office.example", "Park Minseo")
NOTHING: QueryOptions = {
    "users": (),
    "everybody": False,
    "since": None,
    "until": None,
    "sender": None,
    "recipient": None,
    "subject": None,
    "search": None,
    "unread": None,
    "has_attachments": None,
    "importance": None,
    "folder": None,
    "top": None,
    "select": None,
    "form": "table",
}


def options(*users: str, **given: Any) -> QueryOptions:  # noqa: ANN401 - of QueryOptions
    """Return the options of a command line; without users, `--all`."""
    merged: Any = {**NOTHING, "users": users, "everybody": not users, **given}
    found: QueryOptions = merged
    return found


def a_mail(message_id: str, folder_id: str, **facts: Any) -> Mail:  # noqa: ANN401 - of Mail
    """Return a mail that has all parts."""
    given: Mapping[str, Any] = {
        "subject": f"Subject of {message_id}",
        "sender": PARK,
        "to": (MailAddress("kim@office.example"),),
        "received_at": NOON,
        "is_read": True,
        "is_draft": False,
        "importance": Importance.NORMAL,
        "has_attachments": False,
        "body": MailBody(format=BodyFormat.HTML, content="<p>Hello &amp; goodbye</p>"),
        "headers": (("X-One", "1"),),
    }
    return Mail(message_id=message_id, folder_id=folder_id, **{**given, **facts})


def a_file(attachment_id: str, name: str | None, kind: AttachmentKind = AttachmentKind.FILE) -> Attachment:
    """Return the description of something attached."""
    return Attachment(
        attachment_id=attachment_id, name=name, kind=kind, media_type="application/pdf", size_bytes=10, is_inline=False
    )


@attrs.frozen(kw_only=True)
class Desk:
    """`mailbox` is where mails are delivered."""

    rig: Rig
    mailbox: MemoryMailbox
    log: MemoryMailQueryLog
    tools: MailQuery

    async def enrol(self, user_id: str) -> MailboxOwner:
        """Add an account with an empty mailbox."""
        await self.rig.enrol(user_id)
        owner = MailboxOwner(user_id=user_id)
        self.mailbox.add_mailbox(owner)
        return owner

    def deliver(self, owner: MailboxOwner, message_id: str, minute: int = 0, **facts: Any) -> Mail:  # noqa: ANN401 - of Mail
        """Deliver a mail into the inbox."""
        contents, mime = facts.pop("contents", None), facts.pop("mime", b"")
        inbox = self.mailbox.folder_id(owner, FolderRole.INBOX)
        mail = a_mail(message_id, inbox, **{"received_at": NOON + timedelta(minutes=minute), **facts})
        self.mailbox.deliver(owner, mail, contents=contents, mime=mime)
        return mail

    async def query(self, *users: str, **given: Any) -> int:  # noqa: ANN401 - of QueryOptions
        """Run `mail query`; return the exit code."""
        return await query(self.tools.queries, wishes(options(*users, **given), NOON, SEOUL), SEOUL)


@asynccontextmanager
async def open_desk(mailbox: MemoryMailbox | None = None) -> AsyncIterator[Desk]:
    """Open an empty one."""
    async with open_rig() as rig:
        memory, log = mailbox or MemoryMailbox(page_size=2), MemoryMailQueryLog()
        queries = MailQueries(
            accounts=rig.accounts,
            applications=Applications(default=APPLICATION),
            mailbox=memory,
            log=log,
            clock=rig.clock,
        )
        yield Desk(rig=rig, mailbox=memory, log=log, tools=MailQuery(queries=queries, mailbox=memory))
