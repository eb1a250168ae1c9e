"""Copies of mailboxes in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from adapters.memory.database import MemoryDatabase
from adapters.memory.mail_memory import FolderKey, MailMemory, MailRow, QueueRow
from domain.account import AccountId
from domain.errors import ConflictError, NotFoundError
from domain.events import Event, EventId, MailDeleted, MailMoved, mail_event_id
from domain.mail import Mail, UnreadableMail
from domain.mail_results import MailState
from domain.mail_sync import (
    Departure,
    FolderNews,
    FolderSync,
    KnownMail,
    MailId,
    Stored,
    UnreadableRecord,
    mail_id_of,
    steps_of,
)
from domain.unicode_text import as_unicode
from ports.mail_sync_store import MailSyncStore


@attrs.frozen
class MemoryMailSyncStore(MailSyncStore):
    """Goes through all mails, one by one."""

    database: MemoryDatabase

    async def folders(self, account_id: AccountId) -> Sequence[FolderSync]:
        """Filter and sort."""
        syncs = self.database.mail.syncs.values()
        return sorted((each for each in syncs if each.account_id == account_id), key=lambda each: each.folder_id)

    async def save(self, sync: FolderSync, news: FolderNews, now: datetime) -> Stored:
        """Work on a copy, which replaces what is stored if nothing was raised."""
        sync, news = as_unicode(sync), as_unicode(news)
        account = self.database.accounts.get(sync.account_id)
        if account is None:
            msg = f"There is no account {sync.account_id!r}."
            raise NotFoundError(msg, error_code="ACCOUNT_UNKNOWN", details={"account_id": sync.account_id})
        self._refuse_overtaken(sync, news.seen)
        saving = _Saving(mail=self.database.mail.copy(), sync=sync, news=news, now=now, user_id=account.user_id)
        saving.run()
        self.database.change_mail(saving.mail, saving.events, now)
        if saving.stored.new:
            self.database.mail_stored.ring()
        return saving.stored

    async def known(self, account_id: AccountId, message_ids: Sequence[str]) -> Mapping[str, KnownMail]:
        """Look each up."""
        mails = self.database.mail.mails
        rows = [mails.get(mail_id_of(account_id, as_unicode(message_id))) for message_id in message_ids]
        return {row.mail.message_id: _known(row) for row in rows if row is not None}

    async def unmet(self, sync: FolderSync, limit: int) -> Sequence[str]:
        """Filter and cut."""
        rows = self._present(sync.account_id, sync.folder_id)
        return [row.mail.message_id for row in rows if row.round < sync.round][: max(limit, 0)]

    async def message_ids(
        self, account_id: AccountId, folder_id: str, *, after: str | None = None, limit: int = 10_000
    ) -> Sequence[str]:
        """Filter, sort and cut."""
        ids = sorted(row.mail.message_id for row in self._present(account_id, folder_id))
        return [each for each in ids if after is None or each > as_unicode(after)][: max(limit, 0)]

    async def unreadable(self, account_id: AccountId) -> Sequence[UnreadableRecord]:
        """Filter and sort."""
        records = self.database.mail.unreadable.values()
        return sorted((each for each in records if each.account_id == account_id), key=lambda each: each.first_at)

    def _present(self, account_id: AccountId, folder_id: str) -> list[MailRow]:
        folder = (account_id, as_unicode(folder_id))
        return [row for row in self.database.mail.mails.values() if row.folder == folder and row.deleted_at is None]

    def _refuse_overtaken(self, sync: FolderSync, seen: int | None) -> None:
        syncs = self.database.mail.syncs
        stored = syncs.get((sync.account_id, sync.folder_id))
        steps = steps_of(each for each in syncs.values() if each.account_id == sync.account_id)
        if sync.revision != (0 if stored is None else stored.revision) or seen not in (None, steps):
            msg = "Another sync of the folder went on meanwhile."
            raise ConflictError(msg, error_code="SYNC_OVERTAKEN", details={"account_id": sync.account_id})


@attrs.define(kw_only=True)
class _Saving:
    """One step of a sync, made on a copy of what is stored."""

    mail: MailMemory
    sync: FolderSync
    news: FolderNews
    now: datetime
    user_id: str
    stored: Stored = attrs.field(factory=Stored)
    events: list[Event] = attrs.field(factory=list)

    def run(self) -> None:
        """Go through the news in their order."""
        for mail in {each.message_id: each for each in self.news.mails}.values():
            self.meet(mail)
        for departure in {each.message_id: each for each in self.news.departures}.values():
            self.depart(departure)
        key = self._folder(self.sync.folder_id)
        if self.news.nameless_recovered:
            self.mail.unreadable.pop(key, None)
        for unreadable in self.news.unreadable:
            self.note(unreadable)
        for message_id in self.news.recovered:
            self.mail.unreadable.pop(mail_id_of(self.sync.account_id, message_id), None)
        self.mail.syncs[key] = attrs.evolve(self.sync, revision=self.sync.revision + 1)
        for folder_id, path in self._told().items():
            if (self.sync.account_id, folder_id) in self.mail.paths:
                self.mail.paths[self.sync.account_id, folder_id] = path

    def meet(self, mail: Mail) -> None:
        """Store a mail, or bring it up to date."""
        mail_id = mail_id_of(self.sync.account_id, mail.message_id)
        self._folder(mail.folder_id)
        row = self.mail.mails.get(mail_id)
        if row is not None:
            self._update(row, mail)
            return
        self.mail.mails[mail_id] = MailRow(
            mail_id=mail_id, account_id=self.sync.account_id, mail=mail, round=self._round(mail.folder_id)
        )
        self.mail.queue[mail_id] = QueueRow(queued_at=self.now)
        self._count(Stored(new=1))

    def depart(self, departure: Departure) -> None:
        """Move or delete a mail that is known."""
        row = self.mail.mails.get(mail_id_of(self.sync.account_id, departure.message_id))
        if row is None or row.deleted_at is not None or departure.folder_id == row.mail.folder_id:
            return
        if departure.folder_id is None:
            self._put(attrs.evolve(row, deleted_at=self.now))
            self._tell_deletion(row)
            self._count(Stored(deleted=1))
            return
        self._folder(departure.folder_id)
        mail = attrs.evolve(row.mail, folder_id=departure.folder_id)
        self._put(attrs.evolve(row, mail=mail, round=self._round(departure.folder_id)))
        self._tell_move(row, departure.folder_id)
        self._count(Stored(moved=1))

    def note(self, unreadable: UnreadableMail) -> None:
        """Remember what could not be read."""
        message_id = unreadable.message_id
        account_id = self.sync.account_id
        folder = self._folder(self.sync.folder_id)
        key: FolderKey | MailId = folder if message_id is None else mail_id_of(account_id, message_id)
        before = self.mail.unreadable.get(key)
        self.mail.unreadable[key] = UnreadableRecord(
            account_id=account_id,
            folder_id=self.sync.folder_id,
            message_id=message_id,
            problem=unreadable.problem,
            first_at=self.now if before is None else before.first_at,
            last_at=self.now,
        )

    def _update(self, row: MailRow, mail: Mail) -> None:
        known = row.mail
        is_same = mail.version is not None and mail.version == known.version
        after = attrs.evolve(
            known if is_same else mail,
            folder_id=mail.folder_id,
            body=mail.body if known.body is None else known.body,
            headers=mail.headers if known.headers is None else known.headers,
            attachments=mail.attachments if known.attachments is None else known.attachments,
        )
        is_filled = _parts(after) != _parts(known)
        is_moved = row.deleted_at is not None or mail.folder_id != known.folder_id
        stays_elsewhere = not is_moved and mail.folder_id != self.sync.folder_id
        met = row.round if stays_elsewhere else self._round(mail.folder_id)
        self._put(attrs.evolve(row, mail=after, round=met, deleted_at=None))
        if is_moved:
            self._tell_move(row, mail.folder_id)
            self._count(Stored(moved=1))
        elif is_filled or not is_same:
            self._count(Stored(changed=1))

    def _tell_move(self, row: MailRow, folder_id: str) -> None:
        if row.state is not MailState.ANNOUNCED:
            return
        origin = None if row.deleted_at is not None else row.mail.folder_id
        self.events.append(
            MailMoved(
                event_id=self._next_event(row),
                account_id=row.account_id,
                user_id=self.user_id,
                occurred_at=self.now,
                mail_id=row.mail_id,
                from_folder_id=origin,
                from_folder=None if origin is None else self._path(origin),
                to_folder_id=folder_id,
                to_folder=self._path(folder_id),
            )
        )

    def _tell_deletion(self, row: MailRow) -> None:
        if row.state is not MailState.ANNOUNCED:
            return
        self.events.append(
            MailDeleted(
                event_id=self._next_event(row),
                account_id=row.account_id,
                user_id=self.user_id,
                occurred_at=self.now,
                mail_id=row.mail_id,
                folder_id=row.mail.folder_id,
                folder=self._path(row.mail.folder_id),
            )
        )

    def _next_event(self, row: MailRow) -> EventId:
        self._put(attrs.evolve(self.mail.mails[row.mail_id], told=row.told + 1))
        return mail_event_id(row.mail_id, row.told + 1)

    def _put(self, row: MailRow) -> None:
        self.mail.mails[row.mail_id] = row

    def _count(self, more: Stored) -> None:
        self.stored = self.stored.plus(more)

    def _folder(self, folder_id: str) -> FolderKey:
        key = (self.sync.account_id, folder_id)
        self.mail.paths.setdefault(key, None)
        return key

    def _round(self, folder_id: str) -> int:
        return self.sync.round if folder_id == self.sync.folder_id else 0

    def _told(self) -> dict[str, str]:
        return {self.sync.folder_id: self.sync.path, **self.news.paths}

    def _path(self, folder_id: str) -> str | None:
        return self._told().get(folder_id, self.mail.paths.get((self.sync.account_id, folder_id)))


def _known(row: MailRow) -> KnownMail:
    return KnownMail(
        message_id=row.mail.message_id, folder_id=row.mail.folder_id, is_deleted=row.deleted_at is not None
    )


def _parts(mail: Mail) -> Sequence[bool]:
    return [part is not None for part in (mail.body, mail.headers, mail.attachments)]
