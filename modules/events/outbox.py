"""What waits in the outbox, and what was put aside there."""

from collections.abc import Sequence
from datetime import datetime

from domain.errors import NotFoundError, ValidationError
from domain.events import EventId
from domain.messages import Delivery, Partition
from modules.events.compose import OutboxTools
from modules.events.schema import OutboxReport, ParkedLine, RelayLine, WaitingEvent
from modules.runtime.several import each
from ports.event_codec import EncodedEvent, EventCodec, ReceivedEvent
from ports.parked_events import OutboxSummary

_PARKED_SHOWN = 100


async def outbox_report(tools: OutboxTools) -> OutboxReport:
    """Return what waits in the outbox, and the first parked events.

    Raises: DatabaseError.
    """
    summary, parked = await tools.parked.summary(), await tools.parked.parked(_PARKED_SHOWN)
    now = tools.clock.now()
    return OutboxReport(
        pending=summary.pending,
        parked=summary.parked,
        published=summary.published,
        oldest=None if summary.oldest is None else _waiting(summary.oldest, summary.oldest_at, tools.codec, now),
        relay=_relay(summary, now),
        parked_events=[
            ParkedLine(
                id=each.event.event_id,
                type=_type(_read(each.event, tools.codec, now)),
                topic=each.event.topic,
                key=each.event.key,
                parked_at=each.parked_at,
                reason=each.reason,
            )
            for each in parked
        ],
    )


async def retry_parked(tools: OutboxTools, ids: Sequence[str], *, as_json: bool) -> tuple[int, int]:
    """Give these parked events back to the relay, all if none is named; return how many, and the exit code.

    Raises: DatabaseError.
    """
    if not ids:
        return await tools.parked.unpark(()), 0

    async def free(event_id: str) -> None:
        if not await tools.parked.unpark([EventId(event_id)]):
            msg = f"No event {event_id!r} is parked."
            raise NotFoundError(msg, error_code="EVENT_NOT_PARKED", details={"event_id": event_id})

    done, code = await each(ids, free, as_json=as_json)
    return len(done), code


def _waiting(event: EncodedEvent, since: datetime | None, codec: EventCodec, now: datetime) -> WaitingEvent:
    """Tell for how long it waits: one of before that was written down tells of an account, just when it changed."""
    read = _read(event, codec, now)
    since = since or (None if read is None else read.occurred_at)
    return WaitingEvent(
        id=event.event_id,
        type=_type(read),
        topic=event.topic,
        key=event.key,
        since=since,
        age_seconds=None if since is None else max((now - since).total_seconds(), 0),
    )


def _relay(summary: OutboxSummary, now: datetime) -> RelayLine | None:
    if summary.relay is None or summary.relay_until is None:
        return None
    return RelayLine(owner=summary.relay, until=summary.relay_until, at_work=summary.relay_until > now)


def _read(event: EncodedEvent, codec: EventCodec, now: datetime) -> ReceivedEvent | None:
    """Read an event that was not published yet as its consumers will; None if it is damaged."""
    try:
        place = Partition(topic=event.topic, number=0)
        return codec.read(Delivery(partition=place, offset=0, at=now, message=event.message()))
    except ValidationError:
        return None


def _type(event: ReceivedEvent | None) -> str | None:
    return None if event is None else event.type
