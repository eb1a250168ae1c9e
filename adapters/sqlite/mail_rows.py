"""Mails as rows of `mails`, `mail_details` and `mail_contents`. Runs on the database's thread.

Pages hold thousands of mails: a row is made in one expression, and JSON by msgspec.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final, TypeVar

from msgspec import MsgspecError
from msgspec.json import Decoder, Encoder

from adapters.sqlite.row_decoding import is_text
from adapters.sqlite.timestamps import from_text, to_text
from adapters.sqlite.token_rows import text, time
from domain.errors import ValidationError
from domain.mail import Attachment, BodyFormat, Importance, Mail, MailAddress, MailBody

T = TypeVar("T")
Row = tuple[object, ...]

BODY: Final = 1
HEADERS: Final = 2
ATTACHMENTS: Final = 4

DETAILS: Final = (
    "received_at",
    "sent_at",
    "changed_at",
    "internet_message_id",
    "conversation_id",
    "subject",
    "sender",
    "sent_by",
    "to_recipients",
    "cc_recipients",
    "bcc_recipients",
    "reply_to",
    "is_read",
    "is_draft",
    "importance",
    "has_attachments",
    "categories",
    "web_link",
    "preview",
)
CONTENTS: Final = ("body_format", "body", "headers", "attachments")

INSERT_MAIL: Final = (
    "INSERT INTO mails (mail, mail_id, folder, message_id, version, parts, round) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
INSERT_DETAILS: Final = (
    f"INSERT INTO mail_details (mail, stored_at, {', '.join(DETAILS)})"  # noqa: S608 - constants
    f" VALUES (?, ?, {', '.join('?' * len(DETAILS))})"
)
UPDATE_DETAILS: Final = f"UPDATE mail_details SET {', '.join(f'{column} = ?' for column in DETAILS)} WHERE mail = ?"  # noqa: S608 - constants
INSERT_CONTENTS: Final = f"INSERT INTO mail_contents (mail, {', '.join(CONTENTS)}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608 - constants
COMPLETE_CONTENTS: Final = (
    f"{INSERT_CONTENTS} ON CONFLICT (mail) DO UPDATE SET"
    f" {', '.join(f'{column} = coalesce({column}, excluded.{column})' for column in CONTENTS)}"
)
"""A part that is there stays."""

_TEXTS: Final = (
    "message_id",
    "folder_id",
    "internet_message_id",
    "conversation_id",
    "subject",
    "web_link",
    "preview",
    "version",
    "body",
)
_ENCODE: Final = Encoder().encode
_CORRESPONDENT: "Final[Decoder[MailAddress | None]]" = Decoder(MailAddress | None)
_CORRESPONDENTS: Final = Decoder(tuple[MailAddress, ...])
_ARRAY: "Final[Decoder[tuple[str, ...]]]" = Decoder(tuple[str, ...])
_HEADERS: Final = Decoder(tuple[tuple[str, str], ...])
_ATTACHMENTS: Final = Decoder(tuple[Attachment, ...])


def to_json(value: object) -> str:
    """Return a value of attrs classes, sequences, times and texts as JSON text.

    Raises:
        UnicodeEncodeError: a text is no Unicode.
    """
    return _ENCODE(value).decode()


def parts_of(mail: Mail) -> int:
    """Return which parts the mail has, as the column `parts` tells it."""
    return (
        (mail.body is not None and BODY)
        | (mail.headers is not None and HEADERS)
        | (mail.attachments is not None and ATTACHMENTS)
    )


def details(mail: Mail) -> Row:
    """Return the values of `DETAILS`."""
    return (
        to_text(mail.received_at),
        text(mail.sent_at),
        text(mail.changed_at),
        mail.internet_message_id,
        mail.conversation_id,
        mail.subject,
        "null" if mail.sender is None else _ENCODE(mail.sender).decode(),
        "null" if mail.sent_by is None else _ENCODE(mail.sent_by).decode(),
        _ENCODE(mail.to).decode() if mail.to else "[]",
        _ENCODE(mail.cc).decode() if mail.cc else "[]",
        _ENCODE(mail.bcc).decode() if mail.bcc else "[]",
        _ENCODE(mail.reply_to).decode() if mail.reply_to else "[]",
        1 if mail.is_read else 0,
        1 if mail.is_draft else 0,
        mail.importance.value,
        1 if mail.has_attachments else 0,
        _ENCODE(mail.categories).decode() if mail.categories else "[]",
        mail.web_link,
        mail.preview,
    )


def contents(mail: Mail) -> Row:
    """Return the values of `CONTENTS`."""
    body = mail.body
    return (
        None if body is None else body.format.value,
        None if body is None else body.content,
        None if mail.headers is None else _ENCODE(mail.headers).decode(),
        None if mail.attachments is None else _ENCODE(mail.attachments).decode(),
    )


def to_mail(row: sqlite3.Row) -> Mail | None:
    """Return the mail of a row with all that `mails`, `mail_details` and `mail_contents` keep, and the folder's id.

    None if the row is damaged: it does not hold what a store writes.
    """
    try:
        return _mail(row)
    except (ValueError, TypeError, RecursionError, MsgspecError, ValidationError):
        return None


def _mail(row: sqlite3.Row) -> Mail:
    _check_texts(row[column] for column in _TEXTS)
    return Mail(
        message_id=row["message_id"],
        folder_id=row["folder_id"],
        internet_message_id=row["internet_message_id"],
        conversation_id=row["conversation_id"],
        subject=row["subject"],
        sender=_CORRESPONDENT.decode(row["sender"]),
        sent_by=_CORRESPONDENT.decode(row["sent_by"]),
        to=_CORRESPONDENTS.decode(row["to_recipients"]),
        cc=_CORRESPONDENTS.decode(row["cc_recipients"]),
        bcc=_CORRESPONDENTS.decode(row["bcc_recipients"]),
        reply_to=_CORRESPONDENTS.decode(row["reply_to"]),
        received_at=from_text(row["received_at"]),
        sent_at=time(row["sent_at"]),
        changed_at=time(row["changed_at"]),
        is_read=bool(row["is_read"]),
        is_draft=bool(row["is_draft"]),
        importance=Importance(row["importance"]),
        has_attachments=bool(row["has_attachments"]),
        categories=_ARRAY.decode(row["categories"]),
        web_link=row["web_link"],
        preview=row["preview"],
        version=row["version"],
        body=_body(row),
        headers=_part(_HEADERS, row["headers"]),
        attachments=_part(_ATTACHMENTS, row["attachments"]),
    )


def _body(row: sqlite3.Row) -> MailBody | None:
    if row["body"] is None:
        return None
    return MailBody(format=BodyFormat(row["body_format"]), content=row["body"])


def _part(decoder: "Decoder[T]", stored: str | None) -> T | None:
    return None if stored is None else decoder.decode(stored)


def _check_texts(values: Iterable[object]) -> None:
    if not all(value is None or is_text(value) for value in values):
        msg = "not text"
        raise ValueError(msg)


def correspondent(stored: str) -> MailAddress | None:
    """Return the correspondent of a column.

    Raises:
        MsgspecError: the column is damaged.
    """
    return _CORRESPONDENT.decode(stored)


def texts(stored: str) -> tuple[str, ...]:
    """Return the texts of a JSON array.

    Raises:
        MsgspecError: the column is damaged.
    """
    return _ARRAY.decode(stored)
