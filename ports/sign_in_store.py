"""Sign-ins under way and reconnect links, shared by all processes."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.sign_in import LinkId, ReconnectLink, SignIn, SignInId, SignInTransition


class SignInStore(Protocol):
    """Keeps sign-ins with their secrets encrypted. Whatever is stored is durable when the call returns."""

    @abstractmethod
    async def begin(self, sign_in: SignIn) -> None:
        """Store a new sign-in; `sign_in.begun_at` is now.

        With `OPEN_PER_ACCOUNT` of its account open, the oldest pending ones are cancelled (`REPLACED`). What ended or
        expired more than a day ago is forgotten, and so are links that expired more than 30 days ago.

        Raises:
            NotFoundError: the account does not exist.
            ThrottledError: `OPEN_IN_ALL` are open; `retry_after` says when the first of them ends. Nothing was written.
            StaleKeyError: its secrets must not be encrypted with this process's first key.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def apply(self, sign_in_id: SignInId, transition: SignInTransition, now: datetime) -> SignIn:
        """Run the transition on the sign-in as it is now, store the outcome and return it with its secrets.

        Once it is DONE, the link that it began with is used. A final stage keeps no secrets.

        Raises:
            AuthenticationError: there is no such sign-in (SIGN_IN_UNKNOWN), or the transition refuses. Nothing was
                written.
            EncryptionError: its secrets do not open.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def find(self, sign_in_id: SignInId) -> SignIn | None:
        """Return the sign-in without its secrets, or None.

        Raises:
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def open(self, now: datetime) -> Sequence[SignIn]:
        """Return all that are open at `now`, without their secrets, the oldest first.

        Raises:
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def add_link(self, link: ReconnectLink) -> None:
        """Store a new link.

        Raises:
            NotFoundError: the account does not exist.
            DatabaseError: the store failed.
        """

    @abstractmethod
    async def find_link(self, link_id: LinkId) -> ReconnectLink | None:
        """Return the link, or None.

        Raises:
            DatabaseError: the store failed.
        """
