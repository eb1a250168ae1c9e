"""The relay: what was appended goes out, in order, whatever fails on the way."""

import asyncio
from collections import deque
from datetime import timedelta

import pytest

from adapters.memory.account_store import MemoryAccountStore
from application.outbox_relay import RelayTimes, open_outbox_relay
from domain.errors import (
    ConfigurationError,
    DatabaseError,
    IACSGraphError,
    KafkaConnectionError,
    MessageRejectedError,
    MessagingError,
    PermissionDeniedError,
)
from domain.messages import Message
from tests.application.event_rig import KEYS, MINUTE, SECOND, EventRig
from tests.contracts import samples
from tests.fakes.adjustable_clock import AdjustableClock
from tests.fakes.event_path import (
    CountingInbox,
    FailingOutbox,
    LateOutbox,
    ScriptedPublisher,
    StallingPublisher,
    WeighingPublisher,
)

TIMES = RelayTimes()
HASTY = RelayTimes(drain=timedelta(0))
FORBIDDEN = PermissionDeniedError("Not allowed.", error_code="TOPIC_FORBIDDEN")
LOCKED = DatabaseError("Locked.", transient=True)
BROKEN = DatabaseError("Damaged.")


@pytest.fixture
def rig() -> EventRig:
    """Return empty outbox and log."""
    return EventRig()


def told(rig: EventRig, *names: str) -> list[tuple[object, ...]]:
    """Return what the log heard, without numbers."""
    return [tuple(part for part in entry if isinstance(part, str)) for entry in rig.log.told(*names)]


def scripted(rig: EventRig, *errors: IACSGraphError) -> ScriptedPublisher:
    """Return a publisher whose first calls fail."""
    return ScriptedPublisher(rig.events, deque(errors))


async def test_what_was_appended_before_goes_out_when_the_relay_begins(rig: EventRig) -> None:
    rig.append("e1", "e2", elsewhere=True)
    async with rig.relaying():
        assert rig.published() == ["e1", "e2"]
    assert rig.log.told("published") == [("published", 2)]


async def test_an_event_of_this_process_goes_out_without_any_time_passing(rig: EventRig) -> None:
    async with rig.relaying():
        for number in range(3):
            rig.append(f"e{number}")
            await rig.turn()
            assert rig.published()[number:] == [f"e{number}"]
    assert rig.clock.monotonic() == 0


async def test_an_event_of_another_process_goes_out_within_a_poll(rig: EventRig) -> None:
    async with rig.relaying():
        rig.append("e1", elsewhere=True)
        await rig.clock.advance(TIMES.poll)
        assert rig.published() == ["e1"]


async def test_the_stored_bytes_go_out_as_they_are(rig: EventRig) -> None:
    change = samples.enrolment()
    await MemoryAccountStore(rig.database).save(change)
    stored = rig.database.outbox[0]
    async with rig.relaying():
        (delivery,) = rig.events.deliveries(stored.topic)
    headers = tuple((name, value.encode()) for name, value in stored.headers.items())
    assert delivery.message == Message(topic=stored.topic, key=stored.key.encode(), value=stored.value, headers=headers)


async def test_more_than_a_batch_goes_out_in_order(rig: EventRig) -> None:
    names = [f"e{number}" for number in range(25)]
    rig.append(*names)
    assert await rig.relay(batch=10).pump() == 25
    assert rig.published() == names


async def test_no_call_of_the_publisher_has_more_bytes_than_a_batch_may_but_for_a_single_event(rig: EventRig) -> None:
    names = ["e1", "e2", "large" * 50, "e4", "e5", "e6", "e7"]
    rig.append(*names)
    small, large = len(rig.database.outbox[0].value), len(rig.database.outbox[2].value)
    publisher = WeighingPublisher(rig.events)
    assert await rig.relay(batch_bytes=3 * small, publisher=publisher).pump() == len(names)
    assert rig.published() == names
    assert publisher.sizes == [2 * small, large, 3 * small, small]


async def test_a_relay_that_was_stopped_can_run_again_and_claims_anew(rig: EventRig) -> None:
    rig.append("e1")
    relay = rig.relay()
    async with open_outbox_relay(relay):
        await rig.turn()
    assert (relay.claimed_until, rig.database.relaying.owner) == (None, None)
    rig.append("e2")
    async with rig.relaying(publisher=StallingPublisher(), times=HASTY), open_outbox_relay(relay):
        await rig.let_pass(2 * SECOND)
        assert relay.standby, "another one has the outbox now"
        assert rig.published() == ["e1"]
    await relay.pump()
    assert rig.published() == ["e1", "e2"]


