"""What becomes of an event whose handler fails, and of a message that is none."""

import asyncio
import traceback
from datetime import timedelta

import attrs
import pytest

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.clock import MemoryClock
from adapters.memory.event_log import MemoryEventLog
from adapters.memory.inbox import MemoryInbox
from application.handling import Handling
from domain.dead_letters import DeadLetter
from domain.errors import (
    APIConnectionError,
    BusinessLogicError,
    ConfigurationError,
    DatabaseError,
    IACSGraphError,
    MessageRejectedError,
    PermissionDeniedError,
    ThrottledError,
)
from domain.messages import Delivery, Handled, Message
from domain.retrying import RetryPolicy
from ports.event_codec import ReceivedEvent
from tests.application.event_rig import GROUP, KEYS, SECOND, TOPIC, EventRig, Scripted
from tests.fakes.event_path import ScriptedPublisher

SECRET = "canary-password"
AWAY = APIConnectionError("No route.")
REFUSED = BusinessLogicError("The account is closed.", error_code="ACCOUNT_CLOSED")


@pytest.fixture
def rig() -> EventRig:
    """Return an empty log."""
    return EventRig()


@pytest.fixture
def handler() -> Scripted:
    """Return a handler that does nothing but what a test wants."""
    return Scripted()


async def letter_of(rig: EventRig) -> DeadLetter:
    """Return the one dead letter."""
    (letter,) = await rig.dead_letters.letters(TOPIC)
    return letter


async def test_the_handler_gets_the_event_and_what_makes_its_effect_once(rig: EventRig, handler: Scripted) -> None:
    await rig.publish("e1")
    async with rig.consuming(handler):
        await rig.turn()
    (event,) = handler.events
    assert (event.event_id, event.value["name"]) == ("e1", "e1")
    assert handler.handled == [Handled(group_id=GROUP, event_id=event.identity)]


async def test_an_event_whose_handler_fails_for_a_while_comes_again_before_any_later_one_of_its_partition(
    rig: EventRig, handler: Scripted
) -> None:
    handler.fail("a1", AWAY, AWAY, AWAY)
    await rig.publish("a1", "a2")
    await rig.publish("b1", key=KEYS[1])
    async with rig.consuming(handler):
        await rig.turn()
        assert handler.done == ["b1"]
        await rig.publish("b2", key=KEYS[1])
        await rig.turn()
        assert handler.done == ["b1", "b2"]
        assert rig.committed() == 0
        await rig.let_pass(timedelta(seconds=8), SECOND / 4)
        assert handler.done == ["b1", "b2", "a1", "a2"]
        assert [name for name in handler.names if name.startswith("a")] == ["a1"] * 4 + ["a2"]
        assert rig.committed() == 2
    retries = rig.log.told("retried")
    assert [entry[1:4] for entry in retries] == [("account.events/0/0", GROUP, "API_CONNECTION_ERROR")] * 3
    waits = [entry[4] for entry in retries if isinstance(entry[4], timedelta)]
    assert waits[0] <= SECOND < waits[2]
    assert not rig.letters()


@attrs.define
class Asking:
    """A handler as `ports.inbox` has it for effects that are in no store: ask, effect, accept. Its effect may fail."""

    rig: EventRig
    effects: list[object] = attrs.field(factory=list)
    errors: list[IACSGraphError] = attrs.field(factory=list)

    async def __call__(self, event: ReceivedEvent, handled: Handled) -> None:
        """Make the effect unless it was made."""
        inbox = MemoryInbox(self.rig.database)
        if not await inbox.is_handled(handled):
            if self.errors:
                raise self.errors.pop()
            self.effects.append(event.value["name"])
            await inbox.accept(handled, self.rig.clock.now())


async def test_an_effect_that_is_in_no_store_and_fails_is_made_by_the_next_attempt_and_once(rig: EventRig) -> None:
    handler = Asking(rig, errors=[AWAY])
    await rig.publish("a1", "a1")
    async with rig.consuming(handler):
        await rig.let_pass(timedelta(seconds=2))
        assert (handler.effects, rig.committed()) == (["a1"], 2)


