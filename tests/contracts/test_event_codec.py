"""The promises of `EventCodec`."""

import json

import attrs
import pytest
from hypothesis import given

from domain.account import AccountId
from domain.errors import ValidationError
from domain.events import AccountRecovered, Event, EventId
from ports.event_codec import EncodedEvent, EventCodec
from tests.contracts.properties import EVENT_CLASSES, EVENTS, EVENTS_BY_CLASS, QUICK, known_event_classes
from tests.contracts.rigs import CODEC
from tests.contracts.samples import NOW
from tests.contracts.scenes import refusal

CODECS: dict[str, EventCodec] = {"cloudevents": CODEC}
EVERY = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
FACT = AccountRecovered(
    event_id=EventId("event"), account_id=AccountId("account"), user_id="ann", occurred_at=NOW, reason="revoked"
)
GARBAGE = [b"", b"{", b"null", b"[]", b"1", b'"text"', b"true", b"{}", b"\xff\xfe", b"NaN", b"[" * 100_000]


def test_every_event_class_of_the_domain_is_tried() -> None:
    assert set(EVENT_CLASSES) == known_event_classes()


@EVERY
@pytest.mark.parametrize("cls", EVENT_CLASSES)
def test_what_was_encoded_is_decoded_as_it_was(codec: EventCodec, cls: type[Event]) -> None:
    @QUICK
    @given(EVENTS_BY_CLASS[cls])
    def round_trip(event: Event) -> None:
        decoded = codec.decode(codec.encode(event))
        assert decoded == event
        assert repr(decoded) == repr(event), "equal, and of the same types"

    round_trip()


@EVERY
@QUICK
@given(event=EVENTS)
def test_the_same_fact_always_gives_the_same_bytes(codec: EventCodec, event: Event) -> None:
    assert codec.encode(event) == codec.encode(attrs.evolve(event)) == type(codec)().encode(event)


@EVERY
@QUICK
@given(event=EVENTS)
def test_events_of_one_account_have_one_topic_and_key_so_that_they_keep_their_order(
    codec: EventCodec, event: Event
) -> None:
    other = attrs.evolve(FACT, account_id=event.account_id, user_id=event.user_id)
    one, two = codec.encode(event), codec.encode(other)
    assert (one.topic, one.key) == (two.topic, two.key)
    assert one.event_id == event.event_id


@EVERY
@pytest.mark.parametrize("addition", ["text", 1, None, [1, {"a": []}], {"event_id": "another"}])
def test_members_and_headers_that_were_added_later_are_ignored(codec: EventCodec, addition: object) -> None:
    message = codec.encode(FACT)
    value = {"added": addition, **json.loads(message.value), "added_too": addition}
    later = attrs.evolve(message, value=json.dumps(value).encode(), headers={**message.headers, "ce_added": "x"})
    assert codec.decode(later) == FACT


@EVERY
@pytest.mark.parametrize("value", GARBAGE, ids=lambda value: str(value[:10]))
def test_garbage_is_refused(codec: EventCodec, value: bytes) -> None:
    with refusal(ValidationError, "EVENT_UNDECODABLE"):
        codec.decode(attrs.evolve(codec.encode(FACT), value=value))


@EVERY
def test_a_message_that_is_not_an_event_is_refused(codec: EventCodec) -> None:
    message = EncodedEvent(event_id="event", topic="topic", key="key", value=b"{}", headers={})
    with refusal(ValidationError, "EVENT_UNDECODABLE"):
        codec.decode(message)


@EVERY
def test_a_refusal_names_the_event_and_its_topic(codec: EventCodec) -> None:
    message = attrs.evolve(codec.encode(FACT), value=b"?")
    with pytest.raises(ValidationError) as caught:
        codec.decode(message)
    assert caught.value.details == {"event_id": "event", "topic": message.topic}
    assert not caught.value.transient
