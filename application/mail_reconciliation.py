"""Comparing what is stored of a mailbox with the mailbox, message by message, as a check of everything else."""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

import attrs

from application.folder_news import NewsDesk, SyncScope, Told
from application.mail_lookup import SLIM, WHOLE, MailLookup
from application.mail_sync import MailSync
from application.pages import closed
from application.synced_folders import synced_folders
from domain.errors import APIConnectionError, ConflictError, NotFoundError, ResyncRequiredError
from domain.mail import Mail, MailFolder, UnreadableMail
from domain.mail_filter import MailFilter
from domain.mail_sync import FolderSync, Stored, SyncPhase

CHUNK: Final = 100
ATTEMPTS: Final = 3
"""How often a repair is tried that another sync of the folder gets ahead of."""


@attrs.frozen(kw_only=True)
class FolderComparison:
    """What a folder of the mailbox has and the store has not, and the other way round, by message ids.

    `mails` are in the folder and wanted. `is_followed`: a first sync is not under way, nor one after the mailbox forgot
    where it was, nor is such a one due while something differs; else nothing is compared. `pending` differ, and the
    next sync will hear of them. `unreadable` cannot be read and are not stored. `complete_at` is up to when the folder
    is complete if nothing is missing. `repaired` is what was stored of the differences; what is left of them is named.
    """

    path: str
    mails: int = 0
    is_followed: bool = True
    missing: Sequence[str] = ()
    superfluous: Sequence[str] = ()
    unreadable: int = 0
    pending: int = 0
    complete_at: datetime | None = None
    repaired: Stored = attrs.field(factory=Stored)

    @property
    def is_right(self) -> bool:
        """Whether the store has what the folder had."""
        return self.is_followed and not self.missing and not self.superfluous and not self.unreadable


@attrs.frozen(kw_only=True)
class Reconciliation:
    """What was found of one mailbox, folder by folder."""

    user_id: str
    folders: Sequence[FolderComparison]

    @property
    def is_right(self) -> bool:
        """Whether the store has what the mailbox had."""
        return all(folder.is_right for folder in self.folders)

    @property
    def complete_at(self) -> datetime | None:
        """Up to when the mailbox is complete; None if something is missing."""
        times = [folder.complete_at for folder in self.folders]
        known = [time for time in times if time is not None]
        return min(known) if self.is_right and known and len(known) == len(times) else None


@attrs.define(kw_only=True)
class _Differences:
    """`unreadable` are ids, too; `nameless` are not even known by one."""

    mails: int = 0
    missing: list[str] = attrs.field(factory=list)
    superfluous: list[str] = attrs.field(factory=list)
    unreadable: list[str] = attrs.field(factory=list)
    nameless: int = 0

    @property
    def ids(self) -> Sequence[str]:
        return [*self.missing, *self.superfluous, *self.unreadable]

    def without(self, told: AbstractSet[str]) -> "_Differences":
        """Return them without those of which the next sync will hear."""
        return _Differences(
            mails=self.mails,
            missing=[each for each in self.missing if each not in told],
            superfluous=[each for each in self.superfluous if each not in told],
            unreadable=[each for each in self.unreadable if each not in told],
            nameless=self.nameless,
        )


def silent(_path: str, _number: int, _folders: int) -> None:
    """Say nothing."""