async def test_an_effect_that_is_in_no_store_and_is_refused_is_made_after_the_replay(rig: EventRig) -> None:
    handler = Asking(rig, errors=[REFUSED])
    await rig.publish("a1")
    async with rig.consuming(handler):
        await rig.turn()
        await rig.dead_letters.replay(await letter_of(rig))
        await rig.turn()
        assert handler.effects == ["a1"]


async def test_a_message_without_an_id_on_another_bus_is_another_event(rig: EventRig) -> None:
    """The other bus, or the same topic made anew, counts places from the beginning again."""
    handler = Asking(rig)
    for name in ("first", "second"):
        rig.events = MemoryEventLog(clock=rig.clock)
        await rig.publish_bytes(f'{{"name": "{name}"}}'.encode())
        async with rig.consuming(handler):
            await rig.let_pass(SECOND)
    assert handler.effects == ["first", "second"]


async def test_a_wait_that_the_error_tells_is_kept_to(rig: EventRig, handler: Scripted) -> None:
    handler.fail("a1", ThrottledError("Slowly.", retry_after=timedelta(seconds=100)))
    await rig.publish("a1")
    async with rig.consuming(handler):
        await rig.turn()
        await rig.let_pass(timedelta(seconds=99), 3 * SECOND)
        assert not handler.done
        await rig.let_pass(SECOND)
        assert handler.done == ["a1"]


async def test_what_does_not_pass_within_the_patience_is_put_aside(rig: EventRig, handler: Scripted) -> None:
    handler.fail("a1", *[AWAY] * 1000)
    await rig.publish("a1", "a2")
    policy = RetryPolicy(patience=timedelta(minutes=1))
    async with rig.consuming(handler, policy=policy):
        await rig.let_pass(timedelta(minutes=2))
        assert handler.done == ["a2"]
    letter = await letter_of(rig)
    assert letter.failure.error_code == "API_CONNECTION_ERROR"
    assert letter.failure.attempts == handler.names.count("a1") > 5


async def test_an_event_that_is_refused_becomes_a_dead_letter_with_all_facts_and_the_next_is_handled(
    rig: EventRig, handler: Scripted
) -> None:
    handler.fail("a2", REFUSED)
    await rig.publish("a1", "a2", "a3")
    async with rig.consuming(handler):
        await rig.turn()
        assert handler.done == ["a1", "a3"]
        assert rig.committed() == 3
    letter, original = await letter_of(rig), rig.events.deliveries(TOPIC)[1]
    assert (letter.group_id, letter.partition, letter.offset) == (GROUP, original.partition, 1)
    assert (letter.message, letter.at) == (original.message, rig.clock.now())
    assert letter.event_id == "a2"
    assert (letter.failure.error_code, letter.failure.reason) == ("ACCOUNT_CLOSED", "The account is closed.")
    assert letter.failure.attempts == 1
    assert rig.log.told("dead_lettered") == [("dead_lettered", original.place, GROUP, "ACCOUNT_CLOSED")]
    assert not rig.log.told("retried")


@pytest.mark.parametrize("value", [b"\xff\x00", b"", b"[1]", None])
async def test_what_is_no_event_becomes_a_dead_letter_as_it_is_without_any_handler(
    rig: EventRig, handler: Scripted, value: bytes | None
) -> None:
    await rig.publish_bytes(value)
    await rig.publish("a2")
    async with rig.consuming(handler):
        await rig.turn()
    assert handler.names == ["a2"]
    letter = await letter_of(rig)
    assert letter.failure.error_code == "EVENT_UNDECODABLE"
    assert letter.failure.attempts == 1
    assert letter.message == Message(topic=TOPIC, key=KEYS[0].encode(), value=value)


@attrs.frozen
class BrokenCodec(CloudEventCodec):
    """Breaks "raises ValidationError": one message is too much for it."""

    def read(self, delivery: Delivery) -> ReceivedEvent:
        """Fail at the first message."""
        if delivery.offset == 0:
            raise RecursionError(SECRET)
        return super().read(delivery)


