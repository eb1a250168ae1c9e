"""Reading many mails where it holds nobody up."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final, Protocol

from domain.correspondence.read_mail import NotRead, ReadMail
from domain.mail_results import ClaimedMail

READERS_UNAVAILABLE: Final = "READERS_UNAVAILABLE"


class MailReaders(Protocol):
    """Reads mails elsewhere than in the event loop's thread. Nothing is stored or asked of others.

    Any number of calls may be made at once. One that takes too long may be cancelled: whatever was at it is ended.
    """

    @abstractmethod
    async def read(self, claimed: Sequence[ClaimedMail]) -> Sequence[ReadMail | NotRead]:
        """Return what each mail is, in their order; one that cannot be read affects no other.

        Raises:
            IACSGraphError: what was at it ended, perhaps because of one of the mails (READER_ENDED); or there is
                nothing that could be at it now (READERS_UNAVAILABLE): the mails have nothing to do with that.
        """
