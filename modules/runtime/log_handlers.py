"""The stream handler, and what every handler does when it cannot write."""

import logging
import sys
from contextlib import suppress
from typing import TextIO


def report_loss(record: logging.LogRecord) -> None:
    """Say on standard error that a record was lost, and why; the standard library would print its arguments too."""
    kind = sys.exc_info()[0]
    with suppress(Exception):
        sys.stderr.write(f"a log record of {record.name!r} was lost: {kind.__name__ if kind else 'unknown'}\n")


class SafeStreamHandler(logging.StreamHandler[TextIO]):
    """A stream handler whose failures do not show the record."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Report the loss alone."""
        report_loss(record)
