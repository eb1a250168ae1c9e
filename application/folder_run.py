"""One folder on its way into the store: steps, each a call of the mailbox and one of the store."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import attrs

from application.folder_news import NewsDesk, SyncScope, Told
from application.mail_lookup import SLIM, WHOLE
from application.pages import closed
from domain.errors import APIConnectionError, NotFoundError, ResyncRequiredError
from domain.mail import MailChanges, MailPage
from domain.mail_filter import MailFilter
from domain.mail_sync import FolderNews, FolderSync, Stored, SyncPhase
from ports.clock import Clock
from ports.mail_log import MailLog
from ports.mail_sync_store import MailSyncStore
from ports.mailbox import Mailbox

CHUNK: Final = 100
"""How many mails are looked for in one step."""

RESTARTS: Final = 3
"""How often a folder begins anew in one run: a mailbox that forgets every cursor at once is left for later."""

IDLE_PAGES: Final = 20
"""So many pages of the past that lead nowhere are taken for a circle. The round finds what they would have brought."""

OVERLAP: Final = timedelta(seconds=1)
"""Mailboxes keep times of receipt in whole seconds: what came in the second of a page's last mail may be behind it."""

NOTHING: Final = FolderNews()


@attrs.frozen(kw_only=True)
class SyncTools:
    """What every folder's sync works with."""

    mailbox: Mailbox
    store: MailSyncStore
    desk: NewsDesk
    clock: Clock
    log: MailLog