async def test_a_relay_that_was_broken_off_runs_again_without_waiting_for_its_own_claim(rig: EventRig) -> None:
    relay = rig.relay(publisher=StallingPublisher(), outbox=FailingOutbox(rig.database, rig.clock, release=LOCKED))
    rig.append("e1")
    task = asyncio.create_task(relay.run(asyncio.Event()))
    await rig.turn()
    task.cancel()
    await asyncio.wait([task])
    assert rig.database.relaying.owner == relay.owner, "the claim could not be given up"
    relay.publisher = rig.publisher
    async with open_outbox_relay(relay):
        await rig.turn()
        assert rig.published() == ["e1"]


async def test_what_a_relay_held_is_not_held_any_more_when_it_runs_again(rig: EventRig) -> None:
    rig.events.refusal = lambda _: FORBIDDEN
    rig.append("e1")
    relay = rig.relay()
    async with open_outbox_relay(relay):
        await rig.turn()
        assert relay.held
    assert not relay.held
    rig.events.refusal = lambda _: None
    async with open_outbox_relay(relay):
        await rig.turn()
        assert rig.published() == ["e1"]


async def test_an_event_that_is_rejected_is_parked_with_the_reason_and_the_next_one_of_its_key_goes_out(
    rig: EventRig,
) -> None:
    error = MessageRejectedError("It is too large.", error_code="MESSAGE_TOO_LARGE")
    rig.events.refusal = lambda message: error if b'"big"' in (message.value or b"") else None
    rig.append("e1", "big", "e3")
    async with rig.relaying():
        assert rig.published() == ["e1", "e3"]
    assert rig.database.relaying.parked == {"big": (rig.clock.now(), "MESSAGE_TOO_LARGE: It is too large.")}
    assert rig.log.told("parked") == [("parked", "big", "MESSAGE_TOO_LARGE")]
    assert not rig.log.told("interrupted")


async def test_a_batch_of_nothing_but_rejected_events_is_parked(rig: EventRig) -> None:
    rig.events.refusal = lambda _: MessageRejectedError("No.")
    rig.append("e1", "e2")
    assert await rig.relay().pump() == 2
    assert not rig.log.told("published")


async def test_an_unreachable_log_is_told_once_per_try_and_everything_goes_out_when_it_is_back(rig: EventRig) -> None:
    rig.events.unreachable = True
    rig.append("e1")
    async with rig.relaying():
        rig.append("e2", key=KEYS[1])
        await rig.let_pass(10 * MINUTE, 5 * SECOND)
        waits = [entry[-1] for entry in rig.log.told("interrupted") if isinstance(entry[-1], timedelta)]
        assert len(waits) < 40
        assert max(waits) <= timedelta(seconds=30)
        assert set(told(rig, "interrupted")) == {("interrupted", "publishing", "KAFKA_CONNECTION_ERROR")}
        rig.events.unreachable = False
        await rig.let_pass(timedelta(seconds=31))
        assert sorted(rig.published()) == ["e1", "e2"]
        await rig.let_pass(MINUTE)
        assert told(rig, "resumed") == [("resumed", "publishing")]


async def test_the_log_is_not_asked_more_often_because_more_is_appended(rig: EventRig) -> None:
    calls = 0

    def refuse(_: Message) -> IACSGraphError:
        nonlocal calls
        calls += 1
        return KafkaConnectionError("No route.")

    rig.events.refusal = refuse
    rig.append("a1")
    rig.append("b1", key=KEYS[1])
    async with rig.relaying():
        await rig.let_pass(MINUTE)
        before = calls
        for number in range(100):
            rig.append(f"a{number + 2}")
            await rig.turn()
        assert calls == before


async def test_a_wait_that_the_log_asks_for_is_kept_to(rig: EventRig) -> None:
    publisher = scripted(rig, MessagingError("Not now.", transient=True, retry_after=timedelta(seconds=20)))
    rig.append("e1")
    async with rig.relaying(publisher=publisher):
        await rig.let_pass(timedelta(seconds=19))
        assert not rig.published()
        await rig.let_pass(timedelta(seconds=2))
        assert rig.published() == ["e1"]


async def test_a_forbidden_topic_does_not_keep_others_back_even_with_more_than_a_batch_at_the_head(
    rig: EventRig,
) -> None:
    rig.events.refusal = lambda message: FORBIDDEN if message.topic == "forbidden" else None
    for number in range(40):
        rig.append(f"f{number}", topic="forbidden", key=f"key {number % 7}")
    rig.append("e1")
    async with rig.relaying(batch=3):
        assert rig.published() == ["e1"]
        for number in range(2, 60):
            rig.append(f"e{number}")
            await rig.clock.advance(TIMES.poll)
            assert rig.published()[-1] == f"e{number}"
        rig.events.refusal = lambda _: None
        await rig.let_pass(timedelta(seconds=31))
        assert len(rig.published("forbidden")) == 40
    assert told(rig, "resumed") == [("resumed", "publishing")]


