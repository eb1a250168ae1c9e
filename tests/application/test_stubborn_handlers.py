"""Handlers that make something else of their cancellation, and queues that never end: all others come to an end."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import attrs
import pytest

from adapters.memory.event_topics import MemoryEventTopics
from application.dead_letter_queue import DeadLetterQueue
from domain.errors import APIConnectionError, ConfigurationError, DatabaseError, IACSGraphError, MessagingError
from domain.messages import Handled, Partition
from ports.event_codec import ReceivedEvent
from ports.event_topics import Lag
from tests.application.event_rig import KEYS, TOPIC, EventRig, Scripted
from tests.fakes.event_path import ScriptedPublisher

AWAY = APIConnectionError("No route.")
BROKEN = ConfigurationError("The key is missing.")


@attrs.define
class Stubborn:
    """Ends the consumer with the event of the first key, while that of the second is in hand."""

    afterwards: IACSGraphError | None
    in_hand: asyncio.Event = attrs.field(factory=asyncio.Event)
    names: list[str] = attrs.field(factory=list)

    async def __call__(self, event: ReceivedEvent, _: Handled) -> None:
        """Keep the cancellation to itself, or make another error of it."""
        name = str(event.value["name"])
        self.names.append(name)
        if name.startswith("a"):
            await self.in_hand.wait()
            raise BROKEN
        self.in_hand.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self.afterwards is not None:
                raise self.afterwards from None


@pytest.mark.parametrize("afterwards", [AWAY, DatabaseError("Damaged."), None])
async def test_a_cancelled_handler_begins_nothing_more_whatever_it_makes_of_that(
    afterwards: IACSGraphError | None,
) -> None:
    """The consumer ends at once, by the error that ended it, and no time passes."""
    rig, handler = EventRig(), Stubborn(afterwards)
    await rig.publish("a1")
    await rig.publish("b1", "b2", "b3", key=KEYS[1])
    with pytest.raises(ConfigurationError) as caught:
        async with rig.consuming(handler), asyncio.timeout(60):
            await asyncio.Event().wait()
    assert caught.value is BROKEN
    assert sorted(handler.names) == ["a1", "b1"]
    assert rig.clock.monotonic() == 0


@pytest.mark.parametrize("error", [BROKEN, DatabaseError("Damaged.")])
async def test_a_dead_letter_queue_that_needs_an_operator_ends_the_consumer(error: IACSGraphError) -> None:
    """The message stays where it is."""
    rig, handler = EventRig(), Scripted()
    handler.fail("a1", MessagingError("Never."))
    publisher = ScriptedPublisher(rig.events)
    publisher.errors.append(error)
    await rig.publish("a1", "a2")
    with pytest.raises(type(error)) as caught:
        async with rig.consuming(handler, publisher=publisher), asyncio.timeout(60):
            await asyncio.Event().wait()
    assert caught.value is error
    assert (handler.names, rig.committed(), rig.letters()) == (["a1"], 0, [])


class FarTopics(MemoryEventTopics):
    """Breaks "ends are those of the log": one more is to come."""

    async def ends(self, topics: Sequence[str]) -> dict[Partition, int]:
        """Return them with one more each."""
        return {partition: end + 1 for partition, end in (await super().ends(topics)).items()}


async def test_a_queue_that_was_shortened_meanwhile_is_not_waited_for() -> None:
    rig, handler = EventRig(), Scripted()
    handler.fail("a1", MessagingError("Never."))
    await rig.publish("a1")
    async with rig.consuming(handler):
        await rig.turn()
    queue = DeadLetterQueue(
        subscriber=rig.dead_letters.subscriber,
        publisher=rig.publisher,
        topics=FarTopics(rig.events),
        clock=rig.clock,
    )
    looking = asyncio.create_task(queue.letters(TOPIC))
    await rig.let_pass(timedelta(seconds=29))
    assert not looking.done()
    await rig.let_pass(timedelta(seconds=4))
    with pytest.raises(MessagingError) as caught:
        await looking
    assert (caught.value.error_code, caught.value.transient) == ("QUEUE_CHANGED", True)


@pytest.mark.parametrize(("committed", "behind"), [(None, 2), (1, 2), (3, 0), (4, 0), (9, 0)])
def test_nobody_is_less_than_nothing_behind(committed: int | None, behind: int) -> None:
    """Not even who had read further, in a topic that was made anew."""
    lag = Lag(partition=Partition(topic=TOPIC, number=0), committed=committed, begin=1, end=3)
    assert lag.behind == behind
