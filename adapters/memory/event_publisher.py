"""Publishing to the log in memory."""

import asyncio
from collections.abc import Sequence

import attrs

from adapters.memory.event_log import MemoryEventLog
from domain.errors import IACSGraphError, MessageRejectedError
from domain.messages import Message
from ports.event_publisher import EventPublisher


@attrs.frozen
class MemoryEventPublisher(EventPublisher):
    """Appends one after the other; after a failure, nothing more of the same topic and key."""

    log: MemoryEventLog

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Give way to others once, as whoever talks to a broker does."""
        await asyncio.sleep(0)
        failed: dict[tuple[str, bytes | None], IACSGraphError] = {}
        outcomes = []
        for message in messages:
            place = message.topic, message.key
            error = failed.get(place) or self.log.append(message)
            if error is not None and message.key is not None and not isinstance(error, MessageRejectedError):
                failed[place] = error
            outcomes.append(error)
        return outcomes
