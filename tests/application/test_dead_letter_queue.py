"""Dead letters as an operator handles them: none is missed, and one that is published again is the same event."""

import asyncio

import pytest

from domain.dead_letters import Failure, dead_letter, queue_of, to_message
from domain.errors import BusinessLogicError, KafkaConnectionError, MessageRejectedError, NotFoundError
from domain.messages import EVENT_ID_HEADER, Handled, Message, Partition
from ports.event_codec import ReceivedEvent
from tests.application.event_rig import GROUP, KEYS, SECOND, TOPIC, EventRig, Notes, Scripted

REFUSED = BusinessLogicError("The account is closed.", error_code="ACCOUNT_CLOSED")


class Refusing(Notes):
    """A handler that refuses everything."""

    async def __call__(self, event: ReceivedEvent, handled: Handled) -> None:
        """Write it down, and refuse it."""
        await super().__call__(event, handled)
        raise REFUSED


@pytest.fixture
async def rig() -> EventRig:
    """Return a log with events a1 to a3, of which the group has put aside a1 and a3."""
    rig, handler = EventRig(), Scripted()
    handler.fail("a1", REFUSED)
    handler.fail("a3", REFUSED)
    await rig.publish("a1", "a2", "a3")
    async with rig.consuming(handler):
        pass
    return rig


async def waiting(rig: EventRig) -> list[str | None]:
    """Return the ids of the events whose letters wait."""
    return [letter.message.header("ce_id") for letter in await rig.dead_letters.letters(TOPIC)]


async def test_the_letters_of_a_topic_wait_oldest_first_and_looking_changes_nothing(rig: EventRig) -> None:
    assert await waiting(rig) == ["a1", "a3"]
    assert await waiting(rig) == ["a1", "a3"]
    assert list(rig.events.groups) == [GROUP]


async def test_the_topics_that_have_a_queue_are_known(rig: EventRig) -> None:
    assert await rig.dead_letters.queues() == [TOPIC]


async def test_a_topic_without_a_queue_has_no_letters_and_gets_none(rig: EventRig) -> None:
    assert await rig.dead_letters.letters("email.received") == []
    assert queue_of("email.received") not in rig.events.topics


async def test_a_queue_that_is_empty_has_no_letters(rig: EventRig) -> None:
    rig.events.ensure(queue_of("email.received"))
    assert await rig.dead_letters.letters("email.received") == []


async def test_more_letters_than_are_read_at_once_are_all_there(rig: EventRig) -> None:
    names = [f"c{number:04}" for number in range(600)]
    await rig.publish(*names)
    failure = Failure(error_code="ACCOUNT_CLOSED", reason="Closed.", digest=None, attempts=1)
    now = rig.clock.now()
    letters = [dead_letter(delivery, GROUP, failure, now) for delivery in rig.events.deliveries(TOPIC)[3:]]
    assert not any(await rig.publisher.publish([to_message(letter) for letter in letters]))
    assert await waiting(rig) == ["a1", "a3", *names]


async def test_offsets_without_a_message_at_the_end_keep_nobody_waiting(rig: EventRig) -> None:
    rig.events.skip(Partition(topic=queue_of(TOPIC), number=0))
    looking = asyncio.create_task(waiting(rig))
    await rig.turn()
    await rig.clock.advance(SECOND)
    assert await looking == ["a1", "a3"]


async def test_what_else_stands_in_a_queue_is_left_out(rig: EventRig) -> None:
    await rig.publish_bytes(b"no letter", topic=queue_of(TOPIC))
    assert await waiting(rig) == ["a1", "a3"]


async def test_one_letter_is_found_by_its_id(rig: EventRig) -> None:
    _, second = await rig.dead_letters.letters(TOPIC)
    assert await rig.dead_letters.letter(TOPIC, second.letter_id) == second
    with pytest.raises(NotFoundError) as raised:
        await rig.dead_letters.letter(TOPIC, "unknown")
    assert raised.value.error_code == "DEAD_LETTER_UNKNOWN"


