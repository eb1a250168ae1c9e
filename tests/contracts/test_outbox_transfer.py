"""The promises of `OutboxTransfer`: what becomes of events is what the relay over messages makes of them."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ports.event_codec import EncodedEvent
from ports.outbox_transfer import Moved
from tests.contracts.properties import QUICK, TEXT
from tests.contracts.rigs import SHARED_MEMORY
from tests.contracts.transfer_benches import BENCHES, LARGEST, WAYS, Bench, by_lane, event

LEASE = timedelta(seconds=20)
TOPICS = ("orders", "letters")
STRANGE = {
    '"quoted"': 'a "b" \\ c',
    "ce_name": "김·née 🙂",
    "empty": "",
    "braces": '{"a":"b"},{',
    "comma": ",",
    "nul": "\0",
}


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with BENCHES[request.param]("transfer", tmp_path) as opened:
        yield opened


@pytest.fixture(params=[(world, way) for world in BENCHES for way in WAYS], ids=" by ".join)
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    world, way = request.param
    async with BENCHES[world](way, tmp_path) as opened:
        yield opened


def numbered(count: int, keys: str = "abcd") -> Sequence[EncodedEvent]:
    """Return events of these keys in turn."""
    return [event(f"e{number:03}", key=keys[number % len(keys)]) for number in range(count)]


async def names(bench: Bench) -> list[str]:
    """Return the values of what stands on the log."""
    return [(each.message.value or b"").decode() for each in await bench.logged(TOPICS)]


async def test_messages_stand_on_the_log_as_the_bytes_that_were_stored_in_the_order_of_each_key(either: Bench) -> None:
    events = [*numbered(33), event("odd", key="김", headers=STRANGE, value=bytes(range(256))), *numbered(8)[4:]]
    events += [event("bare", key="", headers={}), event("other", topic="letters"), event("large", value=b"x" * 1800)]
    events = list({each.event_id: each for each in events}.values())
    await either.append(events)
    assert await either.relay().pump() == len(events)
    deliveries = await either.logged(TOPICS)
    assert by_lane(each.message for each in deliveries) == by_lane(each.message() for each in events)
    assert {each.at for each in deliveries} == {either.clock.now()}
    assert await either.outbox.pending(1) == []
    assert (await either.parked.summary()).published == len(events)


@given(
    st.lists(
        st.tuples(st.sampled_from(TOPICS), TEXT, st.binary(max_size=40), st.dictionaries(TEXT, TEXT, max_size=3)),
        max_size=12,
    )
)
@settings(QUICK, max_examples=20)
async def test_whatever_is_in_them_both_ways_lead_to_the_same_log(
    contents: list[tuple[str, str, bytes, dict[str, str]]],
) -> None:
    events = [
        event(f"e{number}", topic=topic, key=key, value=value, headers=headers)
        for number, (topic, key, value, headers) in enumerate(contents)
    ]
    found = []
    for way in WAYS:
        with tempfile.TemporaryDirectory(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as directory:
            async with BENCHES["sqlite"](way, Path(directory)) as bench:
                await bench.append(events)
                assert await bench.relay().pump() == len(events)
                found.append([(each.place, each.message) for each in await bench.logged(TOPICS)])
    assert found[0] == found[1]
    assert len(found[0]) == len(events)


async def test_what_the_log_rejects_is_parked_with_the_reason_and_told_and_the_rest_goes_out(either: Bench) -> None:
    wrong = [event("large", value=b"x" * (LARGEST + 1)), event("nowhere", topic="no such topic")]
    await either.append([event("first"), *wrong, event("last")])
    assert await either.relay().pump() == 4
    assert await names(either) == ["first", "last"]
    parked = await either.parked.parked(10)
    assert [each.event for each in parked] == wrong
    assert all(each.reason for each in parked)
    assert [entry[1] for entry in either.log.told("parked")] == ["large", "nowhere"]
    assert sum(int(str(entry[1])) for entry in either.log.told("published")) == 2


async def test_a_message_that_just_fits_is_not_rejected(either: Bench) -> None:
    """Its size is that of key, value and headers, not that of the JSON in which headers are stored."""
    fitting = event("fits", key="k", value=b"x" * (LARGEST - 10), headers={"n": "12345678"})
    await either.append([fitting, event("more", key="k", value=b"x" * (LARGEST - 9), headers={"n": "12345678"})])
    assert await either.relay().pump() == 2
    assert [each.message for each in await either.logged(TOPICS)] == [fitting.message()]


async def test_offsets_go_on_where_others_left_off(either: Bench) -> None:
    await either.publisher.publish([event("direct").message()])
    await either.append([event("kept")])
    await either.relay().pump()
    await either.publisher.publish([event("again").message()])
    assert [(each.offset, each.message.value) for each in await either.logged(TOPICS)] == [
        (0, b"direct"),
        (1, b"kept"),
        (2, b"again"),
    ]


async def test_without_anything_pending_nothing_is_claimed(bench: Bench) -> None:
    assert await bench.transfer.move("me", LEASE, 10) == Moved()
    assert (await bench.parked.summary()).relay is None


async def test_while_another_one_has_the_outbox_nothing_happens(bench: Bench) -> None:
    await bench.append(numbered(3))
    await bench.outbox.claim("other", bench.clock.now(), LEASE)
    assert await bench.transfer.move("me", LEASE, 10) is None
    assert await names(bench) == []
    await bench.clock.advance(LEASE)
    moved = await bench.transfer.move("me", LEASE, 10)
    assert moved == Moved(published=3, claimed_until=bench.clock.now() + LEASE)
    assert await bench.outbox.claim("other", bench.clock.now(), LEASE) is None


async def test_no_more_is_moved_at_once_than_asked_for_but_for_a_single_event(bench: Bench) -> None:
    events = [event(f"e{number}", value=bytes(100)) for number in range(6)]
    await bench.append(events)
    moves = [
        await bench.transfer.move("me", LEASE, limit, size_bytes=size) for limit, size in ((2, 999), (9, 200), (9, 1))
    ]
    assert [each and each.published for each in moves] == [2, 2, 1]
    assert await bench.outbox.pending(9) == events[5:]


async def test_events_that_were_settled_before_stay_where_they_are(bench: Bench) -> None:
    events = numbered(4, keys="a")
    await bench.append(events)
    await bench.outbox.settle(bench.clock.now(), [events[1].event_id], {events[2].event_id: "why"})
    await bench.transfer.move("me", LEASE, 10)
    assert await names(bench) == ["e000", "e003"]
    summary = await bench.parked.summary()
    assert (summary.published, summary.parked, summary.pending) == (3, 1, 0)
    assert await bench.parked.unpark([]) == 1
    await bench.transfer.move("me", LEASE, 10)
    assert await names(bench) == ["e000", "e003", "e002"]
