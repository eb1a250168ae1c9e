"""How the partitions of topics are shared out among the members of a group: everybody computes the same."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from heapq import heapify, heappop, heappush

import attrs

Shares = Mapping[int, str]
"""Partition ids, each with the member that has it."""


def fair_shares(subscribed: Mapping[str, AbstractSet[str]], topics: Mapping[int, str], held: Shares) -> dict[int, str]:
    """Return who should have which partition: of each topic all as many, give or take one; then of all topics together.

    `subscribed` names the topics of each member, `topics` the topic of each partition, `held` who has what now. Shares
    that are fair stay as they are, others change one by one. Topics without members are left out.

    It runs inside transactions: the time it takes grows with the partitions, not with their square.
    """
    loads = _Loads(
        {
            topic: [member for member, wanted in subscribed.items() if topic in wanted]
            for topic in frozenset(topics.values())
        }
    )
    free = []
    for partition, topic in sorted(topics.items()):
        if topic in subscribed.get(member := held.get(partition, ""), ()):
            loads.give(topic, partition, member)
        elif loads.members[topic]:
            free.append((topic, partition))
    for topic, partition in free:
        loads.give(topic, partition, loads.least(topic)[-1])
    _even_out(loads)
    return dict(loads.shares())


@attrs.define
class _Loads:
    """Who has what. `members` are those who want a topic."""

    members: Mapping[str, list[str]]
    _in_all: Counter[str] = attrs.field(factory=Counter, init=False)
    _heaps: dict[str, defaultdict[str, list[int]]] = attrs.field(init=False)
    """Of each topic and member the partitions, with a minus: the last one comes first."""

    def __attrs_post_init__(self) -> None:
        self._heaps = {topic: defaultdict(list) for topic in self.members}

    def give(self, topic: str, partition: int, member: str) -> None:
        """Give a partition that nobody has."""
        heappush(self._heaps[topic][member], -partition)
        self._in_all[member] += 1

    def move(self, topic: str, giver: str, taker: str) -> None:
        """Give the last partition of the topic that one member has to another one."""
        partition = -heappop(self._heaps[topic][giver])
        self._in_all[giver] -= 1
        self.give(topic, partition, taker)

    def least(self, topic: str) -> tuple[int, int, str]:
        """Return who has least: partitions of the topic, then of all topics, and by name if that is the same."""
        return min(self._compared(topic))

    def most(self, topic: str) -> tuple[int, int, str]:
        """Return who has most, in the same order."""
        return max(self._compared(topic))

    def shares(self) -> Iterator[tuple[int, str]]:
        """Yield each partition that somebody has, with its member."""
        for heaps in self._heaps.values():
            for member, heap in heaps.items():
                yield from ((-each, member) for each in heap)

    def _compared(self, topic: str) -> Iterator[tuple[int, int, str]]:
        heaps, in_all = self._heaps[topic], self._in_all
        return ((len(heaps[member]), in_all[member], member) for member in self.members[topic])


def _even_out(loads: _Loads) -> None:
    """Move partitions one by one, each of the first topic in which a move makes the shares fairer.

    Each move evens out a topic, or all of them without upsetting one. A move changes the difference between two members
    by two at most: a topic whose difference is too small is not looked at again before there were enough moves.
    """
    ready = [topic for topic, members in loads.members.items() if members]
    heapify(ready)
    later: list[tuple[int, str]] = []
    moves = 0
    while ready:
        topic = ready[0]
        most, total, giver = loads.most(topic)
        least, other_total, taker = loads.least(topic)
        if most - least > 1 or (most - least == 1 and total - other_total > 1):
            loads.move(topic, giver, taker)
            moves += 1
            while later and later[0][0] <= moves:
                heappush(ready, heappop(later)[1])
            continue
        heappop(ready)
        if most > least:
            heappush(later, (moves + (3 - total + other_total) // 2, topic))
