"""What is stored of mailboxes, in SQLite."""

import sqlite3
from collections.abc import Sequence
from typing import Final

import attrs
from msgspec import MsgspecError

from adapters.sqlite.database import Database
from adapters.sqlite.mail_rows import correspondent
from adapters.sqlite.row_decoding import fetch, is_text, shown
from adapters.sqlite.timestamps import from_text, time_if_legible
from domain.account import AccountId
from domain.correspondence.vocabulary import DropReason
from domain.errors import ValidationError
from domain.mail_results import DroppedMail, MailboxCounts
from domain.mail_sync import MailId
from ports.mail_archive import MailArchive

_COUNTS: Final = """
WITH synced AS (
    SELECT f.account_id, count(*) AS folders,
        sum(s.phase <> 'ended') AS present,
        sum(s.phase <> 'ended' AND s.complete_at IS NOT NULL AND NOT s.window_open) AS complete,
        min(CASE WHEN s.phase <> 'ended' THEN s.complete_at END) AS complete_at
    FROM folder_syncs AS s JOIN mail_folders AS f ON f.folder = s.folder GROUP BY f.account_id
), mails_of_folder AS (
    SELECT folder, sum(state = 'new') AS new, sum(state = 'announced') AS announced, sum(state = 'dropped') AS dropped,
        sum(is_deleted) AS deleted FROM mails GROUP BY folder
), unreadable_of_folder AS (
    SELECT folder, count(*) AS unreadable FROM unreadable_mails GROUP BY folder
)
SELECT a.account_id, a.user_id, y.folders, coalesce(sum(m.new), 0) AS new, coalesce(sum(m.announced), 0) AS announced,
    coalesce(sum(m.dropped), 0) AS dropped, coalesce(sum(m.deleted), 0) AS deleted,
    coalesce(sum(u.unreadable), 0) AS unreadable,
    CASE WHEN y.complete = y.present THEN y.complete_at END AS complete_at
FROM synced AS y JOIN accounts AS a ON a.account_id = y.account_id
    JOIN mail_folders AS f ON f.account_id = a.account_id
    LEFT JOIN mails_of_folder AS m ON m.folder = f.folder
    LEFT JOIN unreadable_of_folder AS u ON u.folder = f.folder
GROUP BY a.account_id ORDER BY a.user_key
"""
_PLACE: Final = (
    "SELECT r.dropped_at, r.mail FROM mails AS m JOIN mail_results AS r ON r.mail = m.mail"
    " WHERE m.mail_id = ? AND r.dropped_at IS NOT NULL"
)
_DROPPED: Final = """
SELECT m.mail_id, a.user_id, r.drop_reason, r.dropped_at, d.received_at, d.subject, d.sender
FROM mail_results AS r CROSS JOIN mails AS m ON m.mail = r.mail AND m.state = 'dropped'
    JOIN mail_details AS d ON d.mail = m.mail JOIN mail_folders AS f ON f.folder = m.folder
    JOIN accounts AS a ON a.account_id = f.account_id
WHERE r.dropped_at <= :dropped_at AND (r.dropped_at < :dropped_at OR r.mail < :mail)
    AND (:account_id IS NULL OR f.account_id = :account_id)
ORDER BY r.dropped_at DESC, r.mail DESC LIMIT :limit
"""
_BEFORE_ALL: Final = ("Z", 0)
"""Later than every time."""


@attrs.frozen
class SqliteMailArchive(MailArchive):
    """Reads what `SqliteMailSyncStore` and `SqliteMailQueue` write."""

    database: Database

    async def counts(self) -> Sequence[MailboxCounts]:
        """Count along an index that holds all that is counted."""

        def work(connection: sqlite3.Connection) -> list[MailboxCounts]:
            return [_counts(row) for row in fetch(connection, _COUNTS)]

        return await self.database.read(work, operation="counts", table="mails")

    async def dropped(
        self, account_id: AccountId | None = None, *, after: MailId | None = None, limit: int = 500
    ) -> Sequence[DroppedMail]:
        """Read along the index of times; a damaged row is left out."""

        def work(connection: sqlite3.Connection) -> list[DroppedMail]:
            place = connection.execute(_PLACE, (after,)).fetchone()
            dropped_at, mail = _BEFORE_ALL if place is None else place
            rows = fetch(
                connection,
                _DROPPED,
                {"dropped_at": dropped_at, "mail": mail, "account_id": account_id, "limit": max(limit, 0)},
            )
            return [found for found in map(_dropped, rows) if found is not None]

        return await self.database.read(work, operation="dropped", table="mail_results")


def _counts(row: sqlite3.Row) -> MailboxCounts:
    return MailboxCounts(
        account_id=AccountId(row["account_id"]),
        user_id=row["user_id"],
        folders=row["folders"],
        new=row["new"],
        announced=row["announced"],
        dropped=row["dropped"],
        deleted=row["deleted"],
        unreadable=row["unreadable"],
        complete_at=time_if_legible(row["complete_at"]),
    )


def _dropped(row: sqlite3.Row) -> DroppedMail | None:
    try:
        sender = correspondent(row["sender"])
        return DroppedMail(
            mail_id=MailId(row["mail_id"]),
            user_id=row["user_id"],
            reason=DropReason(row["drop_reason"]),
            dropped_at=from_text(row["dropped_at"]),
            received_at=from_text(row["received_at"]),
            subject=row["subject"] if row["subject"] is None or is_text(row["subject"]) else shown(row["subject"]),
            sender_address=None if sender is None else sender.address,
        )
    except (ValueError, TypeError, MsgspecError, ValidationError):
        return None
