"""Turns stored mail into what is announced: claimed, read, and finished in one call of the store."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import attrs

from application.background import first_error, running, unless_stopped
from application.mail_reading import MailReading, Outcome
from application.pulse import Pulse
from domain.errors import DatabaseError
from domain.mail_results import Failed, Processed
from domain.mail_sync import MailId
from domain.retrying import RECONNECTING
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.mail_log import MailLog
from ports.mail_queue import MailQueue


@attrs.frozen(kw_only=True)
class ProcessingTimes:
    """`lease` outlasts the work on a batch by far; `poll` bounds how late mail of other processes is noticed."""

    lease: timedelta = timedelta(minutes=2)
    poll: timedelta = timedelta(seconds=1)
    drain: timedelta = timedelta(seconds=10)
    """How long the work on what is claimed goes on when the program ends."""


@attrs.frozen(kw_only=True)
class ProcessingCounts:
    """What became of mails. Of the `claimed`, those counted nowhere else were given back, or taken by others."""

    claimed: int = 0
    announced: int = 0
    dropped: int = 0
    failed: int = 0

    def plus(self, other: "ProcessingCounts") -> "ProcessingCounts":
        """Return both together."""
        return ProcessingCounts(
            claimed=self.claimed + other.claimed,
            announced=self.announced + other.announced,
            dropped=self.dropped + other.dropped,
            failed=self.failed + other.failed,
        )


@attrs.define(kw_only=True, eq=False)
class MailProcessing:
    """Any number of workers, in any number of processes, may share a queue; these are `workers` tasks.

    To run it beside something else there is `open_mail_processing`.
    """

    queue: MailQueue
    reading: MailReading
    clock: Clock
    identifiers: Identifiers
    log: MailLog
    times: ProcessingTimes = attrs.field(factory=ProcessingTimes)
    workers: int = 2
    limit: int = 32
    """How many mails are claimed at once."""
    counts: ProcessingCounts = attrs.field(factory=ProcessingCounts, init=False)
    """Since the beginning."""
    pulse: Pulse = attrs.field(init=False, repr=False)
    """Beats whenever a claim, with everything that follows from it, succeeded; also if there was nothing to claim."""

    @pulse.default
    def _own_pulse(self) -> Pulse:
        return Pulse(self.clock)

    async def process_once(self, limit: int | None = None, *, only: Sequence[MailId] | None = None) -> ProcessingCounts:
        """Claim up to `limit` mails, or of `only` these, process them, and return what became of them.

        Raises:
            DatabaseError: the store failed; what was claimed is given back, or free when the claim ends.
        """
        return await self._batch(asyncio.Event(), self.limit if limit is None else limit, only)

    async def process_all(self) -> ProcessingCounts:
        """Process until nothing is left that may be claimed now; return what became of it.

        Raises: as `process_once`.
        """
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._exhaust()) for _ in range(self.workers)]
        except ExceptionGroup as errors:
            raise first_error(errors) from None
        done = ProcessingCounts()
        for task in tasks:
            done = done.plus(task.result())
        return done

    async def run(self, stopping: asyncio.Event) -> None:
        """Process until told to stop; then what is claimed is finished, or given back.

        Raises:
            DatabaseError: the store failed for good. If it fails for a moment, that is waited out.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.workers):
                    group.create_task(self._work(stopping))
        except ExceptionGroup as errors:
            raise first_error(errors) from None

    async def _exhaust(self) -> ProcessingCounts:
        done = ProcessingCounts()
        while (turn := await self.process_once()).claimed:
            done = done.plus(turn)
        return done

    async def _work(self, stopping: asyncio.Event) -> None:
        failures = 0
        while not stopping.is_set():
            waiting: Coroutine[Any, Any, None]
            try:
                turn = await self._batch(stopping, self.limit, None)
            except DatabaseError as error:
                if not error.transient:
                    raise
                failures += 1
                waiting = self.clock.sleep(self._backoff(failures, error))
            else:
                failures = 0
                waiting = self.clock.sleep(timedelta(0)) if turn.claimed else self.queue.wait(self.times.poll)
            await unless_stopped(stopping, waiting)

    async def _batch(self, stopping: asyncio.Event, limit: int, only: Sequence[MailId] | None) -> ProcessingCounts:
        """Claim for an owner of its own, so that nothing else is ever finished or given back.

        After an unexpected error nothing is given back: a mail that brings it about comes alone once the claim ends.
        """
        owner, claimed_at = self.identifiers.unique(), self.clock.now()
        try:
            claimed = await self.queue.claim(owner, claimed_at, self.times.lease, limit, only=only)
            outcomes = await self.reading.outcomes(claimed, stopping)
            counts = await self._finish(owner, outcomes, claimed_at + self.times.lease)
            if len(outcomes) < len(claimed):
                await self.queue.release(owner)
        except (asyncio.CancelledError, DatabaseError):
            with suppress(DatabaseError):  # then the claim ends by itself
                await self.queue.release(owner)
            raise
        turn = attrs.evolve(counts, claimed=len(claimed))
        self.counts = self.counts.plus(turn)
        self.pulse.beat()
        return turn

    async def _finish(self, owner: str, outcomes: Sequence[Outcome], until: datetime) -> ProcessingCounts:
        """Finish all at once, or, if that cannot be done, each for itself: then it can be seen whose fault it is."""
        if not outcomes:
            return ProcessingCounts()
        try:
            return await self._store(owner, outcomes, until)
        except Exception as error:
            if isinstance(error, DatabaseError) and error.transient:
                raise
        counts = ProcessingCounts()
        for outcome in outcomes:
            counts = counts.plus(await self._finish_one(owner, outcome, until))
        return counts

    async def _finish_one(self, owner: str, outcome: Outcome, until: datetime) -> ProcessingCounts:
        try:
            return await self._store(owner, [outcome], until)
        except Exception as error:
            if isinstance(error, DatabaseError) and error.transient:
                raise
            failure = self.reading.failed(outcome.claimed, error)
            return await self._store(owner, [attrs.evolve(outcome, result=failure)], until)

    async def _store(self, owner: str, outcomes: Sequence[Outcome], until: datetime) -> ProcessingCounts:
        """Finish; a store that fails for a moment is asked again while the claim holds: else all is done twice."""
        processed = [each.result for each in outcomes if isinstance(each.result, Processed)]
        failed = [each.result for each in outcomes if isinstance(each.result, Failed)]
        failures = 0
        while True:
            try:
                stored = set(await self.queue.finish(owner, self.clock.now(), processed, failed))
            except DatabaseError as error:
                failures += 1
                pause = self._backoff(failures, error)
                if not error.transient or self.clock.now() + pause >= until:
                    raise
            else:
                return self._told([each for each in outcomes if each.result.mail_id in stored])
            await self.clock.sleep(pause)

    def _told(self, stored: Sequence[Outcome]) -> ProcessingCounts:
        """Tell the log what is stored, and count it."""
        counts = ProcessingCounts()
        for each in stored:
            if isinstance(each.result, Failed):
                self.log.processing_failed(each.claimed.mail_id, each.claimed.attempts, each.result.problem)
                counts = counts.plus(ProcessingCounts(failed=1))
            elif each.result.dropped is None:
                counts = counts.plus(ProcessingCounts(announced=1))
            else:
                counts = counts.plus(ProcessingCounts(dropped=1))
        if counts.announced or counts.dropped:
            self.log.processed(counts.announced, counts.dropped)
        return counts

    def _backoff(self, failures: int, error: DatabaseError) -> timedelta:
        return RECONNECTING.backoff(failures, self.identifiers.fraction(), error.retry_after)


@asynccontextmanager
async def open_mail_processing(processing: MailProcessing) -> AsyncIterator[MailProcessing]:
    """Run the processing beside the body; at its end what is claimed is finished or given back, within a bound.

    Raises: as `MailProcessing.run`.
    """
    async with running(processing.run, processing.clock, bound=processing.times.drain):
        yield processing