async def test_a_topic_of_which_nothing_goes_out_is_not_tried_with_each_of_its_keys(rig: EventRig) -> None:
    tried = []

    def refuse(message: Message) -> IACSGraphError:
        tried.append(message.key)
        return FORBIDDEN

    rig.events.refusal = refuse
    for number in range(40):
        rig.append(f"f{number}", key=f"key {number}")
    async with rig.relaying(batch=3):
        assert tried == [b"key 0", b"key 1", b"key 2"]


@pytest.mark.parametrize("error", [FORBIDDEN, KafkaConnectionError("No leader."), MessagingError("Corrupt.")])
async def test_a_key_that_fails_holds_what_is_behind_it_and_nothing_else(rig: EventRig, error: IACSGraphError) -> None:
    rig.events.refusal = lambda message: error if message.key == KEYS[0].encode() else None
    rig.append("a1", "a2")
    rig.append("b1", key=KEYS[1])
    async with rig.relaying():
        rig.append("a3")
        rig.append("b2", key=KEYS[1])
        await rig.clock.advance(TIMES.poll)
        assert rig.published() == ["b1", "b2"]
        rig.events.refusal = lambda _: None
        await rig.let_pass(timedelta(seconds=5))
        assert rig.published() == ["a1", "a2", "a3", "b1", "b2"] or rig.published() == ["b1", "b2", "a1", "a2", "a3"]


async def test_while_one_relay_has_the_outbox_another_publishes_nothing_and_follows_when_the_lease_ends(
    rig: EventRig,
) -> None:
    dying = rig.relay(publisher=StallingPublisher())
    rig.append("e1")
    task = asyncio.create_task(dying.pump())
    await rig.turn()
    task.cancel()
    async with rig.relaying():
        await rig.let_pass(TIMES.lease - SECOND)
        assert not rig.published()
        await rig.let_pass(2 * SECOND)
        assert rig.published() == ["e1"]


async def test_what_another_relay_published_before_the_claim_does_not_go_out_again(rig: EventRig) -> None:
    async def publish() -> None:
        async with rig.relaying():
            assert rig.published() == ["e1"]

    rig.append("e1")
    assert await rig.relay(outbox=LateOutbox(rig.database, rig.clock, publish)).pump() == 0
    assert rig.published() == ["e1"]


async def test_the_claim_is_prolonged_long_before_it_ends_and_only_while_there_is_something_to_publish(
    rig: EventRig,
) -> None:
    async with rig.relaying() as relay:
        assert relay.claimed_until is None
        for number in range(100):
            rig.append(f"e{number}")
            await rig.clock.advance(SECOND)
            until = rig.database.relaying.until
            assert until is not None
            assert until - rig.clock.now() > TIMES.publish - 2 * SECOND
    assert rig.database.relaying.until is None
    assert len(rig.published()) == 100


async def test_two_relays_publish_everything_once(rig: EventRig) -> None:
    async with rig.relaying(), rig.relaying():
        for number in range(50):
            rig.append(f"e{number}", elsewhere=number % 3 == 0)
            await rig.clock.advance(SECOND)
        await rig.let_pass(MINUTE)
    assert rig.published() == [f"e{number}" for number in range(50)]


@pytest.mark.parametrize("jump", [-timedelta(hours=1), timedelta(hours=1), -timedelta(seconds=5)])
async def test_a_clock_that_is_set_makes_no_two_relays(jump: timedelta) -> None:
    clock = AdjustableClock()
    rig = EventRig(clock=clock)
    async with rig.relaying(), rig.relaying():
        for number in range(20):
            rig.append(f"e{number}")
            await clock.advance(SECOND)
            if number == 10:
                clock.ahead = jump
        await rig.let_pass(MINUTE)
    assert rig.published() == [f"e{number}" for number in range(20)]
    assert rig.database.relaying.owner is None


async def test_a_claim_from_before_the_clock_was_set_back_is_claimed_anew() -> None:
    clock = AdjustableClock()
    rig = EventRig(clock=clock)
    async with rig.relaying() as relay:
        rig.append("e1")
        await rig.turn()
        clock.ahead = -timedelta(hours=1)
        rig.append("e2")
        await rig.turn()
        assert relay.claimed_until == clock.now() + TIMES.lease


