"""Who asked which mailbox for what."""

from abc import abstractmethod
from datetime import timedelta
from typing import Protocol

import attrs

from domain.mail_filter import MailFilter

INTERRUPTED = "INTERRUPTED"
"""Error code of a query that was given up by whoever asked."""


@attrs.frozen(kw_only=True)
class MailQueryRecord:
    """One mailbox's part in a query. `folder` is as a person named it, `newest` the most mails that were wanted.

    `duration` is the mailbox's time, without that of whoever takes the mails. `mail_filter` may name people and hold
    words that are searched for: it is there because the log is to tell what was looked for.
    """

    user_id: str
    mail_filter: MailFilter
    folder: str | None = None
    newest: int | None = None
    mails: int = 0
    unreadable: int = 0
    truncated: bool = False
    duration: timedelta
    error_code: str | None = None


class MailQueryLog(Protocol):
    """Hears of every query's end, however it ended. It never fails nor keeps its caller waiting."""

    @abstractmethod
    def queried(self, record: MailQueryRecord) -> None:
        """Tell what one mailbox was asked, and what came of it.

        Raises: nothing.
        """
