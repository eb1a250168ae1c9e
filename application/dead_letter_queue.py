"""Dead letters as an operator handles them: look, and publish again."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import attrs

from domain.dead_letters import DeadLetter, again, queue_of, replay_mark, waiting
from domain.errors import BusinessLogicError, MessagingError, NotFoundError
from domain.messages import Delivery, Partition
from domain.topics import DEAD_LETTERS
from ports.clock import Clock
from ports.event_publisher import EventPublisher
from ports.event_subscriber import EventSubscriber, Start
from ports.event_topics import EventTopics

_WAIT = timedelta(milliseconds=200)
_AT_ONCE = 500
_SILENCE = timedelta(seconds=30)
"""How long nothing may come of a queue that has more."""


async def _keep(_: frozenset[Partition]) -> None:
    """Nothing is to be finished: who reads alone loses no partition."""


@attrs.frozen(kw_only=True)
class DeadLetterQueue:
    """The queues `<topic>.dlq`. Reading commits nothing; that a letter was replayed stands in the queue itself."""

    subscriber: EventSubscriber
    publisher: EventPublisher
    topics: EventTopics
    clock: Clock

    async def queues(self) -> Sequence[str]:
        """Return the topics that have a dead letter queue.

        Raises: as `EventTopics.topics`.
        """
        return [
            topic.name.removesuffix(DEAD_LETTERS)
            for topic in await self.topics.topics()
            if topic.name.endswith(DEAD_LETTERS)
        ]

    async def letters(self, topic: str) -> Sequence[DeadLetter]:
        """Return the letters of the topic that wait, oldest first; empty if it has no queue. All are held in memory.

        Raises:
            MessagingError (transient): QUEUE_CHANGED: what was there was not: it was deleted or shortened meanwhile.
            Else as `EventSubscriber.subscribe` and `Subscription.receive`.
        """
        queue = queue_of(topic)
        ends = await self.topics.ends([queue])
        found: list[Delivery] = []
        if not any(ends.values()):
            return []
        async with self.subscriber.subscribe([queue], None, start=Start.EARLIEST, revoked=_keep) as subscription:
            moved_at, seen = self.clock.monotonic(), await subscription.positions()
            while not _reached(seen, ends):
                found += await subscription.receive(_AT_ONCE, _WAIT)
                positions = await subscription.positions()
                if positions != seen:
                    moved_at, seen = self.clock.monotonic(), positions
                elif self.clock.monotonic() - moved_at > _SILENCE.total_seconds():
                    raise _unreachable_end(queue)
        return waiting(found)

    async def letter(self, topic: str, letter_id: str) -> DeadLetter:
        """Return one letter that waits.

        Raises:
            NotFoundError: there is none with this id. Else as `letters`.
        """
        for letter in await self.letters(topic):
            if letter.letter_id == letter_id:
                return letter
        msg = f"No dead letter {letter_id!r} waits in {queue_of(topic)!r}."
        raise NotFoundError(msg, error_code="DEAD_LETTER_UNKNOWN", details={"topic": topic, "letter_id": letter_id})

    async def replay(self, letter: DeadLetter) -> None:
        """Publish the message again to its topic, for every group that reads it, and mark the letter as replayed.

        It keeps its event id, whether it carries one or not: groups that handled it make no effect again. Cut short in
        between, it still waits.

        Raises:
            BusinessLogicError: VALUE_OMITTED: its value was too large for the queue.
            MessageRejectedError, MessagingError, DatabaseError: as `EventPublisher.publish`.
        """
        if letter.value_omitted:
            msg = f"Dead letter {letter.letter_id!r} has no value: too large for it, that stands at {letter.place}."
            raise BusinessLogicError(msg, error_code="VALUE_OMITTED", details={"place": letter.place})
        for message in (again(letter), replay_mark(letter, self.clock.now())):
            (error,) = await self.publisher.publish([message])
            if error is not None:
                raise error


def _unreachable_end(queue: str) -> MessagingError:
    msg = f"What was in {queue!r} does not come: it seems to have been deleted or shortened meanwhile."
    return MessagingError(msg, error_code="QUEUE_CHANGED", details={"topic": queue}, transient=True)


def _reached(positions: Mapping[Partition, int], ends: Mapping[Partition, int]) -> bool:
    return all(positions.get(partition, 0) >= end for partition, end in ends.items())
