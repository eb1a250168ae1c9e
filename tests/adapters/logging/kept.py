"""What reaches a logger."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

STANDARD = {*logging.makeLogRecord({}).__dict__, "message", "taskName"}

Fact = tuple[int, str, dict[str, object]]


class Kept(logging.Handler):
    """Keeps the records themselves, so that nothing is redacted before it is looked at."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def facts(self) -> list[Fact]:
        return [(record.levelno, record.getMessage(), context(record)) for record in self.records]


def context(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in STANDARD}


@contextmanager
def keeping(name: str) -> Iterator[Kept]:
    """Keep what reaches a logger, at every level; nothing goes beyond it meanwhile."""
    logger, handler = logging.getLogger(name), Kept()
    level, logger.propagate = logger.level, False
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)
    logger.propagate = True
