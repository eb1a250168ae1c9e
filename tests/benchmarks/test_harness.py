"""Contenders take turns, ratios are those of the same round, and what falls short is told."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.harness.plan import Benchmark, Contender, Count, Limit, Plan, Ratio, Size
from benchmarks.harness.rounds import Line, Outcome, measure
from benchmarks.harness.telling import show, update


def benchmark(plan: Plan) -> Benchmark:
    @asynccontextmanager
    async def opened(size: Size) -> AsyncIterator[Plan]:
        del size
        yield plan

    return Benchmark(name="example", title="An example", open=opened)


class Scripted:
    """Contenders whose costs are given, one a turn; notes whose turn it was."""

    def __init__(self) -> None:
        self.turns: list[str] = []

    def contender(self, name: str, costs: Sequence[float]) -> Contender:
        left = iter(costs)

        async def run() -> float:
            self.turns.append(name)
            return next(left)

        return Contender(name=name, run=run)


def outcome(*lines: Line) -> Outcome:
    return Outcome(name="example", title="An example", rounds=7, lines=lines)


def line(median: float, limit: Limit, label: str = "ours over the floor") -> Line:
    return Line(label=label, median=median, low=median, high=median, limit=limit)


def shown(found: Outcome, *, judged: bool = True) -> str:
    console = Console(width=120, record=True, force_terminal=True, quiet=False)
    with console.capture() as captured:
        show([found], console, judged=judged)
    return captured.get()


async def test_contenders_take_turns_after_a_warm_up_and_each_round_begins_with_another() -> None:
    script = Scripted()
    contenders = tuple(script.contender(name, [1.0] * 4) for name in "abc")
    await measure(benchmark(Plan(contenders=contenders, ratios=())), Size(), 3)
    assert "".join(script.turns) == "abc" + "abc" + "bca" + "cab"


async def test_where_the_numbers_mean_nothing_there_is_no_warm_up() -> None:
    script = Scripted()
    contenders = tuple(script.contender(name, [1.0] * 4) for name in "ab")
    await measure(benchmark(Plan(contenders=contenders, ratios=())), Size(tiny=True), 2)
    assert "".join(script.turns) == "ab" + "ba"


async def test_ratios_are_of_the_same_round_and_the_warm_up_does_not_count() -> None:
    script = Scripted()
    # A machine that becomes ten times slower: the ratio of each round is 2 all the same.
    ours = script.contender("ours", [99.0, 2.0, 20.0, 200.0])
    floor = script.contender("floor", [1.0, 1.0, 10.0, 100.0])
    ratio = Ratio(label="ours over the floor", cost_of="ours", over="floor", limit=Limit(at_most=2.0))
    found = await measure(benchmark(Plan(contenders=(ours, floor), ratios=(ratio,))), Size(), 3)
    assert [(each.median, each.low, each.high, each.holds) for each in found.lines] == [(2.0, 2.0, 2.0, True)]


async def test_growth_is_told_beside_that_of_the_floor_in_the_same_round() -> None:
    script = Scripted()
    costs = {
        "ours": [1.0, 1.0, 2.0],
        "ours, 10x": [9.0, 3.0, 12.0],
        "floor": [1.0, 1.0, 10.0],
        "floor, 10x": [1.0, 2.0, 20.0],
    }
    contenders = tuple(script.contender(name, each) for name, each in costs.items())
    growth = Ratio(label="growth", cost_of="ours, 10x", over="ours", beside=("floor, 10x", "floor"))
    found = await measure(benchmark(Plan(contenders=contenders, ratios=(growth,))), Size(), 2)
    assert (found.lines[0].low, found.lines[0].high) == (1.875, 2.625), "1.5 and 3"


async def test_median_and_the_middle_half_of_the_rounds() -> None:
    script = Scripted()
    ours, floor = script.contender("ours", [1.0, 5.0, 1.0, 3.0, 2.0, 4.0]), script.contender("floor", [1.0] * 6)
    ratio = Ratio(label="ratio", cost_of="ours", over="floor")
    found = await measure(benchmark(Plan(contenders=(ours, floor), ratios=(ratio,))), Size(), 5)
    assert (found.lines[0].low, found.lines[0].median, found.lines[0].high) == (2.0, 3.0, 4.0)


async def test_counts_are_taken_once_after_the_rounds() -> None:
    script = Scripted()

    async def counts() -> Sequence[Count]:
        return [Count(label="turns", value=len(script.turns), limit=Limit(at_least=3, at_most=3))]

    plan = Plan(contenders=(script.contender("a", [1.0] * 3),), ratios=(), counts=counts)
    found = await measure(benchmark(plan), Size(), 2)
    assert [(each.label, each.median, each.holds) for each in found.lines] == [("turns", 3, True)]


async def test_a_contender_that_took_no_time_is_an_error_not_a_ratio() -> None:
    plan = Plan(contenders=(Scripted().contender("a", [0.0]),), ratios=())
    with pytest.raises(ValueError, match="a took no time"):
        await measure(benchmark(plan), Size(), 2)


@pytest.mark.parametrize(
    ("names", "ratio"),
    [
        (("a", "b"), Ratio(label="", cost_of="a", over="c")),
        (("a", "b"), Ratio(label="", cost_of="a", over="b", beside=("a", "c"))),
        (("a", "a"), Ratio(label="", cost_of="a", over="a")),
    ],
)
def test_a_plan_names_its_contenders_once_and_compares_only_those(names: tuple[str, ...], ratio: Ratio) -> None:
    script = Scripted()
    with pytest.raises(ValueError, match="no such contender"):
        Plan(contenders=tuple(script.contender(name, ()) for name in names), ratios=(ratio,))


@pytest.mark.parametrize(
    ("limit", "held", "broken"),
    [
        (Limit(at_most=2.0), 2.0, 2.01),
        (Limit(at_least=30.0), 30.0, 29.9),
        (Limit(at_most=1, at_least=1), 1, 0),
        (Limit(at_most=1, at_least=1), 1, 2),
    ],
)
def test_limits_hold_up_to_the_number_itself(limit: Limit, held: float, broken: float) -> None:
    assert limit.holds(held)
    assert not limit.holds(broken)


def test_what_falls_short_is_marked_only_where_it_is_judged() -> None:
    short = outcome(line(3.0, Limit(at_most=2.0)))
    assert "\x1b[1;31m" in shown(short)
    assert "\x1b[1;31m" not in shown(short, judged=False)
    assert "\x1b[1;31m" not in shown(outcome(line(2.0, Limit(at_most=2.0))))


def test_tables_of_the_document_are_replaced_by_name_and_the_rest_stays(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Top\n<!-- example -->\nold\n<!-- end of example -->\nwords\n<!-- other -->\nkept\n")
    spread = Line(label="a \\1 label", median=12345.6, low=0.1234, high=1.234, limit=Limit(at_least=0.5))
    update(document, [outcome(spread, line(1, Limit(at_most=1, at_least=1), "requests"))])
    update(document, [outcome(spread, line(1, Limit(at_most=1, at_least=1), "requests"))])
    assert document.read_text() == (
        "# Top\n<!-- example -->\n"
        "|  | median | middle half | to reach |\n| --- | --- | --- | --- |\n"
        "| a \\1 label | 12,300 | 0.123 - 1.23 | >= 0.500 |\n| requests | 1 |  | = 1 |\n"
        "<!-- end of example -->\nwords\n<!-- other -->\nkept\n"
    )


def test_a_document_without_a_place_for_it_is_an_error(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Top\n")
    with pytest.raises(ValueError, match="needs <!-- example -->"):
        update(document, [outcome()])
    assert document.read_text() == "# Top\n"
