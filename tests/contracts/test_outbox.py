"""The promises of `Outbox`. Events get there with changes of accounts, as in life."""

import asyncio
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from domain.events import EventId
from ports.event_codec import EncodedEvent
from tests.contracts.rigs import CODEC, Rig, World
from tests.contracts.samples import MINUTE, NOW, SECOND, enrolment, updated
from tests.contracts.scenes import contents_unchanged

LEASE = 20 * SECOND
SOON = SECOND / 100
LONG = 5 * MINUTE
"""Longer than any test may last: whoever waits for so long must be woken."""


async def append(rig: Rig, user_id: str = "ann", count: int = 1) -> list[EncodedEvent]:
    """Append events of one account, which is enrolled or changed, and return them in order."""
    events = []
    for _ in range(count):
        account = await rig.accounts.find(user_id)
        number = 0 if account is None else account.version + 1
        change = enrolment(user_id) if account is None else updated(account, name=f"Name {number}")
        await rig.accounts.save(change)
        events.append(CODEC.encode(change.event))
    return events


def ids(events: Iterable[EncodedEvent]) -> list[EventId]:
    """Return their ids."""
    return [event.event_id for event in events]


async def publish(rig: Rig, events: Iterable[EncodedEvent], at: datetime = NOW) -> None:
    """Settle events as published."""
    await rig.relay.settle(at, ids(events), {})


async def park(rig: Rig, events: Iterable[EncodedEvent], reason: str = "too large", at: datetime = NOW) -> None:
    """Settle events as parked."""
    await rig.relay.settle(at, [], dict.fromkeys(ids(events), reason))


async def test_events_are_pending_as_the_bytes_that_were_stored(rig: Rig, elsewhere: Rig) -> None:
    events = await append(rig, count=3)
    for reader in (rig, elsewhere):
        assert await reader.relay.pending(10) == events


async def test_of_each_key_the_oldest_are_pending_first(rig: Rig) -> None:
    appended: dict[str, list[EventId]] = {"ann": [], "bob": [], "cid": []}
    for number in range(12):
        user_id = ("ann", "bob", "ann", "cid")[number % 4]
        appended[user_id] += ids(await append(rig, user_id))
    for limit in range(13):
        found = await rig.relay.pending(limit)
        assert len(found) == limit
        for user_id, known in appended.items():
            mine = [event.event_id for event in found if event.key == user_id]
            assert mine == known[: len(mine)]


async def test_what_is_pending_can_be_read_page_by_page_whatever_became_of_the_last_of_a_page(rig: Rig) -> None:
    events = await append(rig, count=6)
    assert await rig.relay.pending(2, after=events[1].event_id) == events[2:4]
    await publish(rig, [events[1], events[2]])
    assert await rig.relay.pending(2, after=events[1].event_id) == events[3:5]
    await park(rig, [events[4]])
    assert await rig.relay.pending(2, after=events[4].event_id) == events[5:]
    assert await rig.relay.pending(2, after=events[5].event_id) == []


async def test_the_values_of_a_page_have_no_more_bytes_than_asked_for_but_a_single_one_may(rig: Rig) -> None:
    events = await append(rig, count=4)
    sizes = [len(event.value) for event in events]
    for count in (1, 2, 3, 4):
        enough = sum(sizes[:count])
        assert await rig.relay.pending(10, size_bytes=enough) == events[:count]
        assert await rig.relay.pending(10, size_bytes=enough - 1) == events[: max(count - 1, 1)]
    assert await rig.relay.pending(10, size_bytes=0) == events[:1]
    assert await rig.relay.pending(2, size_bytes=sum(sizes)) == events[:2]
    assert await rig.relay.pending(0, size_bytes=0) == []


async def test_small_pages_are_read_one_after_the_other_until_one_is_empty(rig: Rig) -> None:
    events, found, after = await append(rig, count=5), list[EncodedEvent](), None
    while page := await rig.relay.pending(10, after=after, size_bytes=2 * max(len(event.value) for event in events)):
        assert len(page) <= 2
        found += page
        after = page[-1].event_id
    assert found == events


