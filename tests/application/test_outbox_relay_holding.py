"""What a relay holds back is looked behind however much it is, and tried again without keeping others waiting."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

import pytest

from adapters.memory.outbox import MemoryOutbox
from application.outbox_relay import RelayTimes
from domain.errors import DatabaseError, IACSGraphError, KafkaConnectionError, MessagingError, PermissionDeniedError
from domain.events import EventId
from domain.messages import Message
from ports.event_codec import EncodedEvent
from ports.outbox import PAGE_BYTES
from tests.application.event_rig import KEYS, MINUTE, SECOND, TOPIC, EventRig, partition_of
from tests.fakes.event_path import (
    CountingInbox,
    CountingOutbox,
    FailingOutbox,
    NotingPublisher,
    ScriptedPublisher,
    StallingPublisher,
    WeighingPublisher,
)

TIMES = RelayTimes()
FORBIDDEN = PermissionDeniedError("Not allowed.", error_code="TOPIC_FORBIDDEN")
LEADERLESS = KafkaConnectionError("No leader.")
BACKOFF = timedelta(seconds=31)
"""Longer than what is held waits to be tried again."""


class SlowOutbox(MemoryOutbox):
    """Breaks nothing: time passes while it looks for a batch, the next of `durations` each time."""

    def __init__(self, rig: EventRig, *durations: timedelta) -> None:
        super().__init__(rig.database, rig.clock)
        self.rig = rig
        self.durations = deque(durations)

    async def pending(
        self, limit: int, *, after: EventId | None = None, size_bytes: int = PAGE_BYTES
    ) -> Sequence[EncodedEvent]:
        """Look, and let time pass."""
        found = await super().pending(limit, after=after, size_bytes=size_bytes)
        if limit > 1 and self.durations:
            await self.rig.clock.advance(self.durations.popleft())
        return found


@pytest.fixture
def rig() -> EventRig:
    """Return empty outbox and log."""
    return EventRig()


def forbid(rig: EventRig, topic: str = "forbidden") -> None:
    """Let nothing of a topic go out."""
    rig.events.refusal = lambda message: FORBIDDEN if message.topic == topic else None


def behead(rig: EventRig, number: int = 0) -> None:
    """Take the leader from a partition of the one topic."""

    def refuse(message: Message) -> IACSGraphError | None:
        return LEADERLESS if partition_of((message.key or b"").decode()).number == number else None

    rig.events.refusal = refuse


def keys(number: int, count: int) -> list[str]:
    """Return keys of a partition."""
    found = (f"key {each}" for each in range(100 * count))
    return [key for key in found if partition_of(key).number == number][:count]


async def test_behind_any_number_of_held_events_others_are_found_and_each_is_read_once(rig: EventRig) -> None:
    forbid(rig)
    rig.append(*[f"f{number}" for number in range(6000)], topic="forbidden")
    rig.append("e1")
    outbox = CountingOutbox(rig.database, rig.clock)
    async with rig.relaying(outbox=outbox):
        assert rig.published() == ["e1"]
        before = outbox.read
        assert before < 6001 + 500 + 10, "the first batch is read again, when its key is held"
        for number in range(2, 20):
            rig.append(f"f again {number}", topic="forbidden")
            rig.append(f"e{number}")
            await rig.turn()
            assert rig.published()[-1] == f"e{number}", "without any time passing"
        assert outbox.read - before < 19 * 6


async def test_held_events_between_others_do_not_hide_them(rig: EventRig) -> None:
    forbid(rig)
    names = [f"e{number}" for number in range(30)]
    for number, name in enumerate(names):
        rig.append(*[f"f{number}.{each}" for each in range(number % 5)], topic="forbidden")
        rig.append(name)
    with pytest.raises(PermissionDeniedError):
        await rig.relay(batch=3).pump()
    assert rig.published() == names


async def test_behind_held_events_of_several_batches_bytes_others_are_found(rig: EventRig) -> None:
    forbid(rig)
    rig.append(*[f"f{number}" for number in range(20)], topic="forbidden")
    rig.append("e1")
    with pytest.raises(PermissionDeniedError):
        await rig.relay(batch_bytes=1).pump()
    assert rig.published() == ["e1"]


async def test_an_event_that_returns_to_its_place_among_held_ones_is_found_after_a_backoff(rig: EventRig) -> None:
    forbid(rig)
    rig.append("f1", topic="forbidden")
    rig.append("e1", key=KEYS[1])
    rig.append("f2", topic="forbidden")
    parked = rig.database.relaying.parked
    parked[EventId("e1")] = (rig.clock.now(), "because")
    async with rig.relaying(batch=1):
        rig.append("e2")
        await rig.turn()
        assert rig.published() == ["e2"]
        parked.clear()
        await rig.let_pass(BACKOFF)
        assert sorted(rig.published()) == ["e1", "e2"]


async def test_what_is_held_is_tried_again_after_everything_else_and_in_a_call_of_its_own(rig: EventRig) -> None:
    behead(rig)
    publisher = NotingPublisher(rig.events)
    rig.append("a1", "a2", key=KEYS[0])
    async with rig.relaying(publisher=publisher) as relay:
        while not publisher.calls[1:] or relay.failures < 3:
            rig.append(f"b{len(publisher.calls)}", key=KEYS[1], elsewhere=True)
            await rig.clock.advance(TIMES.poll)
        assert set(map(frozenset, publisher.calls)) == {frozenset([KEYS[0]]), frozenset([KEYS[1]])}
        retries = [number for number, call in enumerate(publisher.calls) if call == {KEYS[0]}]
        assert all(publisher.calls[number - 1] == {KEYS[1]} for number in retries[1:])
        rig.events.refusal = lambda _: None
        await rig.let_pass(BACKOFF)
    assert [name for name in rig.published() if name.startswith("a")] == ["a1", "a2"]


async def test_a_partition_without_a_leader_keeps_no_other_of_its_topic_back_for_longer_than_a_backoff(
    rig: EventRig,
) -> None:
    behead(rig)
    bad, good = keys(0, 8), keys(1, 8)
    for number, key in enumerate(bad):
        rig.append(f"bad {number}", key=key)
    async with rig.relaying(batch=4):
        await rig.let_pass(2 * BACKOFF)
        for number, key in enumerate(good):
            rig.append(f"good {number}", key=key)
            await rig.let_pass(BACKOFF)
            assert rig.published() == [f"good {each}" for each in range(number + 1)]
        rig.events.refusal = lambda _: None
        await rig.let_pass(BACKOFF)
        assert len(rig.published()) == 16


async def test_a_topic_of_which_something_went_out_is_not_held_because_several_keys_fail(rig: EventRig) -> None:
    behead(rig)
    (good, better), bad = keys(1, 2), keys(0, 3)
    rig.append("bad 0", key=bad[0])
    rig.append("good", key=good)
    async with rig.relaying():
        for number, key in enumerate(bad[1:], 1):
            rig.append(f"bad {number}", key=key)
        await rig.turn()
        rig.append("better", key=better)
        await rig.turn()
        assert rig.published() == ["good", "better"]
    assert rig.clock.monotonic() == 0


async def test_of_held_keys_those_come_first_that_were_not_tried_for_longest(rig: EventRig) -> None:
    """So that the keys of a partition that is back go out, however many of another are still held before them."""
    rig.events.refusal = lambda _: LEADERLESS
    bad, good = keys(0, 12), keys(1, 2)
    for key in bad + good:
        rig.append(key, key=key)
    async with rig.relaying(batch=2):
        await rig.let_pass(7 * BACKOFF)
        behead(rig)
        await rig.let_pass(8 * BACKOFF)
        assert sorted(rig.published()) == sorted(good)


@pytest.mark.parametrize("batch_bytes", [PAGE_BYTES, 200])
async def test_a_forbidden_topic_costs_two_calls_per_backoff_however_many_keys_it_has(
    rig: EventRig, batch_bytes: int
) -> None:
    forbid(rig, TOPIC)
    publisher = NotingPublisher(rig.events)
    for number in range(60):
        rig.append(f"f{number}", key=f"key {number}")
    async with rig.relaying(publisher=publisher, batch=5, batch_bytes=batch_bytes) as relay:
        await rig.let_pass(20 * BACKOFF)
        assert len(publisher.calls) <= 2 * relay.failures


@pytest.mark.parametrize(("events", "at_once"), [(3, 3), (0, 1)])
async def test_held_events_of_many_keys_are_tried_again_in_calls_of_no_more_bytes_than_a_batch_may_have(
    rig: EventRig, events: int, at_once: int
) -> None:
    """However many keys there are: the first event of each could be one of the largest, or larger than a batch."""
    behead(rig)
    bad, publisher = keys(0, 12), WeighingPublisher(rig.events)
    rig.append("e", key=keys(1, 1)[0])
    for number, key in enumerate(bad):
        rig.append(f"{number:02}", key=key)
    size = len(rig.database.outbox[-1].value)
    relay = rig.relay(publisher=publisher, batch_bytes=events * size + 1)
    with pytest.raises(KafkaConnectionError):
        await relay.pump()
    assert len(relay.held) > 3
    del publisher.sizes[:]
    rig.events.refusal = lambda _: None
    await relay.pump()
    assert max(publisher.sizes) == at_once * size
    assert sorted(rig.published()) == [*[f"{number:02}" for number in range(12)], "e"]


async def test_of_a_key_that_works_again_everything_goes_out_in_order(rig: EventRig) -> None:
    behead(rig)
    names = [f"a{number}" for number in range(20)]
    rig.append(*names)
    async with rig.relaying(batch=3):
        await rig.let_pass(BACKOFF)
        rig.events.refusal = lambda _: None
        rig.append("a20", "a21")
        await rig.let_pass(BACKOFF)
        assert rig.published() == [*names, "a20", "a21"]


async def test_a_relay_without_the_outbox_reads_one_event_at_a_time(rig: EventRig) -> None:
    dying = rig.relay(publisher=StallingPublisher())
    rig.append(*[f"e{number}" for number in range(100)])
    task = asyncio.create_task(dying.pump())
    await rig.turn()
    outbox = CountingOutbox(rig.database, rig.clock)
    async with rig.relaying(outbox=outbox):
        await rig.let_pass(TIMES.lease - SECOND)
        assert 0 < outbox.read <= TIMES.lease / TIMES.poll + 2
        task.cancel()
        await rig.let_pass(2 * SECOND)
        assert len(rig.published()) == 100


async def test_a_relay_that_lost_the_outbox_does_not_say_that_publishing_goes_on(rig: EventRig) -> None:
    error = MessagingError("Not now.", transient=True, retry_after=TIMES.lease + 5 * SECOND)
    rig.append("e1")
    async with rig.relaying(publisher=ScriptedPublisher(rig.events, deque([error]))):
        await rig.let_pass(TIMES.lease)
        relaying = rig.database.relaying
        relaying.owner, relaying.until = "another", rig.clock.now() + 4 * MINUTE
        await rig.let_pass(3 * MINUTE)
        assert [entry[0] for entry in rig.log.told("interrupted", "resumed")] == ["interrupted"]
        relaying.until = rig.clock.now()
        await rig.let_pass(2 * SECOND)
        assert rig.published() == ["e1"]
        assert [entry[0] for entry in rig.log.told("interrupted", "resumed")] == ["interrupted", "resumed"]


async def test_a_claim_that_cannot_be_given_up_does_not_hide_why_publishing_failed(rig: EventRig) -> None:
    forbid(rig)
    rig.append("f1", topic="forbidden")
    relay = rig.relay(outbox=FailingOutbox(rig.database, rig.clock, release=DatabaseError("Damaged.")))

    async def pump_once() -> None:
        try:
            await relay.pump()
        finally:
            await relay.release()

    with pytest.raises(PermissionDeniedError):
        await pump_once()
    assert rig.database.relaying.owner is not None


async def test_more_than_is_forgotten_at_once_is_forgotten_turn_by_turn(rig: EventRig) -> None:
    inbox = CountingInbox(rig.database)
    names = [f"e{number}" for number in range(25)]
    rig.append(*names, elsewhere=True)
    long_ago = rig.clock.now() - 2 * TIMES.keep_published
    rig.database.relaying.published = {EventId(name): long_ago for name in names}
    async with rig.relaying(inbox=inbox, tidied_at_once=10):
        assert len(rig.database.outbox) == 15
        await rig.let_pass(2 * TIMES.poll)
        assert not rig.database.outbox
        assert len(inbox.trims) == 3
        await rig.let_pass(MINUTE / 2)
        assert len(inbox.trims) == 3


def left_of_the_claim(rig: EventRig) -> list[timedelta]:
    """Return a list to which is added, for each event that goes out from now on, how long the claim lasts then."""
    found: list[timedelta] = []

    def look(_: Message) -> None:
        assert rig.database.relaying.until is not None
        found.append(rig.database.relaying.until - rig.clock.now())

    rig.events.refusal = look
    return found


async def test_when_looking_for_events_took_so_long_that_the_claim_may_end_it_is_claimed_again_before_they_go_out(
    rig: EventRig,
) -> None:
    left = left_of_the_claim(rig)
    rig.append("e1")
    assert await rig.relay(outbox=SlowOutbox(rig, TIMES.lease - TIMES.publish)).pump() == 1
    assert left == [TIMES.lease]


async def test_when_looking_for_held_events_took_so_long_that_the_claim_may_end_it_is_claimed_again_before_they_go_out(
    rig: EventRig,
) -> None:
    behead(rig)
    outbox = SlowOutbox(rig)
    relay = rig.relay(outbox=outbox)
    rig.append("a1")
    with pytest.raises(KafkaConnectionError):
        await relay.pump()
    left = left_of_the_claim(rig)
    outbox.durations += [timedelta(0), TIMES.lease - TIMES.publish]
    assert await relay.pump() == 1
    assert left == [TIMES.lease]
    assert not outbox.durations


async def test_events_go_out_however_long_looking_for_them_takes_as_long_as_the_claim_has_not_ended(
    rig: EventRig,
) -> None:
    outbox = SlowOutbox(rig, *[TIMES.lease - SECOND] * 10)
    rig.append("e1")
    assert await rig.relay(outbox=outbox).pump() == 1
    assert len(outbox.durations) >= 8
