"""Parts of the way of a mail that fail, stall and die as a test wants."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import get_ident

import attrs

from adapters.memory.analyses import MemoryAnalyses
from adapters.memory.database import MemoryDatabase
from adapters.memory.mail_queue import MemoryMailQueue
from domain.correspondence.analysis import Analysis, AnalysisKey, Means, Wording
from domain.errors import DatabaseError
from domain.mail import MailBody
from domain.mail_results import ClaimedMail, Failed, Processed
from domain.mail_sync import MailId
from ports.clock import Clock
from ports.mail_analyst import MailAnalyst
from ports.mail_text import MailText

BAD = "bad"
"""A body that begins so breaks whoever reads it."""
DEADLY = "deadly"
"""A body that begins so ends the process that reads it."""


class DeadProcessError(BaseException):
    """Nothing of the program runs after it."""


@attrs.frozen
class FragileText(MailText):
    """Breaks "raises nothing" for some bodies, and ends its process for others."""

    read_so_far: list[str] = attrs.field(factory=list)
    threads: list[int] = attrs.field(factory=list)
    """By which each was read."""

    def read(self, body: MailBody) -> str:
        """Return the content as it is."""
        self.read_so_far.append(body.content)
        self.threads.append(get_ident())
        if body.content.startswith(BAD):
            raise ValueError(body.content)
        if body.content.startswith(DEADLY):
            raise DeadProcessError
        return body.content


@attrs.define(kw_only=True)
class ScriptedAnalyst(MailAnalyst):
    """Breaks what a test wants: it raises anything, or never answers. Its keyword tells what it was asked."""

    errors: deque[Exception] = attrs.field(factory=deque)
    """What the next calls raise."""
    holding: asyncio.Event | None = None
    """Until this is set, no call returns."""
    says: str = "paid"
    asked: Counter[str] = attrs.field(factory=Counter)
    given_up: Counter[str] = attrs.field(factory=Counter)
    """Calls that were cancelled."""
    at_once: int = 0
    most_at_once: int = 0

    @property
    def means(self) -> Means:
        """Return a name."""
        return Means(name=f"{self.says}-1", is_paid=True)

    async def analyse(self, wording: Wording) -> Analysis:
        """Count, wait, raise or answer."""
        self.asked[wording.text] += 1
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            if self.holding is not None:
                await self.holding.wait()
            await asyncio.sleep(0)
            if self.errors:
                raise self.errors.popleft()
            return Analysis(keywords=(f"{self.says} {wording.text}"[:50],))
        except asyncio.CancelledError:
            self.given_up[wording.text] += 1
            raise
        finally:
            self.at_once -= 1


class FailingMailQueue(MemoryMailQueue):
    """Breaks the promise to work: a call of a method raises what is queued for it."""

    def __init__(self, database: MemoryDatabase, clock: Clock, **queued: Sequence[BaseException]) -> None:
        super().__init__(database, clock)
        self.queued = {method: deque(errors) for method, errors in queued.items()}
        self.releases = 0

    async def claim(
        self, owner: str, now: datetime, lease: timedelta, limit: int, *, only: Sequence[MailId] | None = None
    ) -> Sequence[ClaimedMail]:
        """Raise what is queued, else claim."""
        self._fail("claim")
        return await super().claim(owner, now, lease, limit, only=only)

    async def finish(
        self, owner: str, now: datetime, processed: Sequence[Processed], failed: Sequence[Failed] = ()
    ) -> Sequence[MailId]:
        """Raise what is queued, else finish."""
        self._fail("finish")
        return await super().finish(owner, now, processed, failed)

    async def release(self, owner: str) -> None:
        """Raise what is queued, else release."""
        self.releases += 1
        self._fail("release")
        await super().release(owner)

    def _fail(self, method: str) -> None:
        if self.queued.get(method):
            raise self.queued[method].popleft()


class PickyMailQueue(MemoryMailQueue):
    """Breaks "all methods raise DatabaseError": some results it cannot store, whatever they stand beside."""

    def __init__(self, database: MemoryDatabase, clock: Clock, hates: Callable[[Processed], Exception | None]) -> None:
        super().__init__(database, clock)
        self.hates = hates

    async def finish(
        self, owner: str, now: datetime, processed: Sequence[Processed], failed: Sequence[Failed] = ()
    ) -> Sequence[MailId]:
        """Raise, or finish."""
        for error in map(self.hates, processed):
            if error is not None:
                raise error
        return await super().finish(owner, now, processed, failed)


@attrs.define
class Lifeline:
    """A worker's process. When it is dead, what it still does has no effect."""

    dead: bool = False


class MortalMailQueue(MemoryMailQueue):
    """Breaks "claims are given back" once its process is dead; others may have a turn around each call."""

    def __init__(self, database: MemoryDatabase, clock: Clock, life: Lifeline) -> None:
        super().__init__(database, clock)
        self.life = life

    async def claim(
        self, owner: str, now: datetime, lease: timedelta, limit: int, *, only: Sequence[MailId] | None = None
    ) -> Sequence[ClaimedMail]:
        """Claim."""
        await asyncio.sleep(0)
        found = await super().claim(owner, now, lease, limit, only=only)
        await asyncio.sleep(0)
        return found

    async def finish(
        self, owner: str, now: datetime, processed: Sequence[Processed], failed: Sequence[Failed] = ()
    ) -> Sequence[MailId]:
        """Finish."""
        await asyncio.sleep(0)
        stored = await super().finish(owner, now, processed, failed)
        await asyncio.sleep(0)
        return stored

    async def release(self, owner: str) -> None:
        """Release, if there is still a process to do it."""
        if not self.life.dead:
            await super().release(owner)


@attrs.frozen
class FailingAnalyses(MemoryAnalyses):
    """Breaks the promise to work: a call of a method raises what is queued for it."""

    finds: deque[DatabaseError] = attrs.field(factory=deque, kw_only=True)
    keeps: deque[DatabaseError] = attrs.field(factory=deque, kw_only=True)

    async def find(self, keys: Sequence[AnalysisKey]) -> Mapping[AnalysisKey, Analysis]:
        """Raise what is queued, else find."""
        if self.finds:
            raise self.finds.popleft()
        return await super().find(keys)

    async def keep(self, key: AnalysisKey, analysis: Analysis, now: datetime) -> None:
        """Raise what is queued, else keep."""
        if self.keeps:
            raise self.keeps.popleft()
        await super().keep(key, analysis, now)