@attrs.frozen(kw_only=True)
class MailReconciliation:
    """Compares. What comes and goes meanwhile, and what the next sync will hear of, is no difference.

    The ids of one folder at a time are kept in memory.
    """

    sync: MailSync

    async def compare(
        self, user_id: str, *, repair: bool = False, heard: Callable[[str, int, int], None] = silent
    ) -> Reconciliation:
        """Compare every folder that is to be synced; with `repair`, store what is missing, and what left.

        `heard` is called with the path and the number of each folder, and how many there are.

        Raises:
            NotFoundError: the account is unknown.
            ConflictError: a sync of the folder was always ahead of the repair.
            Else as `Mailbox` and `MailSyncStore` say.
        """
        sync = self.sync
        account = await sync.account(user_id)
        states = {state.folder_id: state for state in await sync.store.folders(account.account_id)}
        owner = sync.owner_of(account)
        chosen = synced_folders(await sync.mailbox.folders(owner), sync.excluded)
        scope = SyncScope(
            account_id=account.account_id,
            owner=owner,
            paths={folder.folder_id: folder.path for folder in chosen},
            synced=frozenset(folder.folder_id for folder in chosen),
        )
        found: list[FolderComparison] = []
        for number, folder in enumerate(chosen, 1):
            heard(folder.path, number, len(chosen))
            found.append(await self._folder(scope, folder, states.get(folder.folder_id), repair=repair))
        return Reconciliation(user_id=account.user_id, folders=found)

    async def _folder(
        self, scope: SyncScope, folder: MailFolder, state: FolderSync | None, *, repair: bool
    ) -> FolderComparison:
        if state is None or state.phase is not SyncPhase.FOLLOWING or state.window is not None:
            return FolderComparison(path=folder.path, mails=folder.total, is_followed=False)
        try:
            differences = await self._confirmed(scope, state, await self._differences(scope, state))
            told = await self._told_since(scope, state) if differences.ids else frozenset()
        except NotFoundError as error:
            if error.error_code != "FOLDER_UNKNOWN":
                raise
            return FolderComparison(path=folder.path, complete_at=state.complete_at)
        if told is None:
            return FolderComparison(path=folder.path, mails=differences.mails, is_followed=False)
        found, repaired = differences.without(told), Stored()
        pending = len(differences.ids) - len(found.ids)
        if repair and found.ids:
            repaired = await self._repair(scope, state, found)
            found = await self._confirmed(scope, state, found)
        return FolderComparison(
            path=folder.path,
            mails=differences.mails,
            missing=found.missing,
            superfluous=found.superfluous,
            unreadable=len(found.unreadable) + found.nameless,
            pending=pending,
            complete_at=None if found.missing else state.complete_at,
            repaired=repaired,
        )

    async def _differences(self, scope: SyncScope, state: FolderSync) -> _Differences:
        """Compare the ids as they come."""
        there: set[str] = set()
        found = _Differences()
        pages = self.sync.mailbox.query(
            scope.owner, MailFilter(since=state.since, folder_id=state.folder_id), parts=SLIM
        )
        async with closed(pages):
            async for page in pages:
                there.update(mail.message_id for mail in page.mails)
                there.update(each.message_id for each in page.unreadable if each.message_id is not None)
                found.nameless += sum(each.message_id is None for each in page.unreadable)
        found.mails = len(there)
        after: str | None = None
        while ids := await self.sync.store.message_ids(scope.account_id, state.folder_id, after=after):
            found.superfluous += [each for each in ids if each not in there]
            there.difference_update(ids)
            after = ids[-1]
        found.missing = sorted(there)
        return found

    async def _confirmed(self, scope: SyncScope, state: FolderSync, found: _Differences) -> _Differences:
        """Look for each again, in the mailbox and then in the store; what is stored and cannot be read is no matter."""
        confirmed, met = _Differences(mails=found.mails), 0
        for first in range(0, len(found.ids), CHUNK):
            ids = found.ids[first : first + CHUNK]
            places = await MailLookup(mailbox=self.sync.mailbox).look(scope.owner, ids, SLIM)
            known = await self.sync.store.known(scope.account_id, ids)
            for message_id, place in places.items():
                at = known.get(message_id)
                is_stored = at is not None and not at.is_deleted and at.folder_id == state.folder_id
                is_there = isinstance(place, Mail) and place.folder_id == state.folder_id
                is_gone = place is None or (isinstance(place, Mail) and not is_there)
                if is_there and not is_stored and isinstance(place, Mail) and state.wants(place):
                    confirmed.missing.append(message_id)
                elif isinstance(place, UnreadableMail) and not is_stored:
                    confirmed.unreadable.append(message_id)
                elif is_gone and is_stored:
                    confirmed.superfluous.append(message_id)
                elif is_stored and (not isinstance(place, Mail) or state.wants(place)):
                    met += 1  # it was in the list, but not by its id
        confirmed.nameless = max(found.nameless - met, 0)
        return confirmed

    async def _told_since(self, scope: SyncScope, state: FolderSync) -> AbstractSet[str] | None:
        """Return the mails of which the next sync will hear; None: it will list all.

        Raises:
            APIConnectionError: the changes lead round and round (CHANGES_REPEATED).
        """
        told: set[str] = set()
        seen: set[str | None] = set()
        cursor, complete = state.cursor, False
        while not complete:
            if cursor in seen:
                msg = "The mailbox's changes lead round and round: compare again after the next sync."
                raise APIConnectionError(msg, error_code="CHANGES_REPEATED")
            seen.add(cursor)
            try:
                changes = await self.sync.mailbox.changes(scope.owner, state.folder_id, cursor, parts=SLIM)
            except ResyncRequiredError:
                return None
            told.update(mail.message_id for mail in changes.changed)
            told.update(changes.removed)
            told.update(each.message_id for each in changes.unreadable if each.message_id is not None)
            cursor, complete = changes.cursor, changes.complete
        return told

    async def _repair(self, scope: SyncScope, state: FolderSync, found: _Differences) -> Stored:
        """Store the differences as a sync would have; what cannot be read is remembered."""
        desk = NewsDesk(lookup=MailLookup(mailbox=self.sync.mailbox), store=self.sync.store)
        stored = Stored()
        for ids, are_there in (([*found.missing, *found.unreadable], True), (found.superfluous, False)):
            for first in range(0, len(ids), CHUNK):
                chunk = ids[first : first + CHUNK]
                whole = await desk.lookup.look(scope.owner, chunk, WHOLE) if are_there else {}
                told = Told(
                    mails=[each for each in whole.values() if isinstance(each, Mail)],
                    unreadable=[each for each in whole.values() if isinstance(each, UnreadableMail)],
                    removed=() if are_there else chunk,
                )
                stored = stored.plus(await self._save(scope, state.folder_id, desk, told))
        return stored

    async def _save(self, scope: SyncScope, folder_id: str, desk: NewsDesk, told: Told) -> Stored:
        """Store with the folder as it now stands; a sync may be going on."""
        for attempt in range(1, ATTEMPTS + 1):
            states = await self.sync.store.folders(scope.account_id)
            state = next(each for each in states if each.folder_id == folder_id)
            try:
                news = await desk.sort_out(scope, state, told)
                return await self.sync.store.save(state, news, self.sync.clock.now())
            except ConflictError:
                if attempt == ATTEMPTS:
                    raise
        return Stored()
