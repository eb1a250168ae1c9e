"""What Graph sends, exactly as far as it is used: field for field what `selection` asks for.

A record's fields without a default must be there. What has the domain's own shape is read as the domain's own.
Lists of those whom a mail is to stay bytes (`Raw`) where they are long: they repeat themselves from mail to mail, so
that most of them need not be read. Short ones are read with the record. The other lists are empty, mostly.

Source: api-reference/v1.0/resources/message.md, attachment.md, mailfolder.md.
"""

from datetime import datetime
from typing import Annotated, Final, Generic, Literal, TypeVar

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from domain.mail import BodyFormat, Importance, MailAddress

Id = Annotated[str, Meta(min_length=1)]
Moment = Annotated[datetime, Meta(tz=True)]
Count = Annotated[int, Meta(ge=0)]
AttachmentType = Literal[
    "#microsoft.graph.fileAttachment", "#microsoft.graph.itemAttachment", "#microsoft.graph.referenceAttachment"
]

NOT_TOLD: Final = Raw()
M = TypeVar("M")


class BodyRecord(Struct, frozen=True, gc=False, rename="camel"):
    """An itemBody."""

    content_type: BodyFormat
    content: str


class RecipientRecord(Struct, frozen=True, gc=False, rename="camel"):
    """A recipient. An emailAddress has the domain's own names, and either part may be missing."""

    email_address: MailAddress | None = None


class HeaderRecord(Struct, frozen=True, gc=False):
    """An internetMessageHeader."""

    name: str
    value: str


class AttachmentRecord(Struct, frozen=True, gc=False, rename="camel"):
    """An attachment without its content; `type_name` tells the kind."""

    type_name: AttachmentType = field(name="@odata.type")
    id: Id
    name: str | None
    content_type: str | None
    size: Count
    is_inline: bool
    content_id: str | None = None


class _Message(Struct, frozen=True, gc=False, kw_only=True, rename="camel"):
    """A whole message but for the lists of those whom it is to.

    What may be missing from one: its authors while it is a draft, and what was not asked for. The fields are in the
    order in which Graph tells them: a name is looked for behind the one before it.
    """

    etag: str | None = field(default=None, name="@odata.etag")
    id: Id
    last_modified_date_time: Moment | None
    change_key: str | None
    categories: tuple[str, ...]
    received_date_time: Moment
    sent_date_time: Moment | None
    has_attachments: bool
    internet_message_id: str | None
    subject: str | None
    body_preview: str | None
    importance: Importance
    parent_folder_id: Id
    conversation_id: str | None
    is_read: bool
    is_draft: bool
    web_link: str | None
    body: BodyRecord | UnsetType | None = UNSET
    sender: RecipientRecord | UnsetType | None = UNSET
    from_: RecipientRecord | UnsetType | None = field(default=UNSET, name="from")
    bcc_recipients: tuple[RecipientRecord, ...]
    reply_to: tuple[RecipientRecord, ...]
    internet_message_headers: tuple[HeaderRecord, ...] | UnsetType | None = UNSET
    attachments: tuple[AttachmentRecord, ...] | UnsetType = UNSET
    removed: Raw = field(default=NOT_TOLD, name="@removed")


class MessageRecord(_Message, frozen=True, gc=False, kw_only=True, rename="camel"):
    """A whole message whose lists are still to be read."""

    to_recipients: Raw
    cc_recipients: Raw


class ReadMessageRecord(_Message, frozen=True, gc=False, kw_only=True, rename="camel"):
    """A whole message whose lists are read."""

    to_recipients: tuple[RecipientRecord, ...]
    cc_recipients: tuple[RecipientRecord, ...]


class MessagePage(Struct, Generic[M], frozen=True, gc=False):
    """A page of which every message is whole."""

    value: list[M]
    next_link: Id | None = field(default=None, name="@odata.nextLink")
    delta_link: Id | None = field(default=None, name="@odata.deltaLink")
    error: Raw = Raw()


class RawPage(Struct, frozen=True, gc=False):
    """A page whose messages are still to be read, one by one."""

    value: list[Raw]
    next_link: Id | None = field(default=None, name="@odata.nextLink")
    delta_link: Id | None = field(default=None, name="@odata.deltaLink")
    error: Raw = Raw()


class FolderRecord(Struct, frozen=True, gc=False, rename="camel"):
    """A mailFolder."""

    id: Id
    display_name: str
    child_folder_count: Count
    total_item_count: Count
    unread_item_count: Count
    is_hidden: bool = False


class FolderPage(Struct, frozen=True, gc=False):
    """A page of folders."""

    value: list[FolderRecord]
    next_link: Id | None = field(default=None, name="@odata.nextLink")
