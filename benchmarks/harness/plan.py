"""What a benchmark is: contenders that do the same work, and what is asked of their costs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

import attrs


@attrs.frozen(kw_only=True)
class Limit:
    """What a number shall reach. Both bounds None: it is told, and nothing is asked of it."""

    at_most: float | None = None
    at_least: float | None = None

    def holds(self, value: float) -> bool:
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)


ANY: Final = Limit()


@attrs.frozen(kw_only=True)
class Contender:
    """One way of doing the work. `run` does it once, from the same beginning each time, and returns seconds per item.

    What of it is timed is the contender's to say: preparation and cleaning up are left out.
    """

    name: str
    run: Callable[[], Awaitable[float]]


@attrs.frozen(kw_only=True)
class Ratio:
    """The cost of an item at the contender `cost_of` over that at `over`: a peer over us is how much faster we are.

    `beside`: two more contenders, by whose ratio this one is divided. So growth is told beside the floor's own, where
    the machine makes that grow, too.
    """

    label: str
    cost_of: str
    over: str
    beside: tuple[str, str] | None = None
    limit: Limit = ANY

    @property
    def names(self) -> tuple[str, ...]:
        return (self.cost_of, self.over, *(self.beside or ()))

    def of(self, costs: Mapping[str, float]) -> float:
        """Return the ratio of one round, whose costs are told by contender."""
        ratio = costs[self.cost_of] / costs[self.over]
        if self.beside is None:
            return ratio
        cost_of, over = self.beside
        return ratio / (costs[cost_of] / costs[over])


def growth(label: str, ours: tuple[str, str], floor: tuple[str, str], floor_name: str = "the floor") -> Sequence[Ratio]:
    """Return how cost grows with size, ours and the floor's, each the larger over the smaller, and ours beside that."""
    return (
        Ratio(label=label, cost_of=ours[0], over=ours[1]),
        Ratio(label=f"{label}, {floor_name}", cost_of=floor[0], over=floor[1]),
        Ratio(
            label=f"{label}, beside {floor_name}",
            cost_of=ours[0],
            over=ours[1],
            beside=floor,
            limit=Limit(at_most=1.2),
        ),
    )


@attrs.frozen(kw_only=True)
class Count:
    """A number that is no ratio of costs: requests, bytes, milliseconds that a promise names."""

    label: str
    value: float
    limit: Limit = ANY


async def no_counts() -> Sequence[Count]:
    """Nothing to count."""
    return ()


@attrs.frozen(kw_only=True)
class Plan:
    """A benchmark that is set up. `counts` is asked once, after the rounds, within the benchmark's context."""

    contenders: tuple[Contender, ...]
    ratios: tuple[Ratio, ...]
    counts: Callable[[], Awaitable[Sequence[Count]]] = no_counts

    def __attrs_post_init__(self) -> None:
        names = [each.name for each in self.contenders]
        unknown = {name for ratio in self.ratios for name in ratio.names} - set(names)
        if unknown or len(set(names)) != len(names):
            raise ValueError(f"no such contender, or two of a name: {sorted(unknown) or names}")


@attrs.frozen(kw_only=True)
class Size:
    """How much work: the size that the numbers are told of, or a tiny one that only shows that the benchmark runs."""

    tiny: bool = False

    def of(self, full: int, tiny: int) -> int:
        return tiny if self.tiny else full


@attrs.frozen(kw_only=True)
class Benchmark:
    """A row of the table. `open` sets it up, in a process of its own, and cleans up."""

    name: str
    title: str
    open: Callable[[Size], AbstractAsyncContextManager[Plan]]
