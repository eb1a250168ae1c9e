"""The query log as records of one logger; handlers decide where they go."""

import logging
from collections.abc import Mapping
from datetime import datetime

import attrs

from domain.mail_filter import MailFilter
from ports.mail_query_log import MailQueryLog, MailQueryRecord

LOGGER = "iacsgraph.mail"


@attrs.frozen
class LoggingMailQueryLog(MailQueryLog):
    """One record per mailbox and query, with key=value context: INFO, or WARNING if it failed. No mail is in it."""

    logger: logging.Logger = attrs.field(factory=lambda: logging.getLogger(LOGGER))

    def queried(self, record: MailQueryRecord) -> None:
        """Tell at INFO, a failure at WARNING."""
        context: dict[str, object] = {
            "user_id": record.user_id,
            "filter": conditions(record.mail_filter),
            "folder": record.folder,
            "newest": record.newest,
            "mails": record.mails,
            "unreadable": record.unreadable,
            "truncated": record.truncated or None,
            "duration_s": round(record.duration.total_seconds(), 3),
            "error_code": record.error_code,
        }
        kept = {name: value for name, value in context.items() if value is not None}
        if record.error_code is None:
            self.logger.info("mailbox queried", extra=kept)
        else:
            self.logger.warning("mailbox query failed", extra=kept)


def conditions(mail_filter: MailFilter) -> Mapping[str, object]:
    """Return the conditions that were made, as plain data."""
    told = {field.name: _plain(getattr(mail_filter, field.name)) for field in attrs.fields(MailFilter)}
    return {name: value for name, value in told.items() if value is not None}


def _plain(value: object) -> object:
    """Times in ISO 8601; phrases as one text, since a pair of texts would pass for a name and its secret."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return " ".join(f'"{phrase}"' for phrase in value) or None
    return value if value is None or isinstance(value, bool) else str(value)
