"""From Graph's records to mails: field by field, and nothing that a record has made sure of is looked at again."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final

import attrs
from msgspec import UNSET, Raw, UnsetType
from msgspec.json import Decoder

from adapters.graph.records import (
    AttachmentRecord,
    AttachmentType,
    BodyRecord,
    MessageRecord,
    ReadMessageRecord,
    RecipientRecord,
)
from adapters.graph.selection import ATTACHMENTS, BODY, HEADERS
from domain.mail import Attachment, AttachmentKind, Mail, MailAddress, MailBody

RECIPIENTS: Final = Decoder(list[RecipientRecord])
_NOBODY: Final = MailAddress()
_ADDRESS: Final = attrgetter("email_address")
_SHORT: Final = 300
"""Bytes of a list of some three correspondents."""
_KINDS: Final[Mapping[AttachmentType, AttachmentKind]] = {
    "#microsoft.graph.fileAttachment": AttachmentKind.FILE,
    "#microsoft.graph.itemAttachment": AttachmentKind.ITEM,
    "#microsoft.graph.referenceAttachment": AttachmentKind.LINK,
}

_OpenMail: Final[Any] = attrs.make_class(
    "_OpenMail", [field.name for field in attrs.fields(Mail)], eq=False, repr=False, slots=True, weakref_slot=False
)
"""A mail before it is frozen: the same fields in the same places.

Each field of a frozen value is set by a call, and a mail has 25: of all that is done to make a mail of its bytes, that
would take as long as the rest.
"""


class NotWholeError(ValueError):
    """A record lacks what was asked for."""


@attrs.frozen
class _Lists:
    """Lists of correspondents. Long ones are remembered by what Graph wrote of them; short ones are read as fast."""

    _known: dict[bytes, tuple[MailAddress, ...]] = attrs.field(factory=dict, init=False, repr=False)

    def of(self, raw: Raw) -> tuple[MailAddress, ...]:
        """Return the correspondents of a list as Graph wrote it."""
        written = bytes(raw)
        if len(written) <= _SHORT:
            return () if written == b"[]" else _people(RECIPIENTS.decode(written))
        found = self._known.get(written)
        if found is None:
            found = self._known[written] = _people(RECIPIENTS.decode(written))
        return found


@attrs.frozen(kw_only=True)
class Conversion:
    """Makes the mails of one page, with the `asked` fields; recipients that are the same in several are read once.

    `updates`: what is not told may have been told before, so that a record must say everything.
    """

    asked: AbstractSet[str]
    updates: bool = False
    _lists: _Lists = attrs.field(factory=_Lists, init=False, repr=False)

    def mail(self, record: MessageRecord | ReadMessageRecord) -> Mail:
        """Return the mail; the record has made sure of what `Mail` checks, but for the time zone.

        Raises:
            NotWholeError: something is missing.
            OverflowError: a time is before all time in UTC.
            msgspec.MsgspecError, UnicodeDecodeError: correspondents are told in a form that does not fit.
        """
        author, sender = record.from_, record.sender
        if self.updates and (author is UNSET or sender is UNSET):
            raise NotWholeError
        if isinstance(record, ReadMessageRecord):
            to, cc = _people(record.to_recipients), _people(record.cc_recipients)
        else:
            to, cc = self._lists.of(record.to_recipients), self._lists.of(record.cc_recipients)
        received = record.received_date_time
        mail = _OpenMail(  # in the order of the fields of `Mail`
            record.id,
            record.parent_folder_id,
            record.internet_message_id,
            record.conversation_id,
            record.subject,
            author.email_address if author else None,
            sender.email_address if sender else None,
            to,
            cc,
            _people(record.bcc_recipients),
            _people(record.reply_to),
            received if received.tzinfo is UTC else received.astimezone(UTC),
            _utc(record.sent_date_time),
            _utc(record.last_modified_date_time),
            record.is_read,
            record.is_draft,
            record.importance,
            record.has_attachments,
            record.categories,
            record.web_link,
            record.body_preview,
            record.change_key or record.etag,
            _body(record.body) if BODY in self.asked else None,
            self._headers(record) if HEADERS in self.asked else None,
            _attachments(record.attachments) if ATTACHMENTS in self.asked else None,
        )
        mail.__class__ = Mail
        frozen: Mail = mail
        return frozen

    def _headers(self, record: MessageRecord | ReadMessageRecord) -> tuple[tuple[str, str], ...]:
        """Return the headers; a message that did not come through the mail has none, and Graph tells none."""
        told = record.internet_message_headers
        if told is UNSET and self.updates:
            raise NotWholeError
        return tuple([(header.name, header.value) for header in told]) if told else ()


def _people(records: Sequence[RecipientRecord]) -> tuple[MailAddress, ...]:
    if not records:
        return ()
    people = tuple(map(_ADDRESS, records))
    return people if all(people) else tuple([each or _NOBODY for each in people])


def _utc(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is UTC else moment.astimezone(UTC)


def _body(record: BodyRecord | UnsetType | None) -> MailBody | None:
    if record is UNSET:
        raise NotWholeError
    return None if record is None else MailBody(format=record.content_type, content=record.content)


def _attachments(records: Sequence[AttachmentRecord] | UnsetType) -> tuple[Attachment, ...]:
    if records is UNSET:
        raise NotWholeError
    return tuple([_attachment(record) for record in records])


def _attachment(record: AttachmentRecord) -> Attachment:
    return Attachment(
        attachment_id=record.id,
        name=record.name,
        kind=_KINDS[record.type_name],
        media_type=record.content_type,
        size_bytes=record.size,
        is_inline=record.is_inline,
        content_id=record.content_id,
    )
