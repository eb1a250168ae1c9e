"""The mail log as records of one logger; handlers decide where they go."""

import logging
from collections.abc import Mapping
from datetime import datetime

import attrs

from domain.errors import IACSGraphError
from domain.mail_sync import MailId, Stored
from ports.mail_log import MailLog

LOGGER = "iacsgraph.mail_flow"


@attrs.frozen
class LoggingMailLog(MailLog):
    """One record per fact: a short text, and the rest as key=value context. No mail's content is in it."""

    logger: logging.Logger = attrs.field(factory=lambda: logging.getLogger(LOGGER))
    _told: dict[tuple[str, str | None], str] = attrs.field(factory=dict, init=False, repr=False, eq=False)
    """User and folder -> error code of what was told at WARNING last."""

    def stored(self, user_id: str, folder: str, stored: Stored) -> None:
        """Tell at INFO if there was something, else at DEBUG; only what is not zero."""
        self._told.pop((user_id, folder), None)
        counts = {name: count for name, count in attrs.asdict(stored).items() if count}
        level = logging.INFO if counts else logging.DEBUG
        self.logger.log(level, "mail stored", extra={"user_id": user_id, "folder": folder, **counts})

    def synced(self, user_id: str, complete_at: datetime) -> None:
        """Tell at DEBUG; at INFO if the mailbox could not be synced before."""
        level = logging.DEBUG if self._told.pop((user_id, None), None) is None else logging.INFO
        context = {"user_id": user_id, "complete_at": complete_at.isoformat()}
        self.logger.log(level, "mailbox synced", extra=context)

    def sync_failed(self, user_id: str, folder: str | None, error: IACSGraphError) -> None:
        """Tell at WARNING; the same again, before something of it succeeds, at DEBUG."""
        known = self._told.get((user_id, folder)) == error.error_code
        self._told[user_id, folder] = error.error_code
        context = _present({"user_id": user_id, "folder": folder, **_facts(error)})
        self.logger.log(
            logging.DEBUG if known else logging.WARNING, "mail sync failed: %s", error.message, extra=context
        )

    def resynced(self, user_id: str, folder: str) -> None:
        """Tell at WARNING."""
        self.logger.warning("folder is synced anew", extra={"user_id": user_id, "folder": folder})

    def unreadable(self, user_id: str, folder: str, message_id: str | None, problem: str) -> None:
        """Tell at WARNING."""
        context = {"user_id": user_id, "folder": folder, "message_id": message_id, "problem": problem}
        self.logger.warning("mail unreadable", extra=_present(context))

    def processed(self, announced: int, dropped: int) -> None:
        """Tell at DEBUG."""
        self.logger.debug("mail processed", extra={"announced": announced, "dropped": dropped})

    def processing_failed(self, mail_id: MailId, attempts: int, problem: str) -> None:
        """Tell at ERROR: it is a defect of the program."""
        context = {"mail_id": mail_id, "attempts": attempts, "problem": problem}
        self.logger.error("mail could not be processed", extra=context)

    def analysis_failed(self, error: IACSGraphError) -> None:
        """Tell at WARNING."""
        self.logger.warning("mail goes out without analysis: %s", error.message, extra=_present(_facts(error)))


def _facts(error: IACSGraphError) -> dict[str, object]:
    retry = None if error.retry_after is None else round(error.retry_after.total_seconds())
    return {"error_code": error.error_code, "retry_after_s": retry}


def _present(context: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in context.items() if value is not None}
