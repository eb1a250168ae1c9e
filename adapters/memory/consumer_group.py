"""Who of a consumer group has which partitions, and how far the group is."""

from collections import Counter
from collections.abc import Mapping

import attrs

from domain.messages import Partition


@attrs.frozen(eq=False)
class Member:
    """One that reads some topics; a new one each time it joins."""

    topics: frozenset[str]


@attrs.define(kw_only=True, eq=False)
class ConsumerGroup:
    """`owners` is who has a partition, `targets` who is to have it: members give up and take, each at its own time."""

    group_id: str
    members: list[Member] = attrs.field(factory=list)
    owners: dict[Partition, Member] = attrs.field(factory=dict)
    targets: dict[Partition, Member] = attrs.field(factory=dict)
    committed: dict[Partition, int] = attrs.field(factory=dict)
    generation: int = 0

    def join(self, topics: frozenset[str], partitions: Mapping[str, int]) -> Member:
        """Add a member; `partitions` is how many each of all topics has."""
        member = Member(topics)
        self.members.append(member)
        self._share(partitions)
        return member

    def leave(self, member: Member, partitions: Mapping[str, int]) -> None:
        """Take everything from a member, if it is still one."""
        if member in self.members:
            self.members.remove(member)
            self.owners = {partition: owner for partition, owner in self.owners.items() if owner is not member}
            self._share(partitions)

    def owned(self, member: Member) -> set[Partition]:
        """Return what a member has."""
        return {partition for partition, owner in self.owners.items() if owner is member}

    def _share(self, partitions: Mapping[str, int]) -> None:
        """Leave partitions where they are, unless another member would still have fewer after getting one."""
        self.generation += 1
        self.targets = {}
        load: Counter[Member] = Counter()
        topics = sorted({topic for member in self.members for topic in member.topics})
        everything = [Partition(topic=topic, number=number) for topic in topics for number in range(partitions[topic])]
        for partition in sorted(everything, key=lambda each: each not in self.owners):
            readers = [member for member in self.members if partition.topic in member.topics]
            lightest = min(readers, key=lambda member: load[member])
            owner = self.owners.get(partition, lightest)
            self.targets[partition] = owner
            load[owner] += 1
        while self._level(load):
            pass

    def _level(self, load: Counter[Member]) -> bool:
        """Move one partition to a member that has at least two fewer, if there is such a one."""
        for partition, owner in self.targets.items():
            readers = [member for member in self.members if partition.topic in member.topics]
            lightest = min(readers, key=lambda member: load[member])
            if load[owner] > load[lightest] + 1:
                self.targets[partition] = lightest
                load[owner] -= 1
                load[lightest] += 1
                return True
        return False
