"""How each event looks on the wire: other programs rely on it, so a change here is a new event type."""

import json
from collections.abc import Mapping, Sequence

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.cloudevents.attributes import dotted, underscored
from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.cloudevents.fact_members import TYPES
from adapters.cloudevents.fact_values import CLASSES
from domain.errors import ValidationError
from domain.events import EmailReceived, Event, EventId
from ports.event_codec import EncodedEvent
from tests.adapters.cloudevents.samples import AT_TEXT, BARE_INFO, BARE_MEMBERS, EXAMPLES, FULL_MEMBERS, MAIL_FACT
from tests.contracts.test_event_codec import delivered

CODEC = CloudEventCodec()
EVERY = pytest.mark.parametrize("name", EXAMPLES)
WRONG: Mapping[str, list[object]] = {
    "event_id": [1, None, "", [], {}],
    "account_id": [1, None, ""],
    "user_id": [True, None, " "],
    "timestamp": [
        1772368215,
        None,
        "",
        "yesterday",
        "2026-03-01T12:30:15Z",
        "2026-03-01T12:30:15.000042",
        "2026-03-01T12:30:15.000042+01:00",
        "2026-13-01T12:30:15.000042Z",
        "٢٠٢٦-03-01T12:30:15.000042Z",
    ],
    "email": [1, None, [], "\ud800"],
    "name": [1, None, {}],
    "changed": ["name", 1, None, {"name": 1}, [1], [None], [["name"]]],
    "old_status": ["active", "", 1, None, [], "DELETED"],
    "reason": [1, None, [], " ", "a\nb", "\ud800"],
    "tenant_id": [1, [], {}],
    "mail_id": [1, None, "", " a"],
    "event_info": [1, None, "", [], {}],
    "to_folder_id": [1, None, [], "\ud800"],
    "from_folder": [1, [], {}],
    "folder_id": [1, None],
}
WRONG_INFO: Mapping[str, Sequence[object]] = {
    **dict.fromkeys(FULL_MEMBERS, (1, {}, ["\ud800"], "\ud800")),
    **dict.fromkeys([name for name, value in FULL_MEMBERS.items() if value is True], (None, 0, 1, "true", [])),
    **dict.fromkeys(("keywords", "references"), ("a", None, [None], [1], ["\ud800"])),
    "sent_time": [1, *WRONG["timestamp"][2:]],
    "received_time": [None, *WRONG["timestamp"]],
    "deadline": [AT_TEXT, "2026-3-14", "20260314", "2026-W10-1", "2026-02-30", "", "soon", 1],
    "sender_type": [None, "member", "", 1],
    "mail_type": [None, "REPLY", "response", []],
    "decision_status": ["COMMENT", "", 1],
    "urgency": [None, "LOW", "high"],
}
OF_MAIL = {"email.received", "mail.moved", "mail.deleted"}


def test_every_type_has_an_example() -> None:
    assert list(TYPES.values()) == list(EXAMPLES)
    assert [type(event) for event, _ in EXAMPLES.values()] == list(TYPES)
    assert {name: TYPES[cls] for name, cls in CLASSES.items()} == {name: name for name in EXAMPLES}


@EVERY
def test_headers_are_the_cloudevents_attributes_of_kafkas_binary_mode(name: str) -> None:
    message = CODEC.encode(EXAMPLES[name][0])
    assert dict(message.headers) == {
        "ce_specversion": "1.0",
        "ce_id": "event-1",
        "ce_source": "/iacsgraph",
        "ce_type": name,
        "ce_subject": "mail-1" if name in OF_MAIL else "account-1",
        "ce_time": AT_TEXT,
        "content-type": "application/json; charset=utf-8",
    }
    topic = "email.received" if name in OF_MAIL else "account.events"
    assert (message.event_id, message.topic, message.key) == ("event-1", topic, "zoë")


@EVERY
def test_only_what_happens_to_mail_goes_to_the_topic_of_the_setting(name: str) -> None:
    topic = CloudEventCodec(email_topic="mail").encode(EXAMPLES[name][0]).topic
    assert topic == ("mail" if name in OF_MAIL else "account.events")


def test_a_topic_has_a_name() -> None:
    with pytest.raises(ValidationError):
        CloudEventCodec(email_topic="")


@EVERY
def test_the_value_is_flat_and_can_be_read_without_cloudevents(name: str) -> None:
    event, members = EXAMPLES[name]
    assert json.loads(CODEC.encode(event).value) == {
        "event_type": name.replace(".", "_"),
        "event_id": "event-1",
        "account_id": "account-1",
        "user_id": "zoë",
        "timestamp": AT_TEXT,
        "occurred_at": AT_TEXT,
        **members,
    }


def test_the_bytes_are_these_and_no_others() -> None:
    value = CODEC.encode(EXAMPLES["account.recovered"][0]).value
    expected = (
        '{"event_type":"account_recovered","event_id":"event-1","account_id":"account-1","user_id":"zoë",'
        f'"timestamp":"{AT_TEXT}","reason":"grant_revoked","occurred_at":"{AT_TEXT}"}}'
    )
    assert value == expected.encode()


def test_members_of_mail_events_stand_in_this_order() -> None:
    event = EmailReceived(**MAIL_FACT, event_info=BARE_INFO)
    value = json.loads(CODEC.encode(event).value)
    head = ["event_type", "event_id", "account_id", "mail_id", "user_id", "timestamp", "occurred_at"]
    assert list(value) == [*head, "event_info"]
    assert list(value["event_info"]) == list(FULL_MEMBERS)
    moved = json.loads(CODEC.encode(EXAMPLES["mail.moved"][0]).value)
    assert list(moved) == [*head, "from_folder_id", "from_folder", "to_folder_id", "to_folder"]


