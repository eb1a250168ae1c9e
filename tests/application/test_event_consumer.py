"""The consumer: in order within a partition, partitions at once, committed when handled, for as long as it runs."""

import asyncio
from collections import deque
from datetime import timedelta

import pytest

from adapters.memory.event_subscriber import MemoryEventSubscriber
from application.partition_work import ConsumerTimes
from domain.errors import (
    ConfigurationError,
    DatabaseError,
    IACSGraphError,
    KafkaConnectionError,
    KafkaConsumerError,
    PermissionDeniedError,
)
from domain.messages import Handled, Partition
from ports.event_codec import ReceivedEvent
from ports.event_subscriber import Start
from tests.application.event_rig import GROUP, KEYS, MINUTE, SECOND, TOPIC, EventRig, Notes, Scripted, partition_of
from tests.fakes.event_path import FailingSubscriber, Failures, HastySubscriber

TIMES = ConsumerTimes()
AWAY = KafkaConnectionError("No route.")


@pytest.fixture
def rig() -> EventRig:
    """Return an empty log."""
    return EventRig()


@pytest.fixture
def handler() -> Scripted:
    """Return a handler that does nothing but what a test wants."""
    return Scripted()


def failing(rig: EventRig, failures: Failures) -> FailingSubscriber:
    """Return a subscriber whose subscriptions fail as told."""
    return FailingSubscriber(MemoryEventSubscriber(rig.events), failures)


async def test_events_of_a_partition_are_handled_one_after_the_other_in_order(rig: EventRig) -> None:
    at_once, names = 0, []

    async def handle(event: ReceivedEvent, _: Handled) -> None:
        nonlocal at_once
        at_once += 1
        assert at_once == 1
        await asyncio.sleep(0)
        names.append(event.event_id)
        at_once -= 1

    expected = [f"a{number}" for number in range(40)]
    await rig.publish(*expected[:20])
    async with rig.consuming(handle, batch=7):
        await rig.publish(*expected[20:])
        await rig.turn(10)
        assert rig.committed() == 40
    assert names == expected


async def test_a_handler_that_takes_long_holds_up_no_other_partition(rig: EventRig, handler: Scripted) -> None:
    handler.block("a1")
    await rig.publish("a1", "a2")
    async with rig.consuming(handler):
        for number in range(1, 5):
            await rig.publish(f"b{number}", key=KEYS[1])
            await rig.turn()
        assert handler.done == ["b1", "b2", "b3", "b4"]
        handler.gates["a1"].set()
        await rig.turn()
        assert handler.done[4:] == ["a1", "a2"]


async def test_nothing_is_committed_before_its_handler_has_returned(rig: EventRig, handler: Scripted) -> None:
    handler.block("a2")
    await rig.publish("a1", "a2", "a3")
    async with rig.consuming(handler):
        await rig.turn()
        assert handler.names == ["a1", "a2"]
        assert rig.committed() <= 1
        handler.gates["a2"].set()
        await rig.turn()
        assert rig.committed() == 3


async def test_what_is_done_is_committed_soon_also_in_the_middle_of_many(rig: EventRig) -> None:
    async def handle(_: ReceivedEvent, __: Handled) -> None:
        await rig.clock.sleep(SECOND / 2)

    await rig.publish(*[f"a{number}" for number in range(20)])
    async with rig.consuming(handle):
        await rig.turn()
        for number in range(20):
            await rig.clock.advance(SECOND / 2)
            assert number - 1 <= rig.committed() <= number + 1
        await rig.turn()
        assert rig.committed() == 20


async def test_the_partition_that_ends_last_commits_for_all(rig: EventRig, handler: Scripted) -> None:
    handler.block("a1")
    await rig.publish("a1")
    await rig.publish("b1", key=KEYS[1])
    async with rig.consuming(handler):
        await rig.turn()
        assert (handler.done, rig.committed(KEYS[1])) == (["b1"], 0)
        handler.gates["a1"].set()
        await rig.turn()
        assert (rig.committed(), rig.committed(KEYS[1])) == (1, 1)
        assert rig.clock.monotonic() == 0


async def test_a_partition_that_is_done_is_committed_in_time_also_while_others_are_at_work(
    rig: EventRig, handler: Scripted
) -> None:
    handler.block("a1")
    await rig.publish("a1")
    await rig.publish("b1", key=KEYS[1])
    async with rig.consuming(handler):
        await rig.let_pass(TIMES.commit + 2 * TIMES.poll, TIMES.poll)
        assert (rig.committed(), rig.committed(KEYS[1])) == (0, 1)
        handler.gates["a1"].set()


