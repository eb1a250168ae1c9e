"""What can be shown of a mail: each field with its JSON value, its text, and what must be fetched for it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

import attrs

from domain.mail import Attachment, Importance, Mail, MailAddress, MailPart


@attrs.frozen(kw_only=True)
class Found:
    """A mail with whose it is; `folders` are paths by folder id, as far as they were asked for."""

    user_id: str
    mail: Mail
    folders: Mapping[str, str] = attrs.field(factory=dict, repr=False)


@attrs.frozen(kw_only=True)
class Field:
    """`value` is plain data for JSON, times stay times. `text` is for people; without it, the value as a text.

    In tables a field has at least `width` columns; what is longer is cut if it has a `share` of the room that is left.
    `foreign`: somebody else wrote it.
    """

    name: str
    value: Callable[[Found], object]
    text: Callable[[Found], str] | None = None
    part: MailPart | None = None
    width: int = 12
    share: int = 0
    foreign: bool = False

    def shown(self, found: Found, zone: tzinfo | None, moments: str | None) -> str:
        """Return the text, times in the zone (None: the system's) by the `strftime` format, in ISO 8601 for None."""
        if self.text is not None:
            return self.text(found)
        value = self.value(found)
        if isinstance(value, datetime):
            local = value.astimezone(zone)
            return local.isoformat(timespec="seconds") if moments is None else local.strftime(moments)
        if isinstance(value, bool):
            return "yes" if value else "no"
        return "" if value is None else str(value)


def address(one: MailAddress | None) -> Mapping[str, object] | None:
    """Return a correspondent as plain data."""
    return None if one is None else {"address": one.address, "name": one.name}


def attachment(one: Attachment) -> Mapping[str, object]:
    """Return what is attached as plain data."""
    return {
        "id": one.attachment_id,
        "name": one.name,
        "kind": one.kind.value,
        "media_type": one.media_type,
        "size_bytes": one.size_bytes,
        "is_inline": one.is_inline,
        "content_id": one.content_id,
    }


def body(mail: Mail) -> Mapping[str, object] | None:
    """Return the body as plain data."""
    return None if mail.body is None else {"format": mail.body.format.value, "content": mail.body.content}


def headers(mail: Mail) -> list[Mapping[str, str]] | None:
    """Return the headers as plain data."""
    return None if mail.headers is None else [{"name": name, "value": text} for name, text in mail.headers]


def marks(mail: Mail) -> str:
    """Return `*` for unread, `@` for attachments, `!` for high and `v` for low importance."""
    importance = {Importance.HIGH: "!", Importance.LOW: "v", Importance.NORMAL: ""}[mail.importance]
    return f"{'' if mail.is_read else '*'}{'@' if mail.has_attachments else ''}{importance}"


def joined(several: Sequence[MailAddress]) -> str:
    """Return correspondents as a text."""
    return ", ".join(map(str, several))


def _fact(name: str, of: Callable[[Mail], object], *, width: int = 12, foreign: bool = False) -> Field:
    return Field(name=name, value=lambda found: of(found.mail), width=width, foreign=foreign)


def _written(name: str, of: Callable[[Mail], str | None], *, share: int = 1) -> Field:
    return Field(name=name, value=lambda found: of(found.mail), width=20, share=share, foreign=True)


def _person(name: str, of: Callable[[Mail], MailAddress | None]) -> Field:
    def text(found: Found) -> str:
        return str(of(found.mail) or "")

    return Field(name=name, value=lambda found: address(of(found.mail)), text=text, width=16, share=1, foreign=True)


def _people(name: str, of: Callable[[Mail], Sequence[MailAddress]]) -> Field:
    def value(found: Found) -> list[Mapping[str, object] | None]:
        return [address(one) for one in of(found.mail)]

    return Field(name=name, value=value, text=lambda found: joined(of(found.mail)), width=16, share=1, foreign=True)


def _categories(found: Found) -> str:
    return ", ".join(found.mail.categories)


def _body_text(found: Found) -> str:
    return "" if found.mail.body is None else found.mail.body.content


def _header_text(found: Found) -> str:
    return "\n".join(f"{name}: {text}" for name, text in found.mail.headers or ())


def _attachment_text(found: Found) -> str:
    return ", ".join(each.name or each.kind.value for each in found.mail.attachments or ())


def _attachments(found: Found) -> list[Mapping[str, object]]:
    return [attachment(each) for each in found.mail.attachments or ()]


def _body_field(name: str, part: MailPart) -> Field:
    return Field(
        name=name, value=lambda found: body(found.mail), text=_body_text, part=part, width=30, share=3, foreign=True
    )


_ALL = (
    Field(name="user", value=lambda found: found.user_id),
    _fact("received", lambda mail: mail.received_at, width=16),
    _fact("sent", lambda mail: mail.sent_at, width=16),
    _fact("changed", lambda mail: mail.changed_at, width=16),
    _person("from", lambda mail: mail.sender),
    _person("sent_by", lambda mail: mail.sent_by),
    _people("to", lambda mail: mail.to),
    _people("cc", lambda mail: mail.cc),
    _people("bcc", lambda mail: mail.bcc),
    _people("reply_to", lambda mail: mail.reply_to),
    _written("subject", lambda mail: mail.subject, share=2),
    _written("preview", lambda mail: mail.preview, share=2),
    _fact("marks", marks, width=5),
    _fact("read", lambda mail: mail.is_read, width=4),
    _fact("draft", lambda mail: mail.is_draft, width=5),
    _fact("importance", lambda mail: mail.importance.value, width=10),
    _fact("has_attachments", lambda mail: mail.has_attachments, width=15),
    Field(name="categories", value=lambda found: [*found.mail.categories], text=_categories, share=1, foreign=True),
    Field(name="folder", value=lambda found: found.folders.get(found.mail.folder_id), width=12, share=1, foreign=True),
    _fact("folder_id", lambda mail: mail.folder_id),
    _fact("id", lambda mail: mail.message_id),
    _fact("internet_message_id", lambda mail: mail.internet_message_id, foreign=True),
    _fact("conversation_id", lambda mail: mail.conversation_id),
    _fact("version", lambda mail: mail.version),
    _fact("web_link", lambda mail: mail.web_link),
    _body_field("body", MailPart.BODY),
    _body_field("text", MailPart.TEXT_BODY),
    Field(
        name="headers",
        value=lambda found: headers(found.mail),
        text=_header_text,
        part=MailPart.HEADERS,
        width=30,
        share=2,
        foreign=True,
    ),
    Field(
        name="attachments",
        value=_attachments,
        text=_attachment_text,
        part=MailPart.ATTACHMENTS,
        width=20,
        share=1,
        foreign=True,
    ),
)
FIELDS: Final[Mapping[str, Field]] = {field.name: field for field in _ALL}

FOLDER = "folder"
"""The field for which the mailbox's folders must be known."""

CHEAP: Final = tuple(each.name for each in _ALL if each.part is None and each.name not in {FOLDER, "marks"})
"""All fields that cost nothing more: what programs get unless they say what they want."""
IN_A_TABLE: Final = ("received", "from", "subject", "marks")
IN_A_SHEET: Final = (
    "user", "received", "from", "to", "subject", "read", "has_attachments", "importance", "categories", "id"
)  # fmt: skip


def chosen(text: str) -> tuple[Field, ...]:
    """Return the fields that a list of names, separated by commas or spaces, chooses, in its order.

    Raises:
        ValueError: a name is unknown, both forms of the body are wanted, or there is no name.
    """
    names = tuple(dict.fromkeys(text.replace(",", " ").split()))
    unknown = [name for name in names if name not in FIELDS]
    if unknown or not names:
        msg = f"{', '.join(map(repr, unknown)) or 'nothing'} is no field; there are: {', '.join(FIELDS)}"
        raise ValueError(msg)
    if {"body", "text"} <= set(names):
        raise ValueError("body and text are two forms of the same: choose one")
    return tuple(FIELDS[name] for name in names)


def named(names: Sequence[str]) -> tuple[Field, ...]:
    """Return fields by their names."""
    return tuple(FIELDS[name] for name in names)
