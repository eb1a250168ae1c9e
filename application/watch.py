"""Looks at how the whole stands, again and again, so that whoever asks is told at once and costs nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from application.accounts import Accounts
from application.background import unless_stopped
from application.loop_lag import LoopLag
from application.pulse import Pulse
from domain.account import Account, AccountStatus
from domain.mail_results import MailboxCounts
from domain.standing import AccountStanding, OutboxStanding, Standing, StoredStanding, TaskState
from ports.clock import Clock
from ports.mail_archive import MailArchive
from ports.mail_queue import MailQueue
from ports.parked_events import OutboxSummary, ParkedEvents
from ports.token_store import TokenStore

REST: Final = 20
"""A look that takes long is followed by so many times its duration without one, up to `LONGEST_REST`."""
LONGEST_REST: Final = timedelta(minutes=1)
OFTEN: Final = 4
"""So many looks, at least, within the time after which old news are bad news."""


@attrs.define(kw_only=True, eq=False)
class Watch:
    """Reads the stores again and again; what tasks say of themselves is read when somebody asks.

    `fresh`: what was read is to be younger than that, as far as the store allows it.
    """

    accounts: Accounts
    tokens: TokenStore
    archive: MailArchive
    queue: MailQueue
    outbox: ParkedEvents
    clock: Clock
    keeper: Pulse
    loop: LoopLag
    states: Callable[[], Sequence[TaskState]]
    """How the tasks stand."""
    sync_errors: Callable[[], Mapping[str, str]]
    """By user id, the code of what went wrong when the account was last synced."""
    fresh: timedelta = timedelta(minutes=5)
    interval: timedelta = timedelta(seconds=1)
    began_at: datetime = attrs.field(init=False)
    _running: Pulse = attrs.field(init=False)
    _stored: StoredStanding | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.began_at = self.clock.now()
        self._running = Pulse(self.clock)
        self._running.beat()

    @property
    def standing(self) -> Standing:
        """How everything stands now, as far as it is known."""
        running = self._running.age or timedelta(0)
        return Standing(
            at=self.clock.now(),
            began_at=self.began_at,
            tasks=tuple(self.states()),
            keeper_idle=running if self.keeper.age is None else self.keeper.age,
            keeper_looks=self.keeper.beats,
            loop_lag=self.loop.longest,
            stored=self._stored,
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Look until told to stop.

        Raises:
            DatabaseError: the store failed.
        """
        while not stopping.is_set():
            begun = self.clock.monotonic()
            await self.look()
            took = timedelta(seconds=self.clock.monotonic() - begun)
            rest = min(max(self.interval, took * REST), LONGEST_REST, self.fresh / OFTEN)
            await unless_stopped(stopping, self.clock.sleep(rest))

    async def look(self) -> None:
        """Read the stores once.

        Raises: as `run`.
        """
        counts = {each.account_id: each for each in await self.archive.counts()}
        errors = self.sync_errors()
        self._stored = StoredStanding(
            accounts=tuple(
                [_standing(each, counts.get(each.account_id), errors) async for each in self.accounts.every()]
            ),
            tokens=await self.tokens.counts(self.clock.now()),
            mail=await self.queue.depth(),
            outbox=self._outbox(await self.outbox.summary()),
            read_at=self.clock.now(),
        )

    def _outbox(self, summary: OutboxSummary) -> OutboxStanding:
        """Tell since when the oldest event waits: if that is not known, it was there before this program was."""
        since = None if summary.oldest is None else summary.oldest_at or self.began_at
        return OutboxStanding(pending=summary.pending, parked=summary.parked, waiting_since=since)


def _standing(account: Account, counts: MailboxCounts | None, errors: Mapping[str, str]) -> AccountStanding:
    return AccountStanding(
        user_id=account.user_id,
        status=account.status,
        reauth_reason=account.reauth_reason,
        active_since=account.status_since if account.status is AccountStatus.ACTIVE else None,
        complete_at=None if counts is None else counts.complete_at,
        sync_error=errors.get(account.user_id),
    )
