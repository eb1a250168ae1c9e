"""Outcomes as text: a table on the terminal, and the tables of docs/performance.md."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.harness.plan import Limit
from benchmarks.harness.rounds import Line, Outcome

_COLUMNS: Final = ("", "median", "middle half", "to reach")


def show(outcomes: Iterable[Outcome], console: Console, *, judged: bool) -> None:
    """Print a table per benchmark; what falls short is marked where `judged`."""
    for outcome in outcomes:
        table = Table(*_COLUMNS, title=f"{outcome.name}: {outcome.title}", title_justify="left", expand=False)
        for line in outcome.lines:
            marked = judged and not line.holds
            table.add_row(*_cells(line), style="bold red" if marked else None)
        console.print(table)


def update(document: Path, outcomes: Iterable[Outcome]) -> None:
    """Write the tables of these benchmarks anew, each between the comments that name it.

    Raises:
        ValueError: the document has no place for one of them.
    """
    text = document.read_text(encoding="utf-8")
    for outcome in outcomes:
        rows = [_COLUMNS, ("---",) * len(_COLUMNS), *map(_cells, outcome.lines)]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        begin, end = f"<!-- {outcome.name} -->", f"<!-- end of {outcome.name} -->"
        place = re.compile(rf"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        block = f"{begin}\n{table}\n{end}"
        text, found = place.subn(block.replace("\\", r"\\"), text)
        if found != 1:
            raise ValueError(f"{document.name}: needs {begin} and {end} once")
    document.write_text(text, encoding="utf-8")


def _cells(line: Line) -> tuple[str, str, str, str]:
    spread = "" if line.low == line.high else f"{_number(line.low)} - {_number(line.high)}"
    return line.label, _number(line.median), spread, _words(line.limit)


def _words(limit: Limit) -> str:
    if limit.at_most is not None and limit.at_most == limit.at_least:
        return f"= {_number(limit.at_most)}"
    bounds = (("<=", limit.at_most), (">=", limit.at_least))
    return ", ".join(f"{sign} {_number(bound)}" for sign, bound in bounds if bound is not None)


def _number(value: float) -> str:
    """Three digits, and no exponent: 0.123, 1.23, 12.3, 123, 12,300."""
    if value == 0 or value == int(value):
        return f"{int(value):,}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{float(f'{value:.3g}'):,.{digits}f}"
