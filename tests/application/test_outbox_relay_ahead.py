"""The relay reads what is next while a batch is on its way: that saves time, and changes nothing else."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs
import pytest

from adapters.memory.clock import MemoryClock
from adapters.memory.event_publisher import MemoryEventPublisher
from adapters.memory.outbox import MemoryOutbox
from domain.errors import DatabaseError, IACSGraphError, KafkaConnectionError
from domain.events import EventId
from domain.messages import Message
from ports.event_codec import EncodedEvent
from ports.event_publisher import EventPublisher
from ports.outbox import PAGE_BYTES
from tests.application.event_rig import KEYS, SECOND, EventRig
from tests.fakes.event_path import CountingOutbox

NAMES = [f"e{number}" for number in range(10)]
BATCH = 2


@pytest.fixture
def rig() -> EventRig:
    """Return empty outbox and log."""
    return EventRig()


class NotingOutbox(MemoryOutbox):
    """Breaks nothing: it notes when it is read behind an event, and when events are settled."""

    def __init__(self, rig: EventRig) -> None:
        super().__init__(rig.database, rig.clock)
        self.notes: list[str] = []
        self.claims = 0

    async def claim(self, owner: str, now: datetime, lease: timedelta) -> datetime | None:
        """Count it."""
        self.claims += 1
        return await super().claim(owner, now, lease)

    async def pending(
        self, limit: int, *, after: EventId | None = None, size_bytes: int = PAGE_BYTES
    ) -> Sequence[EncodedEvent]:
        """Note it."""
        if after is not None:
            self.notes.append(f"read behind {after}")
        return await super().pending(limit, after=after, size_bytes=size_bytes)

    async def settle(self, now: datetime, published: Sequence[EventId], parked: Mapping[EventId, str]) -> None:
        """Note it."""
        self.notes.append(f"settled {published[-1]}")
        await super().settle(now, published, parked)


@attrs.define
class SlowPublisher(EventPublisher):
    """Breaks nothing: publishing takes so long by the clock."""

    publisher: MemoryEventPublisher
    clock: MemoryClock
    duration: timedelta

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Let time pass, then publish."""
        await self.clock.advance(self.duration)
        return await self.publisher.publish(messages)


@attrs.define
class WaitingPublisher(EventPublisher):
    """Breaks nothing: what comes behind e3 is published once `until` is over."""

    publisher: MemoryEventPublisher
    until: asyncio.Event
    begun: asyncio.Event

    async def publish(self, messages: Sequence[Message]) -> Sequence[IACSGraphError | None]:
        """Wait, then publish."""
        if any(b'"e4"' in (each.value or b"") for each in messages):
            self.begun.set()
            await self.until.wait()
        return await self.publisher.publish(messages)


class WaitingOutbox(NotingOutbox):
    """Breaks nothing: what ends with e3 is settled once publishing of what comes behind has begun."""

    def __init__(self, rig: EventRig, begun: asyncio.Event, settled: asyncio.Event) -> None:
        super().__init__(rig)
        self.begun, self.settled = begun, settled

    async def settle(self, now: datetime, published: Sequence[EventId], parked: Mapping[EventId, str]) -> None:
        """Wait, then settle."""
        if published[-1] == "e3":
            await self.begun.wait()
        await super().settle(now, published, parked)
        if published[-1] == "e3":
            self.settled.set()


async def test_what_is_next_is_read_before_the_batch_is_settled_once_a_batch_went_out_whole(rig: EventRig) -> None:
    rig.append(*NAMES[:6])
    outbox = NotingOutbox(rig)
    assert await rig.relay(outbox=outbox, batch=BATCH).pump() == 6
    assert outbox.notes == ["settled e1", "read behind e3", "read behind e5", "settled e3", "settled e5"]
    assert rig.published() == NAMES[:6]


async def test_a_batch_is_settled_while_the_one_read_ahead_is_on_its_way(rig: EventRig) -> None:
    """Each waits for the other: whoever did one after the other would wait for ever."""
    rig.append(*NAMES[:6])
    begun, settled = asyncio.Event(), asyncio.Event()
    publisher, outbox = WaitingPublisher(rig.publisher, settled, begun), WaitingOutbox(rig, begun, settled)
    async with asyncio.timeout(60):
        assert await rig.relay(outbox=outbox, publisher=publisher, batch=BATCH).pump() == 6
    assert rig.published() == NAMES[:6]
    assert await outbox.pending(10) == []


async def test_what_is_settled_when_publishing_is_cancelled_does_not_go_out_again(rig: EventRig) -> None:
    rig.append(*NAMES[:6])
    begun, settled, never = asyncio.Event(), asyncio.Event(), asyncio.Event()
    publisher, outbox = WaitingPublisher(rig.publisher, never, begun), WaitingOutbox(rig, begun, settled)
    relay = rig.relay(outbox=outbox, publisher=publisher, batch=BATCH)
    pumping = asyncio.create_task(relay.pump())
    async with asyncio.timeout(60):
        await settled.wait()
    pumping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pumping
    await relay.release()
    assert await rig.relay().pump() == 2
    assert rig.published() == NAMES[:6]