def test_what_is_not_known_of_a_mail_is_null() -> None:
    event = EmailReceived(**MAIL_FACT, event_info=BARE_INFO)
    message = CODEC.encode(event)
    assert json.loads(message.value)["event_info"] == BARE_MEMBERS
    assert _decoded(message) == event


@EVERY
def test_each_example_comes_back(name: str) -> None:
    event, _ = EXAMPLES[name]
    assert _decoded(CODEC.encode(event)) == event


@EVERY
@pytest.mark.parametrize("member", WRONG)
def test_members_of_wrong_types_are_refused(name: str, member: str) -> None:
    message = CODEC.encode(EXAMPLES[name][0])
    value = json.loads(message.value)
    for wrong in WRONG[member] if member in value else ():
        with pytest.raises(ValidationError) as caught:
            _decoded(_with(message, value | {member: wrong}))
        assert caught.value.error_code == "EVENT_UNDECODABLE", wrong


@pytest.mark.parametrize("member", WRONG_INFO)
def test_members_of_wrong_types_in_an_events_info_are_refused_and_named(member: str) -> None:
    message = CODEC.encode(EXAMPLES["email.received"][0])
    value = json.loads(message.value)
    for wrong in WRONG_INFO[member]:
        with pytest.raises(ValidationError, match=rf"value\.event_info\.{member}") as caught:
            _decoded(_with(message, value | {"event_info": value["event_info"] | {member: wrong}}))
        assert caught.value.error_code == "EVENT_UNDECODABLE", wrong


def test_of_an_events_info_only_what_every_mail_has_may_not_be_missing() -> None:
    """Members are added as time goes by: whatever was not told yet is not known."""
    message = CODEC.encode(EXAMPLES["email.received"][0])
    value = json.loads(message.value)
    required = {"received_time", "has_attachments", "sender_type", "mail_type"}
    for member in FULL_MEMBERS:
        rest = {name: item for name, item in FULL_MEMBERS.items() if name != member}
        older = _with(message, value | {"event_info": rest})
        if member in required:
            with pytest.raises(ValidationError, match=rf"missing @ value\.event_info\.{member}$"):
                _decoded(older)
        else:
            found = _decoded(older)
            assert isinstance(found, EmailReceived)
            assert getattr(found.event_info, member) == getattr(BARE_INFO, member)


@EVERY
def test_missing_members_are_refused_except_those_that_are_told_twice(name: str) -> None:
    message = CODEC.encode(EXAMPLES[name][0])
    value = json.loads(message.value)
    for member in value:
        rest = _with(message, {other: value[other] for other in value if other != member})
        if member in {"event_type", "occurred_at"}:
            assert _decoded(rest) == EXAMPLES[name][0]
        else:
            with pytest.raises(ValidationError, match=f"required field missing @ value.{member}$"):
                _decoded(rest)


@pytest.mark.parametrize("unknown", ["account", "account_recovered", "account.recovered.v2", "ACCOUNT.RECOVERED"])
def test_unknown_types_are_refused_by_name(unknown: str) -> None:
    message = CODEC.encode(EXAMPLES["account.recovered"][0])
    with pytest.raises(ValidationError, match="unknown type") as caught:
        _decoded(attrs.evolve(message, headers={**message.headers, "ce_type": unknown}))
    assert repr(unknown) in str(caught.value)


def test_of_an_unknown_type_only_the_beginning_is_quoted() -> None:
    message = CODEC.encode(EXAMPLES["account.recovered"][0])
    with pytest.raises(ValidationError) as caught:
        _decoded(attrs.evolve(message, headers={**message.headers, "ce_type": "x" * 10_000}))
    assert len(str(caught.value)) < 200


def test_a_type_with_the_members_of_another_is_refused() -> None:
    message = CODEC.encode(EXAMPLES["account.recovered"][0])
    with pytest.raises(ValidationError, match="malformed"):
        _decoded(attrs.evolve(message, headers={**message.headers, "ce_type": "account.enrolled"}))


@settings(max_examples=100)
@given(value=st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_fail_in_another_way(value: bytes) -> None:
    message = CODEC.encode(EXAMPLES["account.updated"][0])
    with pytest.raises(ValidationError):
        _decoded(attrs.evolve(message, value=value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=100)
@given(name=st.sampled_from(list(EXAMPLES)), data=st.data())
def test_no_member_fails_in_another_way(name: str, data: st.DataObject) -> None:
    """Whatever stands in a member: it is refused, or it is taken and would be written again as it was read."""
    message = CODEC.encode(EXAMPLES[name][0])
    value = json.loads(message.value)
    member = data.draw(st.sampled_from(sorted(value)))
    value[member] = data.draw(JSON)
    try:
        event = _decoded(_with(message, value))
    except ValidationError:
        return
    again = json.loads(CODEC.encode(event).value)
    assert member in {"event_type", "occurred_at"} or again[member] == value[member]


def _decoded(message: EncodedEvent) -> Event:
    return CODEC.decode(CODEC.read(delivered(message)))


def _with(message: EncodedEvent, value: object) -> EncodedEvent:
    return attrs.evolve(message, value=json.dumps(value).encode())


@pytest.mark.parametrize("name", ["email.received", "email.received.v2", "account.signed_in", "plain"])
def test_the_type_of_an_event_is_found_again_in_the_value(name: str) -> None:
    assert dotted(underscored(name)) == name


def test_no_content_is_shown_by_an_event_that_is_to_be_published() -> None:
    """Reports and errors hold such events."""
    event = EncodedEvent(event_id=EventId("e"), topic="t", key="k", value=b"canary", headers={})
    assert "canary" not in repr(event)
