"""What becomes of a stored mail: it is announced as `email.received`, or dropped for a reason that can be undone."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final

import attrs

from domain.account import AccountId
from domain.correspondence.vocabulary import DecisionStatus, DropReason, MailType, SenderType, Urgency
from domain.mail import Mail
from domain.mail_sync import MailId
from domain.validation import not_blank, optional, utc

LARGEST_BODY_BYTES: Final = 64 * 1024
LARGEST_EVENT_BYTES: Final = 512 * 1024


class MailState(StrEnum):
    """NEW: yet to be processed. ANNOUNCED: its `email.received` is in the outbox or beyond. DROPPED: unwanted."""

    NEW = "new"
    ANNOUNCED = "announced"
    DROPPED = "dropped"


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


@attrs.frozen(kw_only=True)
class ClaimedMail:
    """A mail to be processed, with body and headers as they came. `attempts` counts the claims, this one included.

    `is_restored`: somebody wants it although it looks unwanted.
    """

    mail_id: MailId = attrs.field(validator=not_blank)
    account_id: AccountId = attrs.field(validator=not_blank)
    mail: Mail
    attempts: int
    is_restored: bool = False


@attrs.frozen(kw_only=True)
class Processed:
    """What was found out about a claimed mail. `dropped` None: it is to be announced.

    `info.duplicate_of` is left to the store, which alone knows what was announced before.
    """

    mail_id: MailId
    info: EmailInfo
    dropped: DropReason | None = None


@attrs.frozen(kw_only=True)
class Failed:
    """A claimed mail whose processing failed: it is tried again from `retry_at` on."""

    mail_id: MailId
    problem: str
    retry_at: datetime = attrs.field(validator=utc)


@attrs.frozen(kw_only=True)
class DroppedMail:
    """A mail that was dropped, as an operator sees it."""

    mail_id: MailId
    user_id: str
    reason: DropReason
    dropped_at: datetime
    received_at: datetime
    subject: str | None = attrs.field(repr=False)
    sender_address: str | None = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class QueueDepth:
    """What waits to be processed. `failing` of the `new` have failed at least once; `oldest_at`: stored since."""

    new: int = 0
    failing: int = 0
    oldest_at: datetime | None = None


@attrs.frozen(kw_only=True)
class MailboxCounts:
    """What is stored of one account. `complete_at`: until when all of its synced folders are complete; None: not yet.

    `deleted` mails count under their state, too.
    """

    account_id: AccountId
    user_id: str
    folders: int
    new: int
    announced: int
    dropped: int
    deleted: int
    unreadable: int
    complete_at: datetime | None
