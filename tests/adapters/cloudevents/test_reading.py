"""Events of producers that nobody here wrote: CloudEvents in both modes, and plain JSON."""

import base64
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.cloudevents.event_codec import CloudEventCodec
from domain.errors import ValidationError
from domain.events import EventId
from domain.messages import EVENT_ID_HEADER, Delivery, Message, Partition
from tests.contracts.properties import QUICK
from tests.contracts.samples import NOW
from tests.contracts.scenes import refusal

CODEC = CloudEventCodec()
BINARY = {"ce_specversion": "1.0", "ce_id": "1", "ce_type": "order.placed", "ce_source": "/shop"}
STRUCTURED = {"specversion": "1.0", "id": "1", "type": "order.placed", "source": "/shop", "data": {"a": 1}}
MEDIA_TYPE = "application/cloudevents+json"
AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
PLACE_AND_TIME = f"email.received/2/40@{NOW.isoformat()}"
BROKEN = ["", " ", " x", "a\nb", "\x00"]


def message(value: object, headers: dict[str, str] | None = None) -> Delivery:
    """Return a delivery at `email.received/2/40`; a value that is not bytes is written as JSON."""
    return Delivery(
        partition=Partition(topic="email.received", number=2),
        offset=40,
        at=NOW,
        message=Message(
            topic="email.received",
            key=None,
            value=value if isinstance(value, bytes) else json.dumps(value).encode(),
            headers=tuple((name, text.encode()) for name, text in (headers or {}).items()),
        ),
    )


def structured(**changed: object) -> Delivery:
    """Return a structured event with some members changed; None takes one away."""
    members = {name: value for name, value in {**STRUCTURED, **changed}.items() if value is not None}
    return message(members, {"content-type": MEDIA_TYPE})


def binary(**changed: str | None) -> Delivery:
    """Return a binary event with some attributes changed; None takes one away."""
    headers = {**BINARY, **{f"ce_{name}": text for name, text in changed.items()}}
    return message({"a": 1}, {name: text for name, text in headers.items() if text is not None})


def test_plain_json_needs_no_more_than_its_members() -> None:
    event = CODEC.read(
        message({"event_type": "email_received", "user_id": "kimghw", "timestamp": "2026-03-01T12:30:15.123456"})
    )
    assert (event.event_id, event.source, event.type) == (PLACE_AND_TIME, None, "email.received")
    assert event.occurred_at == AT
    assert event.value["user_id"] == "kimghw"


def test_a_time_without_an_offset_is_one_of_the_codecs_zone() -> None:
    codec = CloudEventCodec(zone=ZoneInfo("Asia/Seoul"))
    plain = {"timestamp": "2026-03-01T21:30:15.123456"}
    assert codec.read(message(plain)).occurred_at == AT
    assert codec.wrap("t", plain, event_id=CODEC.read(message({})).event_id, key=None, now=NOW).headers["ce_time"] == (
        "2026-03-01T12:30:15.123456Z"
    )
    assert codec.read(message({"timestamp": "2026-03-01T12:30:15.123456Z"})).occurred_at == AT


@pytest.mark.parametrize(
    ("event_type", "expected"),
    [
        ("email_received", "email.received"),
        ("account_status_changed", "account.status_changed"),
        ("email.received", "email.received"),
        ("account.status_changed", "account.status_changed"),
        ("ping", "ping"),
        ("", None),
        (1, None),
        (None, None),
    ],
)
def test_the_type_of_plain_json_has_a_dot_for_its_first_underscore(event_type: object, expected: str | None) -> None:
    assert CODEC.read(message({"event_type": event_type})).type == expected


def test_plain_json_without_any_known_member_is_an_event_without_a_type() -> None:
    event = CODEC.read(message({"hello": "world"}))
    assert (event.type, event.occurred_at, event.value) == (None, None, {"hello": "world"})


@pytest.mark.parametrize("event_id", ["", "  ", None, 7, ["x"]])
def test_plain_json_without_a_usable_id_is_known_by_its_place_and_time(event_id: object) -> None:
    assert CODEC.read(message({"event_id": event_id})).event_id == PLACE_AND_TIME


