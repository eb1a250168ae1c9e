"""The promises of `EventCodec`."""

import json
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.account import AccountId
from domain.dead_letters import Failure, again, dead_letter
from domain.errors import ValidationError
from domain.events import AccountRecovered, Event, EventId, MailDeleted
from domain.mail_sync import MailId
from domain.messages import Delivery, Partition
from ports.event_codec import EncodedEvent, EventCodec
from tests.contracts.properties import (
    EVENT_CLASSES,
    EVENTS,
    EVENTS_BY_CLASS,
    IDS,
    MOMENTS,
    OF_MAIL,
    QUICK,
    TEXT,
    known_event_classes,
)
from tests.contracts.rigs import CODEC
from tests.contracts.samples import CANARIES, NOW, SECOND
from tests.contracts.scenes import refusal

CODECS: dict[str, EventCodec] = {"cloudevents": CODEC}
EVERY = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
FACT = AccountRecovered(
    event_id=EventId("event"), account_id=AccountId("account"), user_id="ann", occurred_at=NOW, reason="revoked"
)
GONE = MailDeleted(
    event_id=EventId("event"),
    account_id=AccountId("account"),
    user_id="ann",
    occurred_at=NOW,
    mail_id=MailId("mail"),
    folder_id="inbox",
    folder="Inbox",
)
GARBAGE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"1",
    b'"text"',
    b"true",
    b"\xff\xfe",
    b"NaN",
    b'{"a": NaN}',
    b'{"a": -Infinity}',
    b'{"a": 1e999}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a":' + b"1" * 10_000 + b"}",
    '{"a": "text"}'.encode("utf-16"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
NAMED = {"event_type", "event_id", "user_id", "timestamp"}
OBJECTS = st.dictionaries(TEXT.filter(lambda name: name not in NAMED), JSON, max_size=4)


def delivered(event: EncodedEvent, *, number: int = 0, offset: int = 7) -> Delivery:
    """Return the event as a consumer reads it."""
    partition = Partition(topic=event.topic, number=number)
    return Delivery(partition=partition, offset=offset, at=NOW, message=event.message())


def with_value(delivery: Delivery, value: bytes | None) -> Delivery:
    """Return the delivery with other bytes in it."""
    return attrs.evolve(delivery, message=attrs.evolve(delivery.message, value=value))


def test_every_event_class_of_the_domain_is_tried() -> None:
    assert set(EVENT_CLASSES) == known_event_classes()


@EVERY
@pytest.mark.parametrize("cls", EVENT_CLASSES)
def test_what_was_encoded_is_decoded_as_it_was(codec: EventCodec, cls: type[Event]) -> None:
    @QUICK
    @given(EVENTS_BY_CLASS[cls])
    def round_trip(event: Event) -> None:
        decoded = codec.decode(codec.read(delivered(codec.encode(event))))
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
def test_what_happens_to_an_account_has_one_topic_and_key_and_so_has_its_mail_so_that_each_keeps_its_order(
    codec: EventCodec, event: Event
) -> None:
    like: Event = GONE if type(event) in OF_MAIL else FACT
    other = attrs.evolve(like, account_id=event.account_id, user_id=event.user_id)
    one, two = codec.encode(event), codec.encode(other)
    assert (one.topic, one.key) == (two.topic, two.key)
    assert one.event_id == event.event_id


@EVERY
def test_half_of_a_surrogate_pair_is_refused_without_being_shown(codec: EventCodec) -> None:
    with pytest.raises(ValidationError) as caught:
        codec.encode(attrs.evolve(GONE, folder=f"{CANARIES[0]}\ud800"))
    assert (caught.value.error_code, caught.value.transient) == ("EVENT_UNENCODABLE", False)
    assert caught.value.details == {"event_id": "event", "topic": codec.encode(GONE).topic}
    assert CANARIES[0] not in "".join(traceback.format_exception(caught.value))


@EVERY
@QUICK
@given(event=EVENTS)
def test_a_fact_is_read_with_its_id_and_time_before_it_is_decoded(codec: EventCodec, event: Event) -> None:
    delivery = delivered(codec.encode(event))
    received = codec.read(delivery)
    assert (received.event_id, received.occurred_at) == (event.event_id, event.occurred_at)
    assert received.value["event_id"] == event.event_id
    assert received.delivery == delivery


@EVERY
@pytest.mark.parametrize("addition", ["text", 1, None, [1, {"a": []}], {"event_id": "another"}])
def test_members_and_headers_that_were_added_later_are_ignored(codec: EventCodec, addition: object) -> None:
    event = codec.encode(FACT)
    value = {"added": addition, **json.loads(event.value), "added_too": addition}
    later = attrs.evolve(event, value=json.dumps(value).encode(), headers={**event.headers, "ce_added": "x"})
    assert codec.decode(codec.read(delivered(later))) == FACT


@EVERY
@pytest.mark.parametrize("value", [*GARBAGE, None], ids=lambda value: str(value)[:12])
@pytest.mark.parametrize("headers", [(), None], ids=["plain", "a fact's headers"])
def test_what_holds_no_json_object_is_no_event(
    codec: EventCodec, value: bytes | None, headers: tuple[tuple[str, bytes], ...] | None
) -> None:
    delivery = with_value(delivered(codec.encode(FACT)), value)
    if headers is not None:
        delivery = attrs.evolve(delivery, message=attrs.evolve(delivery.message, headers=headers))
    with refusal(ValidationError, "EVENT_UNDECODABLE"):
        codec.read(delivery)


@EVERY
@QUICK
@given(
    value=st.none() | st.binary() | TEXT.map(str.encode) | JSON.map(json.dumps).map(str.encode),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type"]) | TEXT,
            st.binary() | st.sampled_from([b"1.0", b"application/cloudevents+json", b"2026-03-01T12:00:00Z"]),
        )
    ),
)
def test_no_message_is_refused_in_another_way(
    codec: EventCodec, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    message = attrs.evolve(codec.encode(FACT).message(), value=value, headers=tuple(headers))
    delivery = attrs.evolve(delivered(codec.encode(FACT)), message=message)
    try:
        codec.decode(codec.read(delivery))
    except ValidationError as error:
        assert (error.error_code, error.transient) == ("EVENT_UNDECODABLE", False)  # noqa: PT017 - it may be read


@EVERY
def test_an_event_that_is_none_of_our_facts_is_read_but_not_decoded(codec: EventCodec) -> None:
    event = EncodedEvent(event_id=EventId("event"), topic="topic", key="key", value=b"{}", headers={})
    received = codec.read(delivered(event))
    assert (received.type, received.value) == (None, {})
    with refusal(ValidationError, "EVENT_UNDECODABLE"):
        codec.decode(received)


@EVERY
def test_an_event_without_an_id_has_one_all_the_same_wherever_it_stands_and_keeps_it_when_published_again(
    codec: EventCodec,
) -> None:
    event = EncodedEvent(event_id=EventId("event"), topic="topic", key="key", value=b"{}", headers={})
    first = delivered(event)
    places = [first, delivered(event, offset=8), delivered(event, number=1), attrs.evolve(first, at=NOW + SECOND)]
    identities = [codec.read(place).identity for place in places]
    assert len(set(identities)) == len(places)
    assert codec.read(attrs.evolve(first)).identity == identities[0]
    failure = Failure(error_code="CODE", reason="reason", digest=None, attempts=1)
    message = again(dead_letter(first, "group", failure, NOW, codec.read(first).event_id))
    assert [codec.read(attrs.evolve(place, message=message)).identity for place in places] == identities[:1] * 4


@EVERY
def test_a_refusal_says_which_message_it_was(codec: EventCodec) -> None:
    delivery = delivered(codec.encode(FACT), number=3, offset=12)
    with pytest.raises(ValidationError) as unread:
        codec.read(with_value(delivery, b"?"))
    assert unread.value.details == {"topic": delivery.partition.topic, "place": delivery.place}
    with pytest.raises(ValidationError) as undecoded:
        codec.decode(codec.read(with_value(delivery, b"{}")))
    assert undecoded.value.details == {"event_id": "event", **unread.value.details}


@EVERY
@pytest.mark.parametrize(
    "value",
    [
        f'{{"event_id": "event", "reason": "{CANARIES[0]}"'.encode(),
        f'"{CANARIES[0]}"'.encode(),
        json.dumps({"event_id": "e", "account_id": [CANARIES[0]], "timestamp": CANARIES[0]}).encode(),
        json.dumps({"event_id": "e", "user_id": "u", "reason": f"\n{CANARIES[0]}", "timestamp": CANARIES[0]}).encode(),
        json.dumps({"event_id": f"\n{CANARIES[0]}"}).encode(),
    ],
)
def test_no_refusal_quotes_what_is_in_the_message_not_even_its_traceback(codec: EventCodec, value: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        codec.decode(codec.read(with_value(delivered(codec.encode(FACT)), value)))
    told = f"{caught.value!r} {caught.value.details} {''.join(traceback.format_exception(caught.value))}"
    assert CANARIES[0] not in told


@EVERY
@QUICK
@given(value=OBJECTS, event_id=IDS.map(EventId), key=TEXT, now=MOMENTS)
def test_an_object_that_was_wrapped_is_read_as_it_was(
    codec: EventCodec, value: Mapping[str, object], event_id: EventId, key: str, now: datetime
) -> None:
    event = codec.wrap("email.received", value, event_id=event_id, key=key, now=now)
    received = codec.read(delivered(event))
    assert (event.topic, event.key, event.event_id) == ("email.received", key, event_id)
    assert (received.value, received.event_id, received.occurred_at) == (value, event_id, now)


@EVERY
def test_members_of_a_wrapped_object_become_type_key_and_time(codec: EventCodec) -> None:
    value = {"event_type": "email_received", "user_id": "kimghw", "timestamp": NOW.isoformat(), "event_id": "other"}
    event = codec.wrap("email.received", value, event_id=EventId("event"), key=None, now=NOW + timedelta(days=1))
    received = codec.read(delivered(event))
    assert event.key == "kimghw"
    assert (received.event_id, received.type, received.occurred_at) == ("event", "email.received", NOW)


@EVERY
def test_the_key_that_is_given_goes_before_the_user_id(codec: EventCodec) -> None:
    event = codec.wrap("t", {"user_id": "kimghw"}, event_id=EventId("event"), key="other", now=NOW)
    assert event.key == "other"


@EVERY
def test_wrapped_events_without_any_key_need_no_order_among_them(codec: EventCodec) -> None:
    keys = {codec.wrap("t", {}, event_id=EventId(name), key=None, now=NOW).key for name in "abc"}
    assert len(keys) == 3


@EVERY
@pytest.mark.parametrize(
    "value",
    [
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": {1, 2}},
        {"a": b"bytes"},
        {"a": "\ud800"},
        {"event_type": 1},
        {"event_type": " "},
        {"event_type": "a\nb"},
        {"user_id": ["ann"]},
        {"user_id": ""},
        {"timestamp": 1772368215},
        {"timestamp": "yesterday"},
    ],
    ids=str,
)
def test_what_could_not_be_read_again_is_not_wrapped(codec: EventCodec, value: Mapping[str, object]) -> None:
    with refusal(ValidationError, "EVENT_UNENCODABLE"):
        codec.wrap("t", value, event_id=EventId("event"), key=None, now=NOW)


@EVERY
@pytest.mark.parametrize(
    ("topic", "event_id", "key"),
    [("", "event", "key"), ("t", "", "key"), ("t", "a\nb", "key"), ("t", "event", "\udc80")],
)
def test_what_could_not_be_published_is_not_wrapped(codec: EventCodec, topic: str, event_id: str, key: str) -> None:
    with refusal(ValidationError, "EVENT_UNENCODABLE"):
        codec.wrap(topic, {}, event_id=EventId(event_id), key=key, now=NOW)


@EVERY
def test_an_object_that_holds_itself_or_is_nested_too_deeply_is_not_wrapped(codec: EventCodec) -> None:
    circle: dict[str, object] = {}
    circle["inner"] = circle
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    for value in (circle, deep):
        with refusal(ValidationError, "EVENT_UNENCODABLE"):
            codec.wrap("t", value, event_id=EventId("event"), key=None, now=NOW)
