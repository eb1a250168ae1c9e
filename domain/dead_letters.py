"""Messages that could not be handled, as they stand in `<topic>.dlq`: the original, and beside it what went wrong.

A dead letter is the original message with headers added behind its own, so that nothing of it changes, not even of one
that was a dead letter itself. That it was replayed is told by a second message in the same queue, with an empty value.
The id is made from group, place and time: a message that is put there twice is one letter. A message that carries no id
of its own takes along, when it is published again, the one by which it was known.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

import attrs

from domain.errors import ValidationError
from domain.events import EventId
from domain.messages import EVENT_ID_HEADER, Delivery, Message, Partition
from domain.topics import DEAD_LETTERS
from domain.validation import not_blank, not_negative, utc

PREFIX = "iacsgraph_dlq_"
"""Of the headers that are added."""

LARGEST_BYTES = 1024 * 1024
"""Of the key, value and headers of a message together, as Kafka has it by default (but for the frame).

Source: https://kafka.apache.org/documentation, `max.request.size` and `message.max.bytes`.
"""
ROOM_BYTES = 64 * 1024
"""By which a dead letter may be larger, for the headers that are added: what was accepted can be put aside whole."""

_LONGEST = 1000
_ID, _GROUP, _AT, _REPLAYED = f"{PREFIX}id", f"{PREFIX}group", f"{PREFIX}at", f"{PREFIX}replayed_at"
_TOPIC, _PARTITION, _OFFSET = f"{PREFIX}topic", f"{PREFIX}partition", f"{PREFIX}offset"
_CODE, _REASON, _DIGEST, _ATTEMPTS = f"{PREFIX}error_code", f"{PREFIX}reason", f"{PREFIX}digest", f"{PREFIX}attempts"
_OMITTED, _EVENT = f"{PREFIX}value_omitted", f"{PREFIX}event_id"


@attrs.frozen(kw_only=True)
class Failure:
    """Why a message was put aside. `digest` is the same for the same place in a program, None if none failed."""

    error_code: str
    reason: str
    digest: str | None
    attempts: int


@attrs.frozen(kw_only=True)
class DeadLetter:
    """A message that was put aside by a group, from where, and when. `message` is the original, byte for byte.

    `event_id` is what it was handled under; None if that is too long to be repeated, and in letters that do not tell.
    `value_omitted`: with its headers it was too large for the queue; the value still stands at its place in the topic.
    """

    letter_id: str = attrs.field(validator=not_blank)
    group_id: str = attrs.field(validator=not_blank)
    partition: Partition
    offset: int = attrs.field(validator=not_negative)
    at: datetime = attrs.field(validator=utc)
    failure: Failure
    message: Message
    event_id: EventId | None = None
    value_omitted: bool = False

    @property
    def place(self) -> str:
        """Where the message stands in its topic, as `Delivery.place`."""
        return self.partition.place(self.offset)

    @property
    def queue(self) -> str:
        """The topic of dead letters in which it stands."""
        return queue_of(self.partition.topic)


def queue_of(topic: str) -> str:
    """Return the name of the topic's dead letter queue."""
    return topic + DEAD_LETTERS


def dead_letter(
    delivery: Delivery, group_id: str, failure: Failure, now: datetime, event_id: EventId | None = None
) -> DeadLetter:
    """Return the dead letter of a message as it was read. Without `event_id` it could not be read as an event."""
    # With the time, since a topic that was deleted and made again has the same places for other messages.
    place = f"{group_id}\n{delivery.place}\n{delivery.at.isoformat()}".encode(errors="replace")
    known = delivery.event_id if event_id is None else event_id
    return DeadLetter(
        letter_id=hashlib.sha256(place).hexdigest()[:16],
        group_id=group_id,
        partition=delivery.partition,
        offset=delivery.offset,
        at=now,
        failure=failure,
        message=delivery.message,
        event_id=known if len(known) <= _LONGEST else None,
    )


