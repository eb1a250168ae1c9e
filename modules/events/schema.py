"""What the `events` commands print, as records."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class EventLine:
    """An event as it stands in a topic. `time` is the fact's, or when it was appended if the event has none.

    What is no event has a `problem`, and its `bytes` as text with escapes instead of a `value`.
    """

    id: str | None
    type: str | None
    time: datetime
    key: str | None
    value: Mapping[str, Any] | None = attrs.field(repr=False)
    topic: str
    partition: int
    offset: int
    headers: Mapping[str, str]
    problem: str | None = None
    bytes: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class PublishedLine:
    """An event that is on the bus."""

    id: str
    topic: str


@attrs.frozen(kw_only=True)
class TopicLine:
    """A topic; without `retention_seconds` it keeps messages for ever."""

    topic: str
    partitions: int
    messages: int
    retention_seconds: float | None


@attrs.frozen(kw_only=True)
class LagLine:
    """How far a group is in a partition."""

    group: str
    topic: str
    partition: int
    committed: int | None
    end: int
    behind: int


@attrs.frozen(kw_only=True)
class LagReport:
    """How far groups are, and how many messages they have yet to read in all."""

    behind: int
    partitions: list[LagLine]


@attrs.frozen(kw_only=True)
class WaitingEvent:
    """An event in the outbox. `since` is when it was put there, as far as that is known."""

    id: str
    type: str | None
    topic: str
    key: str
    since: datetime | None
    age_seconds: float | None


@attrs.frozen(kw_only=True)
class ParkedLine:
    """An event that the bus rejected."""

    id: str
    type: str | None
    topic: str
    key: str
    parked_at: datetime
    reason: str


@attrs.frozen(kw_only=True)
class RelayLine:
    """Who relays, or did last; `at_work` as long as the claim holds."""

    owner: str
    until: datetime
    at_work: bool


@attrs.frozen(kw_only=True)
class OutboxReport:
    """What stands in the outbox."""

    pending: int
    parked: int
    published: int
    oldest: WaitingEvent | None
    relay: RelayLine | None
    parked_events: list[ParkedLine]


@attrs.frozen(kw_only=True)
class LetterLine:
    """A dead letter that waits. `place` is where the message stands in its topic."""

    id: str
    topic: str
    at: datetime
    group: str
    key: str | None
    error_code: str
    reason: str
    attempts: int
    place: str


@attrs.frozen(kw_only=True)
class LetterDetails(LetterLine):
    """A dead letter with its message; `value` is JSON, what is none stands in `bytes` as text with escapes."""

    digest: str | None
    value_omitted: bool
    headers: Mapping[str, str]
    value: Any = attrs.field(repr=False)
    bytes: str | None = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class ReplayedLine:
    """A dead letter that was published again."""

    id: str
    topic: str
    place: str


@attrs.frozen(kw_only=True)
class RelayReport:
    """The beginning of a relay's work."""

    database: str
    bus: str


@attrs.frozen(kw_only=True)
class SchemaDocuments:
    """What describes our events: a JSON Schema for each type, and an AsyncAPI document of them all."""

    by_type: Mapping[str, Mapping[str, Any]]
    all_events: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class WrittenFile:
    """A document that was written."""

    file: str
