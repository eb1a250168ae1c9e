"""How topics that do not exist yet are made."""

from datetime import timedelta

import attrs

from domain.dead_letters import SUFFIX


@attrs.frozen(kw_only=True)
class TopicPlan:
    """Partitions bound how many members of a group work at once; retention None keeps for ever."""

    partitions: int = 6
    retention: timedelta | None = timedelta(days=7)
    dead_letter_retention: timedelta | None = timedelta(days=90)

    def partitions_of(self, topic: str) -> int:
        """Return how many partitions the topic gets: a dead letter queue, which people read, has one."""
        return 1 if topic.endswith(SUFFIX) else self.partitions

    def retention_of(self, topic: str) -> timedelta | None:
        """Return for how long the topic keeps messages."""
        return self.dead_letter_retention if topic.endswith(SUFFIX) else self.retention
