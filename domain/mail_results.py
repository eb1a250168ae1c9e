"""What becomes of a stored mail: it is announced as `email.received`, or dropped for a reason that can be undone."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import attrs

from domain.account import AccountId
from domain.correspondence.email_info import LARGEST_BODY_BYTES, EmailInfo
from domain.correspondence.vocabulary import DropReason
from domain.mail import Mail
from domain.mail_sync import MailId
from domain.validation import not_blank, utc

__all__ = (
    "LARGEST_BODY_BYTES",
    "LARGEST_EVENT_BYTES",
    "ClaimedMail",
    "DroppedMail",
    "EmailInfo",
    "Failed",
    "MailState",
    "MailboxCounts",
    "Processed",
    "QueueDepth",
)

LARGEST_EVENT_BYTES: Final = 512 * 1024


class MailState(StrEnum):
    """NEW: yet to be processed. ANNOUNCED: its `email.received` is in the outbox or beyond. DROPPED: unwanted."""

    NEW = "new"
    ANNOUNCED = "announced"
    DROPPED = "dropped"


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
    """What waits to be processed. `failing` of the `new` have failed at least once; `oldest_at`: the one that waits
    longest does so since then, when it was stored or restored.
    """

    new: int = 0
    failing: int = 0
    oldest_at: datetime | None = None


@attrs.frozen(kw_only=True)
class MailboxCounts:
    """What is stored of one account. `complete_at`: until when all of its synced folders are complete; None: not yet.

    A folder that is gone is not waited for, and one whose window is open is not complete. `deleted` mails count under
    their state, too.
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
