"""How far a sync is, on a terminal: a bar for each mailbox that is under way."""

import time
from typing import Self, TextIO

from attrs import define, field
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from application.mail_sync import SyncReport, SyncStep
from modules.runtime.log_lines import escape

_PAUSE = 0.1
"""Seconds between two drawings."""
_WIDTH = 40
"""Of a folder's path, its end."""


@define(kw_only=True)
class SyncProgress:
    """Draws on `stream`, a terminal, or nowhere if it is None; what was drawn is taken away at the block's end."""

    stream: TextIO | None
    _bars: Progress | None = field(default=None, init=False)
    _tasks: dict[str, TaskID] = field(factory=dict, init=False)
    _drawn_at: float = field(default=0.0, init=False)

    def __enter__(self) -> Self:
        if self.stream is not None:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[folder]}", markup=False),
            )
            console = Console(file=self.stream)
            self._bars = Progress(*columns, console=console, transient=True, auto_refresh=False)
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def hear(self, step: SyncStep) -> None:
        """Draw a step."""
        if self._bars is None:
            return
        task = self._tasks.get(step.user_id)
        if task is None:
            task = self._bars.add_task(escape(step.user_id), total=step.total, folder="")
            self._tasks[step.user_id] = task
        folder = f"{step.number}/{step.folders} {escape(step.folder)[-_WIDTH:]}"
        done = self._bars.tasks[self._bars.task_ids.index(task)].completed + step.told
        self._bars.update(task, completed=done, total=max(step.total, done), folder=folder)
        if time.monotonic() - self._drawn_at >= _PAUSE:
            self._bars.refresh()
            self._drawn_at = time.monotonic()

    def end(self, report: SyncReport) -> None:
        """Take the mailbox's bar away."""
        task = self._tasks.pop(report.user_id, None)
        if task is not None and self._bars is not None:
            self._bars.remove_task(task)
