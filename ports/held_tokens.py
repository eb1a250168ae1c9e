"""What is stored of an account's token, for whoever hands it out."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

import attrs

from domain.account import AccountId, AccountStatus
from domain.refreshing import Wait
from domain.token import AccessToken, TokenState
from domain.validation import not_negative


@attrs.frozen(kw_only=True)
class HeldToken:
    """What a reader needs of one account: may its token be handed out, and if another is needed, may one be asked
    for.
    """

    account_id: AccountId
    user_id: str
    status: AccountStatus
    reauth_reason: str | None
    access: AccessToken | None
    """None without a token, and for one whose expiry had come when it was read: nobody needs it opened."""
    expires_at: datetime | None
    """Expiry of the stored token, also of one that is over; None without a token."""
    due_at: datetime | None
    """When it should be refreshed ahead of its expiry; None without a token."""
    wait: Wait | None
    """What kept anybody from refreshing at the time of reading."""
    fence: int = attrs.field(validator=not_negative)
    """Number of the last write that concerns refreshing."""

    @property
    def usable(self) -> bool:
        """Whether a token that is still valid may be handed out."""
        return self.status.usable

    def state(self, now: datetime) -> TokenState | None:
        """Return what to do with the stored token at `now`; None without one."""
        if self.access is not None:
            return self.access.state(now)
        return None if self.expires_at is None else TokenState.EXPIRED


class HeldTokens(Protocol):
    """The side of `TokenStore` that a program needs which hands out what is there, and ends: it knows no changes."""

    @abstractmethod
    async def read(self, user_id: str, now: datetime) -> HeldToken | None:
        """Return the account's token without its refresh token, or None for an unknown account; writes nothing.

        Raises:
            EncryptionError: the access token, which has not expired, does not open.
            DatabaseError: the store failed.
        """
