"""What there is on the bus: topics, and how far groups are."""

from collections.abc import Sequence

from domain.errors import NotFoundError
from modules.events.schema import LagLine, LagReport, TopicLine
from ports.event_topics import EventTopics


async def topic_lines(topics: EventTopics) -> Sequence[TopicLine]:
    """Return all topics.

    Raises: as `EventTopics.topics`.
    """
    return [
        TopicLine(
            topic=topic.name,
            partitions=topic.partitions,
            messages=topic.messages,
            retention_seconds=None if topic.retention is None else topic.retention.total_seconds(),
        )
        for topic in await topics.topics()
    ]


async def lag_report(topics: EventTopics, group: str | None) -> LagReport:
    """Return how far one group is, or every group.

    Raises:
        NotFoundError: GROUP_UNKNOWN. Else as `EventTopics.groups` and `EventTopics.lag`.
    """
    groups = await topics.groups()
    if group is not None and group not in groups:
        msg = f"There is no consumer group {group!r}."
        raise NotFoundError(msg, error_code="GROUP_UNKNOWN", details={"group_id": group})
    lines = [line for each in ([group] if group is not None else groups) for line in await _lag_lines(topics, each)]
    return LagReport(behind=sum(line.behind for line in lines), partitions=lines)


async def _lag_lines(topics: EventTopics, group: str) -> Sequence[LagLine]:
    return [
        LagLine(
            group=group,
            topic=lag.partition.topic,
            partition=lag.partition.number,
            committed=lag.committed,
            end=lag.end,
            behind=lag.behind,
        )
        for lag in await topics.lag(group)
    ]
