"""What keeps aiokafka from running in circles, and from telling the same again and again, while the cluster is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiokafka import AIOKafkaConsumer

PAUSE = 0.5
"""Seconds after a look for the cluster that failed."""

_QUIET = 30.0
"""Seconds in which the same text is logged once."""

_MOST = 1000
_TALKATIVE = (
    "aiokafka.client",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
)


def pace(consumer: AIOKafkaConsumer) -> None:
    """Let the consumer rest after each failed look for the cluster: its fetcher asks anew at once, without end."""
    client = consumer._client  # noqa: SLF001 - there is no setting for it
    look: Callable[..., Awaitable[bool]] = client._metadata_update  # noqa: SLF001 - as above

    async def paced(*arguments: object) -> bool:
        found = await look(*arguments)
        if not found:
            await asyncio.sleep(PAUSE)
        return found

    client._metadata_update = paced  # noqa: SLF001 - as above


class _OnceInAWhile(logging.Filter):
    """Drops a warning or an error whose text was logged less than `_QUIET` seconds ago."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        text = record.getMessage()
        if record.created - self._told.get(text, 0.0) < _QUIET:
            return False
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[text] = record.created
        return True


_FILTER = _OnceInAWhile()


def keep_repetitions_out_of_the_log() -> None:
    """Filter the loggers that repeat themselves; calling it again changes nothing."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_FILTER)
