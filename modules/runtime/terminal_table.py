"""Tables on a terminal, drawn by rich. Imported only where there is one."""

from collections.abc import Sequence
from typing import Final, TextIO

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_ANY_WIDTH: Final = 1_000_000
"""More than any table has."""


def draw(names: Sequence[str], cells: Sequence[Sequence[str]], target: TextIO) -> None:
    """Draw a table if the terminal is wide enough, else a block for each line, separated by empty lines.

    Cells are taken literally: brackets in them are not markup.
    """
    console, table = Console(file=target), _table(names, cells)
    unbounded = console.options.update(max_width=_ANY_WIDTH)
    if not cells or Measurement.get(console, unbounded, table).maximum <= console.width:
        console.print(table)
        return
    blocks = ("\n".join(map(": ".join, zip(names, line, strict=True))) for line in cells)
    console.print(Text("\n\n".join(blocks)), soft_wrap=True)  # the terminal's wrapping can be copied whole


def _table(names: Sequence[str], cells: Sequence[Sequence[str]]) -> Table:
    table = Table()
    for index, name in enumerate(names):  # a name that were cut could not be typed again
        table.add_column(Text(name), overflow="fold", no_wrap=index == 0)
    for line in cells:
        table.add_row(*(Text(cell) for cell in line))
    return table
