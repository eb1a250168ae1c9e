"""What a log writes, as text: for the contract suites of logs."""

import logging


class LogTexts(logging.Handler):
    """Keeps the level and what a formatter writes; without one, all that any could: attributes and traceback, too."""

    def __init__(self, formatter: logging.Formatter | None = None) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        attributes = "" if self.formatter else f" {record.getMessage()} {vars(record)}"
        self.texts.append(f"{record.levelname}{attributes} {self.format(record)}")

    def written(self) -> str:
        """Return everything so far."""
        return "\n".join(self.texts)


def listened(formatter: logging.Formatter | None = None) -> tuple[logging.Logger, LogTexts]:
    """Return a logger that nobody else hears, and who listens to it."""
    texts = LogTexts(formatter)
    logger = logging.Logger("a logger of this test")  # noqa: LOG001 - nobody else shall hear it
    logger.addHandler(texts)
    return logger, texts
