"""The log of what mailboxes' servers ask for, as a list."""

from datetime import timedelta

from ports.mailbox_log import MailboxLog


class MemoryMailboxLog(MailboxLog):
    """Remembers what it heard, as tuples that begin with the method's name and the user id."""

    def __init__(self) -> None:
        self.entries: list[tuple[object, ...]] = []

    def throttled(self, user_id: str, wait: timedelta | None) -> None:
        """Remember the wait."""
        self.entries.append(("throttled", user_id, wait))
