"""The log of tasks as records of one logger; handlers decide where they go."""

import logging
from datetime import timedelta

import attrs

from domain.errors import IACSGraphError
from domain.standing import LOOP
from ports.supervision_log import SupervisionLog

LOGGER = "iacsgraph.tasks"


@attrs.frozen
class LoggingSupervisionLog(SupervisionLog):
    """One record per fact: a short text, and the rest as key=value context.

    Of an exception that is not of our tree the text may hold anything: it stands in the traceback only.
    """

    logger: logging.Logger = attrs.field(factory=lambda: logging.getLogger(LOGGER))

    def began(self, task: str, restarts: int) -> None:
        """Tell at INFO, the first time at DEBUG."""
        level = logging.INFO if restarts else logging.DEBUG
        self.logger.log(level, "task begins", extra={"task": task, "restarts": restarts})

    def failed(self, task: str, error: Exception | None, failures: int, retry_in: timedelta | None) -> None:
        """Tell at ERROR, of a crash loop at CRITICAL, with the traceback; at WARNING what passes by itself, without."""
        retry = None if retry_in is None else round(retry_in.total_seconds(), 3)
        context: dict[str, object] = {"task": task, "failures": failures, "retry_in_s": retry}
        level = logging.CRITICAL if failures >= LOOP else logging.ERROR
        if error is None:
            self.logger.log(level, "task ended although it should go on", extra=context)
        elif isinstance(error, IACSGraphError):
            passing = error.transient and failures < LOOP
            context["error_code"] = error.error_code
            level, traceback = (logging.WARNING, None) if passing else (level, error)
            self.logger.log(level, "task failed: %s", error.message, extra=context, exc_info=traceback)
        else:
            self.logger.log(level, "task failed: %s", type(error).__name__, extra=context, exc_info=error)

    def ended(self, task: str) -> None:
        """Tell at DEBUG."""
        self.logger.debug("task has ended", extra={"task": task})

    def overran(self, task: str, bound: timedelta) -> None:
        """Tell at WARNING."""
        context = {"task": task, "bound_s": round(bound.total_seconds(), 3)}
        self.logger.warning("task does not end in time and is cancelled", extra=context)
