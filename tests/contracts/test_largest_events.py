"""The largest events that there may be go the whole way on every log: through the relay, to a group, and put aside."""

import pytest

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.cipher import MemoryCipher
from adapters.memory.database import MemoryDatabase
from adapters.memory.inbox import MemoryInbox
from adapters.memory.messaging_log import MemoryMessagingLog
from adapters.memory.outbox import MemoryOutbox
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.outbox_relay import OutboxRelay
from domain.account import AccountId
from domain.correspondence.vocabulary import MailType, SenderType
from domain.dead_letters import Failure, dead_letter, read, to_message
from domain.events import EmailReceived, EventId
from domain.mail_results import LARGEST_EVENT_BYTES, EmailInfo
from domain.mail_sync import MailId
from ports.event_codec import EncodedEvent
from tests.contracts.event_scenes import everything, member, publish
from tests.contracts.event_worlds import LogRig, LogWorld
from tests.contracts.samples import NOW

COUNT = 20


@pytest.fixture
def events(log: LogWorld) -> list[EncodedEvent]:
    """Events of exactly the largest size, some of them of one key."""
    topic = log.name()
    return [_largest(log.name(), topic, number) for number in range(COUNT)]


def _largest(mail_id: str, topic: str, number: int) -> EncodedEvent:
    codec = CloudEventCodec(email_topic=topic)

    def encoded(body: str) -> EncodedEvent:
        info = EmailInfo(
            received_time=NOW,
            has_attachments=False,
            sender_type=SenderType.OTHER,
            mail_type=MailType.OTHER,
            body=body,
        )
        event = EmailReceived(
            event_id=EventId(f"{mail_id}.received"),
            account_id=AccountId("account"),
            user_id=f"user {number % 3}",
            occurred_at=NOW,
            mail_id=MailId(mail_id),
            event_info=info,
        )
        return codec.encode(event)

    largest = encoded("x" * (LARGEST_EVENT_BYTES - len(encoded("").value)))
    assert len(largest.value) == LARGEST_EVENT_BYTES
    return largest


async def test_they_are_relayed_read_and_put_aside_whole(events: list[EncodedEvent], here: LogRig) -> None:
    clock, database = SystemClock(), MemoryDatabase(cipher=MemoryCipher(), codec=CloudEventCodec())
    database.outbox += events
    relay = OutboxRelay(
        outbox=MemoryOutbox(database, clock),
        inbox=MemoryInbox(database),
        publisher=here.publisher,
        clock=clock,
        identifiers=SystemIdentifiers(),
        log=MemoryMessagingLog(),
    )
    topic = events[0].topic
    assert await relay.pump() == COUNT
    async with member(here, topic) as reader:
        found = await everything(here, reader, topic)
    messages = [event.message() for event in events]
    assert {each.message.header("ce_id"): each.message for each in found} == {
        message.header("ce_id"): message for message in messages
    }
    failure = Failure(error_code="CODE", reason="x" * 5000, digest="digest", attempts=7)
    letter = dead_letter(found[0], "group", failure, NOW)
    await publish(here, [to_message(letter)])
    async with member(here, letter.queue) as reader:
        (aside,) = await everything(here, reader, letter.queue)
    again = read(aside)
    assert again is not None
    assert again.message == found[0].message
