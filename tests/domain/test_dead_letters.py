"""Messages that were put aside: nothing of them is lost, and what was replayed does not wait any more."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.dead_letters import (
    PREFIX,
    DeadLetter,
    Failure,
    again,
    dead_letter,
    queue_of,
    read,
    replay_mark,
    to_message,
    waiting,
)
from domain.errors import ValidationError
from domain.events import EventId
from domain.messages import EVENT_ID_HEADER, Delivery, Message, Partition
from tests.domain.strategies import deliveries, failures, moments, visible

FEW = settings(max_examples=40)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ORIGINAL = Delivery(
    partition=Partition(topic="email.received", number=2),
    offset=40,
    at=NOW - SECOND,
    message=Message(topic="email.received", key=b"kimghw", value=b'{"a":1}', headers=(("ce_id", b"event-1"),)),
)
FAILURE = Failure(error_code="VALIDATION_ERROR", reason="No such user.", digest="abc", attempts=3)
EVENT = EventId("event-1")
LETTER = dead_letter(ORIGINAL, "mail", FAILURE, NOW, EVENT)
letters = st.builds(dead_letter, deliveries(), visible, failures, moments, st.none() | visible.map(EventId))


def queued(*messages: Message, at: datetime = NOW, offset: int = 0) -> list[Delivery]:
    """Return the messages as they stand in the one partition of their queue, one each second."""
    return [
        Delivery(
            partition=Partition(topic=message.topic, number=0),
            offset=offset + number,
            at=at + number * SECOND,
            message=message,
        )
        for number, message in enumerate(messages)
    ]


def ids(found: Sequence[DeadLetter]) -> list[str]:
    return [letter.letter_id for letter in found]


def another(number: int) -> DeadLetter:
    """Return a letter of another message."""
    return dead_letter(attrs.evolve(ORIGINAL, offset=100 + number), "mail", FAILURE, NOW)


def altered(message: Message, name: str, value: bytes | None) -> Message:
    """Return the message with one of the added headers changed, or taken away."""
    rest = [(known, each) for known, each in message.headers if known != PREFIX + name]
    return attrs.evolve(message, headers=(*rest, *([] if value is None else [(PREFIX + name, value)])))


def test_a_dead_letter_stands_in_the_queue_of_its_topic_as_it_was_with_headers_that_say_what_happened() -> None:
    message = to_message(LETTER)
    assert message.topic == "email.received.dlq" == LETTER.queue == queue_of("email.received")
    assert (message.key, message.value) == (b"kimghw", b'{"a":1}')
    assert dict(message.headers) == {
        "ce_id": b"event-1",
        "iacsgraph_dlq_id": LETTER.letter_id.encode(),
        "iacsgraph_dlq_group": b"mail",
        "iacsgraph_dlq_at": b"2026-03-01T12:00:00+00:00",
        "iacsgraph_dlq_topic": b"email.received",
        "iacsgraph_dlq_partition": b"2",
        "iacsgraph_dlq_offset": b"40",
        "iacsgraph_dlq_error_code": b"VALIDATION_ERROR",
        "iacsgraph_dlq_reason": b"No such user.",
        "iacsgraph_dlq_attempts": b"3",
        "iacsgraph_dlq_digest": b"abc",
        "iacsgraph_dlq_event_id": b"event-1",
    }


def test_its_id_is_short_and_made_from_group_place_and_time() -> None:
    assert LETTER.letter_id == dead_letter(ORIGINAL, "mail", attrs.evolve(FAILURE, reason="x"), NOW + SECOND).letter_id
    others = [
        dead_letter(ORIGINAL, "other", FAILURE, NOW),
        dead_letter(attrs.evolve(ORIGINAL, offset=41), "mail", FAILURE, NOW),
        dead_letter(attrs.evolve(ORIGINAL, at=NOW), "mail", FAILURE, NOW),
    ]
    assert len({LETTER.letter_id, *ids(others)}) == 4
    assert len(LETTER.letter_id) == 16


@FEW
@given(delivery=deliveries(), group=visible, failure=failures, now=moments)
def test_the_original_is_untouched_also_if_it_looks_like_a_dead_letter(
    delivery: Delivery, group: str, failure: Failure, now: datetime
) -> None:
    letter = dead_letter(delivery, group, failure, now)
    assert letter.message == delivery.message
    assert (letter.partition, letter.offset) == (delivery.partition, delivery.offset)


@FEW
@given(letter=letters)
def test_a_letter_is_read_from_its_queue_as_it_was_put_there(letter: DeadLetter) -> None:
    [delivery] = queued(to_message(letter))
    assert read(delivery) == letter
    assert waiting([delivery]) == [letter]


@FEW
@given(letter=letters, group=visible, failure=failures)
def test_a_dead_letter_that_could_not_be_handled_either_is_a_letter_with_all_that_was_known(
    letter: DeadLetter, group: str, failure: Failure
) -> None:
    [delivery] = queued(to_message(letter))
    twice = read(queued(to_message(dead_letter(delivery, group, failure, NOW)))[0])
    assert twice is not None
    assert twice.queue == letter.queue + ".dlq"
    assert read(attrs.evolve(delivery, message=twice.message)) == letter


def put_aside(delivery: Delivery, event_id: EventId | None, *, group: str = "mail") -> DeadLetter:
    """Return the letter as it is read from its queue."""
    letter = read(queued(to_message(dead_letter(delivery, group, FAILURE, NOW, event_id)))[0])
    assert letter is not None
    return letter


def published(message: Message) -> Delivery:
    """Return the message as it is read after it was published again."""
    return attrs.evolve(ORIGINAL, offset=77, at=NOW + SECOND, message=message)


def test_a_message_with_an_id_of_its_own_is_published_again_as_it_was() -> None:
    assert again(put_aside(ORIGINAL, EVENT)) == ORIGINAL.message


@pytest.mark.parametrize("readable", [True, False])
def test_a_message_without_an_id_takes_the_one_that_it_was_known_by_along(*, readable: bool) -> None:
    """Also one that could not be read: a later program may be able to."""
    message = again(put_aside(ORIGINAL, ORIGINAL.event_id if readable else None))
    assert message.headers == (*ORIGINAL.message.headers, (EVENT_ID_HEADER, ORIGINAL.event_id.encode()))
    assert attrs.evolve(message, headers=ORIGINAL.message.headers) == ORIGINAL.message
    assert published(message).event_id == ORIGINAL.event_id


@pytest.mark.parametrize("readable", [True, False])
def test_it_keeps_that_id_however_often_it_is_put_aside(*, readable: bool) -> None:
    first = published(again(put_aside(ORIGINAL, None)))
    message = again(put_aside(first, first.event_id if readable else None, group="other"))
    assert message == first.message
    assert published(message).event_id == ORIGINAL.event_id


def test_an_id_that_would_make_the_letter_too_large_is_not_repeated() -> None:
    letter = put_aside(ORIGINAL, EventId("x" * 1_000_000))
    assert letter.event_id is None
    assert again(letter) == ORIGINAL.message
    assert put_aside(ORIGINAL, EventId("x" * 1000)).event_id == "x" * 1000


def test_a_letter_that_does_not_tell_the_id_is_a_letter() -> None:
    found = read(queued(altered(to_message(LETTER), "event_id", None))[0])
    assert found == attrs.evolve(LETTER, event_id=None)
    assert again(found) == ORIGINAL.message


def test_a_letter_tells_the_place_of_its_message() -> None:
    assert LETTER.place == ORIGINAL.place == "email.received/2/40"


def test_a_value_that_was_too_large_is_left_out_and_said_to_be() -> None:
    letter = attrs.evolve(LETTER, value_omitted=True)
    message = to_message(letter)
    assert message.value == b""
    found = read(queued(message)[0])
    assert found is not None
    assert found.value_omitted
    assert found == attrs.evolve(letter, message=attrs.evolve(LETTER.message, value=b""))


def test_a_long_reason_is_cut_so_that_the_queue_takes_it() -> None:
    letter = attrs.evolve(LETTER, failure=attrs.evolve(FAILURE, reason="x" * 100_000))
    found = read(queued(to_message(letter))[0])
    assert found is not None
    assert found.failure.reason == "x" * 1000


def test_a_reason_that_is_no_text_is_kept_as_well_as_can_be() -> None:
    letter = attrs.evolve(LETTER, failure=attrs.evolve(FAILURE, reason="a\udc80b"))
    found = read(queued(to_message(letter))[0])
    assert found is not None
    assert found.failure.reason == "a?b"


def test_headers_that_somebody_put_behind_ours_are_no_reason_to_lose_a_letter() -> None:
    message = to_message(LETTER)
    traced = attrs.evolve(message, headers=(*message.headers, ("traceparent", b"00-1")))
    found = read(queued(traced)[0])
    assert found is not None
    assert attrs.evolve(found, message=LETTER.message) == LETTER
    assert found.message.headers == (("ce_id", b"event-1"), ("traceparent", b"00-1"))


@pytest.mark.parametrize("name", ["id", "group", "at", "topic", "partition", "offset", "error_code", "reason"])
def test_a_message_that_lacks_one_of_the_headers_is_no_letter(name: str) -> None:
    assert read(queued(altered(to_message(LETTER), name, None))[0]) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", b""),
        ("group", b" "),
        ("at", b"yesterday"),
        ("at", b"2026-03-01T12:00:00"),
        ("at", b"2026-03-01T12:00:00+09:00"),
        ("topic", b""),
        ("partition", b"-1"),
        ("partition", b"two"),
        ("offset", b"-1"),
        ("offset", b"\xff"),
        ("offset", b"9" * 5000),
        ("attempts", b"often"),
    ],
)
def test_a_damaged_message_is_no_letter(name: str, value: bytes) -> None:
    message = to_message(LETTER)
    headers = tuple((known, value if known == PREFIX + name else each) for known, each in message.headers)
    assert read(queued(attrs.evolve(message, headers=headers))[0]) is None


@FEW
@given(delivery=deliveries())
def test_no_message_makes_reading_a_queue_fail(delivery: Delivery) -> None:
    found = waiting([delivery, *queued(to_message(LETTER))])
    assert LETTER in found


def test_a_queue_is_read_from_the_oldest_on() -> None:
    one, two, three = another(1), another(2), another(3)
    assert waiting(queued(*map(to_message, (one, two, three)))) == [one, two, three]
    assert waiting(reversed(queued(*map(to_message, (one, two, three))))) == [one, two, three]


def test_a_replayed_letter_waits_no_more() -> None:
    one, two = another(1), another(2)
    assert waiting(queued(to_message(one), to_message(two), replay_mark(one, NOW))) == [two]


def test_that_it_was_replayed_is_told_in_the_same_queue_with_the_same_key() -> None:
    mark = replay_mark(LETTER, NOW)
    assert (mark.topic, mark.key, mark.value) == ("email.received.dlq", b"kimghw", b"")
    assert dict(mark.headers) == {
        "iacsgraph_dlq_id": LETTER.letter_id.encode(),
        "iacsgraph_dlq_replayed_at": b"2026-03-01T12:00:00+00:00",
    }
    assert waiting(queued(mark)) == []


def test_a_letter_that_was_put_there_twice_is_one_and_is_replayed_once() -> None:
    message = to_message(LETTER)
    later = to_message(attrs.evolve(LETTER, at=NOW + SECOND, failure=attrs.evolve(FAILURE, reason="Once more.")))
    assert waiting(queued(message, later)) == [LETTER]
    assert waiting(queued(message, message, replay_mark(LETTER, NOW))) == []


def test_a_letter_that_is_put_there_again_after_its_replay_waits_again() -> None:
    message, mark = to_message(LETTER), replay_mark(LETTER, NOW)
    assert waiting(queued(message, mark, message)) == [LETTER]
    assert waiting(queued(message, mark, message, mark)) == []


def test_what_came_first_is_told_by_offsets_also_if_the_clock_stood_still_or_was_set_back() -> None:
    message, mark = to_message(LETTER), replay_mark(LETTER, NOW)
    for wait in (timedelta(0), -SECOND):
        again = [attrs.evolve(each, at=NOW + each.offset * wait) for each in queued(message, mark, message)]
        assert waiting(again) == [LETTER]
        assert waiting(again[:2]) == []


def test_in_a_queue_of_several_partitions_time_tells_what_came_first() -> None:
    letter, mark = queued(to_message(LETTER), replay_mark(LETTER, NOW))
    elsewhere = attrs.evolve(mark, partition=attrs.evolve(mark.partition, number=1), offset=0)
    assert waiting([elsewhere, letter]) == []
    assert waiting([attrs.evolve(elsewhere, at=letter.at - SECOND), letter]) == [LETTER]


def test_a_replay_of_a_letter_that_is_gone_is_passed_over() -> None:
    assert waiting(queued(replay_mark(another(1), NOW), to_message(LETTER))) == [LETTER]


def test_an_original_that_says_it_was_replayed_waits_all_the_same() -> None:
    """Its own headers must not be taken for ours: it would never be found again."""
    headers = (("iacsgraph_dlq_id", b"x"), ("iacsgraph_dlq_replayed_at", b"2026-03-01T12:00:00+00:00"))
    strange = attrs.evolve(ORIGINAL, message=attrs.evolve(ORIGINAL.message, headers=headers))
    letter = dead_letter(strange, "mail", FAILURE, NOW)
    assert waiting(queued(to_message(letter))) == [letter]


@given(
    steps=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12),
    order=st.randoms(use_true_random=False),
)
def test_waiting_are_those_whose_last_word_is_not_a_replay(steps: list[tuple[int, bool]], order: Random) -> None:
    known = [another(number) for number in range(4)]
    messages = [replay_mark(known[n], NOW) if replayed else to_message(known[n]) for n, replayed in steps]
    delivered = queued(*messages)
    order.shuffle(delivered)
    last = dict(steps)
    assert set(ids(waiting(delivered))) == {known[n].letter_id for n, replayed in last.items() if not replayed}


def test_a_letter_has_an_id_a_group_and_a_place() -> None:
    for wrong in ({"letter_id": ""}, {"group_id": " "}, {"offset": -1}, {"at": NOW.replace(tzinfo=None)}):
        with pytest.raises(ValidationError):
            attrs.evolve(LETTER, **wrong)
