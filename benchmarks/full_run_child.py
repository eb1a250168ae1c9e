"""A part of the way from mailbox to published events, alone in a process: `python -m benchmarks.full_run_child`.

Everything is composed as `iacsgraph up` composes it. Orders come on standard input, what came out goes to standard
output, both as a line of JSON.
"""

import asyncio
import math
import os
import sys
import time
from collections.abc import Awaitable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final, Self

import attrs
import cattrs.preconf.json

from adapters.graph.mailbox import GraphMailbox
from application.synced_folders import synced_folders
from benchmarks.full_run_pages import fetch, from_kept_pages
from domain.account import Account
from modules.iacsgraph.compose import Up, compose_up
from modules.iacsgraph.settings import UpProgramSettings
from modules.iacsgraph.up import serve, works
from modules.runtime.environment import Environment
from modules.runtime.logs import configure_logging
from modules.runtime.settings_loading import load

CONVERTER: Final = cattrs.preconf.json.make_converter()
LOOK: Final = 0.05
FASTEST: Final = 10_000
"""Mails a second: it is not through with what is left before that."""
TICK: Final = 0.005
TOKEN_EVERY: Final = 0.001
PATIENCE: Final = 3600.0
"""Seconds after which all mail must be told: a bound for what is broken, of which the supervised tasks do not tell."""


@attrs.frozen(kw_only=True)
class Orders:
    """What to do, with which settings; where pages are kept, or are to be."""

    kind: str
    variables: Mapping[str, str] = attrs.field(repr=False)
    pages: str


@attrs.frozen(kw_only=True)
class Done:
    """What came out, for so many mails. `stages`: seconds of each.

    `peak_kib`: the most memory that the process ever had, together with those that it started.
    `late`: by how many seconds 99 of 100 moments found the event loop busy at most, while `tokens` were handed out.
    """

    mails: int
    seconds: float
    peak_kib: int = 0
    late: float = 0.0
    tokens: int = 0
    stages: Mapping[str, float] = attrs.field(factory=dict)


@attrs.define(kw_only=True)
class _Crowd:
    """Asks for tokens all the time, and measures how late the event loop is, every `TICK` seconds."""

    up: Up
    tokens: int = 0
    lags: list[float] = attrs.field(factory=list)
    tasks: list[asyncio.Task[None]] = attrs.field(factory=list)

    def __enter__(self) -> Self:
        self.tasks = [asyncio.create_task(self._ask()), asyncio.create_task(self._watch())]
        return self

    def __exit__(self, *_: object) -> None:
        for task in self.tasks:
            task.cancel()

    async def _ask(self) -> None:
        (account,) = [each async for each in self.up.accounts.every()]
        while True:
            await self.up.keeper.service.get_valid_token(account.user_id)
            self.tokens += 1
            await asyncio.sleep(TOKEN_EVERY)

    async def _watch(self) -> None:
        """Whoever came at any of the ticks that a busy loop let pass had to wait: each of them counts."""
        due = time.perf_counter() + TICK
        while True:
            await asyncio.sleep(due - time.perf_counter())
            now = time.perf_counter()
            while due <= now:
                self.lags.append(now - due)
                due += TICK

    @property
    def late(self) -> float:
        return sorted(self.lags)[math.ceil(len(self.lags) * 0.99) - 1]


@attrs.frozen(kw_only=True)
class _Work:
    """What may be ordered: each method is a kind."""

    up: Up
    settings: UpProgramSettings
    pages: Path

    async def full(self) -> Done:
        """Everything that `iacsgraph up` does, from an empty store until all mail is told."""
        return await self._run(nullcontext())

    async def busy(self) -> Done:
        """The same while tokens are handed out."""
        crowd = _Crowd(up=self.up)
        return attrs.evolve(await self._run(crowd), late=crowd.late, tokens=crowd.tokens)

    async def stages(self) -> Done:
        """Decode and store, process, relay: one after the other, each alone, and the first from the bytes of pages."""
        up, account = self.up, await self._account()
        sync = attrs.evolve(up.sync.watch.sync, mailbox=from_kept_pages(self._mailbox(), self.pages))
        seconds = {
            "decode and store": await _timed(sync.sync(account.user_id)),
            "process": await _timed(up.processing.process_all()),
            "relay": await _timed(up.relay.pump()),
        }
        return await self._done(sum(seconds.values()), seconds)

    async def serve(self) -> Done:
        """What the simulator serves: once to have it written and kept, then against the clock."""
        sync, account, mailbox = self.up.sync.watch.sync, await self._account(), self._mailbox()
        owner = sync.owner_of(account)
        folders = synced_folders(await mailbox.folders(owner), sync.excluded)
        token = (await self.up.keeper.service.get_valid_token(account.user_id)).value
        await fetch(mailbox, owner, folders, token, self.pages)
        again = await fetch(mailbox, owner, folders, token)
        return Done(mails=again.mails, seconds=again.seconds)

    async def _run(self, beside: AbstractContextManager[object]) -> Done:
        up, stopping, begun = self.up, asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(serve(up, works(up), self.settings.up, stopping, ready=lambda _: begun.set()))
        await begun.wait()
        with beside:
            seconds = await _timed(_all_told(up, task))
        done = await self._done(seconds)
        stopping.set()
        await task
        return done

    async def _done(self, seconds: float, stages: Mapping[str, float] | None = None) -> Done:
        counts = await self.up.archive.counts()
        mails = sum(each.announced + each.dropped + each.new for each in counts)
        peak = sum(map(_peak_kib, [os.getpid(), *_children()]))
        return Done(mails=mails, seconds=seconds, peak_kib=peak, stages=stages or {})

    async def _account(self) -> Account:
        (account,) = [each async for each in self.up.accounts.every()]
        return account

    def _mailbox(self) -> GraphMailbox:
        mailbox = self.up.sync.watch.sync.mailbox
        if not isinstance(mailbox, GraphMailbox):
            raise TypeError("the mailbox is another one than `iacsgraph up` has")
        return mailbox


async def _all_told(up: Up, task: asyncio.Task[None]) -> None:
    async def unsynced() -> int:
        standings = up.sync.watch.standings().values()
        return sum(each.complete_at is None for each in standings) if standings else 1

    async def unprocessed() -> int:
        return (await up.queue.depth()).new

    async def unpublished() -> int:
        return (await up.outbox.summary()).pending

    async with asyncio.timeout(PATIENCE):
        for left in (unsynced, unprocessed, unpublished):
            while count := await left():
                if task.done() or up.sync.errors():
                    raise RuntimeError(f"it ended by itself, or does not sync: {up.sync.errors()}")
                await asyncio.sleep(max(LOOK, count / FASTEST))  # counting many is work, too


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


def _peak_kib(pid: int) -> int:
    """Return the most memory that a process ever had: what `getrusage` tells counts that from before it was itself."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def _children() -> list[int]:
    tasks = Path("/proc/self/task")
    return [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text(encoding="ascii").split()]


async def _carried_out(orders: Orders) -> Done:
    settings = load(UpProgramSettings, Environment.of(orders.variables))
    configure_logging(settings.log, zone=settings.time.zone)
    async with compose_up(settings) as up:
        work = _Work(up=up, settings=settings, pages=Path(orders.pages))
        kinds = {each.__name__: each for each in (work.full, work.busy, work.stages, work.serve)}
        return await kinds[orders.kind]()


def main() -> None:
    """Carry out the orders."""
    done = asyncio.run(_carried_out(CONVERTER.loads(sys.stdin.readline(), Orders)))
    sys.stdout.write(CONVERTER.dumps(done) + "\n")


if __name__ == "__main__":
    main()
