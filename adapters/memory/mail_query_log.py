"""The query log as a list."""

from ports.mail_query_log import MailQueryLog, MailQueryRecord


class MemoryMailQueryLog(MailQueryLog):
    """Remembers what it heard."""

    def __init__(self) -> None:
        self.records: list[MailQueryRecord] = []

    def queried(self, record: MailQueryRecord) -> None:
        """Remember the record."""
        self.records.append(record)
