"""How topics are named, and how those that do not exist yet are made."""

import re
from datetime import timedelta

import attrs

DEAD_LETTERS = ".dlq"
"""What the name of a topic's dead letter queue ends with."""

NAME_RULE = "A topic's name has up to 249 letters, digits, '.', '_' and '-', and is neither '.' nor '..'."
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")


def is_topic_name(name: str) -> bool:
    """Tell whether a topic can have this name, by `NAME_RULE`. Source: `org.apache.kafka.common.internals.Topic`."""
    return _NAME.fullmatch(name) is not None and name not in {".", ".."}


@attrs.frozen(kw_only=True)
class TopicPlan:
    """Partitions bound how many members of a group work at once; retention None keeps for ever."""

    partitions: int = 6
    retention: timedelta | None = timedelta(days=7)
    dead_letter_retention: timedelta | None = timedelta(days=90)

    def partitions_of(self, topic: str) -> int:
        """Return how many partitions the topic gets: a dead letter queue, which people read, has one."""
        return 1 if topic.endswith(DEAD_LETTERS) else self.partitions

    def retention_of(self, topic: str) -> timedelta | None:
        """Return for how long the topic keeps messages."""
        return self.dead_letter_retention if topic.endswith(DEAD_LETTERS) else self.retention
