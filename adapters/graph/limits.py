"""How much may be asked of a mailbox at once and over time, and by whom first."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Final

import attrs

from adapters.http_client.retrying import Deadline
from domain.errors import ThrottledError
from ports.clock import Clock

PER_MAILBOX: Final = 4
"""Requests in flight (throttling-limits.md, Outlook service limits)."""
PER_WINDOW: Final = 10_000
WINDOW: Final = timedelta(minutes=10)
TOTAL: Final = 64
"""Requests in flight to all mailboxes: less than the connections of the session, which others use too."""

SHORTEST: Final = timedelta.resolution.total_seconds()
"""No clock sleeps for less."""


@attrs.define(eq=False)
class _Waiter:
    """One who wants in. `listed`: waits for the total alone, in the heap of those who do."""

    number: int
    weight: int
    inside: bool = False
    listed: bool = False
    signal: asyncio.Future[None] | None = None

    async def woken(self) -> None:
        self.signal = asyncio.get_running_loop().create_future()
        try:
            await self.signal
        finally:
            self.signal = None

    def wake(self) -> None:
        if self.signal is not None and not self.signal.done():
            self.signal.set_result(None)


@attrs.define(eq=False)
class _Mailbox:
    """What is known of one mailbox. `spent` is requests by the second in which they began."""

    used_at: float
    held_until: float
    in_flight: int = 0
    waiting: deque[_Waiter] = attrs.field(factory=deque)
    spent: deque[tuple[int, int]] = attrs.field(factory=deque)
    recent: int = 0


@attrs.define(kw_only=True, eq=False)
class Limits:
    """Lets requests to mailboxes begin: of one mailbox, in the order in which they came.

    At most `per_mailbox` are in flight at once, and at most `per_window` begin within any `window`; of all mailboxes
    at most `total` are in flight. Nobody overtakes who waits for the total alone. All times are of the process's clock.
    """

    clock: Clock
    total: int = TOTAL
    per_mailbox: int = PER_MAILBOX
    per_window: int = PER_WINDOW
    window: timedelta = WINDOW
    _in_flight: int = attrs.field(init=False, default=0)
    _numbers: Iterator[int] = attrs.field(init=False, factory=count)
    _mailboxes: OrderedDict[str, _Mailbox] = attrs.field(init=False, factory=OrderedDict, repr=False)
    _listed: list[tuple[int, _Mailbox]] = attrs.field(init=False, factory=list, repr=False)

    @property
    def heaviest(self) -> int:
        """The greatest weight that can ever begin."""
        return min(self.per_mailbox, self.total, self.per_window)

    @property
    def known(self) -> int:
        """How many mailboxes are remembered: those in use, and those used within the window."""
        return len(self._mailboxes)

    @property
    def waiting(self) -> int:
        """How many want to begin and may not yet."""
        return sum(len(mailbox.waiting) for mailbox in self._mailboxes.values())

    def hold(self, mailbox: str, duration: timedelta) -> None:
        """Let nothing more begin for this mailbox for so long: its server asked for that."""
        found = self._mailbox(mailbox)
        found.held_until = max(found.held_until, self.clock.monotonic() + duration.total_seconds())
        self._look(found)
        for waiter in found.waiting:
            waiter.wake()

    @asynccontextmanager
    async def slot(self, mailbox: str, deadline: Deadline, weight: int = 1) -> AsyncIterator[None]:
        """Wait until `weight` requests to the mailbox may begin; they are in flight until this is left.

        Raises:
            ThrottledError: that is surely after the deadline (`retry_after` says when), or the deadline has passed.
        """
        assert 1 <= weight <= self.heaviest, weight  # noqa: S101 - what is heavier would wait forever
        found = self._mailbox(mailbox)
        waiter = _Waiter(number=next(self._numbers), weight=weight)
        found.waiting.append(waiter)
        try:
            await self._enter(found, waiter, deadline)
            yield
        finally:
            self._leave(found, waiter)

    async def _enter(self, mailbox: _Mailbox, waiter: _Waiter, deadline: Deadline) -> None:
        self._look(mailbox)
        if waiter.inside:
            return
        try:
            async with asyncio.timeout(deadline.remaining):
                while not waiter.inside:
                    await self._wait(mailbox, waiter, deadline)
                    self._look(mailbox)
        except TimeoutError:
            msg = "Too much is being asked of the mailbox at once: the caller must ask less, or later."
            raise ThrottledError(msg, error_code="MAILBOX_BUSY") from None

    async def _wait(self, mailbox: _Mailbox, waiter: _Waiter, deadline: Deadline) -> None:
        """Wait until it is worth looking again. Who must let time pass need not be woken: nothing shortens that."""
        pause = self._blocked(mailbox, waiter.weight)
        if pause >= deadline.remaining:
            msg = "Microsoft Graph takes no more requests for this mailbox now: the caller must wait, and ask again."
            raise ThrottledError(msg, retry_after=timedelta(seconds=pause))
        if pause > 0 and mailbox.waiting[0] is waiter:
            await self.clock.sleep(timedelta(seconds=pause))
        else:
            await waiter.woken()

    def _look(self, mailbox: _Mailbox) -> None:
        """Let in who may begin, after something has changed for this mailbox."""
        self._list(mailbox)
        while self._listed:
            _, first = self._listed[0]
            head = first.waiting[0]
            if self._blocked(first, head.weight) > 0:
                heappop(self._listed)
                head.listed = False
                head.wake()
            elif self._in_flight + head.weight > self.total:
                return
            else:
                heappop(self._listed)
                self._admit(first, head)
                self._list(first)

    def _list(self, mailbox: _Mailbox) -> None:
        """Let the first of a mailbox wait for the total alone, if the mailbox's own limits allow that."""
        if not mailbox.waiting:
            return
        head = mailbox.waiting[0]
        if head.listed or mailbox.in_flight + head.weight > self.per_mailbox:
            return
        if self._blocked(mailbox, head.weight) > 0:
            head.wake()
        else:
            head.listed = True
            heappush(self._listed, (head.number, mailbox))

    def _admit(self, mailbox: _Mailbox, waiter: _Waiter) -> None:
        mailbox.waiting.popleft()
        mailbox.in_flight += waiter.weight
        self._in_flight += waiter.weight
        second = int(self.clock.monotonic())
        spent = mailbox.spent.pop()[1] if mailbox.spent and mailbox.spent[-1][0] == second else 0
        mailbox.spent.append((second, spent + waiter.weight))
        mailbox.recent += waiter.weight
        waiter.inside = True
        waiter.wake()

    def _leave(self, mailbox: _Mailbox, waiter: _Waiter) -> None:
        mailbox.used_at = self.clock.monotonic()
        if waiter.inside:
            mailbox.in_flight -= waiter.weight
            self._in_flight -= waiter.weight
        else:
            mailbox.waiting.remove(waiter)
            if waiter.listed:
                self._listed.remove((waiter.number, mailbox))
                self._listed.sort()
        self._look(mailbox)

    def _blocked(self, mailbox: _Mailbox, weight: int) -> float:
        """Return how many seconds must pass whatever else happens."""
        now = self.clock.monotonic()
        while mailbox.spent and self._forgotten(mailbox.spent[0][0]) <= now:
            mailbox.recent -= mailbox.spent.popleft()[1]
        free_at, excess = mailbox.held_until, mailbox.recent + weight - self.per_window
        for second, requests in mailbox.spent:
            if excess <= 0:
                break
            excess -= requests
            free_at = max(free_at, self._forgotten(second))
        return free_at - now if free_at - now >= SHORTEST else 0.0

    def _forgotten(self, second: int) -> float:
        """Return when the last request that began in this second is out of the window."""
        return second + 1 + self.window.total_seconds()

    def _mailbox(self, name: str) -> _Mailbox:
        now = self.clock.monotonic()
        self._forget(now)
        found = self._mailboxes.get(name)
        if found is None:
            found = self._mailboxes[name] = _Mailbox(used_at=now, held_until=now)
        return found

    def _forget(self, now: float) -> None:
        """Look at two mailboxes, in turns, and give back what says nothing any more; at most one is new at a time."""
        for _ in range(min(2, len(self._mailboxes))):
            name, oldest = self._mailboxes.popitem(last=False)
            idle = not oldest.in_flight and not oldest.waiting
            if not idle or max(oldest.held_until, oldest.used_at + 1 + self.window.total_seconds()) > now:
                self._mailboxes[name] = oldest
