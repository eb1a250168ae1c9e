"""What is stored of mailboxes, for people who look."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from domain.account import AccountId
from domain.mail_results import DroppedMail, MailboxCounts
from domain.mail_sync import MailId


class MailArchive(Protocol):
    """Reads only. All methods raise DatabaseError if the store failed."""

    @abstractmethod
    async def counts(self) -> Sequence[MailboxCounts]:
        """Return the counts of every account of which anything was ever synced, in the order of their user ids.

        Raises: as above.
        """

    @abstractmethod
    async def dropped(
        self, account_id: AccountId | None = None, *, after: MailId | None = None, limit: int = 500
    ) -> Sequence[DroppedMail]:
        """Return up to `limit` dropped mails, of one account or of all, latest dropped first, behind `after`.

        A mail that was restored since keeps its place as `after`; behind an unknown one everything comes. What can no
        longer be read is left out.

        Raises: as above.
        """
