"""The sync of all accounts, as a task that may be begun anew."""

import asyncio
from collections.abc import Mapping

import attrs

from application.mail_sync_watch import MailSyncWatch


@attrs.define(eq=False)
class Syncing:
    """Runs a new watch each time, with nothing left of the one before."""

    watch: MailSyncWatch

    async def run(self, stopping: asyncio.Event) -> None:
        """Sync until told to stop.

        Raises: as `MailSyncWatch.run`.
        """
        self.watch = attrs.evolve(self.watch)
        await self.watch.run(stopping)

    def errors(self) -> Mapping[str, str]:
        """Return by user id the code of what went wrong when the account was last synced; the others are left out."""
        standings = self.watch.standings()
        return {user: each.error.error_code for user, each in standings.items() if each.error is not None}