@attrs.define(kw_only=True)
class FolderRun:
    """The steps of one folder from where it stands; whatever interrupts it, the next run goes on from there.

    `in_time` says whether another step may be begun. `heard` is told of each step: what it stored, and how many mails
    it went through.
    """

    tools: SyncTools
    scope: SyncScope
    sync: FolderSync
    in_time: Callable[[], bool]
    heard: Callable[["FolderRun", Stored, int], None]
    _restarts: int = attrs.field(default=0, init=False)
    _has_asked: bool = attrs.field(default=False, init=False)
    """Whether the changes being followed were asked for first in this run, so that they tell what it wants to know."""
    _unresolved: set[str] = attrs.field(factory=set, init=False)
    _cursors: set[int] = attrs.field(factory=set, init=False)
    """Of a round, as numbers: a cursor is a thousand characters long, and there are thousands."""

    async def run(self) -> bool:
        """Go on until the folder is complete, or gone; False if there is no time left.

        Raises:
            ConflictError: another process syncs the folder (SYNC_OVERTAKEN).
            Else as `Mailbox` and `MailSyncStore` say, and APIConnectionError if the changes lead round and round.
        """
        while self.in_time():
            try:
                if await self._step():
                    return True
            except NotFoundError as error:
                if error.error_code != "FOLDER_UNKNOWN" or self.sync.phase is SyncPhase.ENDED:
                    raise
                await self.save(self.sync.lost())
        return False

    async def _step(self) -> bool:
        """Take a step; return whether there is no more to do for now."""
        if self.sync.phase is SyncPhase.ENDED:
            return True
        if self.sync.window is not None:
            await self._fill_window()
            return False
        if self.sync.phase is SyncPhase.VERIFYING:
            await self._verify()
            return False
        return await self._follow()

    async def save(self, sync: FolderSync, news: FolderNews = NOTHING, told: int = 0) -> None:
        """Store a step and tell of it.

        Raises: as `MailSyncStore.save`.
        """
        stored = await self.tools.store.save(sync, news, self.tools.clock.now())
        self.sync = attrs.evolve(sync, revision=sync.revision + 1)
        self._record(news)
        if stored != Stored():
            self.tools.log.stored(self.scope.user_id, sync.path, stored)
        self.heard(self, stored, told)

    async def _follow(self) -> bool:
        """Store the next changes; True if there are no more, and all of the folder was listed before.

        Those that an earlier run began tell nothing of what happened since: then they are followed once more.
        """
        sync, asked_at = self.sync, self.tools.clock.now()
        self._has_asked = self._has_asked or sync.asked_at is None
        is_following = sync.phase is SyncPhase.FOLLOWING
        whole = is_following or sync.since is None
        try:
            changes = await self.tools.mailbox.changes(
                self.scope.owner, sync.folder_id, sync.cursor, parts=WHOLE if whole else SLIM
            )
        except ResyncRequiredError as error:
            await self._restart(error)
            return False
        await self._check_progress(changes)
        told = Told(mails=changes.changed, removed=changes.removed, unreadable=changes.unreadable, whole=whole)
        news = await self.tools.desk.sort_out(self.scope, sync, told)
        await self.save(sync.after(changes, asked_at), news, len(changes.changed))
        return is_following and changes.complete and self._has_asked

    async def _restart(self, error: ResyncRequiredError) -> None:
        """Begin the folder anew, unless that did not help before."""
        self._restarts += 1
        if self._restarts > RESTARTS:
            raise error
        self._cursors.clear()
        self._unresolved.clear()
        self.tools.log.resynced(self.scope.user_id, self.sync.path)
        await self.save(self.sync.restarted())

    async def _check_progress(self, changes: MailChanges) -> None:
        """Let the folder begin anew at the next run if the changes lead back to where this one has been.

        Raises:
            APIConnectionError: they do (CHANGES_REPEATED).
        """
        if changes.complete:
            self._cursors.clear()
            return
        if self.sync.cursor is not None:
            self._cursors.add(hash(self.sync.cursor))
        if hash(changes.cursor) in self._cursors:
            await self.save(self.sync.restarted())
            msg = "The mailbox's changes lead round and round: the folder begins anew at the next sync."
            raise APIConnectionError(msg, error_code="CHANGES_REPEATED")

    async def _fill_window(self) -> None:
        """Store what the window still lacks, newest first, as far as there is time."""
        sync, idle = self.sync, 0
        before = None if sync.window is None else sync.window.before
        if sync.since is None or before is None or sync.since < before:
            wanted = MailFilter(since=sync.since, before=before, folder_id=sync.folder_id)
            pages = self.tools.mailbox.query(self.scope.owner, wanted, parts=WHOLE)
            async with closed(pages):
                async for page in pages:
                    idle = 0 if await self._store_past(page) else idle + 1
                    if idle >= IDLE_PAGES:
                        break
                    if not self.in_time():
                        return
        await self._begin_round()

    async def _begin_round(self) -> None:
        """List the folder after its window: what the window met may have left since, and counts as met no more."""
        filled = self.sync.filled()
        await self.save(filled.restarted() if filled.phase is SyncPhase.ROUND else filled)

    async def _store_past(self, page: MailPage) -> bool:
        """Store a page of the window; return whether it led further into the past."""
        told = Told(mails=page.mails, unreadable=page.unreadable)
        news = await self.tools.desk.sort_out(self.scope, self.sync, told)
        before = None if self.sync.window is None else self.sync.window.before
        oldest = min((mail.received_at for mail in page.mails), default=None)
        further = oldest is not None and (before is None or oldest + OVERLAP < before)
        sync = self.sync.fetched(oldest + OVERLAP) if oldest is not None and further else self.sync
        await self.save(sync, news, len(page.mails))
        return further

    async def _verify(self) -> None:
        """Look for some of the mails that the round did not meet; what cannot be read is passed over."""
        unmet = await self.tools.store.unmet(self.sync, CHUNK + len(self._unresolved))
        ids = [each for each in unmet if each not in self._unresolved][:CHUNK]
        if not ids:
            await self.save(self.sync.verified())
            return
        news = await self.tools.desk.find(self.scope, self.sync, ids)
        self._unresolved.update(each.message_id for each in news.unreadable if each.message_id is not None)
        await self.save(self.sync, news, len(ids))

    def _record(self, news: FolderNews) -> None:
        """Remember what cannot be read, and tell of what is new of it."""
        for each in news.unreadable:
            if each.message_id is None or each.message_id not in self.scope.recorded:
                self.tools.log.unreadable(self.scope.user_id, self.sync.path, each.message_id, each.problem)
            if each.message_id is not None:
                self.scope.recorded[each.message_id] = self.sync.folder_id
        self.scope.forget(news.recovered)
