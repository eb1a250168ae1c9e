"""Accounts with their audit trail."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.account import Account, AccountId
from domain.change import AccountChange, AuditEntry
from domain.lifecycle import Transition
from domain.messages import Handled


class AccountStore(Protocol):
    """Keeps accounts. A change, its audit entry and its event are stored together or not at all, and durably."""

    @abstractmethod
    async def save(self, change: AccountChange, *, handled: Handled | None = None) -> bool:
        """Store the change if nobody changed the account since `change.before` was read.

        With `handled`, the change is the effect of that event: if it was handled before, nothing is written or checked
        and False is returned; else the event counts as handled with the change. Without, True.

        Raises:
            ConflictError: the account was changed meanwhile, or its user id is another account's (compared by
                `user_key`). Nothing was written.
            NotFoundError: the account to be changed does not exist.
            StaleKeyError: its client secrets changed and must not be encrypted with this process's first key.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def apply(self, user_id: str, transition: Transition) -> AccountChange | None:
        """Run the transition on the account as it is now and store what it changes; return that.

        Client secrets are neither read nor written: an account whose secrets do not open can be locked all the same.

        Raises:
            NotFoundError: there is no account with this user id (compared by `user_key`).
            IllegalTransitionError: the transition refuses; nothing was written.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def get(self, account_id: AccountId) -> Account | None:
        """Return the account with its client secrets, or None.

        Raises:
            EncryptionError: a client secret does not open.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def find(self, user_id: str) -> Account | None:
        """Return the account with this user id (compared by `user_key`) without its client secrets, or None.

        Raises:
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def page(self, *, after: str | None = None, limit: int = 500) -> Sequence[Account]:
        """Return up to `limit` accounts in the order of their user keys, beginning behind the key `after`.

        Fewer than `limit` means that there are no more. Client secrets are left out.

        Raises:
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def audit_trail(self, account_id: AccountId, *, limit: int = 1000) -> Sequence[AuditEntry]:
        """Return the newest `limit` audit entries of the account, oldest first; empty if it does not exist.

        Raises:
            DatabaseError: the store failed.
        """