async def test_a_letter_that_is_published_again_is_the_same_event_and_does_not_wait_any_more(rig: EventRig) -> None:
    original = rig.events.deliveries(TOPIC)[0].message
    letter, _ = await rig.dead_letters.letters(TOPIC)
    await rig.dead_letters.replay(letter)
    assert rig.events.deliveries(TOPIC)[-1].message == original
    assert await waiting(rig) == ["a3"]
    notes = Notes()
    async with rig.consuming(notes):
        pass
    assert notes.names == ["a1"]
    with pytest.raises(NotFoundError):
        await rig.dead_letters.letter(TOPIC, letter.letter_id)


async def test_an_event_that_fails_again_after_its_replay_waits_again(rig: EventRig) -> None:
    handler = Scripted()
    handler.fail("a1", REFUSED)
    (letter, _) = await rig.dead_letters.letters(TOPIC)
    await rig.dead_letters.replay(letter)
    await rig.clock.advance(SECOND)
    async with rig.consuming(handler):
        pass
    assert await waiting(rig) == ["a3", "a1"]


async def test_a_replay_that_is_cut_short_is_published_again_and_has_one_effect(rig: EventRig) -> None:
    letter, _ = await rig.dead_letters.letters(TOPIC)
    rig.events.refusal = lambda message: KafkaConnectionError("No route.") if message.topic != TOPIC else None
    with pytest.raises(KafkaConnectionError):
        await rig.dead_letters.replay(letter)
    assert await waiting(rig) == ["a1", "a3"]
    rig.events.refusal = lambda _: None
    await rig.dead_letters.replay(letter)
    notes = Notes()
    async with rig.consuming(notes):
        pass
    assert notes.names == ["a1", "a1"]
    assert len(set(notes.handled)) == 1


async def test_a_replay_that_is_refused_leaves_the_letter(rig: EventRig) -> None:
    letter, _ = await rig.dead_letters.letters(TOPIC)
    rig.events.refusal = lambda _: MessageRejectedError("Too large.")
    with pytest.raises(MessageRejectedError):
        await rig.dead_letters.replay(letter)
    assert await waiting(rig) == ["a1", "a3"]


async def test_a_letter_without_its_value_cannot_be_published_again(rig: EventRig) -> None:
    handler = Scripted()
    rig.events.refusal = lambda message: (
        MessageRejectedError("Too large.") if message.topic != TOPIC and message.value else None
    )
    handler.fail("b1", REFUSED)
    await rig.publish("b1", key=KEYS[1])
    async with rig.consuming(handler):
        pass
    letter = (await rig.dead_letters.letters(TOPIC))[-1]
    with pytest.raises(BusinessLogicError, match=r"stands at account\.events/1/0") as raised:
        await rig.dead_letters.replay(letter)
    assert raised.value.error_code == "VALUE_OMITTED"


async def test_a_tombstone_that_was_put_aside_is_published_again_with_what_it_was_known_by() -> None:
    rig = EventRig()
    await rig.publish_bytes(None)
    async with rig.consuming(Notes()):
        pass
    (letter,) = await rig.dead_letters.letters(TOPIC)
    await rig.dead_letters.replay(letter)
    first, second = rig.events.deliveries(TOPIC)
    known = ((EVENT_ID_HEADER, first.event_id.encode()),)
    assert second.message == Message(topic=TOPIC, key=KEYS[0].encode(), value=None, headers=known)


async def test_a_message_without_an_id_has_its_effect_once_however_often_it_is_published_again() -> None:
    """Each group that refused it has a letter of its own; every group gets each of them."""
    rig, good, bad, worse = EventRig(), Notes(), Refusing(), Refusing()
    await rig.publish_bytes(b'{"event_type": "account_seen"}')
    async with (
        rig.consumer().subscribe(TOPIC, good, "good"),
        rig.consumer().subscribe(TOPIC, bad, "bad"),
        rig.consumer().subscribe(TOPIC, worse, "worse"),
    ):
        await rig.turn()
        for _ in range(2):
            for letter in await rig.dead_letters.letters(TOPIC):
                await rig.dead_letters.replay(letter)
            await rig.let_pass(SECOND)
    assert len(good.handled) > 4
    assert [len(set(each.handled)) for each in (good, bad, worse)] == [1, 1, 1]
    letters = await rig.dead_letters.letters(TOPIC)
    assert {letter.event_id for letter in letters} == {good.events[0].event_id}


async def test_an_unreachable_log_is_told(rig: EventRig) -> None:
    rig.events.unreachable = True
    with pytest.raises(KafkaConnectionError):
        await rig.dead_letters.letters(TOPIC)
