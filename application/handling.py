"""Brings one message to its end: handled, or in the dead letter queue."""

import asyncio
import hashlib
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta

import attrs

from application.background import cancellations, first_error, unless_stopped
from domain.dead_letters import DeadLetter, Failure, dead_letter, to_message
from domain.errors import ConfigurationError, IACSGraphError, MessageRejectedError
from domain.events import EventId
from domain.messages import Delivery, Handled
from domain.retrying import RetryPolicy, Verdict, verdict
from ports.clock import Clock
from ports.event_codec import EventCodec, ReceivedEvent
from ports.event_publisher import EventPublisher
from ports.identifiers import Identifiers
from ports.messaging_log import MessagingLog

Handler = Callable[[ReceivedEvent, Handled], Awaitable[None]]
"""Handles an event. It gives `Handled` to the store call that makes its effect, which makes it once.

What it raises decides (`domain.retrying.verdict`): it is called again with the same event, the event becomes a dead
letter, or the consumer ends. It may be cancelled: when the partition goes to another member or the program ends, later
than `ConsumerTimes.grace`; when the log fails or another handler ends the consumer, at once.
"""

ACTIVITY = "dead-lettering"


@attrs.frozen(kw_only=True)
class Handling:
    """How one group handles its messages."""

    group_id: str
    handler: Handler
    publisher: EventPublisher
    codec: EventCodec
    clock: Clock
    identifiers: Identifiers
    log: MessagingLog
    policy: RetryPolicy

    async def settle(self, delivery: Delivery, stopping: asyncio.Event) -> bool:
        """Handle the message, trying again as often as need be, or put it aside; False if it was time to stop before.

        Raises:
            IACSGraphError: an operator must act first; the message stays where it is.
        """
        try:
            event = self.codec.read(delivery)
        except Exception as error:  # noqa: BLE001 - whatever is in a message, the next one must have its turn
            return await self._put_aside(delivery, None, error, 1, stopping)
        failures, began = 0, self.clock.monotonic()
        while (problem := await self._attempt(event)) is not None:
            failures += 1
            delay = self._delay(problem, failures, began)
            if delay is None:
                return await self._put_aside(delivery, event.event_id, problem, failures, stopping)
            self.log.retried(delivery, self.group_id, problem, delay)
            if not await unless_stopped(stopping, self.clock.sleep(delay)) or stopping.is_set():
                return False
        return True

    async def _attempt(self, event: ReceivedEvent) -> BaseException | None:
        """Call the handler; return what it raised. That it was cancelled is an error unless this task is.

        If this task is, no error that the handler made of it counts.
        """
        problem: BaseException
        try:
            await self.handler(event, Handled(group_id=self.group_id, event_id=event.identity))
        except ExceptionGroup as group:
            problem = first_error(group)
        except (asyncio.CancelledError, Exception) as error:  # noqa: BLE001 - whatever it is, others must have their turn
            problem = error
        else:
            return None
        if cancellations():
            raise asyncio.CancelledError from problem
        return problem

    def _delay(self, error: BaseException, failures: int, began: float) -> timedelta | None:
        """Return how long to wait before trying again, if it is tried again.

        Raises: the error, if the operator must act first.
        """
        if verdict(error) is Verdict.STOP:
            raise error
        waited = timedelta(seconds=self.clock.monotonic() - began)
        return self.policy.delay(error, failures, waited, self.identifiers.fraction())

    async def _put_aside(
        self, delivery: Delivery, event_id: EventId | None, error: BaseException, attempts: int, stopping: asyncio.Event
    ) -> bool:
        letter = dead_letter(delivery, self.group_id, _failure(error, attempts), self.clock.now(), event_id)
        if not await self._publish(letter, stopping):
            return False
        self.log.dead_lettered(delivery, self.group_id, error)
        return True

    async def _publish(self, letter: DeadLetter, stopping: asyncio.Event) -> bool:
        """Publish the letter, however long it takes; without its value if it has become too large with its headers.

        Raises: why it is of no use to try again.
        """
        failures = 0
        while (error := await self._append(letter)) is not None:
            if isinstance(error, MessageRejectedError):
                letter = _smaller(letter, error)
                continue
            if verdict(error) is Verdict.STOP:
                raise error
            failures += 1
            delay = self.policy.backoff(failures, self.identifiers.fraction(), error.retry_after)
            self.log.interrupted(ACTIVITY, error, delay)
            if not await unless_stopped(stopping, self.clock.sleep(delay)) or stopping.is_set():
                return False
        if failures:
            self.log.resumed(ACTIVITY)
        return True

    async def _append(self, letter: DeadLetter) -> IACSGraphError | None:
        (error,) = await self.publisher.publish([to_message(letter)])
        return error


def _smaller(letter: DeadLetter, error: MessageRejectedError) -> DeadLetter:
    """Return the letter without its value.

    Raises:
        ConfigurationError: DEAD_LETTER_REJECTED: it has none any more.
    """
    if not letter.value_omitted:
        return attrs.evolve(letter, value_omitted=True)
    msg = f"The dead letter of {letter.place} cannot be put into {letter.queue!r}: {error.message}"
    details = {"topic": letter.queue, "place": letter.place}
    raise ConfigurationError(msg, error_code="DEAD_LETTER_REJECTED", details=details) from error


def _failure(error: BaseException, attempts: int) -> Failure:
    """Tell what failed, without the text of an error that is not of our tree: it may hold anything, also a secret."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    places = [f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}" for frame in frames]
    kind = type(error).__qualname__
    if isinstance(error, IACSGraphError):
        code, reason = error.error_code, error.message
    else:
        code, reason = "UNEXPECTED_ERROR", f"{kind} in {places[-1]}" if places else kind
    digest = hashlib.sha256("\n".join([kind, *places]).encode()).hexdigest()[:12]
    return Failure(error_code=code, reason=reason, digest=digest, attempts=attempts)
