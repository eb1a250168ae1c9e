"""Databases with an outbox that is full: made once, and copied for whoever empties it."""

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import attrs

from adapters.cloudevents.event_codec import CloudEventCodec
from adapters.memory.messaging_log import MemoryMessagingLog
from adapters.sqlite.account_rows import append_events
from adapters.sqlite.database import Database, open_database
from adapters.sqlite.inbox import SqliteInbox
from adapters.sqlite.outbox import SqliteOutbox
from adapters.system.clock import SystemClock
from adapters.system.identifiers import SystemIdentifiers
from application.outbox_relay import OutboxRelay
from domain.account import AccountId
from domain.correspondence.email_info import EmailInfo
from domain.correspondence.vocabulary import MailType, SenderType
from domain.events import EmailReceived, EventId
from domain.mail_sync import MailId
from ports.event_codec import EncodedEvent
from ports.event_publisher import EventPublisher
from ports.outbox_transfer import OutboxTransfer

VALUE_BYTES: Final = 1024
BATCH: Final = 500
"""Of the relay and of the consumer: floors take as many at once."""

_MAILBOXES: Final = 50
_BEGAN: Final = datetime(2026, 3, 1, tzinfo=UTC)
_CODEC: Final = CloudEventCodec()


def events(count: int) -> Sequence[EncodedEvent]:
    """Return announcements of mail, each value of exactly `VALUE_BYTES`, of several mailboxes in turn."""
    padding = VALUE_BYTES - len(_event(0, "").value)
    return [_event(number, "x" * padding) for number in range(count)]


async def fill(path: Path, count: int) -> Sequence[EncodedEvent]:
    """Make a database whose outbox holds so many events, and return them."""
    made = events(count)
    async with open_database(path) as database:
        await database.write(lambda connection: append_events(connection, made, _BEGAN))
    return made


def fresh_copy(full: Path, place: Path) -> Path:
    """Copy the database over what is left of the one before, down to the disk: no later commit pays for the copy."""
    for each in place.parent.glob(f"{place.name}*"):
        each.unlink()
    shutil.copyfile(full, place)
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return place


def relay_of(database: Database, publisher: EventPublisher, *, transfer: OutboxTransfer | None = None) -> OutboxRelay:
    """Return the relay as the programs wire it, but for a log that says nothing."""
    clock = SystemClock()
    return OutboxRelay(
        outbox=SqliteOutbox(database, clock),
        inbox=SqliteInbox(database),
        publisher=publisher,
        transfer=transfer,
        clock=clock,
        identifiers=SystemIdentifiers(),
        log=MemoryMessagingLog(),
    )


@attrs.frozen(kw_only=True)
class FullOutbox:
    """The template of a database, the events in it, and where its copies go."""

    path: Path
    events: Sequence[EncodedEvent]

    def copy(self) -> Path:
        return fresh_copy(self.path, self.path.with_suffix(".copy"))


async def full_outbox(directory: Path, count: int) -> FullOutbox:
    """Make the template."""
    path = directory / f"{count}.sqlite"
    return FullOutbox(path=path, events=await fill(path, count))


def _event(number: int, body: str) -> EncodedEvent:
    mailbox, moment = f"user-{number % _MAILBOXES:02}", _BEGAN + timedelta(seconds=number)
    info = EmailInfo(
        subject=f"PL{number:08}",
        received_time=moment,
        has_attachments=False,
        body=body,
        sender_type=SenderType.OTHER,
        mail_type=MailType.OTHER,
    )
    return _CODEC.encode(
        EmailReceived(
            event_id=EventId(f"event-{number:08}"),
            account_id=AccountId(f"account-{mailbox}"),
            user_id=mailbox,
            occurred_at=moment,
            mail_id=MailId(f"mail-{number:08}"),
            event_info=info,
        )
    )