async def test_several_topics_are_read_and_every_group_gets_everything(rig: EventRig) -> None:
    mail, audit = Notes(), Notes()
    await rig.publish("a1")
    await rig.publish("m1", topic="email.received")
    async with (
        rig.consumer().subscribe([TOPIC, "email.received"], mail, GROUP),
        rig.consumer().subscribe(TOPIC, audit, "audit"),
    ):
        await rig.turn()
    assert sorted(mail.names) == ["a1", "m1"]
    assert audit.names == ["a1"]


async def test_reading_begins_where_it_is_told_and_goes_on_behind_what_was_committed(
    rig: EventRig, handler: Scripted
) -> None:
    await rig.publish("a1")
    for name in ("a2", "a3"):
        async with rig.consumer().subscribe(TOPIC, handler, GROUP, start=Start.LATEST):
            await rig.turn()
            await rig.publish(name)
            await rig.turn()
    assert handler.names == ["a2", "a3"]


async def test_the_log_hears_which_partitions_the_member_has(rig: EventRig, handler: Scripted) -> None:
    async with rig.consuming(handler):
        await rig.turn()
        await rig.let_pass(5 * SECOND)
    both = tuple(partition_of(key) for key in KEYS)
    assert rig.log.told("assigned") == [("assigned", GROUP, tuple(sorted(both)))]


async def test_an_error_of_the_body_passes_as_it_is_after_everything_was_committed(
    rig: EventRig, handler: Scripted
) -> None:
    await rig.publish("a1")
    with pytest.raises(ZeroDivisionError):
        async with rig.consuming(handler):
            raise ZeroDivisionError
    assert rig.committed() == 1


async def test_a_log_that_cannot_be_reached_at_the_beginning_is_waited_for(rig: EventRig, handler: Scripted) -> None:
    await rig.publish("a1")
    rig.events.unreachable = True
    async with rig.consuming(handler):
        await rig.let_pass(5 * MINUTE, 5 * SECOND)
        tries = rig.log.told("interrupted")
        assert 10 < len(tries) < 30
        assert {entry[1:3] for entry in tries} == {("consuming", "KAFKA_CONNECTION_ERROR")}
        rig.events.unreachable = False
        await rig.let_pass(31 * SECOND)
        assert handler.done == ["a1"]
    assert rig.log.told("resumed") == [("resumed", "consuming")]


async def test_a_lost_connection_makes_a_new_subscription_and_nothing_is_lost(rig: EventRig, handler: Scripted) -> None:
    handler.block("a2")
    await rig.publish("a1", "a2", "a3")
    async with rig.consuming(handler):
        await rig.turn()
        rig.events.unreachable = True
        await rig.let_pass(MINUTE)
        rig.events.unreachable = False
        handler.gates.clear()
        await rig.let_pass(MINUTE)
        assert handler.done in (["a1", "a1", "a2", "a3"], ["a1", "a2", "a3"])
        assert rig.committed() == 3
    assert rig.log.told("resumed") == [("resumed", "consuming")]


async def test_each_time_the_connection_is_lost_it_is_told(rig: EventRig, handler: Scripted) -> None:
    async with rig.consuming(handler):
        for number in range(3):
            await rig.publish(f"a{number}")
            await rig.turn()
            rig.events.unreachable = True
            await rig.turn()
            rig.events.unreachable = False
            await rig.let_pass(2 * SECOND)
    assert [entry[:2] for entry in rig.log.told("interrupted", "resumed")] == [
        ("interrupted", "consuming"),
        ("resumed", "consuming"),
    ] * 3


@pytest.mark.parametrize(
    "error", [PermissionDeniedError("Not allowed."), ConfigurationError("No such user."), DatabaseError("Damaged.")]
)
async def test_a_log_that_may_not_be_read_ends_the_body(
    rig: EventRig, handler: Scripted, error: IACSGraphError
) -> None:
    rig.events.reading_error = error
    with pytest.raises(type(error)):
        async with rig.consuming(handler):
            await asyncio.Event().wait()
    assert not rig.log.entries


async def test_a_log_that_fails_otherwise_is_tried_again(rig: EventRig, handler: Scripted) -> None:
    rig.events.reading_error = KafkaConsumerError("Corrupt.")
    await rig.publish("a1")
    async with rig.consuming(handler):
        await rig.turn()
        rig.events.reading_error = None
        await rig.let_pass(SECOND)
        assert handler.done == ["a1"]


async def test_a_commit_that_is_not_answered_is_made_again(rig: EventRig, handler: Scripted) -> None:
    failures = Failures(commits=deque([AWAY] * 3))
    await rig.publish("a1")
    async with rig.consuming(handler, subscriber=failing(rig, failures)):
        await rig.turn()
        assert rig.committed() == 0
        await rig.let_pass(5 * SECOND, TIMES.poll)
        assert rig.committed() == 1
    assert handler.names == ["a1"]
    told = [entry[:2] for entry in rig.log.told("interrupted", "resumed")]
    assert told == [("interrupted", "committing")] * 3 + [("resumed", "committing")]


