"""What becomes of mail on its way into the store and out of it."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from domain.errors import IACSGraphError
from domain.mail_sync import MailId, Stored


class MailLog(Protocol):
    """Told as it happens, by whatever does it; no method raises or takes long."""

    @abstractmethod
    def stored(self, user_id: str, folder: str, stored: Stored) -> None:
        """Tell that a step of a sync was stored; `folder` is a path.

        Raises: nothing.
        """

    @abstractmethod
    def synced(self, user_id: str, complete_at: datetime) -> None:
        """Tell that all of the account's folders are complete up to a time.

        Raises: nothing.
        """

    @abstractmethod
    def sync_failed(self, user_id: str, folder: str | None, error: IACSGraphError) -> None:
        """Tell that a folder, or None for the whole mailbox, could not be synced now.

        Raises: nothing.
        """

    @abstractmethod
    def resynced(self, user_id: str, folder: str) -> None:
        """Tell that a folder begins anew because the mailbox no longer knows the cursor.

        Raises: nothing.
        """

    @abstractmethod
    def unreadable(self, user_id: str, folder: str, message_id: str | None, problem: str) -> None:
        """Tell that a message cannot be read.

        Raises: nothing.
        """

    @abstractmethod
    def processed(self, announced: int, dropped: int) -> None:
        """Tell that so many mails were announced and dropped.

        Raises: nothing.
        """

    @abstractmethod
    def processing_failed(self, mail_id: MailId, attempts: int, problem: str) -> None:
        """Tell that a mail could not be processed and is tried again later.

        Raises: nothing.
        """

    @abstractmethod
    def analysis_failed(self, error: IACSGraphError) -> None:
        """Tell that mail goes out without what the analyst would have said.

        Raises: nothing.
        """