async def test_behind_an_event_that_is_unknown_or_forgotten_everything_is_found(rig: Rig) -> None:
    first, second = await append(rig, count=2)
    await publish(rig, [first])
    await rig.relay.trim(NOW + SECOND, 1)
    for unknown in (first.event_id, EventId("unheard of")):
        assert await rig.relay.pending(10, after=unknown) == [second]


async def test_an_event_that_is_not_parked_any_more_is_where_it_was(rig: Rig) -> None:
    events = await append(rig, count=3)
    await park(rig, events[:1])
    await rig.parked.unpark([])
    assert await rig.relay.pending(10) == events
    assert await rig.relay.pending(10, after=events[0].event_id) == events[1:]


async def test_an_outbox_without_events_has_nothing_pending(rig: Rig) -> None:
    assert await rig.relay.pending(10) == []


async def test_published_events_are_not_pending_any_more(rig: Rig, elsewhere: Rig) -> None:
    first, second, third = await append(rig, count=3)
    await publish(rig, [first, third])
    assert await elsewhere.relay.pending(10) == [second]


async def test_a_parked_event_keeps_nobody_back(rig: Rig) -> None:
    first, second = await append(rig, count=2)
    await park(rig, [first])
    assert await rig.relay.pending(10) == [second]


async def test_some_can_be_published_and_others_parked_at_once(rig: Rig) -> None:
    first, second, third = await append(rig, count=3)
    await rig.relay.settle(NOW, [first.event_id], {second.event_id: "why"})
    assert await rig.relay.pending(10) == [third]
    summary = await rig.parked.summary()
    assert (summary.published, summary.parked, summary.pending) == (1, 1, 1)


async def test_events_that_were_settled_are_left_alone(rig: Rig) -> None:
    published, parked = await append(rig, count=2)
    await rig.relay.settle(NOW, [published.event_id], {parked.event_id: "first reason"})
    before = await rig.contents()
    await rig.relay.settle(NOW + MINUTE, [parked.event_id], {published.event_id: "second reason"})
    await rig.relay.settle(NOW + MINUTE, [published.event_id], {parked.event_id: "second reason"})
    assert await contents_unchanged(rig, before)


async def test_events_that_are_unknown_are_left_out_of_a_settlement(rig: Rig) -> None:
    (event,) = await append(rig)
    await rig.relay.settle(NOW, [EventId("unknown"), event.event_id], {EventId("unheard of"): "why"})
    assert await rig.relay.pending(10) == []
    assert (await rig.parked.summary()).parked == 0


async def test_nothing_at_all_can_be_settled(rig: Rig) -> None:
    events = await append(rig)
    await rig.relay.settle(NOW, [], {})
    assert await rig.relay.pending(10) == events


async def test_a_claim_keeps_others_out_until_it_ends(rig: Rig, elsewhere: Rig) -> None:
    assert await rig.relay.claim("one", NOW, LEASE) == NOW + LEASE
    assert await elsewhere.relay.claim("two", NOW, LEASE) is None
    assert await elsewhere.relay.claim("two", NOW + LEASE - timedelta(microseconds=1), LEASE) is None
    assert await elsewhere.relay.claim("two", NOW + LEASE, LEASE) == NOW + 2 * LEASE
    assert await rig.relay.claim("one", NOW + LEASE, LEASE) is None


async def test_an_owner_prolongs_its_claim(rig: Rig, elsewhere: Rig) -> None:
    await rig.relay.claim("one", NOW, LEASE)
    assert await rig.relay.claim("one", NOW + LEASE / 2, LEASE) == NOW + LEASE * 3 / 2
    assert await elsewhere.relay.claim("two", NOW + LEASE, LEASE) is None


