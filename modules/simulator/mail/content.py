"""What a sender decides about a message, before any mailbox has it."""

from datetime import datetime
from typing import Literal, Union

import attrs

BodyType = Literal["html", "text"]
Importance = Literal["low", "normal", "high"]


@attrs.frozen
class Address:
    """A correspondent. Either part may be empty."""

    address: str
    name: str = ""


@attrs.frozen(kw_only=True)
class File:
    """A file that is attached; an inline one is shown in the body, which refers to its content id."""

    name: str
    content_type: str
    content: bytes = attrs.field(repr=False)
    is_inline: bool = False
    content_id: str | None = None


@attrs.frozen(kw_only=True)
class Item:
    """A message that is attached."""

    name: str
    draft: "Draft"


@attrs.frozen(kw_only=True)
class Link:
    """A file elsewhere that is attached by its address."""

    name: str
    url: str


Attached = Union[File, Item, Link]  # noqa: UP007 - Item names a class that comes later


@attrs.frozen(kw_only=True)
class Draft:
    """A message. `headers` are those beyond what follows from the rest. Times are in UTC, whole seconds."""

    subject: str
    sender: Address | None
    sent_by: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    body: str = attrs.field(default="", repr=False)
    body_type: BodyType = "html"
    sent_at: datetime
    received_at: datetime
    internet_message_id: str
    conversation: str = ""
    """Messages with the same text here are one conversation."""
    importance: Importance = "normal"
    is_read: bool = False
    is_draft: bool = False
    categories: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attached, ...] = ()
