"""Logs with a file of their own: JSON lines, rotated, shared by several processes. Imported only if one is set."""

import logging
import os
from pathlib import Path

from concurrent_log_handler import ConcurrentRotatingFileHandler

from domain.errors import ConfigurationError
from modules.runtime.log_handlers import report_loss
from modules.runtime.log_json import JsonLineFormatter
from modules.runtime.settings import LogSettings

_OWNER_ONLY = 0o600


class _SafeFileHandler(ConcurrentRotatingFileHandler):
    """A file handler whose failures do not show the record."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Report the loss alone."""
        report_loss(record)


def open_log_file(path: Path, variable: str, settings: LogSettings) -> logging.Handler:
    """Create the file (and its directory) with mode 0600, also when it exists with a wider one.

    `variable` is the setting that names it.

    Raises: ConfigurationError if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_private(path)
    except OSError as error:
        problem = f"{variable} cannot be written: {path} ({error.strerror})"
        raise ConfigurationError(problem, details={"variable": variable, "path": str(path)}) from error
    handler = _SafeFileHandler(
        path,
        maxBytes=settings.auth_max_bytes,
        backupCount=settings.auth_backups,
        encoding="utf-8",
        chmod=_OWNER_ONLY,
    )
    handler.setFormatter(JsonLineFormatter())
    return handler


def _make_private(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
    try:
        os.fchmod(descriptor, _OWNER_ONLY)
    finally:
        os.close(descriptor)
