"""Publishing a single event: what it returns from is on the log, under the id that it returns."""

import json

import pytest

from domain.errors import KafkaConnectionError, MessageRejectedError, ValidationError
from domain.events import EventId
from tests.application.event_rig import GROUP, TOPIC, EventRig, Notes, name_of


@pytest.fixture
def rig() -> EventRig:
    """Return an empty log."""
    return EventRig()


async def test_an_object_is_published_with_a_new_id_and_its_user_for_a_key(rig: EventRig) -> None:
    ids = [await rig.sender.publish(TOPIC, {"event_type": "email_received", "user_id": "kim"}) for _ in range(2)]
    assert len(set(ids)) == 2
    deliveries = rig.events.deliveries(TOPIC)
    assert [name_of(delivery) for delivery in deliveries] == ids
    assert {delivery.message.key for delivery in deliveries} == {b"kim"}
    assert json.loads(deliveries[0].message.value or b"")["event_type"] == "email_received"


async def test_its_own_id_counts_unless_another_is_given(rig: EventRig) -> None:
    message = {"event_id": "own"}
    assert await rig.sender.publish(TOPIC, message) == "own"
    assert await rig.sender.publish(TOPIC, message, event_id=EventId("given"), key="lee") == "given"
    assert (
        rig.events.deliveries(TOPIC)[-1].message.key == b"lee" or rig.events.deliveries(TOPIC)[0].message.key == b"lee"
    )


@pytest.mark.parametrize("member", ["", None, 7])
async def test_an_id_that_is_none_is_not_taken(rig: EventRig, member: object) -> None:
    assert await rig.sender.publish(TOPIC, {"event_id": member}) not in ("", "None", "7")


async def test_consumers_know_it_by_the_id_that_was_returned(rig: EventRig) -> None:
    notes = Notes()
    event_id = await rig.sender.publish(TOPIC, {"event_type": "email_received"})
    async with rig.consumer().subscribe(TOPIC, notes, GROUP):
        await rig.turn()
    assert notes.names == [event_id]


@pytest.mark.parametrize(("message", "event_id"), [({"n": float("nan")}, None), ({}, EventId(" "))])
async def test_what_is_no_event_is_refused(rig: EventRig, message: dict[str, object], event_id: EventId | None) -> None:
    with pytest.raises(ValidationError):
        await rig.sender.publish(TOPIC, message, event_id=event_id)
    assert not rig.events.deliveries(TOPIC)


async def test_why_it_could_not_be_published_is_raised(rig: EventRig) -> None:
    with pytest.raises(MessageRejectedError):
        await rig.sender.publish("no topic", {})
    rig.events.unreachable = True
    with pytest.raises(KafkaConnectionError):
        await rig.sender.publish(TOPIC, {})