async def test_a_message_that_breaks_the_codec_keeps_nobody_back(rig: EventRig, handler: Scripted) -> None:
    await rig.publish("a1", "a2")
    async with rig.consuming(handler, codec=BrokenCodec()):
        await rig.turn()
    assert handler.names == ["a2"]
    assert (await letter_of(rig)).failure.error_code == "UNEXPECTED_ERROR"


async def test_an_unknown_error_is_tried_as_often_as_the_policy_says_and_its_text_is_not_told(
    rig: EventRig, handler: Scripted
) -> None:
    handler.fail("a1", *[ValueError(SECRET) for _ in range(10)])
    await rig.publish("a1", "a2")
    async with rig.consuming(handler, policy=RetryPolicy(attempts=3)):
        await rig.let_pass(timedelta(seconds=10), SECOND / 4)
        assert handler.names == ["a1"] * 3 + ["a2"]
    failure = (await letter_of(rig)).failure
    assert (failure.error_code, failure.attempts) == ("UNEXPECTED_ERROR", 3)
    assert failure.reason.startswith("ValueError in tests.application.event_rig.Scripted.__call__")
    assert SECRET not in repr(rig.events.deliveries(TOPIC + ".dlq")) + repr(rig.log.entries)


async def test_errors_from_the_same_place_have_the_same_digest(rig: EventRig, handler: Scripted) -> None:
    handler.fail("a1", ValueError("one"))
    handler.fail("a2", ValueError("two"))
    handler.fail("a3", KeyError("three"))
    await rig.publish("a1", "a2", "a3")
    async with rig.consuming(handler, policy=RetryPolicy(attempts=1)):
        await rig.turn()
    one, two, three = [letter.failure.digest for letter in await rig.dead_letters.letters(TOPIC)]
    assert one == two != three


async def test_an_error_that_comes_in_a_group_counts_like_any_other(rig: EventRig, handler: Scripted) -> None:
    handler.fail("a1", ExceptionGroup("tasks", [AWAY]), ExceptionGroup("tasks", [AWAY, REFUSED]))
    await rig.publish("a1", "a2")
    async with rig.consuming(handler):
        await rig.let_pass(timedelta(seconds=2))
    assert handler.done == ["a2"]
    assert (await letter_of(rig)).failure.error_code == "ACCOUNT_CLOSED"


async def test_a_handler_that_says_it_was_cancelled_though_nobody_did_is_tried_again(rig: EventRig) -> None:
    names = []

    async def handle(event: ReceivedEvent, _: Handled) -> None:
        names.append(event.event_id)
        if len(names) == 1:
            raise asyncio.CancelledError

    await rig.publish("a1", "a2")
    async with rig.consuming(handle):
        await rig.let_pass(timedelta(seconds=2))
        assert names == ["a1", "a1", "a2"]
        assert rig.committed() == 2


@pytest.mark.parametrize("error", [ConfigurationError("No key."), DatabaseError("Damaged.")])
async def test_an_error_that_an_operator_must_act_on_ends_the_consumer_and_the_event_stays(
    rig: EventRig, handler: Scripted, error: IACSGraphError
) -> None:
    handler.fail("a2", error)
    handler.block("b1")
    await rig.publish("a1", "a2", "a3")
    await rig.publish("b1", "b2", key=KEYS[1])
    with pytest.raises(type(error)) as raised:
        async with rig.consuming(handler):
            await asyncio.Event().wait()
    assert raised.value is error
    assert sorted(handler.names) == ["a1", "a2", "b1"]
    assert (rig.committed(), rig.committed(KEYS[1])) == (1, 0)
    assert not rig.letters()
    assert "handling" in "".join(traceback.format_exception(error))


async def test_a_locked_database_is_tried_again(rig: EventRig, handler: Scripted) -> None:
    handler.fail("a1", DatabaseError("Locked.", transient=True))
    await rig.publish("a1")
    async with rig.consuming(handler):
        await rig.let_pass(timedelta(seconds=2))
        assert handler.done == ["a1"]


