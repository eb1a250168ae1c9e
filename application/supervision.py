"""Tasks side by side in one process: one that fails stops no other, and begins anew after a while."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import attrs

from application.background import Work, cancellations, ended_within, unless_stopped
from domain.errors import IACSGraphError
from domain.retrying import RetryPolicy
from domain.standing import STEADY, TaskPhase, TaskState
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.supervision_log import SupervisionLog

RESTARTING: Final = RetryPolicy(first=timedelta(seconds=1), last=timedelta(minutes=1))
CANCELLING: Final = timedelta(seconds=1)
"""How long a cancelled task may take to end before the next ones are told to stop."""


@attrs.frozen(kw_only=True)
class Task:
    """Work under a name that no other has; told to stop, it may take as long as `bound`.

    `work` is called anew for every beginning, so that nothing of a failed one need be left.
    """

    name: str
    work: Work
    bound: timedelta


@attrs.frozen(kw_only=True)
class _Kept:
    """A task while it is kept running; `stopping` tells it to stop."""

    task: Task
    stopping: asyncio.Event
    running: asyncio.Task[None]


@attrs.define(kw_only=True, eq=False)
class Supervisor:
    """Runs the tasks of all stages at once; at the end stops stage after stage, those of one stage together.

    Whatever a task raises is told, with its traceback; it begins anew after a backoff, and so does one that ends
    although nobody had told it to. This is where the program's broad `except` is.
    """

    stages: Sequence[Sequence[Task]]
    clock: Clock
    identifiers: Identifiers
    log: SupervisionLog
    policy: RetryPolicy = RESTARTING
    _states: dict[str, TaskState] = attrs.field(factory=dict, init=False)

    @property
    def states(self) -> tuple[TaskState, ...]:
        """Return how each task stands, in the order in which they are stopped."""
        return tuple(self._states.values())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run all beside the body. At its end, or when it is cancelled, each is told to stop, and then cancelled.

        That takes as long as each stage's longest bound, and `CANCELLING` for each; another cancellation ends it at
        once. No task's error comes out; the body's passes as it is.
        """
        failure: Exception | None = None
        async with asyncio.TaskGroup() as group:
            stages = [[self._keep(group, task) for task in tasks] for tasks in self.stages]
            try:
                yield
            except Exception as error:  # noqa: BLE001 - raised again below, outside the group
                failure = error
            finally:
                for stage in stages:
                    await self._stop(stage)
        if failure is not None:
            raise failure

    def _keep(self, group: asyncio.TaskGroup, task: Task) -> _Kept:
        stopping = asyncio.Event()
        self._states[task.name] = TaskState(name=task.name, phase=TaskPhase.RUNNING, since=self.clock.now())
        return _Kept(task=task, stopping=stopping, running=group.create_task(self._run(task, stopping)))

    async def _run(self, task: Task, stopping: asyncio.Event) -> None:
        """Run it again and again until it is told to stop."""
        while not stopping.is_set():
            self._enter(task, TaskPhase.RUNNING)
            self.log.began(task.name, self._states[task.name].restarts)
            begun = self.clock.monotonic()
            error = await _outcome(task.work, stopping)
            if stopping.is_set() and error is None:
                break
            steady = self.clock.monotonic() - begun >= STEADY.total_seconds()
            self._states[task.name] = self._states[task.name].failed(_name(error), self.clock.now(), steady=steady)
            await self._rest(task, error, stopping)
        self._enter(task, TaskPhase.STOPPED)
        self.log.ended(task.name)

    async def _rest(self, task: Task, error: Exception | None, stopping: asyncio.Event) -> None:
        """Tell of a failure, and wait before the task begins anew."""
        failures = self._states[task.name].failures
        if stopping.is_set():
            self.log.failed(task.name, error, failures, None)
            return
        asked = error.retry_after if isinstance(error, IACSGraphError) else None
        delay = self.policy.backoff(failures, self.identifiers.fraction(), asked)
        self._enter(task, TaskPhase.RESTARTING)
        self.log.failed(task.name, error, failures, delay)
        if await unless_stopped(stopping, self.clock.sleep(delay)):
            self._states[task.name] = self._states[task.name].restarted()

    async def _stop(self, stage: Sequence[_Kept]) -> None:
        """Tell all of a stage to stop, and cancel each that does not within its bound."""
        for kept in stage:
            kept.stopping.set()
            if not kept.running.done():
                self._enter(kept.task, TaskPhase.STOPPING)
        waited = timedelta(0)
        for bound in sorted({kept.task.bound for kept in stage}):
            await ended_within([kept.running for kept in stage], self.clock, bound - waited)
            waited = bound
            for kept in stage:
                if kept.task.bound == bound and not kept.running.done():
                    self.log.overran(kept.task.name, bound)
                    kept.running.cancel()
        await ended_within([kept.running for kept in stage], self.clock, CANCELLING)
        for kept in stage:
            if kept.running.cancelled():
                self._enter(kept.task, TaskPhase.STOPPED)

    def _enter(self, task: Task, phase: TaskPhase) -> None:
        self._states[task.name] = self._states[task.name].entered(phase, self.clock.now())


async def _outcome(work: Work, stopping: asyncio.Event) -> Exception | None:
    """Run it to its end; return what it raised.

    Raises:
        CancelledError: it was cancelled before it was told to stop, whatever it made of that.
    """
    before = cancellations()
    failure: Exception | None = None
    try:
        await work(stopping)
    except Exception as error:  # noqa: BLE001 - the edge of a task: the others must go on
        failure = error
    except asyncio.CancelledError as cancelled:
        if cancellations() > before:
            raise
        failure = RuntimeError("the task cancelled itself")
        failure.__cause__ = cancelled
    if cancellations() > before and not stopping.is_set():
        raise asyncio.CancelledError from failure
    return failure


def _name(error: Exception | None) -> str:
    if error is None:
        return "ENDED"
    return error.error_code if isinstance(error, IACSGraphError) else type(error).__name__
