"""The promises of `ParkedEvents`."""

from domain.events import EventId
from domain.mail_sync import FolderNews
from ports.parked_events import OutboxSummary, ParkedEvent
from tests.contracts.mail_samples import copying, deleted, finish_all, mail
from tests.contracts.rigs import Rig
from tests.contracts.samples import MINUTE, NOW, SECOND, enrolment, signing_in
from tests.contracts.test_outbox import append, ids, park, publish


async def test_the_summary_of_an_outbox_without_events(rig: Rig) -> None:
    nothing = OutboxSummary(pending=0, parked=0, published=0, oldest=None, relay=None, relay_until=None)
    assert await rig.parked.summary() == nothing


async def test_the_summary_counts_and_names_the_event_that_has_waited_longest(rig: Rig, elsewhere: Rig) -> None:
    published, parked, oldest, _ = await append(rig, count=4)
    await publish(rig, [published])
    await park(rig, [parked])
    summary = await elsewhere.parked.summary()
    assert (summary.pending, summary.parked, summary.published) == (2, 1, 1)
    assert summary.oldest == oldest


async def test_the_summary_tells_when_the_oldest_pending_event_was_appended(rig: Rig, elsewhere: Rig) -> None:
    for number, user_id in enumerate(("ann", "bob")):
        await rig.accounts.save(enrolment(user_id, at=NOW + number * SECOND))
    first, second = await rig.relay.pending(10)
    assert (await elsewhere.parked.summary()).oldest_at == NOW
    await park(rig, [first], at=NOW + MINUTE)
    assert (await elsewhere.parked.summary()).oldest_at == NOW + SECOND
    await rig.parked.unpark([])
    assert (await elsewhere.parked.summary()).oldest_at == NOW, "its own, not when it was parked or given back"
    await publish(rig, [first, second])
    assert (await elsewhere.parked.summary()).oldest_at is None


async def test_of_old_mail_the_summary_tells_when_its_event_was_appended(rig: Rig) -> None:
    """When it was received, perhaps years ago, tells nothing of the outbox."""
    copy = await copying(rig)
    await copy.tell(mail("m1", received_at=NOW.replace(year=2009)))
    await publish(rig, await rig.relay.pending(10))
    announced_at, moved_at = NOW + MINUTE, NOW + 2 * MINUTE
    await finish_all(rig, announced_at)
    assert (await rig.parked.summary()).oldest_at == announced_at
    await publish(rig, await rig.relay.pending(10))
    await copy.save(copy.sync(), FolderNews(departures=[deleted("m1")]), moved_at)
    assert (await rig.parked.summary()).oldest_at == moved_at


async def test_the_event_of_a_sign_in_is_appended_when_it_happened(rig: Rig) -> None:
    change = enrolment()
    await rig.accounts.save(change)
    await publish(rig, await rig.relay.pending(10))
    await rig.accounts.apply("ann", signing_in(at=NOW + MINUTE))
    assert (await rig.parked.summary()).oldest_at == NOW + MINUTE


async def test_the_summary_tells_who_relays_until_when(rig: Rig, elsewhere: Rig) -> None:
    await rig.relay.claim("one", NOW, MINUTE)
    summary = await elsewhere.parked.summary()
    assert (summary.relay, summary.relay_until) == ("one", NOW + MINUTE)


async def test_the_summary_tells_who_relayed_last_also_when_the_claim_has_ended(rig: Rig) -> None:
    long_ago = NOW.replace(year=2001)
    await rig.relay.claim("one", long_ago, MINUTE)
    assert (await rig.parked.summary()).relay_until == long_ago + MINUTE


async def test_parked_events_are_given_with_the_reason_and_the_time_in_order_of_appending(rig: Rig) -> None:
    first, second = await append(rig, count=2)
    third = (await append(rig, "bob"))[0]
    await park(rig, [third], "because", NOW)
    await park(rig, [first], "too large: ключ 'q'", NOW + SECOND)
    assert await rig.parked.parked(10) == [
        ParkedEvent(event=first, parked_at=NOW + SECOND, reason="too large: ключ 'q'"),
        ParkedEvent(event=third, parked_at=NOW, reason="because"),
    ]
    assert await rig.relay.pending(10) == [second]


async def test_no_more_than_was_asked_for_are_given(rig: Rig) -> None:
    events = await append(rig, count=3)
    await park(rig, events)
    assert [parked.event for parked in await rig.parked.parked(2)] == events[:2]
    assert await rig.parked.parked(0) == []


async def test_events_that_are_unparked_are_pending_in_their_old_place(rig: Rig) -> None:
    first, second, third = await append(rig, count=3)
    await park(rig, [first, second])
    assert await rig.parked.unpark([first.event_id]) == 1
    assert await rig.relay.pending(10) == [first, third]
    assert [parked.event for parked in await rig.parked.parked(10)] == [second]


async def test_without_ids_all_are_unparked(rig: Rig) -> None:
    events = await append(rig, count=3)
    await park(rig, events[:2])
    assert await rig.parked.unpark([]) == 2
    assert await rig.relay.pending(10) == events
    assert await rig.parked.unpark([]) == 0


async def test_only_what_is_parked_is_unparked_and_each_counts_once(rig: Rig) -> None:
    published, parked, pending = await append(rig, count=3)
    await publish(rig, [published])
    await park(rig, [parked])
    asked = [*ids([published, parked, pending]), EventId("unknown"), parked.event_id]
    assert await rig.parked.unpark(asked) == 1
    assert await rig.relay.pending(10) == [parked, pending]


async def test_an_event_can_be_parked_again(rig: Rig) -> None:
    events = await append(rig)
    await park(rig, events, "first")
    await rig.parked.unpark([])
    await park(rig, events, "second", NOW + SECOND)
    assert [(parked.reason, parked.parked_at) for parked in await rig.parked.parked(10)] == [("second", NOW + SECOND)]