async def test_a_dead_letter_queue_that_takes_nothing_is_waited_for_and_nothing_is_lost(
    rig: EventRig, handler: Scripted
) -> None:
    handler.fail("a1", REFUSED)
    publisher = ScriptedPublisher(rig.events)
    publisher.errors.extend([AWAY, PermissionDeniedError("Not allowed."), AWAY])
    await rig.publish("a1", "a2")
    async with rig.consuming(handler, publisher=publisher):
        await rig.turn()
        assert handler.names == ["a1"]
        await rig.let_pass(timedelta(seconds=8), SECOND / 4)
        assert handler.names == ["a1", "a2"]
    told = [entry[:3] for entry in rig.log.told("interrupted", "resumed")]
    assert told == [
        ("interrupted", "dead-lettering", "API_CONNECTION_ERROR"),
        ("interrupted", "dead-lettering", "PERMISSION_DENIED"),
        ("interrupted", "dead-lettering", "API_CONNECTION_ERROR"),
        ("resumed", "dead-lettering"),
    ]
    assert len(rig.letters()) == 1


async def test_leaving_while_the_dead_letter_queue_takes_nothing_leaves_the_event_where_it_is(
    rig: EventRig, handler: Scripted
) -> None:
    handler.fail("a1", REFUSED)
    publisher = ScriptedPublisher(rig.events)
    publisher.errors.extend([AWAY] * 100)
    await rig.publish("a1")
    async with rig.consuming(handler, publisher=publisher):
        await rig.turn()
    assert (rig.committed(), len(rig.letters())) == (0, 0)


async def test_a_dead_letter_that_is_too_large_is_put_aside_without_its_value(rig: EventRig, handler: Scripted) -> None:
    handler.fail("a1", REFUSED)
    rig.events.refusal = lambda message: (
        MessageRejectedError("Too large.") if message.topic.endswith(".dlq") and message.value else None
    )
    await rig.publish("a1", "a2")
    async with rig.consuming(handler):
        await rig.turn()
        assert handler.done == ["a2"]
    letter = await letter_of(rig)
    assert letter.value_omitted
    assert letter.message.headers == rig.events.deliveries(TOPIC)[0].message.headers


async def test_a_dead_letter_queue_that_takes_no_letter_at_all_ends_the_consumer(
    rig: EventRig, handler: Scripted
) -> None:
    handler.fail("a1", REFUSED)
    rig.events.refusal = lambda message: MessageRejectedError("No.") if message.topic.endswith(".dlq") else None
    await rig.publish("a1", "a2")
    with pytest.raises(ConfigurationError, match=r"account\.events/0/0 cannot be put into 'account\.events\.dlq'"):
        async with rig.consuming(handler):
            await asyncio.Event().wait()
    assert rig.committed() == 0


class EndingClock(MemoryClock):
    """Breaks "let the duration pass": it is time to stop in the moment when the wait ends."""

    def __init__(self, stopping: asyncio.Event) -> None:
        super().__init__()
        self.stopping = stopping

    async def sleep(self, duration: timedelta) -> None:  # noqa: ARG002 - it does not matter how long
        """Let it be time to stop."""
        self.stopping.set()


@pytest.mark.parametrize("failing", ["handler", "queue"])
async def test_nothing_is_tried_again_once_it_is_time_to_stop(rig: EventRig, handler: Scripted, failing: str) -> None:
    stopping, publisher = asyncio.Event(), ScriptedPublisher(rig.events)
    handler.fail("a1", AWAY if failing == "handler" else REFUSED)
    publisher.errors.append(AWAY)
    await rig.publish("a1")
    handling = Handling(
        group_id=GROUP,
        handler=handler,
        publisher=publisher,
        codec=rig.database.codec,
        clock=EndingClock(stopping),
        identifiers=rig.identifiers,
        log=rig.log,
        policy=RetryPolicy(),
    )
    assert not await handling.settle(rig.events.deliveries(TOPIC)[0], stopping)
    assert handler.names == ["a1"]
    assert not rig.letters()
