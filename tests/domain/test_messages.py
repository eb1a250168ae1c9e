"""Messages, and where they stand."""

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ValidationError
from domain.events import EventId
from domain.messages import EVENT_ID_HEADER, Delivery, Handled, Message, Partition
from tests.domain.strategies import partitions

MESSAGE = Message(topic="email.received", key=b"kimghw", value=b"{}", headers=(("a", b"1"), ("b", b"2"), ("a", b"3")))
DELIVERY = Delivery(
    partition=Partition(topic="email.received", number=2),
    offset=40,
    at=datetime(2026, 3, 1, tzinfo=UTC),
    message=MESSAGE,
)


def test_of_a_header_that_occurs_twice_the_last_one_counts() -> None:
    assert MESSAGE.header("a") == "3"
    assert MESSAGE.header("b") == "2"
    assert MESSAGE.header("c") is None


def test_a_header_that_is_no_text_is_shown_all_the_same() -> None:
    assert attrs.evolve(MESSAGE, headers=(("a", b"x\xff"),)).header("a") == "x\N{REPLACEMENT CHARACTER}"
    assert attrs.evolve(MESSAGE, headers=(("a", b""),)).header("a") == ""


def test_what_a_message_holds_is_not_in_its_repr() -> None:
    message = attrs.evolve(MESSAGE, value=b"canary")
    assert "canary" not in repr(message)
    assert "canary" not in repr(attrs.evolve(DELIVERY, message=message))


@pytest.mark.parametrize("topic", ["", " ", "a\nb", " a"])
def test_a_topic_has_a_name(topic: str) -> None:
    with pytest.raises(ValidationError):
        attrs.evolve(MESSAGE, topic=topic)
    with pytest.raises(ValidationError):
        Partition(topic=topic, number=0)


def test_places_are_counted_from_zero() -> None:
    assert Partition(topic="t", number=0).number == attrs.evolve(DELIVERY, offset=0).offset == 0
    with pytest.raises(ValidationError):
        Partition(topic="t", number=-1)
    with pytest.raises(ValidationError):
        attrs.evolve(DELIVERY, offset=-1)


def test_a_delivery_was_appended_at_a_time_in_utc() -> None:
    for moment in (DELIVERY.at.replace(tzinfo=None), DELIVERY.at.astimezone(timezone(timedelta(hours=9)))):
        with pytest.raises(ValidationError):
            attrs.evolve(DELIVERY, at=moment)


def test_a_place_names_topic_partition_and_offset() -> None:
    assert DELIVERY.place == "email.received/2/40"


@given(one=st.tuples(partitions, st.integers(0, 99)), other=st.tuples(partitions, st.integers(0, 99)))
def test_two_deliveries_have_one_place_only_if_they_are_one(
    one: tuple[Partition, int], other: tuple[Partition, int]
) -> None:
    places = {attrs.evolve(DELIVERY, partition=partition, offset=offset).place for partition, offset in (one, other)}
    assert len(places) == len({one, other})


def carrying(*values: bytes) -> Delivery:
    """Return the delivery with that header."""
    headers = (*MESSAGE.headers, *((EVENT_ID_HEADER, value) for value in values))
    return attrs.evolve(DELIVERY, message=attrs.evolve(MESSAGE, headers=headers))


def test_a_message_that_carries_no_id_is_known_by_its_place_and_time_for_good() -> None:
    assert DELIVERY.event_id == attrs.evolve(DELIVERY).event_id == "email.received/2/40@2026-03-01T00:00:00+00:00"


def test_another_message_at_the_same_place_is_another_event() -> None:
    """As on another log, or in a topic that was deleted and made again."""
    assert attrs.evolve(DELIVERY, at=DELIVERY.at + timedelta(microseconds=1)).event_id != DELIVERY.event_id


def test_a_message_that_was_published_again_is_known_by_what_it_was_known_by() -> None:
    first = carrying(b"old", DELIVERY.event_id.encode())
    assert attrs.evolve(first, offset=99, at=DELIVERY.at + timedelta(days=1)).event_id == DELIVERY.event_id


@pytest.mark.parametrize("broken", [b"", b" ", b" a", b"a\n", b"a\x00b", b"\xff", b"\xfe", b"a\xed\xa0\x80"])
def test_a_header_that_cannot_be_an_id_is_passed_over(broken: bytes) -> None:
    assert carrying(broken).event_id == DELIVERY.event_id


@given(header=st.binary(max_size=8) | st.text(max_size=8).map(lambda text: text.encode(errors="replace")))
def test_whatever_it_carries_a_message_is_known_by_something_a_store_can_keep(header: bytes) -> None:
    event_id = carrying(header).event_id
    assert Handled(group_id="group", event_id=event_id).event_id == event_id


@given(one=partitions, other=partitions)
def test_partitions_are_ordered_by_topic_then_by_number(one: Partition, other: Partition) -> None:
    assert (one < other) == ((one.topic, one.number) < (other.topic, other.number))
    assert (one == other) == (hash(one) == hash(other) and not one < other and not other < one)


@pytest.mark.parametrize("blank", ["", " ", "a\x00"])
def test_what_is_handled_names_group_and_event(blank: str) -> None:
    with pytest.raises(ValidationError):
        Handled(group_id=blank, event_id=EventId("event"))
    with pytest.raises(ValidationError):
        Handled(group_id="group", event_id=EventId(blank))
