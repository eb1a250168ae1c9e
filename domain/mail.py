"""Mail as programs work with it: what a mailbox says about a message, and nothing that it does not say."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import attrs

from domain.account import Account, AuthFlow
from domain.errors import ValidationError
from domain.validation import checked_utc, not_blank, optional


class MailPart(StrEnum):
    """What is not fetched unless asked for: it makes pages many times larger."""

    BODY = "body"
    """The body as it is stored: HTML or text."""
    TEXT_BODY = "text_body"
    """The body as text; the mailbox's server makes text of HTML."""
    HEADERS = "headers"
    ATTACHMENTS = "attachments"
    """What is attached; never the contents."""


class Importance(StrEnum):
    """What the sender thought (RFC 2156 section 2.3.4)."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class BodyFormat(StrEnum):
    TEXT = "text"
    HTML = "html"


class AttachmentKind(StrEnum):
    """FILE has bytes; ITEM is a mail, event or contact, read as MIME; LINK is the address of a file elsewhere."""

    FILE = "file"
    ITEM = "item"
    LINK = "link"


class FolderRole(StrEnum):
    """What a folder is for, whatever it is called in its owner's language. Values are Graph's well-known names."""

    INBOX = "inbox"
    DRAFTS = "drafts"
    SENT = "sentitems"
    OUTBOX = "outbox"
    DELETED = "deleteditems"
    JUNK = "junkemail"
    ARCHIVE = "archive"


@attrs.frozen(weakref_slot=False)
class MailAddress:
    """One correspondent. Either part may be missing, and the address need not be an e-mail address (X.500)."""

    address: str | None = None
    name: str | None = None

    def __str__(self) -> str:
        if self.name and self.name != self.address:
            return f"{self.name} <{self.address}>" if self.address else self.name
        return self.address or ""


@attrs.frozen(kw_only=True)
class MailBody:
    format: BodyFormat
    content: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Attachment:
    """What is attached, without its content. `size_bytes` is the mailbox's own count: somewhat more than the content.

    `content_id` is by what an HTML body refers to an inline picture (RFC 2392).
    """

    attachment_id: str
    name: str | None
    kind: AttachmentKind
    media_type: str | None
    size_bytes: int
    is_inline: bool
    content_id: str | None = None


@attrs.frozen(kw_only=True, weakref_slot=False)
class Mail:
    """One message. `message_id` stays the same when it moves to another folder, and is unique in its mailbox.

    `sender` is whom it is from, `sent_by` who sent it on their behalf. `web_link` opens it in a browser. `version`
    changes with every change. `body`, `headers` and `attachments` are None where they were not asked for.
    `has_attachments` is the mailbox's word: inline pictures alone do not count.

    Without a slot for weak references mails are smaller, and an open class of the same layout can become this one.
    """

    message_id: str
    folder_id: str
    internet_message_id: str | None = None
    conversation_id: str | None = None
    subject: str | None = attrs.field(default=None, repr=False)
    sender: MailAddress | None = attrs.field(default=None, repr=False)
    sent_by: MailAddress | None = attrs.field(default=None, repr=False)
    to: tuple[MailAddress, ...] = attrs.field(default=(), repr=False)
    cc: tuple[MailAddress, ...] = attrs.field(default=(), repr=False)
    bcc: tuple[MailAddress, ...] = attrs.field(default=(), repr=False)
    reply_to: tuple[MailAddress, ...] = attrs.field(default=(), repr=False)
    received_at: datetime
    sent_at: datetime | None = None
    changed_at: datetime | None = None
    is_read: bool
    is_draft: bool
    importance: Importance
    has_attachments: bool
    categories: tuple[str, ...] = ()
    web_link: str | None = attrs.field(default=None, repr=False)
    preview: str | None = attrs.field(default=None, repr=False)
    version: str | None = None
    body: MailBody | None = None
    headers: tuple[tuple[str, str], ...] | None = attrs.field(default=None, repr=False)
    attachments: tuple[Attachment, ...] | None = attrs.field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check what everything else relies on; thousands are made per second, so little is checked."""
        if not self.message_id or not self.folder_id:
            msg = "A mail must have a message id and a folder id."
            raise ValidationError(msg, error_code="MAIL_WITHOUT_ID")
        if self.received_at.tzinfo is not UTC:
            checked_utc(self.received_at)

    @property
    def recipients(self) -> tuple[MailAddress, ...]:
        """All whom it was sent to, as far as this mailbox knows."""
        return self.to + self.cc + self.bcc


