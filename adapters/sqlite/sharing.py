"""How the partitions of topics are shared out among the members of a group: everybody computes the same."""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import partial

import attrs

Shares = Mapping[int, str]
"""Partition ids, each with the member that has it."""


def fair_shares(subscribed: Mapping[str, AbstractSet[str]], topics: Mapping[int, str], held: Shares) -> dict[int, str]:
    """Return who should have which partition: of each topic all as many, give or take one; then of all topics together.

    `subscribed` names the topics of each member, `topics` the topic of each partition, `held` who has what now. Shares
    that are fair stay as they are, others change one by one. Topics without members are left out.
    """
    fair = {each: held[each] for each, topic in topics.items() if topic in subscribed.get(held.get(each, ""), ())}
    loads = _Loads(fair, topics)
    for partition, topic in sorted(topics.items()):
        candidates = [member for member, wanted in subscribed.items() if topic in wanted]
        if partition not in fair and candidates:
            loads.move(partition, min(candidates, key=partial(loads.of, topic)))
    while (move := _next_move(subscribed, loads)) is not None:
        loads.move(*move)
    return fair


@attrs.define
class _Loads:
    shares: dict[int, str]
    topics: Mapping[int, str]
    by_topic: Counter[tuple[str, str]] = attrs.field(factory=Counter, init=False)
    in_all: Counter[str] = attrs.field(factory=Counter, init=False)

    def __attrs_post_init__(self) -> None:
        for partition, member in self.shares.items():
            self._count(partition, member, 1)

    def of(self, topic: str, member: str) -> tuple[int, int, str]:
        """Return by what members are compared: partitions of the topic, of all topics, and a name for the rest."""
        return self.by_topic[topic, member], self.in_all[member], member

    def move(self, partition: int, member: str) -> None:
        """Give the partition to the member."""
        if partition in self.shares:
            self._count(partition, self.shares[partition], -1)
        self.shares[partition] = member
        self._count(partition, member, 1)

    def _count(self, partition: int, member: str, number: int) -> None:
        self.by_topic[self.topics[partition], member] += number
        self.in_all[member] += number


def _next_move(subscribed: Mapping[str, AbstractSet[str]], loads: _Loads) -> tuple[int, str] | None:
    """Return what makes the shares fairer: each move evens out a topic, or all of them without upsetting one."""
    for topic in sorted(set(loads.topics.values())):
        candidates = [loads.of(topic, member) for member, wanted in subscribed.items() if topic in wanted]
        if not candidates:
            continue
        (most, total, giver), (least, other_total, taker) = max(candidates), min(candidates)
        if most - least > 1 or (most - least == 1 and total - other_total > 1):
            return max(
                each for each, member in loads.shares.items() if (loads.topics[each], member) == (topic, giver)
            ), taker
    return None
