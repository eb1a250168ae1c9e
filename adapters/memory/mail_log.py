"""The mail log as a list."""

from datetime import datetime

from domain.errors import IACSGraphError
from domain.mail_sync import MailId, Stored
from ports.mail_log import MailLog


class MemoryMailLog(MailLog):
    """Remembers what it heard, as tuples that begin with the method's name; of an error its code."""

    def __init__(self) -> None:
        self.entries: list[tuple[object, ...]] = []

    def told(self, *names: str) -> list[tuple[object, ...]]:
        """Return the entries of these methods."""
        return [entry for entry in self.entries if entry[0] in names]

    def stored(self, user_id: str, folder: str, stored: Stored) -> None:
        """Remember all of it."""
        self.entries.append(("stored", user_id, folder, stored))

    def synced(self, user_id: str, complete_at: datetime) -> None:
        """Remember all of it."""
        self.entries.append(("synced", user_id, complete_at))

    def sync_failed(self, user_id: str, folder: str | None, error: IACSGraphError) -> None:
        """Remember whose, where and why."""
        self.entries.append(("sync_failed", user_id, folder, error.error_code))

    def resynced(self, user_id: str, folder: str) -> None:
        """Remember the folder."""
        self.entries.append(("resynced", user_id, folder))

    def unreadable(self, user_id: str, folder: str, message_id: str | None, problem: str) -> None:
        """Remember all of it."""
        self.entries.append(("unreadable", user_id, folder, message_id, problem))

    def processed(self, announced: int, dropped: int) -> None:
        """Remember the counts."""
        self.entries.append(("processed", announced, dropped))

    def processing_failed(self, mail_id: MailId, attempts: int, problem: str) -> None:
        """Remember all of it."""
        self.entries.append(("processing_failed", mail_id, attempts, problem))

    def analysis_failed(self, error: IACSGraphError) -> None:
        """Remember the code."""
        self.entries.append(("analysis_failed", error.error_code))
