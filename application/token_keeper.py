"""Keeps every account's token fresh ahead of time, whoever uses it; several keepers may share a store."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from application.pulse import Pulse
from application.token_service import TokenService
from domain.errors import (
    ConfigurationError,
    DatabaseError,
    EncryptionError,
    IACSGraphError,
    PermissionDeniedError,
    ReauthenticationRequiredError,
    StaleKeyError,
    TokenRefreshError,
)
from domain.refreshing import BACKOFF_LAST
from ports.clock import Clock
from ports.token_store import TokenStore

KNOWN_TO_THE_STORE = (TokenRefreshError, ReauthenticationRequiredError, PermissionDeniedError, ConfigurationError)
"""After these the store itself says when to come back to the account."""


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
    """Accounts that failed in a way that the store does not know of, and until when they are left alone."""
    looked: Pulse = attrs.field(init=False, repr=False)
    """Beats whenever a look was completed."""

    @looked.default
    def _own_pulse(self) -> Pulse:
        return Pulse(self.clock)

    async def run(self) -> None:
        """Keep until cancelled. One account's failure is told of, and stops no other account.

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
                self.service.refresher.log.refresh_failed("*", error)
                rest = self.interval
            await self.clock.sleep(rest)

    async def look(self) -> timedelta:
        """Refresh what is due now; return how long until something may be due again.

        Raises: as `run`, passing failures of the store included.
        """
        now = self.clock.now()
        awake = await self.tokens.due(now, self.batch + len(self.resting))
        waking = [(user_id, max(at, self.resting.get(user_id, at))) for user_id, at in awake]
        due = [user_id for user_id, at in waking if at <= now][: self.batch]
        await self._refresh_all(due)
        self.looked.beat()
        if len(due) == self.batch:
            return timedelta(0)
        if due:
            return self.pause
        coming = min((at for _, at in waking), default=now + self.interval)
        return max(self.pause, min(self.interval, coming - now))

    async def _refresh_all(self, due: Sequence[str]) -> None:
        """Refresh each; raise what concerns the whole store or process, once all are done."""
        gate = asyncio.Semaphore(self.concurrency)
        async with asyncio.TaskGroup() as group:
            refreshing = [group.create_task(self._refresh(user_id, gate)) for user_id in due]
        errors = [error for task in refreshing if (error := task.result()) is not None]
        for error in errors:
            malformed = error.error_code == "ROW_MALFORMED"
            if isinstance(error, StaleKeyError) or (isinstance(error, DatabaseError) and not malformed):
                raise error

    async def _refresh(self, user_id: str, gate: asyncio.Semaphore) -> IACSGraphError | None:
        async with gate:
            try:
                await self.service.refresh_ahead(user_id)
            except IACSGraphError as error:
                self._rest_after(user_id, error)
                return error
            except Exception as error:  # noqa: BLE001 - a bug met with one account must not stop the others
                self.resting[user_id] = self.clock.now() + BACKOFF_LAST
                context = {"message": f"Refreshing account {user_id!r} failed unexpectedly", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
                return None
        self.resting.pop(user_id, None)
        return None

    def _rest_after(self, user_id: str, error: IACSGraphError) -> None:
        if isinstance(error, EncryptionError) or not isinstance(error, KNOWN_TO_THE_STORE):
            self.resting[user_id] = self.clock.now() + BACKOFF_LAST