@attrs.frozen(kw_only=True)
class MailFolder:
    """`path` is the names from the top, by `/`; a `/` in a name is doubled. `unread` is part of `total`."""

    folder_id: str
    parent_id: str | None
    name: str
    path: str
    role: FolderRole | None
    total: int
    unread: int
    is_hidden: bool = False


@attrs.frozen(kw_only=True)
class UnreadableMail:
    """A message that the mailbox has told in a form that does not fit: kept as it came, and reported.

    `raw` is what came, as far as it could be cut out of its page; `message_id` None: not even that could be read.
    """

    message_id: str | None
    raw: bytes = attrs.field(repr=False)
    problem: str


@attrs.frozen(kw_only=True)
class MailPage:
    """Some of a query's answer. `truncated`: the server does not give more, though there may be more."""

    mails: Sequence[Mail] = ()
    unreadable: Sequence[UnreadableMail] = ()
    truncated: bool = False


@attrs.frozen(kw_only=True)
class MailChanges:
    """Some of what changed in a folder. `removed` are ids: deleted, or moved to another folder.

    A mail may come several times and in any order, also if nothing changed. `cursor` is where to go on, now or later;
    `complete` says that there is no more for now.
    """

    changed: Sequence[Mail] = ()
    removed: Sequence[str] = ()
    unreadable: Sequence[UnreadableMail] = ()
    cursor: str = attrs.field(repr=False)
    complete: bool


@attrs.frozen(kw_only=True)
class MailboxOwner:
    """Whose mailbox: `user_id` is the account whose token opens it.

    `address` is by which an application without a signed-in person names it; None: the token's own person.
    """

    user_id: str = attrs.field(validator=not_blank)
    address: str | None = attrs.field(default=None, validator=optional(not_blank))

    @classmethod
    def of(cls, account: Account, flow: AuthFlow) -> "MailboxOwner":
        """Return the owner for an account whose tokens are had by this flow."""
        return cls(user_id=account.user_id, address=account.email if flow is AuthFlow.CLIENT_CREDENTIALS else None)


ROLE_NAMES: Final[Mapping[str, FolderRole]] = {role.value: role for role in FolderRole}


def folder_path(parent: str | None, name: str) -> str:
    """Return the path of a folder with this name under a folder with that path; None is the top."""
    own = name.replace("/", "//")
    return own if parent is None else f"{parent}/{own}"


def find_folder(folders: Sequence[MailFolder], wanted: str) -> MailFolder | None:
    """Return the folder that a person means: by role, else id, else path, else name; case does not matter, but of ids.

    Raises:
        ValidationError: several folders have this name (FOLDER_AMBIGUOUS); the message lists their paths.
    """
    key = wanted.strip().casefold()
    role = ROLE_NAMES.get(key.replace(" ", ""))
    ways: tuple[Callable[[MailFolder], bool], ...] = (
        lambda folder: role is not None and folder.role is role,
        lambda folder: folder.folder_id == wanted.strip(),
        lambda folder: folder.path.casefold() == key,
        lambda folder: folder.name.casefold() == key,
    )
    found = next((meant for way in ways if (meant := [folder for folder in folders if way(folder)])), [])
    if len(found) > 1:
        paths = ", ".join(repr(folder.path) for folder in found)
        msg = f"Several folders are called {wanted!r}: name one by its path: {paths}."
        raise ValidationError(msg, error_code="FOLDER_AMBIGUOUS", details={"folder": wanted})
    return found[0] if found else None