async def test_marks_that_are_under_way_when_publishing_is_cancelled_are_set(rig: EventRig) -> None:
    rig.append(*NAMES[:6])
    begun, may_settle, never = asyncio.Event(), asyncio.Event(), asyncio.Event()
    publisher = WaitingPublisher(rig.publisher, never, begun)
    outbox = WaitingOutbox(rig, may_settle, asyncio.Event())
    pumping = asyncio.create_task(rig.relay(outbox=outbox, publisher=publisher, batch=BATCH).pump())
    async with asyncio.timeout(60):
        await begun.wait()
    pumping.cancel()
    asyncio.get_running_loop().call_later(0.05, may_settle.set)  # well within the time that marks have
    with pytest.raises(asyncio.CancelledError):
        await pumping
    assert [event.event_id for event in await outbox.pending(10)] == NAMES[4:6]


async def test_what_is_read_ahead_and_the_batch_together_are_no_more_than_is_held_at_once(rig: EventRig) -> None:
    rig.append(*NAMES)
    size = len(rig.event(NAMES[0]).value)
    for events, ahead in ((3, 0), (4, 2), (5, 3)):
        outbox = NotingOutbox(rig)
        relay = rig.relay(outbox=outbox, batch=BATCH, batch_bytes=events * size)
        async with relay._reading_ahead([rig.event("e0"), rig.event("e1")]):  # noqa: SLF001 - what a call holds
            pass
        assert len(relay.ahead) == min(ahead, BATCH)


async def test_nothing_is_read_twice(rig: EventRig) -> None:
    rig.append(*NAMES)
    outbox = CountingOutbox(rig.database, rig.clock)
    await rig.relay(outbox=outbox, batch=BATCH).pump()
    assert outbox.read == len(NAMES) + 1, "and one, before the outbox is claimed"


async def test_what_was_read_ahead_does_not_overtake_an_event_of_its_key_that_failed(rig: EventRig) -> None:
    rig.append(*NAMES[:4])
    rig.append("first", key=KEYS[1])
    rig.append("e4")
    rig.append("second", key=KEYS[1])
    rig.append("e5")
    failing = KafkaConnectionError("Down.")
    rig.events.refusal = lambda message: failing if message.value and b'"first"' in message.value else None
    relay = rig.relay(batch=BATCH)
    with pytest.raises(KafkaConnectionError):
        await relay.pump()
    assert rig.published() == NAMES[:6]
    rig.events.refusal = lambda _: None
    assert await relay.pump() == 2
    assert rig.published() == [*NAMES[:6], "first", "second"]


async def test_that_reading_ahead_fails_costs_nothing_but_reading_again(rig: EventRig) -> None:
    rig.append(*NAMES)
    relay = rig.relay(outbox=ShortSightedOutbox(rig.database, rig.clock), batch=BATCH)
    assert await relay.pump() == len(NAMES)
    assert rig.published() == NAMES


async def test_what_was_read_ahead_is_forgotten_if_the_batch_before_it_is_not_settled(rig: EventRig) -> None:
    """Nor is what went out meanwhile: what goes out again does so in its order, up to the end."""
    rig.append(*NAMES[:6])
    outbox = UnsettledOutbox(rig)
    relay = rig.relay(outbox=outbox, batch=BATCH)
    with pytest.raises(DatabaseError):
        await relay.pump()
    assert await relay.pump() == 4
    assert rig.published() == ["e0", "e1", "e2", "e3", "e4", "e5", "e2", "e3", "e4", "e5"]


async def test_what_was_read_ahead_under_a_claim_that_has_ended_is_read_anew(rig: EventRig) -> None:
    rig.append(*NAMES[:6])
    outbox = NotingOutbox(rig)
    publisher = SlowPublisher(rig.publisher, rig.clock, 9 * SECOND)
    assert await rig.relay(outbox=outbox, publisher=publisher, batch=BATCH).pump() == 6
    assert outbox.claims == 3, "one for each batch: what is left of a claim does not outlast a call"
    assert rig.published() == NAMES[:6]


class ShortSightedOutbox(MemoryOutbox):
    """Breaks the promise to work: whoever reads behind an event is told that the store is locked."""

    async def pending(
        self, limit: int, *, after: EventId | None = None, size_bytes: int = PAGE_BYTES
    ) -> Sequence[EncodedEvent]:
        """Fail, or look."""
        if after is not None:
            raise DatabaseError("Locked.", transient=True)
        return await super().pending(limit, after=after, size_bytes=size_bytes)


class UnsettledOutbox(MemoryOutbox):
    """Breaks the promise to work: the second time that events are settled, the store fails for good."""

    def __init__(self, rig: EventRig) -> None:
        super().__init__(rig.database, rig.clock)
        self.calls = 0

    async def settle(self, now: datetime, published: Sequence[EventId], parked: Mapping[EventId, str]) -> None:
        """Fail once, else settle."""
        self.calls += 1
        if self.calls == 2:
            raise DatabaseError("Damaged.")
        await super().settle(now, published, parked)
