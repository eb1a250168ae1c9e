"""Publishing to the embedded log."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from adapters.sqlite.bounded_write import bounded_write
from adapters.sqlite.database import Database
from adapters.sqlite.log_rows import Appender, trim
from adapters.sqlite.statements import savepoint
from domain.dead_letters import LARGEST_BYTES, ROOM_BYTES
from domain.errors import DatabaseError, IACSGraphError, MessageRejectedError
from domain.messages import Message
from domain.topics import DEAD_LETTERS, NAME_RULE, TopicPlan, is_topic_name
from ports.clock import Clock
from ports.event_publisher import EventPublisher

TRIM_EVERY = timedelta(minutes=1)
TRIM_AT_ONCE = 1000


@attrs.define
class SqliteEventPublisher(EventPublisher):
    """Appends the messages of a call in one transaction. Now and then it removes what topics need not keep."""

    database: Database
    clock: Clock
    plan: TopicPlan
    largest_bytes: int = LARGEST_BYTES
    _trim_at: float | None = attrs.field(default=None, init=False)

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Reject what can never be appended, append the rest: all of it or, after an error, nothing."""
        topics = {topic: _refused_topic(topic) for topic in {message.topic for message in messages}}
        outcomes: list[IACSGraphError | None] = [topics[each.topic] or self._rejection(each) for each in messages]
        good = [message for message, error in zip(messages, outcomes, strict=True) if error is None]
        if not good:
            return outcomes
        try:
            await self._append(good)
        except IACSGraphError as error:
            return [outcome or error for outcome in outcomes]
        return outcomes

    async def _append(self, messages: Sequence[Message]) -> None:
        """Append, and remove a little, once in a while, and again with the next call as long as more is left."""
        started = self.clock.monotonic()
        trimming = self._trim_at is None or started >= self._trim_at

        def work(connection: sqlite3.Connection) -> int:
            appender = Appender(connection, self.plan, self.clock.now())
            for message in messages:
                appender.append(message)
            appender.finish()
            return _trim(connection, self.clock.now()) if trimming else 0

        removed = await bounded_write(self.database, work, operation="publish", table="log_messages")
        if trimming:
            self._trim_at = started if removed >= TRIM_AT_ONCE else started + TRIM_EVERY.total_seconds()

    def _rejection(self, message: Message) -> MessageRejectedError | None:
        if _at_most_bytes(message) <= self.largest_bytes:
            return None
        size = _size_bytes(message)
        largest = self.largest_bytes + (ROOM_BYTES if message.topic.endswith(DEAD_LETTERS) else 0)
        if size > largest:
            msg = f"The message has {size} bytes, more than {largest} are not accepted."
            return MessageRejectedError(msg, error_code="MESSAGE_TOO_LARGE", details={"topic": message.topic})
        return None


def _trim(connection: sqlite3.Connection, now: datetime) -> int:
    """Return how many messages were removed; that it failed is no reason not to publish, and others will trim."""
    try:
        with savepoint(connection):
            return trim(connection, now, TRIM_AT_ONCE)
    except (sqlite3.Error, DatabaseError):
        if not connection.in_transaction:  # what was to be published is gone with it
            raise
        return 0


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
