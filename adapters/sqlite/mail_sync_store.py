"""Copies of mailboxes in SQLite."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs

from adapters.sqlite.database import Database
from adapters.sqlite.folder_rows import SYNCS, to_sync
from adapters.sqlite.mail_rows import to_json
from adapters.sqlite.mail_saving import save
from adapters.sqlite.row_decoding import fetch, is_text
from adapters.sqlite.storable import storing
from adapters.sqlite.unreadable_rows import UNREADABLE, to_record
from domain.account import AccountId
from domain.mail_sync import FolderNews, FolderSync, KnownMail, Stored, UnreadableRecord, mail_id_of
from domain.unicode_text import as_unicode
from ports.event_codec import EventCodec
from ports.mail_sync_store import MailSyncStore

_KNOWN: Final = (
    "SELECT m.message_id, f.folder_id, m.is_deleted FROM json_each(?) AS asked"
    " CROSS JOIN mails AS m ON m.mail_id = asked.value JOIN mail_folders AS f ON f.folder = m.folder"
)
_FOLDER: Final = "(SELECT folder FROM mail_folders WHERE account_id = ? AND folder_id = ?)"
_UNMET: Final = f"SELECT message_id FROM mails WHERE folder = {_FOLDER} AND is_deleted = 0 AND round < ? LIMIT ?"  # noqa: S608 - constants
_MESSAGE_IDS: Final = (
    f"SELECT message_id FROM mails WHERE folder = {_FOLDER} AND is_deleted = 0 AND message_id > ?"  # noqa: S608 - constants
    " ORDER BY message_id LIMIT ?"
)


@attrs.frozen
class SqliteMailSyncStore(MailSyncStore):
    """Owns the tables of mails and their folders; `SqliteMailQueue` that of the queue, which is filled here, too."""

    database: Database
    codec: EventCodec

    async def folders(self, account_id: AccountId) -> Sequence[FolderSync]:
        """Read along the index of folders."""

        def work(connection: sqlite3.Connection) -> list[FolderSync]:
            return [to_sync(row) for row in fetch(connection, SYNCS, (account_id,))]

        return await self.database.read(work, operation="folders", table="folder_syncs")

    async def save(self, sync: FolderSync, news: FolderNews, now: datetime) -> Stored:
        """Write in one transaction."""

        async def write(found: tuple[FolderSync, FolderNews]) -> Stored:
            return await self.database.write(
                lambda connection: save(connection, self.codec, *found, now), operation="save", table="mails"
            )

        return await storing(write, (sync, news))

    async def known(self, account_id: AccountId, message_ids: Sequence[str]) -> Mapping[str, KnownMail]:
        """Look all up at once."""
        asked = to_json([mail_id_of(account_id, as_unicode(each)) for each in message_ids])

        def work(connection: sqlite3.Connection) -> dict[str, KnownMail]:
            return {
                message_id: KnownMail(message_id=message_id, folder_id=folder_id, is_deleted=bool(is_deleted))
                for message_id, folder_id, is_deleted in fetch(connection, _KNOWN, (asked,))
                if is_text(message_id)
            }

        return await self.database.read(work, operation="known", table="mails")

    async def unmet(self, sync: FolderSync, limit: int) -> Sequence[str]:
        """Read along the index of rounds."""
        return await self._ids(_UNMET, sync.account_id, sync.folder_id, sync.round, max(limit, 0))

    async def message_ids(
        self, account_id: AccountId, folder_id: str, *, after: str | None = None, limit: int = 10_000
    ) -> Sequence[str]:
        """Read along the index of message ids."""
        return await self._ids(_MESSAGE_IDS, account_id, folder_id, after or "", max(limit, 0))

    async def unreadable(self, account_id: AccountId) -> Sequence[UnreadableRecord]:
        """Read along the index of folders."""

        def work(connection: sqlite3.Connection) -> list[UnreadableRecord]:
            return [to_record(row) for row in fetch(connection, UNREADABLE, (account_id,))]

        return await self.database.read(work, operation="unreadable", table="unreadable_mails")

    async def _ids(self, sql: str, *params: object) -> list[str]:
        def work(connection: sqlite3.Connection) -> list[str]:
            return [message_id for (message_id,) in fetch(connection, sql, as_unicode(params)) if is_text(message_id)]

        return await self.database.read(work, operation="read", table="mails")
