"""Asking an analyst that costs money: never twice for the same words, never for long, and not while it fails."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from math import inf
from typing import Any, TypeVar

import attrs

from application.background import ended_within
from domain.correspondence.analysis import Analysis, AnalysisKey, Wording
from domain.errors import (
    APIConnectionError,
    AuthenticationError,
    DatabaseError,
    IACSGraphError,
    ThrottledError,
    ValidationError,
)
from domain.retrying import RetryPolicy
from ports.analyses import Analyses
from ports.clock import Clock
from ports.identifiers import Identifiers
from ports.mail_analyst import MailAnalyst
from ports.mail_log import MailLog

T = TypeVar("T")

PAUSES = RetryPolicy(first=timedelta(seconds=10), last=timedelta(minutes=5))
"""How long an analyst that fails is left alone."""
_MOST_UNKEPT = 1000

Answers = Mapping[AnalysisKey, Analysis | None]


@attrs.frozen(kw_only=True)
class AnalysisTimes:
    """No call takes longer than `call`, and all that are asked for together no longer than twice that.

    `drain` is how long calls go on when the program ends.
    """

    call: timedelta = timedelta(seconds=20)
    drain: timedelta = timedelta(seconds=5)


@attrs.define(eq=False)
class Breaker:
    """Whether somebody who may fail is asked now: after a failure not for a while, then by one caller first."""

    _clock: Clock
    _identifiers: Identifiers
    failures: int = attrs.field(default=0, init=False)
    closed_until: float = attrs.field(default=0.0, init=False)
    """By the monotonic clock; infinity: for good."""
    in_flight: int = attrs.field(default=0, init=False)

    def admits(self) -> bool:
        """Return whether to ask now."""
        return not self._paused() and (not self.failures or not self.in_flight)

    def succeeded(self) -> None:
        """Count an answer; one to what was asked before a failure does not end the pause."""
        if not self._paused():
            self.failures = 0

    def failed(self, error: IACSGraphError) -> None:
        """Begin a pause, or prolong it. One that was asked for is kept in full."""
        self.failures += 1
        pause = PAUSES.backoff(self.failures, self._identifiers.fraction())
        if isinstance(error, ThrottledError) and error.retry_after is not None:
            pause = max(pause, error.retry_after)
        until = inf if isinstance(error, AuthenticationError) else self._clock.monotonic() + pause.total_seconds()
        self.closed_until = max(self.closed_until, until)

    def _paused(self) -> bool:
        return self._clock.monotonic() < self.closed_until


@attrs.define(kw_only=True, eq=False)
class MailAnalysis:
    """One for all workers of a process: they share its calls, their bound and what becomes of them."""

    analyst: MailAnalyst
    analyses: Analyses
    clock: Clock
    identifiers: Identifiers
    log: MailLog
    times: AnalysisTimes = attrs.field(factory=AnalysisTimes)
    concurrency: int = 8
    """How many calls are made at once."""
    breaker: Breaker = attrs.field(init=False)
    calls: int = attrs.field(default=0, init=False)
    """How many were made so far."""
    _turns: asyncio.Semaphore = attrs.field(init=False, repr=False)
    _flights: "dict[AnalysisKey, asyncio.Future[Analysis | None]]" = attrs.field(factory=dict, init=False, repr=False)
    _unkept: dict[AnalysisKey, Analysis] = attrs.field(factory=dict, init=False, repr=False)
    """Paid for, and refused by a store that failed."""

    def __attrs_post_init__(self) -> None:
        self.breaker = Breaker(self.clock, self.identifiers)
        self._turns = asyncio.Semaphore(self.concurrency)

    def key(self, wording: Wording) -> AnalysisKey:
        """Return by what the answer to this wording is found."""
        return wording.key(self.analyst.means.name)

    async def answers(self, wordings: Sequence[Wording], stopping: asyncio.Event) -> Answers:
        """Return by key what is known of each wording, or what the analyst says now.

        None: nobody says anything about it, now or soon. Missing: it was not asked about, because it is time to stop.

        Raises: nothing.
        """
        wanted = {self.key(wording): wording for wording in wordings}
        answers: dict[AnalysisKey, Analysis | None] = dict(await self._known(list(wanted)))
        asking = asyncio.ensure_future(self._ask_all(wanted, answers, stopping))
        stop = asyncio.ensure_future(stopping.wait())
        try:
            await asyncio.wait((asking, stop), return_when=asyncio.FIRST_COMPLETED)
            await ended_within([asking], self.clock, self.times.drain)
        finally:
            asking.cancel()
            stop.cancel()
            await asyncio.wait((asking, stop))
        if not asking.cancelled():
            asking.result()
        return answers

    async def _ask_all(
        self,
        wanted: Mapping[AnalysisKey, Wording],
        answers: dict[AnalysisKey, Analysis | None],
        stopping: asyncio.Event,
    ) -> None:
        latest = self.clock.monotonic() + self.times.call.total_seconds()

        async def ask(key: AnalysisKey) -> None:
            async with self._turns:
                if not stopping.is_set():
                    answers[key] = None  # from here on the words may cost: if this is cancelled, they go without
                    if self.clock.monotonic() <= latest:
                        answers[key] = await self._shared(key, wanted[key])

        async with asyncio.TaskGroup() as group:
            for key in [key for key in wanted if key not in answers]:
                group.create_task(ask(key))

    async def _shared(self, key: AnalysisKey, wording: Wording) -> Analysis | None:
        """Ask, or wait for somebody else's answer to the same words."""
        flight = self._flights.get(key)
        if flight is not None:
            return await asyncio.shield(flight)  # whoever waits may be cancelled, the others wait on
        flight = self._flights[key] = asyncio.get_running_loop().create_future()
        answer = None
        try:
            answer = await self._answer(key, wording)
        finally:
            del self._flights[key]
            flight.set_result(answer)
        return answer

    async def _answer(self, key: AnalysisKey, wording: Wording) -> Analysis | None:
        known = await self._known([key])  # another worker may have had it meanwhile
        if key in known:
            return known[key]
        if not self.breaker.admits():
            return None
        self.breaker.in_flight += 1
        self.calls += 1
        try:
            answer = await within(self.times.call, self.clock, self.analyst.analyse(wording))
        except ValidationError as error:
            self.log.analysis_failed(error)
            return None
        except Exception as error:  # noqa: BLE001 - the mail goes out without, whatever is wrong with the analyst
            self._failed(error)
            return None
        finally:
            self.breaker.in_flight -= 1
        self.breaker.succeeded()
        await self._keep(key, answer)
        return answer

    def _failed(self, error: Exception) -> None:
        if isinstance(error, TimeoutError) and not isinstance(error, IACSGraphError):
            failure: IACSGraphError = APIConnectionError("The analyst takes too long.", error_code="ANALYST_SLOW")
        elif isinstance(error, IACSGraphError):
            failure = error
        else:  # its text may hold anything
            failure = IACSGraphError(
                f"The analyst failed unexpectedly: {type(error).__name__}.", error_code="ANALYST_DEFECT"
            )
        self.breaker.failed(failure)
        self.log.analysis_failed(failure)

    async def _known(self, keys: Sequence[AnalysisKey]) -> Answers:
        """Return what was paid for before; if the store fails, nobody knows, and none of it is paid for now."""
        known: dict[AnalysisKey, Analysis | None] = {}
        for key in keys:
            if key in self._unkept:
                known[key] = self._unkept[key]
                await self._keep(key, self._unkept[key])
        try:
            known.update(await self.analyses.find([key for key in keys if key not in known]))
        except DatabaseError as error:
            self.log.analysis_failed(error)
            return dict.fromkeys(keys) | known
        return known

    async def _keep(self, key: AnalysisKey, analysis: Analysis) -> None:
        """Keep it; what the store does not take now is remembered here, and offered again when it is wanted again."""
        try:
            await self.analyses.keep(key, analysis, self.clock.now())
            self._unkept.pop(key, None)
        except DatabaseError as error:
            if len(self._unkept) < _MOST_UNKEPT:
                self._unkept[key] = analysis
            self.log.analysis_failed(error)


async def within(longest: timedelta, clock: Clock, work: Coroutine[Any, Any, T]) -> T:
    """Await `work` for so long by the clock, then cancel it.

    Raises: what `work` raises, and TimeoutError.
    """
    working, bound = asyncio.ensure_future(work), asyncio.ensure_future(clock.sleep(longest))
    try:
        await asyncio.wait((working, bound), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise TimeoutError
    finally:
        working.cancel()
        bound.cancel()
        await asyncio.wait((working, bound))
        if not working.cancelled():
            working.exception()  # it may have failed at the last moment: nobody asks any more