@pytest.mark.parametrize("event_id", ["", "  ", None, 7, ["x"]])
def test_plain_json_without_a_usable_id_keeps_the_one_that_a_replay_gave_it(event_id: object) -> None:
    assert CODEC.read(message({"event_id": event_id}, {EVENT_ID_HEADER: "first"})).event_id == "first"


def test_an_id_of_its_own_goes_before_what_a_replay_gave() -> None:
    headers = {EVENT_ID_HEADER: "first"}
    assert CODEC.read(message({"event_id": "own"}, headers)).event_id == "own"
    assert CODEC.read(message({}, {**BINARY, **headers})).event_id == "1"
    assert CODEC.read(message(STRUCTURED, {"content-type": MEDIA_TYPE, **headers})).event_id == "1"


def test_the_id_in_plain_json_is_the_events() -> None:
    assert CODEC.read(message({"event_id": "abc"})).event_id == "abc"


@pytest.mark.parametrize("event_id", ["a\nb", "\x00", "\ud800", " abc"])
def test_an_id_that_no_store_could_keep_is_refused(event_id: str) -> None:
    with refusal(ValidationError, "EVENT_UNDECODABLE"):
        CODEC.read(message({"event_id": event_id}))


@pytest.mark.parametrize(
    "timestamp",
    ["yesterday", "", 1772368215, None, "2026-13-01T00:00:00", "0001-01-01T00:00:00+14:00", "\ud800", "9" * 5000, {}],
)
def test_a_time_in_plain_json_that_cannot_be_read_is_not_known_and_no_reason_to_refuse(timestamp: object) -> None:
    assert CODEC.read(message({"timestamp": timestamp})).occurred_at is None


@QUICK
@given(timestamp=st.text() | st.datetimes().map(str) | st.integers())
def test_no_time_in_plain_json_makes_reading_fail(timestamp: object) -> None:
    moment = CODEC.read(message({"timestamp": timestamp})).occurred_at
    assert moment is None or moment.utcoffset() == timedelta(0)


def test_of_a_name_that_occurs_twice_the_last_one_counts() -> None:
    assert CODEC.read(message(b'{"event_id":"first","event_id":"last"}')).event_id == "last"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert CODEC.read(message(b'\xef\xbb\xbf{"event_id":"abc"}')).event_id == "abc"


def test_binary_mode_has_its_attributes_in_headers() -> None:
    event = CODEC.read(binary(time="2026-03-01T12:30:15.123456Z", subject="order/1"))
    assert (event.event_id, event.source, event.type, event.occurred_at) == ("1", "/shop", "order.placed", AT)
    assert event.value == {"a": 1}


def test_ids_are_unique_within_their_source_only() -> None:
    events = [CODEC.read(binary()), CODEC.read(binary(source="/office")), CODEC.read(binary(id="2"))]
    assert [event.event_id for event in events] == ["1", "1", "2"]
    assert len({event.identity for event in events}) == 3
    assert CODEC.read(binary(time="2026-03-01T12:30:15Z")).identity == events[0].identity


def test_no_source_and_id_run_together() -> None:
    assert CODEC.read(binary(source="a b", id="c")).identity != CODEC.read(binary(source="a", id="b c")).identity


def test_an_event_without_a_source_is_known_by_its_id_alone() -> None:
    assert CODEC.read(message({"event_id": "abc"})).identity == "abc"
    assert CODEC.read(message({})).identity == PLACE_AND_TIME


def test_no_event_without_a_source_is_taken_for_one_that_has_one() -> None:
    sourced = CODEC.read(binary(source="/iacsgraph", id="X")).identity
    assert sourced == "/iacsgraph X"
    assert CODEC.read(message({"event_id": "/iacsgraph X"})).identity != sourced


@QUICK
@given(
    one=st.tuples(st.none() | st.text("a% 20", min_size=1), st.text("a% 20", min_size=1)),
    other=st.tuples(st.none() | st.text("a% 20", min_size=1), st.text("a% 20", min_size=1)),
)
@example(one=(None, "a a"), other=(None, "a%20a"))
@example(one=("a a", "a"), other=("a%20a", "a"))
def test_events_have_one_identity_only_if_source_and_id_are_one(
    one: tuple[str | None, str], other: tuple[str | None, str]
) -> None:
    plain = CODEC.read(message({}))
    first, second = (
        attrs.evolve(plain, source=source and f"/{source}/", event_id=EventId(f"/{event_id}/"))
        for source, event_id in (one, other)
    )
    assert (first.identity == second.identity) == (one == other)