async def test_a_claim_that_is_released_keeps_nobody_out(rig: Rig, elsewhere: Rig) -> None:
    await rig.relay.claim("one", NOW, LEASE)
    await rig.relay.release("one")
    assert await elsewhere.relay.claim("two", NOW, LEASE) == NOW + LEASE


async def test_nobody_releases_the_claim_of_another(rig: Rig, elsewhere: Rig) -> None:
    await elsewhere.relay.release("two")
    await rig.relay.claim("one", NOW, LEASE)
    await elsewhere.relay.release("two")
    assert await elsewhere.relay.claim("two", NOW, LEASE) is None


async def test_a_claim_from_before_the_clock_was_set_back_is_not_believed(rig: Rig, elsewhere: Rig) -> None:
    await rig.relay.claim("one", NOW + timedelta(hours=1), LEASE)
    assert await elsewhere.relay.claim("two", NOW, LEASE) == NOW + LEASE


async def test_a_claim_of_five_minutes_is_believed(rig: Rig, elsewhere: Rig) -> None:
    await rig.relay.claim("one", NOW, 5 * MINUTE)
    assert await elsewhere.relay.claim("two", NOW, LEASE) is None


async def test_of_claims_made_at_once_one_holds(rig: Rig, elsewhere: Rig) -> None:
    claims = [(rig, elsewhere)[number % 2].relay.claim(f"owner {number}", NOW, LEASE) for number in range(10)]
    assert sorted(str(until) for until in await asyncio.gather(*claims)) == [str(NOW + LEASE)] + ["None"] * 9


async def test_waiting_ends_when_an_event_is_appended(rig: Rig) -> None:
    await rig.relay.wait(SOON)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        waiting = group.create_task(rig.relay.wait(LONG))
        await asyncio.sleep(0)
        assert not waiting.done()
        await append(rig)


async def test_what_was_appended_before_waiting_is_not_missed(rig: Rig) -> None:
    await rig.relay.wait(SOON)
    await append(rig)
    async with asyncio.timeout(60):
        await rig.relay.wait(LONG)


async def test_waiting_ends_in_any_case(rig: Rig) -> None:
    await rig.relay.wait(SOON)
    async with asyncio.timeout(60):
        await rig.relay.wait(SOON)
        await rig.relay.wait(timedelta(0))


async def test_what_was_told_is_waited_for_no_more(rig: Rig) -> None:
    await append(rig)
    await rig.relay.wait(LONG)
    begun = time.monotonic()
    await rig.relay.wait(SOON)
    assert time.monotonic() - begun >= SOON.total_seconds() / 2


async def test_a_wait_that_was_cancelled_takes_nothing_from_the_next(rig: Rig) -> None:
    await rig.relay.wait(SOON)
    waiting = asyncio.create_task(rig.relay.wait(LONG))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await append(rig)
    async with asyncio.timeout(60):
        await rig.relay.wait(LONG)


async def test_what_was_published_long_ago_is_forgotten(rig: Rig) -> None:
    old, newer, parked, pending = await append(rig, count=4)
    await publish(rig, [old])
    await publish(rig, [newer], NOW + SECOND)
    await park(rig, [parked])
    assert await rig.relay.trim(NOW + SECOND, 10) == 1
    assert await rig.outbox() == [newer, parked, pending]
    assert await rig.relay.trim(NOW + SECOND, 10) == 0


async def test_no_more_than_was_asked_for_is_forgotten_at_once(rig: Rig) -> None:
    events = await append(rig, count=5)
    await publish(rig, events)
    assert [await rig.relay.trim(NOW + SECOND, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert await rig.outbox() == []


async def test_what_became_of_events_is_seen_by_a_process_that_starts_later(world: World) -> None:
    async with world.process("old") as before:
        first, second, third = await append(before, count=3)
        await before.relay.settle(NOW, [first.event_id], {second.event_id: "why"})
        await before.relay.claim("one", NOW, LEASE)
    async with world.process("old") as after:
        assert await after.relay.pending(10) == [third]
        assert await after.relay.claim("two", NOW, LEASE) is None
