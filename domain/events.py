"""Past facts about accounts, as other programs hear of them. How they look on the wire is the codec's affair."""

from datetime import datetime
from typing import NewType

import attrs

from domain.account import AccountId, AccountStatus
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


Event = AccountEnrolled | AccountUpdated | AccountStatusChanged | AccountSignedIn | ReauthRequired | AccountRecovered
