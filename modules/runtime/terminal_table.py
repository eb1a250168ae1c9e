"""Tables on a terminal, drawn by rich. Imported only where there is one."""

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text


def draw(names: Sequence[str], cells: Sequence[Sequence[str]], target: TextIO) -> None:
    """Cells are taken literally: brackets in them are not markup."""
    table = Table()
    for name in names:
        table.add_column(Text(name))
    for line in cells:
        table.add_row(*(Text(cell) for cell in line))
    Console(file=target).print(table)
