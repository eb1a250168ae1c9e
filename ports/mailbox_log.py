"""What mailboxes' servers ask of those who ask them."""

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol


class MailboxLog(Protocol):
    """Hears how mailboxes answer. It never fails nor keeps its caller waiting."""

    @abstractmethod
    def throttled(self, user_id: str, wait: timedelta | None) -> None:
        """Tell that the server wants fewer requests for this mailbox: none for `wait`, if it says for how long.

        Raises: nothing.
        """
