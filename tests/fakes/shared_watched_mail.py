"""Stores of mail that can be held around and inside their writes. They break no promise of a port."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import attrs

from adapters.sqlite.analyses import SqliteAnalyses
from adapters.sqlite.mail_finishing import finish
from adapters.sqlite.mail_queue import SqliteMailQueue
from adapters.sqlite.mail_saving import save
from adapters.sqlite.mail_sync_store import SqliteMailSyncStore
from adapters.sqlite.storable import storing
from domain.correspondence.analysis import Analysis, AnalysisKey
from domain.mail_results import ClaimedMail, Failed, Processed
from domain.mail_sync import FolderNews, FolderSync, MailId, Stored, SyncPhase
from tests.fakes.shared_provider import AtWindow
from tests.fakes.shared_watched_relay import append_lines

FETCHED, SAVING, SAVED = "fetched", "saving", "saved"
"""A page with mails is here and not stored; its mails are written and not yet queued; it is stored, the next is not."""
FILLING, RELISTING, VERIFYING = "filling", "relisting", "verifying"
"""A window is partly stored; a round that is not the first is; mails that it did not meet are to be looked for."""
CLAIMED, ANALYSED, FINISHING, FINISHED = "claimed", "analysed", "finishing", "finished"
"""Mails are somebody's; an analysis of one is kept; results are written and their mails still queued; all is stored."""

_QUEUED, _LEFT = "INSERT INTO mail_queue", "DELETE FROM mail_queue"
"""How the statements begin before which a transaction is held."""


@attrs.frozen
class Gate:
    """Where the event loop and the database's thread wait. `loop` is the former's."""

    at_window: AtWindow
    loop: asyncio.AbstractEventLoop

    async def at(self, window: str) -> None:
        """Pass, or be held."""
        await self.at_window(window, "")

    @contextmanager
    def before(self, connection: sqlite3.Connection, statement: str, window: str) -> Iterator[None]:
        """Let the thread of the connection pass the window before the first such statement of the block."""
        passed: list[str] = []

        def trace(sql: str) -> None:
            if sql.startswith(statement) and not passed:
                passed.append(sql)
                asyncio.run_coroutine_threadsafe(self._reach(window), self.loop).result()

        connection.set_trace_callback(trace)
        try:
            yield
        finally:
            connection.set_trace_callback(None)

    async def _reach(self, window: str) -> None:
        await self.at_window(window, "")


@attrs.frozen
class WatchedSyncStore(SqliteMailSyncStore):
    """Stores as ever. `waiting`: the ids of mails of pages that are here and not stored."""

    gate: Gate
    waiting: list[str] = attrs.field(factory=list)

    async def save(self, sync: FolderSync, news: FolderNews, now: datetime) -> Stored:
        """Save between windows."""
        self.waiting.extend(each.message_id for each in news.mails)
        if news.mails:
            await self.gate.at(FETCHED)
        for each in news.mails:
            self.waiting.remove(each.message_id)

        async def write(found: tuple[FolderSync, FolderNews]) -> Stored:
            return await self.write(*found, now)

        stored = await storing(write, (sync, news))
        await self._tell(sync, news)
        return stored

    async def write(self, sync: FolderSync, news: FolderNews, now: datetime) -> Stored:
        """Store, in one transaction."""
        return await self.database.write(
            lambda connection: self.put(connection, sync, news, now), operation="save", table="mails"
        )

    def put(self, connection: sqlite3.Connection, sync: FolderSync, news: FolderNews, now: datetime) -> Stored:
        """Store, in the transaction of the connection."""
        with self.gate.before(connection, _QUEUED, SAVING):
            return save(connection, self.codec, sync, news, now)

    async def unmet(self, sync: FolderSync, limit: int) -> Sequence[str]:
        """Look, and be held if there is something to look for."""
        found = await super().unmet(sync, limit)
        if found:
            await self.gate.at(VERIFYING)
        return found

    async def _tell(self, sync: FolderSync, news: FolderNews) -> None:
        if sync.window is not None and sync.window.before is not None:
            await self.gate.at(FILLING)
        elif sync.phase is SyncPhase.ROUND and sync.cursor is not None and sync.round > 1:
            await self.gate.at(RELISTING)
        if news.mails:
            await self.gate.at(SAVED)


@attrs.define
class WatchedQueue(SqliteMailQueue):
    """Writes down, in the file `claims`, each claim of a mail with its end, and that it is about to be given up."""

    gate: Gate = attrs.field(kw_only=True)
    claims: Path = attrs.field(kw_only=True)

    async def claim(
        self, owner: str, now: datetime, lease: timedelta, limit: int, *, only: Sequence[MailId] | None = None
    ) -> Sequence[ClaimedMail]:
        """Claim, and be held with what was claimed."""
        found = await self.take(owner, now, lease, limit, only=only)
        if found:
            term = f"{now.isoformat()} {(now + lease).isoformat()}"
            append_lines(self.claims, [f"{each.mail_id} {owner} {term}" for each in found])
            await self.gate.at(CLAIMED)
        return found

    async def finish(
        self, owner: str, now: datetime, processed: Sequence[Processed], failed: Sequence[Failed] = ()
    ) -> Sequence[MailId]:
        """Finish between windows."""
        append_lines(self.claims, [f"{each} {owner}" for each in mails_of(processed, failed)])

        async def write(found: tuple[Sequence[Processed], Sequence[Failed]]) -> list[MailId]:
            return await self.write(owner, now, *found)

        stored = await storing(write, (processed, failed))
        await self.gate.at(FINISHED)
        return stored

    async def release(self, owner: str) -> None:
        """Give back; of whom nothing is known here, so that it counts as given up altogether."""
        append_lines(self.claims, [f"* {owner}"])
        await super().release(owner)

    async def take(
        self, owner: str, now: datetime, lease: timedelta, limit: int, *, only: Sequence[MailId] | None
    ) -> Sequence[ClaimedMail]:
        """Claim as ever."""
        return await super().claim(owner, now, lease, limit, only=only)

    async def write(
        self, owner: str, now: datetime, processed: Sequence[Processed], failed: Sequence[Failed]
    ) -> list[MailId]:
        """Store, in one transaction."""

        def work(connection: sqlite3.Connection) -> list[MailId]:
            with self.gate.before(connection, _LEFT, FINISHING):
                return finish(connection, self.codec, owner, now, processed, failed)

        return await self.database.write(work, operation="finish", table="mail_queue")


def mails_of(processed: Sequence[Processed], failed: Sequence[Failed]) -> list[MailId]:
    """Return whose results these are."""
    return [*(each.mail_id for each in processed), *(each.mail_id for each in failed)]


@attrs.frozen
class WatchedAnalyses(SqliteAnalyses):
    """Keeps as ever."""

    gate: Gate

    async def keep(self, key: AnalysisKey, analysis: Analysis, now: datetime) -> None:
        """Keep, and be held."""
        await super().keep(key, analysis, now)
        await self.gate.at(ANALYSED)
