"""The log in memory as its operator sees it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import attrs

from adapters.memory.consumer_group import ConsumerGroup
from adapters.memory.event_log import MemoryEventLog
from domain.messages import Partition
from ports.event_topics import EventTopics, Lag, Topic


@attrs.frozen
class MemoryEventTopics(EventTopics):
    """Counts."""

    log: MemoryEventLog

    async def topics(self) -> Sequence[Topic]:
        """Go through all topics."""
        self.log.reach()
        return [self._topic(name) for name in sorted(self.log.topics)]

    async def create(self, name: str, *, partitions: int, retention: timedelta | None) -> bool:
        """Make it unless it is there."""
        self.log.reach()
        return self.log.create(name, partitions, retention)

    async def ends(self, topics: Sequence[str]) -> Mapping[Partition, int]:
        """Look up."""
        self.log.reach()
        found = (partition for topic in topics for partition in self.log.partitions(topic))
        return {partition: self.log.partition(partition).end for partition in found}

    async def groups(self) -> Sequence[str]:
        """Filter and sort."""
        self.log.reach()
        return sorted(name for name, group in self.log.groups.items() if group.members or group.committed)

    async def lag(self, group_id: str) -> Sequence[Lag]:
        """Go through the partitions of the group's topics."""
        self.log.reach()
        group = self.log.groups.get(group_id, ConsumerGroup(group_id=group_id))
        topics = {each.topic for each in group.committed} | {name for member in group.members for name in member.topics}
        return [
            Lag(
                partition=partition,
                committed=group.committed.get(partition),
                begin=self.log.partition(partition).begin,
                end=self.log.partition(partition).end,
            )
            for topic in sorted(topics)
            for partition in self.log.partitions(topic)
        ]

    def _topic(self, name: str) -> Topic:
        partitions = [self.log.partition(partition) for partition in self.log.partitions(name)]
        return Topic(
            name=name,
            partitions=len(partitions),
            messages=sum(partition.end - partition.begin for partition in partitions),
            retention=self.log.topics[name].retention,
        )