async def test_marking_is_tried_again_while_the_database_is_locked_so_that_nothing_goes_out_twice(
    rig: EventRig,
) -> None:
    outbox = FailingOutbox(rig.database, rig.clock)
    outbox.queued["settle"] = deque([LOCKED] * 5)
    rig.append("e1")
    async with rig.relaying(outbox=outbox):
        assert not rig.database.relaying.published
        await rig.let_pass(SECOND, SECOND / 10)
        assert list(rig.database.relaying.published) == ["e1"]
    assert rig.published() == ["e1"]
    assert not rig.log.told("interrupted")


async def test_marking_is_not_tried_for_longer_than_the_claim_lasts(rig: EventRig) -> None:
    outbox = FailingOutbox(rig.database, rig.clock)
    outbox.queued["settle"] = deque([LOCKED] * 10_000)
    rig.append("e1")
    async with rig.relaying(outbox=outbox):
        await rig.let_pass(TIMES.lease - SECOND)
        assert not rig.log.told("interrupted")
        await rig.let_pass(2 * SECOND)
        assert told(rig, "interrupted") == [("interrupted", "publishing", "DATABASE_ERROR")]
        outbox.queued.clear()
        await rig.let_pass(2 * SECOND)
        assert list(rig.database.relaying.published) == ["e1"]


async def test_a_locked_database_is_waited_for(rig: EventRig) -> None:
    rig.append("e1")
    async with rig.relaying(outbox=FailingOutbox(rig.database, rig.clock, pending=LOCKED)):
        assert not rig.published()
        await rig.let_pass(SECOND)
        assert rig.published() == ["e1"]
    assert told(rig, "interrupted", "resumed") == [
        ("interrupted", "publishing", "DATABASE_ERROR"),
        ("resumed", "publishing"),
    ]


@pytest.mark.parametrize("method", ["pending", "settle"])
async def test_a_broken_store_ends_the_relay_and_the_body_with_its_error(rig: EventRig, method: str) -> None:
    rig.append("e1")
    with pytest.raises(DatabaseError, match="Damaged"):
        async with rig.relaying(outbox=FailingOutbox(rig.database, rig.clock, **{method: BROKEN})):
            await asyncio.Event().wait()
    assert rig.database.relaying.owner is None


async def test_at_the_end_what_is_pending_goes_out_and_the_claim_is_released(rig: EventRig) -> None:
    async with rig.relaying():
        rig.append("e1", elsewhere=True)
    assert rig.published() == ["e1"]
    assert rig.database.relaying.owner is None


async def test_at_the_end_what_was_held_is_tried_once_more(rig: EventRig) -> None:
    rig.events.unreachable = True
    rig.append("e1")
    async with rig.relaying():
        rig.events.unreachable = False
    assert rig.published() == ["e1"]


async def test_at_the_end_an_unreachable_log_is_told_and_left(rig: EventRig) -> None:
    rig.events.unreachable = True
    async with rig.relaying():
        rig.append("e1", elsewhere=True)
    assert rig.log.entries == [("interrupted", "publishing", "KAFKA_CONNECTION_ERROR", timedelta(0))]
    assert rig.database.relaying.owner is None


async def test_a_publisher_that_stalls_at_the_end_is_left_within_the_bound_and_the_claim_is_released(
    rig: EventRig,
) -> None:
    async def body() -> None:
        async with rig.relaying(publisher=StallingPublisher()):
            pass

    rig.append("e1")
    task = asyncio.create_task(body())
    await rig.turn(3)
    assert rig.database.relaying.owner is not None
    await rig.let_pass(TIMES.drain)
    assert task.done()
    assert rig.database.relaying.owner is None


async def test_a_claim_that_cannot_be_released_ends_by_itself(rig: EventRig) -> None:
    rig.append("e1")
    async with rig.relaying(outbox=FailingOutbox(rig.database, rig.clock, release=LOCKED)):
        pass
    assert rig.database.relaying.owner is not None


async def test_an_error_of_the_body_passes_as_it_is(rig: EventRig) -> None:
    with pytest.raises(ConfigurationError):
        async with rig.relaying():
            raise ConfigurationError("Body.")


async def test_what_was_published_or_handled_long_ago_is_forgotten_now_and_then(rig: EventRig) -> None:
    inbox = CountingInbox(rig.database)
    rig.append("e1")
    async with rig.relaying(inbox=inbox):
        await rig.let_pass(10 * MINUTE, MINUTE / 2)
        assert len(inbox.trims) == 11
        assert [event.event_id for event in rig.database.outbox] == ["e1"]
        await rig.clock.advance(TIMES.keep_published)
        assert not rig.database.outbox
    assert inbox.trims[0] == rig.clock.now() - TIMES.keep_published - 10 * MINUTE - TIMES.keep_handled
