"""Contenders in turns, round by round, so that what disturbs the machine disturbs all of them."""

import gc
import statistics

import attrs

from benchmarks.harness.plan import Benchmark, Contender, Limit, Plan, Size


@attrs.frozen(kw_only=True)
class Line:
    """One number that came out. `low` and `high` bound the middle half of the rounds; a count has one value for all."""

    label: str
    median: float
    low: float
    high: float
    limit: Limit

    @property
    def holds(self) -> bool:
        return self.limit.holds(self.median)


@attrs.frozen(kw_only=True)
class Outcome:
    """What a benchmark said: its ratios and counts, over so many rounds."""

    name: str
    title: str
    rounds: int
    lines: tuple[Line, ...]


async def measure(benchmark: Benchmark, size: Size, rounds: int) -> Outcome:
    """Set the benchmark up, let every contender warm up once (not if its numbers mean nothing), and take the rounds."""
    async with benchmark.open(size) as plan:
        costs = await _costs(plan, rounds, warm_up=not size.tiny)
        counts = await plan.counts()
    lines = [_line(ratio.label, [ratio.of(each) for each in costs], ratio.limit) for ratio in plan.ratios]
    lines += [_line(count.label, [count.value], count.limit) for count in counts]
    return Outcome(name=benchmark.name, title=benchmark.title, rounds=rounds, lines=tuple(lines))


async def _costs(plan: Plan, rounds: int, *, warm_up: bool) -> list[dict[str, float]]:
    """Return seconds per item by contender, a dictionary per round. Who begins changes with every round."""
    contenders = plan.contenders
    for each in contenders if warm_up else ():
        await _cost(each)
    turns = []
    for number in range(rounds):
        first = number % len(contenders)
        turns.append({each.name: await _cost(each) for each in contenders[first:] + contenders[:first]})
    return turns


async def _cost(contender: Contender) -> float:
    gc.collect()
    cost = await contender.run()
    if cost <= 0:
        raise ValueError(f"{contender.name} took no time at all: too little work to be measured")
    return cost


def _line(label: str, values: list[float], limit: Limit) -> Line:
    low, median, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return Line(label=label, median=median, low=low, high=high, limit=limit)