def test_attributes_go_before_members_of_the_value() -> None:
    value = {"event_id": "inner", "event_type": "inner_type", "timestamp": "2020-01-01T00:00:00Z"}
    event = CODEC.read(message(value, {**BINARY, "ce_time": "2026-03-01T12:30:15.123456Z"}))
    assert (event.event_id, event.type, event.occurred_at) == ("1", "order.placed", AT)


def test_a_cloudevent_without_a_time_has_none_whatever_its_value_says() -> None:
    assert CODEC.read(message({"timestamp": "2020-01-01T00:00:00Z"}, BINARY)).occurred_at is None


@pytest.mark.parametrize("missing", ["specversion", "id", "type", "source"])
def test_binary_mode_needs_every_attribute_that_the_specification_requires(missing: str) -> None:
    with pytest.raises(ValidationError, match=f"attribute {missing} is missing") as caught:
        CODEC.read(binary(**{missing: None}))
    assert caught.value.error_code == "EVENT_UNDECODABLE"


@pytest.mark.parametrize("name", ["id", "type", "source"])
@pytest.mark.parametrize("broken", BROKEN)
def test_attributes_that_no_store_could_keep_are_refused(name: str, broken: str) -> None:
    for delivery in (binary(**{name: broken}), structured(**{name: broken})):
        with refusal(ValidationError, "EVENT_UNDECODABLE"):
            CODEC.read(delivery)


def test_two_ids_do_not_become_one_because_both_are_broken() -> None:
    """Replacing what does not decode would make the second event a duplicate of the first."""
    for broken in (b"\xff", b"\xfe"):
        delivery = binary(id=None)
        headers = (*delivery.message.headers, ("ce_id", broken))
        with pytest.raises(ValidationError, match="not UTF-8"):
            CODEC.read(attrs.evolve(delivery, message=attrs.evolve(delivery.message, headers=headers)))


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.12"])
def test_minor_versions_are_read(version: str) -> None:
    assert CODEC.read(binary(specversion=version)).event_id == "1"
    assert CODEC.read(structured(specversion=version)).event_id == "1"


@pytest.mark.parametrize("version", ["0.3", "2.0", "1", "1.", "1.x", "11.0", "1.\u0660", ""])
def test_other_versions_are_refused(version: str) -> None:
    for delivery in (binary(specversion=version), structured(specversion=version)):
        with pytest.raises(ValidationError, match="not CloudEvents"):
            CODEC.read(delivery)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:30:15.123456Z", AT),
        ("2026-03-01t12:30:15.123456z", AT),
        ("2026-03-01T12:30:15.123456789Z", AT),
        ("2026-03-01T21:30:15.123456+09:00", AT),
        ("2026-03-01T12:30:15Z", AT.replace(microsecond=0)),
        ("2026-03-01T12:30:15.1Z", AT.replace(microsecond=100_000)),
    ],
)
def test_times_are_read_as_every_language_writes_them(text: str, expected: datetime) -> None:
    assert CODEC.read(binary(time=text)).occurred_at == expected
    assert CODEC.read(structured(time=text)).occurred_at == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-03-01", "2026-03-01T12:30:15", "2026-02-30T12:30:15Z", "0001-01-01T00:00:00+01:00", "1"],
)
def test_an_attribute_that_is_no_time_is_refused(text: str) -> None:
    for delivery in (binary(time=text), structured(time=text)):
        with pytest.raises(ValidationError, match="no time"):
            CODEC.read(delivery)


def test_names_of_headers_are_read_in_any_case() -> None:
    assert CODEC.read(message({}, {name.upper(): text for name, text in BINARY.items()})).event_id == "1"
    assert CODEC.read(message(STRUCTURED, {"Content-Type": MEDIA_TYPE.upper()})).event_id == "1"


