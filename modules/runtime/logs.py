"""Logging, set up once per process on the root logger, to standard error.

The logger `iacsgraph.auth` is the authentication log (sign-ins, refreshes, status changes, denials), `iacsgraph.mail`
the query log (who asked which mailbox for what). They go to standard error like every other logger and, if
`AUTH_LOG_FILE` and `MAIL_LOG_FILE` are set, also to these files: there always as JSON lines and always from INFO on,
whatever `LOG_LEVEL` says, since they are records of who came and not a help for debugging.
"""

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import tzinfo
from typing import TextIO

from attrs import evolve, frozen

from domain.errors import ConfigurationError
from modules.runtime.compose import file_handlers_for, formatter_for
from modules.runtime.log_handlers import SafeStreamHandler
from modules.runtime.settings import LogSettings

AUTH_LOGGER = "iacsgraph.auth"
MAIL_LOGGER = "iacsgraph.mail"
_KAFKA_LOGGERS = ("aiokafka", "kafka")
_LEAKY_LOGGERS = ("aiosqlite",)  # logs every bound value at DEBUG


def configure_logging(
    settings: LogSettings,
    *,
    zone: tzinfo | None = None,
    stream: TextIO | None = None,
    colour: bool | None = None,
) -> ExitStack:
    """Replace the handlers of the root logger and of the logs with files; set up twice, the last one holds.

    `zone` None is the system's, `stream` None is standard error, `colour` None asks the stream and `NO_COLOR`.
    Closing what is returned (or leaving it as a `with` block) puts everything back and closes the files; a program
    that logs until it ends keeps no hold of it.

    Raises: ConfigurationError if `AUTH_LOG_FILE` or `MAIL_LOG_FILE` cannot be written; nothing has changed then.
    """
    target = stream or sys.stderr
    files = _files(settings)
    undo = ExitStack()
    for state in _states():
        undo.callback(state.restore)
    console = SafeStreamHandler(target)
    coloured = _is_coloured(target) if colour is None else colour
    console.setFormatter(formatter_for(settings, zone, colour=coloured))
    console.addFilter(_From(settings.level))
    _replace(logging.getLogger(), [console])
    for name, handlers in files.items():
        _replace(logging.getLogger(name), handlers)
    _set_levels(settings)
    return undo


def quiet(settings: LogSettings) -> LogSettings:
    """Return the settings for a command that answers and ends: it says itself what happened, only defects are logged.

    Levels other than the defaults are meant, and stay.
    """
    defaults = LogSettings()
    level, kafka = settings.level == defaults.level, settings.kafka_level == defaults.kafka_level
    return evolve(
        settings,
        level="CRITICAL" if level else settings.level,
        kafka_level="CRITICAL" if kafka else settings.kafka_level,
    )


@frozen
class _State:
    """A logger's level and handlers before the set-up."""

    logger: logging.Logger
    level: int
    handlers: tuple[logging.Handler, ...]

    def restore(self) -> None:
        added = [handler for handler in self.logger.handlers if handler not in self.handlers]
        _replace(self.logger, self.handlers)
        self.logger.setLevel(self.level)
        for handler in added:
            handler.close()


class _From(logging.Filter):
    """Keep records below `LOG_LEVEL` off standard error, whose loggers let them through for a file."""

    def __init__(self, level: str) -> None:
        super().__init__()
        self._least = logging.getLevelNamesMapping()[level]
        self._with_files = tuple(map(logging.Filter, (AUTH_LOGGER, MAIL_LOGGER)))

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= self._least or not any(each.filter(record) for each in self._with_files)


def _files(settings: LogSettings) -> dict[str, list[logging.Handler]]:
    """Open the files; if one of them cannot be, none stays open."""
    auth = file_handlers_for(settings.auth_file, "AUTH_LOG_FILE", settings)
    try:
        mail = file_handlers_for(settings.mail_file, "MAIL_LOG_FILE", settings)
    except ConfigurationError:
        for handler in auth:
            handler.close()
        raise
    return {AUTH_LOGGER: auth, MAIL_LOGGER: mail}


def _states() -> Iterator[_State]:
    for name in ("", AUTH_LOGGER, MAIL_LOGGER, *_KAFKA_LOGGERS, *_LEAKY_LOGGERS):
        logger = logging.getLogger(name)
        yield _State(logger, logger.level, tuple(logger.handlers))


def _replace(logger: logging.Logger, handlers: Iterable[logging.Handler]) -> None:
    for old in tuple(logger.handlers):
        logger.removeHandler(old)
    for new in handlers:
        logger.addHandler(new)


def _set_levels(settings: LogSettings) -> None:
    level = logging.getLevelNamesMapping()[settings.level]
    logging.getLogger().setLevel(level)
    for name, file in ((AUTH_LOGGER, settings.auth_file), (MAIL_LOGGER, settings.mail_file)):
        logging.getLogger(name).setLevel(min(level, logging.INFO) if file else logging.NOTSET)
    for name in _KAFKA_LOGGERS:
        logging.getLogger(name).setLevel(settings.kafka_level)
    for name in _LEAKY_LOGGERS:
        logging.getLogger(name).setLevel(max(level, logging.INFO))


def _is_coloured(stream: TextIO) -> bool:
    """See https://no-color.org: any non-empty value switches colour off."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
