"""The log of what mailboxes' servers ask for, as records of one logger; handlers decide where they go."""

import logging
from datetime import timedelta

import attrs

from ports.mailbox_log import MailboxLog

LOGGER = "iacsgraph.mailbox"


@attrs.frozen
class LoggingMailboxLog(MailboxLog):
    """One record per fact: a short text, and the rest as key=value context."""

    logger: logging.Logger = attrs.field(factory=lambda: logging.getLogger(LOGGER))

    def throttled(self, user_id: str, wait: timedelta | None) -> None:
        """Tell at INFO: it is waited for, and passes."""
        context: dict[str, object] = {"user_id": user_id}
        if wait is not None:
            context["wait_s"] = round(wait.total_seconds(), 3)
        self.logger.info("mailbox throttled", extra=context)