def test_structured_mode_has_its_attributes_beside_the_data() -> None:
    event = CODEC.read(structured(time="2026-03-01T12:30:15.123456Z", extension=1))
    assert (event.event_id, event.source, event.type, event.occurred_at) == ("1", "/shop", "order.placed", AT)
    assert event.value == {"a": 1}


def test_structured_mode_is_known_by_its_media_type_whatever_its_parameters_and_other_headers() -> None:
    headers = {"content-type": f"{MEDIA_TYPE}; charset=UTF-8", "ce_id": "another"}
    assert CODEC.read(message(STRUCTURED, headers)).event_id == "1"


def test_data_may_be_base64() -> None:
    data = base64.b64encode(b'{"b": 2}').decode()
    assert CODEC.read(structured(data=None, data_base64=data)).value == {"b": 2}


@pytest.mark.parametrize("missing", ["specversion", "id", "type", "source"])
def test_structured_mode_needs_every_attribute_that_the_specification_requires(missing: str) -> None:
    for wrong in (None, 1, ["x"]):
        with pytest.raises(ValidationError, match=f"attribute {missing} is missing or no text"):
            CODEC.read(structured(**{missing: wrong}))


@pytest.mark.parametrize(
    "changed",
    [
        {"data": None},
        {"data": "text"},
        {"data": [1]},
        {"data": None, "data_base64": "?"},
        {"data": None, "data_base64": "AA"},
        {"data": None, "data_base64": "e3!0="},
        {"data": None, "data_base64": "bnVsbA=="},
        {"data": None, "data_base64": {}},
        {"data": None, "data_base64": "\u00e9"},
        {"data_base64": "e30="},
        {"time": 1},
    ],
    ids=str,
)
def test_structured_events_without_one_object_for_data_are_refused(changed: dict[str, object]) -> None:
    with refusal(ValidationError, "EVENT_UNDECODABLE"):
        CODEC.read(structured(**changed))


@pytest.mark.parametrize("media_type", ["application/cloudevents-batch+json", "application/cloudevents+avro"])
def test_other_formats_of_cloudevents_are_refused_by_name(media_type: str) -> None:
    with pytest.raises(ValidationError, match="format other than JSON"):
        CODEC.read(message([STRUCTURED], {"content-type": media_type}))


OWN = {
    "ce_specversion": b"1.0",
    "ce_id": b"1",
    "ce_source": b"/iacsgraph",
    "ce_type": b"email.received",
    "ce_subject": b"mail-1",
    "ce_time": b"2026-03-01T12:30:15.123456Z",
    "content-type": b"application/json; charset=utf-8",
}


def own(changed: dict[str, bytes], *more: tuple[str, bytes]) -> Delivery:
    """Return an event with the headers that we write, some of them changed, and with more of them."""
    headers = tuple(({**OWN, **changed} | dict(more)).items())
    plain = message({"event_type": "email_received", "event_id": "2"})
    return attrs.evolve(plain, message=attrs.evolve(plain.message, headers=headers))


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize(
    "text",
    [*(each.encode() for each in BROKEN), b"\xff", b"1.1", b"2.0", b"x", b"2026-03-01", b"2026-03-01T13:30:15+01:00"],
)
def test_an_event_with_just_our_headers_is_read_as_one_that_has_others_too(name: str, text: bytes) -> None:
    """What we write is read by a shorter way."""
    read = [outcome(own({name: text}, *more)) for more in ((), (("x", b""),))]
    assert read[0] == read[1]


@pytest.mark.parametrize("media_type", [MEDIA_TYPE, "application/json", "text/plain", ""])
def test_the_mode_is_told_by_the_content_type_alone(media_type: str) -> None:
    read = [outcome(own({"content-type": media_type.encode()}, *more)) for more in ((), (("x", b""),))]
    assert read[0] == read[1]


def test_our_own_events_are_read() -> None:
    event = CODEC.read(own({}))
    assert (event.event_id, event.source, event.type, event.occurred_at) == ("1", "/iacsgraph", "email.received", AT)


def outcome(delivery: Delivery) -> object:
    """Return what the event is, or how it is refused."""
    try:
        event = CODEC.read(delivery)
    except ValidationError as error:
        return error.error_code, error.message.partition(":")[0]
    return event.event_id, event.source, event.type, event.occurred_at, event.value
