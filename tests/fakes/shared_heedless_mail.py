"""Stores of mail with one protection switched off each, to show that the tests of them would notice."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from adapters.sqlite.mail_finishing import finish
from adapters.sqlite.mail_saving import save
from domain.mail_results import ClaimedMail, Failed, Processed
from domain.mail_sync import FolderNews, FolderSync, MailId, Stored
from tests.fakes.shared_watched_mail import FINISHING, SAVING, WatchedQueue, WatchedSyncStore, mails_of

_REVISION = (
    "SELECT s.revision FROM mail_folders AS f JOIN folder_syncs AS s ON s.folder = f.folder"
    " WHERE f.account_id = ? AND f.folder_id = ?"
)
_SAME_REVISION = (
    "UPDATE folder_syncs SET revision = revision - 1"
    " WHERE folder = (SELECT folder FROM mail_folders WHERE account_id = ? AND folder_id = ?)"
)
_COLUMNS = "event_id, topic, key, value, headers, appended_at"
_TRUST_NOBODY = "UPDATE mail_queue SET until = NULL"
_TAKE = "UPDATE mail_queue SET owner = ? WHERE mail IN (SELECT mail FROM mails WHERE mail_id = ?)"


@attrs.frozen
class CursorFirstStore(WatchedSyncStore):
    """Breaks "what was found together with how far the folder is": first the cursor is stored, then the mails."""

    async def write(self, sync: FolderSync, news: FolderNews, now: datetime) -> Stored:
        """Store in two transactions."""
        await self.database.write(
            lambda connection: save(connection, self.codec, sync, FolderNews(), now), operation="save", table="mails"
        )
        if news.mails:
            await self.gate.at(SAVING)

        def work(connection: sqlite3.Connection) -> Stored:
            stored = save(connection, self.codec, attrs.evolve(sync, revision=sync.revision + 1), news, now)
            connection.execute(_SAME_REVISION, (sync.account_id, sync.folder_id))
            return stored

        return await self.database.write(work, operation="save", table="mails")


@attrs.frozen
class UncomparedStore(WatchedSyncStore):
    """Breaks "another sync went on from this state": whoever comes last is right."""

    async def write(self, sync: FolderSync, news: FolderNews, now: datetime) -> Stored:
        """Store, whatever the revision is."""

        def work(connection: sqlite3.Connection) -> Stored:
            row = connection.execute(_REVISION, (sync.account_id, sync.folder_id)).fetchone()
            revision = 0 if row is None else row["revision"]
            return self.put(connection, attrs.evolve(sync, revision=revision), news, now)

        return await self.database.write(work, operation="save", table="mails")


@attrs.frozen
class UnverifiedStore(WatchedSyncStore):
    """Breaks "mails that were not met": there are none."""

    async def unmet(self, sync: FolderSync, limit: int) -> Sequence[str]:
        """Look as ever, and say that all were met."""
        await super().unmet(sync, limit)
        return []


@attrs.define
class LateEventsQueue(WatchedQueue):
    """Breaks "the results with the mails' new states and events, all together": the events come afterwards."""

    async def write(
        self, owner: str, now: datetime, processed: Sequence[Processed], failed: Sequence[Failed]
    ) -> list[MailId]:
        """Take the events out of the transaction, and append them in one of their own."""

        def first(connection: sqlite3.Connection) -> tuple[list[MailId], list[tuple[object, ...]]]:
            (before,) = tuple(connection.execute("SELECT coalesce(max(position), 0) FROM outbox").fetchone())
            stored = finish(connection, self.codec, owner, now, processed, failed)
            sql = f"SELECT {_COLUMNS} FROM outbox WHERE position > ? ORDER BY position"
            taken = [tuple(row) for row in connection.execute(sql, (before,))]
            connection.execute("DELETE FROM outbox WHERE position > ?", (before,))
            return stored, taken

        def second(connection: sqlite3.Connection) -> None:
            connection.executemany(f"INSERT INTO outbox ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", taken)

        stored, taken = await self.database.write(first, operation="finish", table="mail_queue")
        await self.gate.at(FINISHING)
        await self.database.write(second, operation="finish", table="outbox")
        return stored


@attrs.define
class UnleasedQueue(WatchedQueue):
    """Breaks "one worker at a time": everybody gets what others work on, and finishes it as if it were his own."""

    async def take(
        self, owner: str, now: datetime, lease: timedelta, limit: int, *, only: Sequence[MailId] | None
    ) -> Sequence[ClaimedMail]:
        """Claim as if no other claim held."""
        await self.database.execute(_TRUST_NOBODY)
        return await super().take(owner, now, lease, limit, only=only)

    async def write(
        self, owner: str, now: datetime, processed: Sequence[Processed], failed: Sequence[Failed]
    ) -> list[MailId]:
        """Make the mails one's own, and finish."""
        mine = [(owner, each) for each in mails_of(processed, failed)]
        await self.database.write(lambda connection: connection.executemany(_TAKE, mine), operation="take")
        return await super().write(owner, now, processed, failed)