def to_message(letter: DeadLetter) -> Message:
    """Return the message for the queue."""
    failure = letter.failure
    added = {
        _ID: letter.letter_id,
        _GROUP: letter.group_id,
        _AT: letter.at.astimezone(UTC).isoformat(),
        _TOPIC: letter.partition.topic,
        _PARTITION: str(letter.partition.number),
        _OFFSET: str(letter.offset),
        _CODE: failure.error_code,
        _REASON: failure.reason[:_LONGEST],
        _ATTEMPTS: str(failure.attempts),
    }
    if letter.event_id is not None:
        added[_EVENT] = letter.event_id
    if failure.digest is not None:
        added[_DIGEST] = failure.digest
    if letter.value_omitted:
        added[_OMITTED] = "true"
    headers = (*letter.message.headers, *((name, text.encode(errors="replace")) for name, text in added.items()))
    value = b"" if letter.value_omitted else letter.message.value
    return attrs.evolve(letter.message, topic=letter.queue, headers=headers, value=value)


def again(letter: DeadLetter) -> Message:
    """Return the message to publish again: as it was, but that one without an id of its own is told the one it had.

    Otherwise its new place would make it another event, and groups that handled it would make their effect twice. Also
    one that could not be read is told, since a later program may be able to: it would be one event for each letter.
    """
    if letter.event_id is None or not letter.event_id.startswith(f"{letter.place}@"):
        return letter.message
    header = (EVENT_ID_HEADER, letter.event_id.encode(errors="replace"))
    return attrs.evolve(letter.message, headers=(*letter.message.headers, header))


def replay_mark(letter: DeadLetter, now: datetime) -> Message:
    """Return the message that tells that the letter was published again."""
    added = {_ID: letter.letter_id, _REPLAYED: now.astimezone(UTC).isoformat()}
    headers = tuple((name, text.encode()) for name, text in added.items())
    return Message(topic=letter.queue, key=letter.message.key, value=b"", headers=headers)


def waiting(deliveries: Iterable[Delivery]) -> list[DeadLetter]:
    """Return the letters of a queue that were not replayed, oldest first, each once.

    What is in the queue without being a dead letter of ours is left out. A letter put there again after its replay, by
    a group that read the old message once more, waits again. Letter and replay have one key, hence one partition, where
    offsets tell which came first; those without a key are told apart by time, and wait if it is the same.
    """
    found: dict[str, DeadLetter] = {}
    for delivery in _in_order(deliveries):
        _, added = _split(delivery.message)
        if _REPLAYED in added:
            found.pop(added[_ID], None)
        elif (letter := read(delivery)) is not None:
            found.setdefault(letter.letter_id, letter)
    return list(found.values())


def read(delivery: Delivery) -> DeadLetter | None:
    """Return the dead letter that a message of a queue is; None if it is none, or damaged."""
    headers, added = _split(delivery.message)
    try:
        partition = Partition(topic=added[_TOPIC], number=int(added[_PARTITION]))
        return DeadLetter(
            letter_id=added[_ID],
            group_id=added[_GROUP],
            partition=partition,
            offset=int(added[_OFFSET]),
            at=datetime.fromisoformat(added[_AT]),
            failure=Failure(
                error_code=added[_CODE],
                reason=added[_REASON],
                digest=added.get(_DIGEST),
                attempts=int(added.get(_ATTEMPTS, "1")),
            ),
            message=attrs.evolve(delivery.message, topic=partition.topic, headers=headers),
            event_id=EventId(added[_EVENT]) if _EVENT in added else None,
            value_omitted=_OMITTED in added,
        )
    except (KeyError, ValueError, ValidationError):
        return None


def _in_order(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Order by time, but those of one partition by offset, also if its clock was set back."""
    latest: dict[Partition, datetime] = {}
    keys: list[tuple[datetime, Partition, int]] = []
    ordered = sorted(deliveries, key=lambda each: each.offset)
    for each in ordered:
        latest[each.partition] = max(each.at, latest.get(each.partition, each.at))
        keys.append((latest[each.partition], each.partition, each.offset))
    return [ordered[index] for index in sorted(range(len(ordered)), key=keys.__getitem__)]


def _split(message: Message) -> tuple[tuple[tuple[str, bytes], ...], dict[str, str]]:
    """Return the original's headers, and those that were added last, of which the id is the first."""
    names = [name for name, _ in message.headers]
    if _ID not in names:
        return message.headers, {}
    begin = len(names) - 1 - names[::-1].index(_ID)
    behind = message.headers[begin:]
    added = {name: value.decode(errors="replace") for name, value in behind if name.startswith(PREFIX)}
    others = tuple((name, value) for name, value in behind if not name.startswith(PREFIX))
    return (*message.headers[:begin], *others), added
