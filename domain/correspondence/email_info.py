"""What is told of a mail that is announced."""

from datetime import date, datetime
from typing import Final

import attrs

from domain.correspondence.vocabulary import DecisionStatus, MailType, SenderType, Urgency
from domain.mail_sync import MailId
from domain.validation import optional, utc

LARGEST_BODY_BYTES: Final = 64 * 1024


@attrs.frozen(kw_only=True)
class EmailInfo:
    """What `email.received` tells of a mail. Absent is None; every text is bounded, and is Unicode.

    `body` is text, cut at 64 KiB of UTF-8. `agenda_code` keeps the letters that people use; `agenda_base`,
    `agenda_version`, `agenda_base_version`, `agenda_panel`, `agenda_year`, `agenda_number` are its parts.
    `duplicate_of` is the mail that was announced before with the same internetMessageId.
    """

    subject: str | None = attrs.field(default=None, repr=False)
    sender: str | None = attrs.field(default=None, repr=False)
    sender_address: str | None = attrs.field(default=None, repr=False)
    sent_time: datetime | None = attrs.field(default=None, validator=optional(utc))
    received_time: datetime = attrs.field(validator=utc)
    has_attachments: bool
    web_link: str | None = attrs.field(default=None, repr=False)
    body: str | None = attrs.field(default=None, repr=False)
    body_truncated: bool = False
    agenda_code: str | None = None
    agenda_base: str | None = None
    agenda_version: str | None = None
    agenda_base_version: str | None = None
    agenda_panel: str | None = None
    agenda_year: str | None = None
    agenda_number: str | None = None
    response_org: str | None = None
    response_version: str | None = None
    sender_type: SenderType
    sender_organization: str | None = None
    mail_type: MailType
    decision_status: DecisionStatus | None = None
    urgency: Urgency = Urgency.NORMAL
    keywords: tuple[str, ...] = attrs.field(default=(), repr=False)
    deadline: date | None = None
    is_reply: bool = False
    is_forward: bool = False
    is_auto_reply: bool = False
    duplicate_of: MailId | None = None
    references: tuple[str, ...] = ()