async def test_a_later_commit_makes_up_for_one_that_was_not_answered(rig: EventRig, handler: Scripted) -> None:
    failures = Failures(commits=deque([AWAY]))
    await rig.publish("a1", "a2")
    handler.block("a2")
    async with rig.consuming(handler, subscriber=failing(rig, failures)):
        await rig.let_pass(TIMES.commit + TIMES.poll, TIMES.poll)
        assert rig.committed() == 0
        await rig.let_pass(TIMES.commit + TIMES.poll, TIMES.poll)
        assert rig.committed() == 1
        handler.gates["a2"].set()
        await rig.turn()
        assert rig.committed() == 2
    assert handler.names == ["a1", "a2"]


async def test_a_commit_that_is_not_answered_just_before_leaving_is_made_again_on_leaving(
    rig: EventRig, handler: Scripted
) -> None:
    failures = Failures(commits=deque([AWAY]))
    await rig.publish("a1")
    async with rig.consuming(handler, subscriber=failing(rig, failures)):
        await rig.turn()
        assert (handler.done, rig.committed()) == (["a1"], 0)
        assert not failures.commits
    assert rig.clock.monotonic() == 0
    assert rig.committed() == 1


async def test_what_is_done_is_committed_in_time_also_while_the_next_event_is_tried_again_and_again(
    rig: EventRig, handler: Scripted
) -> None:
    handler.fail("a2", *[AWAY] * 1000)
    await rig.publish("a1", "a2")
    async with rig.consuming(handler):
        await rig.turn()
        assert (handler.done, rig.committed()) == (["a1"], 0)
        await rig.let_pass(ConsumerTimes().commit + 2 * TIMES.poll)
        assert rig.committed() == 1


async def test_commits_that_several_partitions_owe_are_told_as_resumed_once(rig: EventRig, handler: Scripted) -> None:
    failures = Failures(commits=deque([AWAY, AWAY]))
    await rig.publish("a1")
    await rig.publish("b1", key=KEYS[1])
    async with rig.consuming(handler, subscriber=failing(rig, failures)):
        await rig.let_pass(2 * SECOND)
    assert [entry[0] for entry in rig.log.told("interrupted", "resumed")] == ["interrupted"] * 2 + ["resumed"]
    assert (rig.committed(), rig.committed(KEYS[1])) == (1, 1)


async def test_a_commit_that_is_forbidden_ends_the_body(rig: EventRig, handler: Scripted) -> None:
    failures = Failures(commits=deque([PermissionDeniedError("Not allowed.")]))
    await rig.publish("a1")
    with pytest.raises(PermissionDeniedError):
        async with rig.consuming(handler, subscriber=failing(rig, failures)):
            await asyncio.Event().wait()


@pytest.mark.parametrize("turns", range(8))
async def test_messages_that_come_in_the_moment_of_a_failure_are_handled_or_not_begun(
    rig: EventRig, handler: Scripted, turns: int
) -> None:
    handler.fail("a1", ConfigurationError("No key."))
    handler.block("a1")

    async def consume() -> None:
        async with rig.consuming(handler):
            await rig.publish("b1", key=KEYS[1])
            for _ in range(turns):
                await asyncio.sleep(0)
            handler.let_go()
            await asyncio.Event().wait()

    await rig.publish("a1")
    with pytest.raises(ConfigurationError):
        await consume()
    assert handler.names == ["a1", *handler.done]
    assert rig.committed() == 0
    assert rig.committed(KEYS[1]) <= len(handler.done)


async def test_a_handler_that_takes_long_does_not_fill_the_memory(rig: EventRig, handler: Scripted) -> None:
    failures = Failures()
    handler.block("a0")
    await rig.publish(*[f"a{number}" for number in range(50)])
    async with rig.consuming(handler, subscriber=failing(rig, failures), batch=5):
        await rig.let_pass(5 * SECOND)
        assert failures.received == [5]
        handler.let_go()
        await rig.turn(5)
    assert sum(failures.received) == len(handler.done) == 50


async def test_partitions_that_go_before_reading_has_begun_concern_nobody(rig: EventRig, handler: Scripted) -> None:
    await rig.publish("a1")
    async with rig.consuming(handler, subscriber=HastySubscriber(MemoryEventSubscriber(rig.events))):
        assert handler.done == ["a1"]


async def test_leaving_ends_at_once_when_nothing_is_in_hand(rig: EventRig, handler: Scripted) -> None:
    async with rig.consuming(handler):
        await rig.turn()
    assert rig.clock.sleepers == 0
    assert not rig.events.group(GROUP).members
    assert rig.events.group(GROUP).committed.get(Partition(topic=TOPIC, number=0)) is None
    assert timedelta(seconds=rig.clock.monotonic()) == timedelta(0)
