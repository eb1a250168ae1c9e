"""Syncing every account again and again, each in its own time."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta

import attrs

from application.background import first_error, unless_stopped
from application.mail_sync import MailSync, SyncReport
from domain.account import Account, AccountId, user_key
from domain.errors import DatabaseError, IACSGraphError
from domain.mail_sync import Stored
from domain.retrying import RetryPolicy
from ports.clock import Clock
from ports.identifiers import Identifiers

PAGE = 500
"""How many accounts are read at once."""

JITTER = 0.1
"""By which part of the interval two syncs of an account may be farther apart, or nearer: they are not to march."""


@attrs.frozen(kw_only=True)
class SyncTimes:
    """`interval` lies between two syncs of an account; `look` bounds how late new accounts are noticed.

    After `longest` a sync lets others have their turn, and goes on behind them. `retry` is for mailboxes that fail.
    """

    interval: timedelta = timedelta(minutes=1)
    look: timedelta = timedelta(seconds=10)
    longest: timedelta = timedelta(minutes=5)
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)


@attrs.frozen(kw_only=True)
class SyncStanding:
    """How an account's sync is doing, for whoever looks after it.

    `watched_since`: since when this process has been at it. `complete_at`: up to when its mail is stored, if that is
    known; `succeeded_at`: when a sync of all its folders last ended; `error`: why the last one did not go well, which
    was the last of `failures` in a row. `pause` is how long the account is left alone between the last sync and the
    next. `stored` counts since `watched_since`.
    """

    user_id: str
    watched_since: datetime
    is_syncing: bool = False
    began_at: datetime | None = None
    succeeded_at: datetime | None = None
    complete_at: datetime | None = None
    error: IACSGraphError | None = None
    failures: int = 0
    pause: timedelta = timedelta(0)
    stored: Stored = attrs.field(factory=Stored)

    def lag(self, now: datetime) -> timedelta:
        """Return since when there may be mail that is not stored, at the earliest since it is watched."""
        return now - (self.complete_at or self.watched_since)


@attrs.frozen
class _Watched:
    """An account, as it was when this began to sync it."""

    user_id: str
    status_since: datetime
    task: asyncio.Task[None]

    def suits(self, account: Account | None) -> bool:
        """Return whether it may go on: after a sign-in, say, nobody waits any longer because of failures before."""
        if account is None or self.task.done():
            return False
        return (account.user_id, account.status_since) == (self.user_id, self.status_since)


@attrs.frozen(kw_only=True)
class MailSyncWatch:
    """Syncs all accounts that may be used, `concurrency` of them at the same time. Run it once.

    `since` is as `MailSync.sync` says; `only` are the keys (`user_key`) of those that are meant, if not all are.
    """

    sync: MailSync
    clock: Clock
    identifiers: Identifiers
    times: SyncTimes = attrs.field(factory=SyncTimes)
    concurrency: int = 16
    since: datetime | None = None
    only: frozenset[str] | None = None
    _standings: dict[AccountId, SyncStanding] = attrs.field(factory=dict, init=False, repr=False)
    _watched: dict[AccountId, _Watched] = attrs.field(factory=dict, init=False, repr=False)

    def standings(self) -> Mapping[str, SyncStanding]:
        """Return how every account's sync is doing, by user id."""
        return {standing.user_id: standing for standing in self._standings.values()}

    async def run(self, stopping: asyncio.Event) -> None:
        """Sync until told to stop; then what is under way is broken off, which loses nothing.

        Raises:
            DatabaseError: the accounts cannot be read, for good. Whatever else fails concerns one account, and is
                waited out.
        """
        gate = asyncio.Semaphore(self.concurrency)
        try:
            async with asyncio.TaskGroup() as group:
                while not stopping.is_set():
                    await self._look(group, gate, stopping)
                    await unless_stopped(stopping, self.clock.sleep(self.times.look))
        except ExceptionGroup as errors:
            raise first_error(errors) from None
        finally:
            self._watched.clear()

    async def _look(self, group: asyncio.TaskGroup, gate: asyncio.Semaphore, stopping: asyncio.Event) -> None:
        """Begin with accounts that are new or have another status, and leave those that may not be used any more."""
        try:
            usable = {each.account_id: each async for each in self._accounts() if self._is_meant(each)}
        except DatabaseError as error:
            if not error.transient:
                raise
            return
        for account_id, watched in list(self._watched.items()):
            if not watched.suits(usable.get(account_id)):
                watched.task.cancel()
                del self._watched[account_id]
                self._standings.pop(account_id, None)
        for account_id, account in usable.items():
            if account_id not in self._watched:
                self._standings[account_id] = SyncStanding(user_id=account.user_id, watched_since=self.clock.now())
                task = group.create_task(self._keep(account_id, gate, stopping))
                self._watched[account_id] = _Watched(account.user_id, account.status_since, task)

    def _is_meant(self, account: Account) -> bool:
        return account.usable and (self.only is None or user_key(account.user_id) in self.only)

    async def _accounts(self) -> AsyncGenerator[Account, None]:
        after: str | None = None
        while True:
            accounts = await self.sync.accounts.page(after=after, limit=PAGE)
            for account in accounts:
                yield account
            if len(accounts) < PAGE:
                return
            after = user_key(accounts[-1].user_id)

    async def _keep(self, account_id: AccountId, gate: asyncio.Semaphore, stopping: asyncio.Event) -> None:
        """Sync one account again and again."""
        while not stopping.is_set():
            async with gate:
                await unless_stopped(stopping, self._sync(account_id))
            await unless_stopped(stopping, self.clock.sleep(self._standings[account_id].pause))

    async def _sync(self, account_id: AccountId) -> None:
        """Sync it once, and note how that went."""
        before = attrs.evolve(self._standings[account_id], is_syncing=True, began_at=self.clock.now())
        self._standings[account_id] = before
        report: SyncReport | None = None
        try:
            report = await self.sync.sync(before.user_id, self.since, longest=self.times.longest)
        except Exception as error:  # noqa: BLE001 - a bug met with one account must not stop the others
            context = {"message": f"Syncing account {before.user_id!r} failed unexpectedly", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
        self._standings[account_id] = self._after(before, report)

    def _after(self, before: SyncStanding, report: SyncReport | None) -> SyncStanding:
        """Return the standing after a sync; no report means that it met a bug."""
        now = self.clock.now()
        standing = attrs.evolve(before, is_syncing=False)
        if report is None:
            msg = "The sync failed unexpectedly; the traceback is in the log."
            report = SyncReport(user_id=before.user_id, error=IACSGraphError(msg, error_code="UNEXPECTED_ERROR"))
        error = report.first_error
        failures = 0 if error is None else before.failures + 1
        whole = error is None and report.finished and not report.overtaken
        return attrs.evolve(
            standing,
            error=error,
            failures=failures,
            stored=before.stored.plus(report.stored),
            complete_at=report.complete_at or before.complete_at,
            succeeded_at=now if whole else before.succeeded_at,
            pause=self._delay(report, failures),
        )

    def _delay(self, report: SyncReport, failures: int) -> timedelta:
        """Return how long to leave the account alone: if only some folders failed, not longer than usual."""
        fraction = self.identifiers.fraction()
        usual = self.times.interval * (1 + JITTER * (2 * fraction - 1))
        if report.error is not None:
            backoff = self.times.retry.backoff(failures, fraction)
            return max(backoff, report.error.retry_after or backoff)
        if report.failed:
            return min(usual, self.times.retry.backoff(failures, fraction))
        return usual if report.finished else timedelta(0)
