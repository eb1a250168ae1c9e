"""How far the demonstration is: bars on a terminal, now and then a line elsewhere."""

import time
from typing import Final, Self, TextIO

import attrs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from modules.runtime.output import print_line

SOMETIMES: Final = 3.0
"""Seconds between two lines."""
NAMES: Final = ("synced", "processed", "consumed")


@attrs.frozen(kw_only=True)
class Counts:
    """How many mails are in the store, how many of these are processed, and how many the consumer was told of."""

    synced: int = 0
    processed: int = 0
    consumed: int = 0

    @property
    def all(self) -> tuple[int, int, int]:
        return self.synced, self.processed, self.consumed


@attrs.define(kw_only=True, eq=False)
class Advance:
    """On `stream`, or nowhere if it is None; bars are taken away at the block's end."""

    stream: TextIO | None
    total: int
    wanted: int
    """How many of them will be announced."""
    _bars: Progress | None = attrs.field(default=None, init=False)
    _tasks: list[TaskID] = attrs.field(factory=list, init=False)
    _told_at: float = attrs.field(factory=time.monotonic, init=False)

    def __enter__(self) -> Self:
        if self.stream is not None and self.stream.isatty():
            columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bars = Progress(*columns, console=Console(file=self.stream), transient=True, auto_refresh=False)
            totals = (self.total, self.total, self.wanted)
            self._tasks = [self._bars.add_task(name, total=total) for name, total in zip(NAMES, totals, strict=True)]
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def show(self, counts: Counts) -> None:
        """Draw, or write a line if the last one is some time ago."""
        if self._bars is not None:
            for task, count in zip(self._tasks, counts.all, strict=True):
                self._bars.update(task, completed=count)
            self._bars.refresh()
        elif self.stream is not None and time.monotonic() - self._told_at >= SOMETIMES:
            self._told_at = time.monotonic()
            done = ", ".join(f"{name} {count}" for name, count in zip(NAMES, counts.all, strict=True))
            print_line(f"{done} of {self.total} mails", stream=self.stream)
