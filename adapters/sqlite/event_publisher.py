"""Publishing to the embedded log."""

import sqlite3
from collections.abc import Sequence

import attrs

from adapters.sqlite.bounded_write import bounded_write
from adapters.sqlite.database import Database
from adapters.sqlite.log_rows import Appender
from adapters.sqlite.log_trimming import LogTrimming
from domain.dead_letters import LARGEST_BYTES, ROOM_BYTES
from domain.errors import IACSGraphError, MessageRejectedError
from domain.messages import Message
from domain.topics import DEAD_LETTERS, NAME_RULE, TopicPlan, is_topic_name
from ports.clock import Clock
from ports.event_publisher import EventPublisher


@attrs.define
class SqliteEventPublisher(EventPublisher):
    """Appends the messages of a call in one transaction. Now and then it removes what topics need not keep."""

    database: Database
    clock: Clock
    plan: TopicPlan
    largest_bytes: int = LARGEST_BYTES
    _trimming: LogTrimming = attrs.field(
        init=False, default=attrs.Factory(lambda self: LogTrimming(self.clock), takes_self=True)
    )

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Reject what can never be appended, append the rest: all of it or, after an error, nothing."""
        topics = {topic: _refused_topic(topic) for topic in {message.topic for message in messages}}
        outcomes: list[IACSGraphError | None] = [
            topics[each.topic] or _refused_size(each, self.largest_bytes) for each in messages
        ]
        good = [message for message, error in zip(messages, outcomes, strict=True) if error is None]
        if not good:
            return outcomes
        try:
            await self._append(good)
        except IACSGraphError as error:
            return [outcome or error for outcome in outcomes]
        return outcomes

    async def _append(self, messages: Sequence[Message]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            appender = Appender(connection, self.plan, self.clock.now())
            for message in messages:
                appender.append(message)
            appender.finish()
            self._trimming.run(connection)

        await bounded_write(self.database, work, operation="publish", table="log_messages")


def rejection(message: Message, largest_bytes: int) -> MessageRejectedError | None:
    """Return why the message can never be appended, if it cannot; dead letters may be a little larger."""
    return _refused_topic(message.topic) or _refused_size(message, largest_bytes)


def _refused_size(message: Message, largest_bytes: int) -> MessageRejectedError | None:
    if _at_most_bytes(message) <= largest_bytes:
        return None
    size = _size_bytes(message)
    largest = largest_bytes + (ROOM_BYTES if message.topic.endswith(DEAD_LETTERS) else 0)
    if size > largest:
        msg = f"The message has {size} bytes, more than {largest} are not accepted."
        return MessageRejectedError(msg, error_code="MESSAGE_TOO_LARGE", details={"topic": message.topic})
    return None


def _refused_topic(topic: str) -> MessageRejectedError | None:
    if is_topic_name(topic):
        return None
    return MessageRejectedError(NAME_RULE, error_code="TOPIC_INVALID", details={"topic": topic})


def _at_most_bytes(message: Message) -> int:
    """Return what the size does not exceed, whatever letters the names of headers have: quicker than the size."""
    headers = sum([4 * len(name) + len(value) for name, value in message.headers])
    return len(message.key or b"") + len(message.value or b"") + headers


def _size_bytes(message: Message) -> int:
    headers = sum(len(name.encode(errors="replace")) + len(value) for name, value in message.headers)
    return len(message.key or b"") + len(message.value or b"") + headers
