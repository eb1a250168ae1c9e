"""Keeps every account's token fresh ahead of time, whoever uses it; several keepers may share a store."""

import asyncio
from datetime import datetime, timedelta

import attrs

from application.token_service import TokenService
from domain.errors import DatabaseError, EncryptionError, IACSGraphError, StaleKeyError
from domain.refreshing import BACKOFF_LAST
from ports.clock import Clock
from ports.token_store import TokenStore


@attrs.frozen(kw_only=True)
class TokenKeeper:
    """Looks for due accounts and refreshes them, at most `concurrency` at once; the domain says when one is due."""

    service: TokenService
    tokens: TokenStore
    clock: Clock
    concurrency: int = 20
    interval: timedelta = timedelta(seconds=30)
    """Longest time between two looks: how late a due time set by another process may be noticed."""
    pause: timedelta = timedelta(seconds=1)
    """Shortest time between two looks."""
    batch: int = 500
    resting: dict[str, datetime] = attrs.field(factory=dict, init=False, repr=False)
    """Accounts whose secrets do not open: the store cannot say when to try them again."""

    async def run(self) -> None:
        """Keep until cancelled. An account that fails is told of by the token service and tried again when it may be.

        Raises:
            StaleKeyError: this process must be restarted with the new key first.
            DatabaseError: the store failed for good; passing failures are waited out.
        """
        while True:
            try:
                rest = await self.look()
            except DatabaseError as error:
                if not error.transient:
                    raise
                rest = self.interval
            await self.clock.sleep(rest)

    async def look(self) -> timedelta:
        """Refresh what is due now; return how long until something may be due again.

        Raises: as `run`, passing failures of the store included.
        """
        now = self.clock.now()
        awake = await self.tokens.due(now, self.batch + len(self.resting))
        waking = [(user_id, max(at, self.resting.get(user_id, at))) for user_id, at in awake]
        gate = asyncio.Semaphore(self.concurrency)
        async with asyncio.TaskGroup() as group:
            refreshing = [group.create_task(self._refresh(user_id, gate)) for user_id, at in waking if at <= now]
        stale = next((error for task in refreshing if isinstance(error := task.result(), StaleKeyError)), None)
        if stale is not None:
            raise stale
        if len(refreshing) >= self.batch:
            return timedelta(0)
        if refreshing:
            return self.pause
        coming = min((at for _, at in waking), default=now + self.interval)
        return max(self.pause, min(self.interval, coming - now))

    async def _refresh(self, user_id: str, gate: asyncio.Semaphore) -> IACSGraphError | None:
        async with gate:
            try:
                await self.service.refresh_ahead(user_id)
            except StaleKeyError as error:
                return error
            except EncryptionError as error:
                self.service.refresher.log.refresh_failed(user_id, error)
                self.resting[user_id] = self.clock.now() + BACKOFF_LAST
                return error
            except IACSGraphError as error:
                return error
        self.resting.pop(user_id, None)
        return None
