"""Tables on a terminal, drawn by rich. Imported only where there is one."""

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text


def draw(names: Sequence[str], cells: Sequence[Sequence[str]], target: TextIO) -> None:
    """Cells are taken literally: brackets in them are not markup."""
    table = Table()
    for index, name in enumerate(names):  # a name that were cut could not be typed again
        table.add_column(Text(name), overflow="fold", no_wrap=index == 0)
    for line in cells:
        table.add_row(*(Text(cell) for cell in line))
    Console(file=target).print(table)
