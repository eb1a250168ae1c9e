"""Past facts about accounts and their mail, as other programs hear of them.

How they look on the wire is the codec's affair.
"""

from datetime import datetime
from typing import NewType

import attrs

from domain.account import AccountId, AccountStatus
from domain.mail_results import EmailInfo
from domain.mail_sync import MailId
from domain.validation import not_blank, utc

EventId = NewType("EventId", str)
"""Identifies one fact for good: publishing the fact again carries the same id."""


@attrs.frozen(kw_only=True)
class AccountEvent:
    """A fact about one account. Events of one account are told in the order in which they happened."""

    event_id: EventId = attrs.field(validator=not_blank)
    account_id: AccountId = attrs.field(validator=not_blank)
    user_id: str = attrs.field(validator=not_blank)
    occurred_at: datetime = attrs.field(validator=utc)


@attrs.frozen(kw_only=True)
class AccountEnrolled(AccountEvent):
    """An account was added."""

    email: str
    name: str


@attrs.frozen(kw_only=True)
class AccountUpdated(AccountEvent):
    """What is known of an account was changed; `changed` names the fields."""

    changed: tuple[str, ...]


@attrs.frozen(kw_only=True)
class AccountStatusChanged(AccountEvent):
    """Somebody activated, deactivated, locked or unlocked the account."""

    old_status: AccountStatus
    new_status: AccountStatus
    reason: str = attrs.field(validator=not_blank)


@attrs.frozen(kw_only=True)
class AccountSignedIn(AccountEvent):
    """The owner signed in, for the first time or while nothing was wrong."""

    tenant_id: str | None
    object_id: str | None


@attrs.frozen(kw_only=True)
class ReauthRequired(AccountEvent):
    """The account's grant is gone: its owner must sign in again."""

    reason: str = attrs.field(validator=not_blank)
    email: str


@attrs.frozen(kw_only=True)
class AccountRecovered(AccountEvent):
    """A grant that was gone works again; `reason` is why it had gone."""

    reason: str = attrs.field(validator=not_blank)


@attrs.frozen(kw_only=True)
class MailEvent(AccountEvent):
    """A fact about one mail in one account's mailbox."""

    mail_id: MailId = attrs.field(validator=not_blank)


@attrs.frozen(kw_only=True)
class EmailReceived(MailEvent):
    """A mail came and is wanted; told once, before anything else about it. It occurred when the mail was received."""

    event_info: EmailInfo


@attrs.frozen(kw_only=True)
class MailMoved(MailEvent):
    """A mail that was announced is in another folder. It occurred when that was noticed. A path is None if unknown.

    `from_folder_id` None: it had been deleted and is back.
    """

    from_folder_id: str | None
    from_folder: str | None
    to_folder_id: str
    to_folder: str | None


@attrs.frozen(kw_only=True)
class MailDeleted(MailEvent):
    """A mail that was announced is no longer in the mailbox. It occurred when that was noticed."""

    folder_id: str
    folder: str | None


Event = (
    AccountEnrolled
    | AccountUpdated
    | AccountStatusChanged
    | AccountSignedIn
    | ReauthRequired
    | AccountRecovered
    | EmailReceived
    | MailMoved
    | MailDeleted
)


def received_event_id(mail_id: MailId) -> EventId:
    """Return the id of the one `EmailReceived` of a mail, the same whenever it is asked for."""
    return EventId(f"{mail_id}.received")


def mail_event_id(mail_id: MailId, number: int) -> EventId:
    """Return the id of what happened to a mail later; `number` counts that from 1 on."""
    return EventId(f"{mail_id}.{number}")
