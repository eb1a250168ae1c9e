"""Messages as a log of events keeps them: bytes with a key in a topic, and where each of them stands."""

from datetime import datetime

import attrs

from domain.events import EventId
from domain.validation import not_blank, not_negative, utc

EVENT_ID_HEADER = "iacsgraph_event_id"
"""Of the header by which a message that was published again keeps the id that it was known by before."""

_BROKEN = "\N{REPLACEMENT CHARACTER}"


@attrs.frozen(kw_only=True)
class Message:
    """Bytes for a topic. Messages of one topic with the same key keep their order; those without a key need none.

    `value` None is a tombstone. A header's name may occur several times; the last one counts.
    """

    topic: str = attrs.field(validator=not_blank)
    key: bytes | None
    value: bytes | None = attrs.field(repr=False)
    headers: tuple[tuple[str, bytes], ...] = ()

    def header(self, name: str) -> str | None:
        """Return the header as text (UTF-8, what does not decode is replaced); None if there is none."""
        found = next((value for known, value in reversed(self.headers) if known == name), None)
        return None if found is None else found.decode(errors="replace")


@attrs.frozen(kw_only=True, order=True, cache_hash=True)
class Partition:
    """One of the parts of a topic; order holds within it. Each message is looked up by it several times."""

    topic: str = attrs.field(validator=not_blank)
    number: int = attrs.field(validator=not_negative)

    def place(self, offset: int) -> str:
        """Name a place in it for people: `topic/partition/offset`."""
        return f"{self.topic}/{self.number}/{offset}"


@attrs.frozen(kw_only=True)
class Delivery:
    """A message as it was read. `offset` counts up within the partition, not without gaps; `at` is when it was
    appended.
    """

    partition: Partition
    offset: int = attrs.field(validator=not_negative)
    at: datetime = attrs.field(validator=utc)
    message: Message

    @property
    def place(self) -> str:
        """Name the message for people: `topic/partition/offset`. It is another one's in a topic that was made anew."""
        return self.partition.place(self.offset)

    @property
    def event_id(self) -> EventId:
        """Return what the message is known by if it carries no id: the place and time at which it was first read.

        With the time, since another log, and a topic that was deleted and made again, has the same places. A header
        that no store could keep, or that is not UTF-8, so that two ids could become one, is passed over.
        """
        carried = self.message.header(EVENT_ID_HEADER)
        if carried and carried.isprintable() and carried == carried.strip() and _BROKEN not in carried:
            return EventId(carried)
        return EventId(f"{self.place}@{self.at.isoformat()}")


@attrs.frozen(kw_only=True)
class Handled:
    """That a consumer group handles an event: a store that is given it makes the effect once, however often asked."""

    group_id: str = attrs.field(validator=not_blank)
    event_id: EventId = attrs.field(validator=not_blank)
