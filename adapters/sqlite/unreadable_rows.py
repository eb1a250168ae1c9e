"""Messages that could not be read, as rows. Runs on the database's thread."""

import sqlite3
from datetime import datetime
from typing import Final

from adapters.sqlite.row_decoding import decodes
from adapters.sqlite.timestamps import from_text, to_text
from domain.account import AccountId
from domain.mail_sync import FolderNews, UnreadableRecord, mail_id_of

MOST_RAW_BYTES: Final = 256 * 1024
"""More of what came is not kept."""

UNREADABLE: Final = (
    "SELECT f.account_id, f.folder_id, u.message_id, u.problem, u.first_at, u.last_at"
    " FROM mail_folders AS f JOIN unreadable_mails AS u ON u.folder = f.folder"
    " WHERE f.account_id = ? ORDER BY u.first_at, u.entry"
)
_PUT: Final = (
    "INSERT INTO unreadable_mails (mail_id, message_id, folder, problem, raw, first_at, last_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_RENEW: Final = (
    " DO UPDATE SET folder = excluded.folder, problem = excluded.problem, raw = excluded.raw,"
    " last_at = excluded.last_at"
)
_BY_ID: Final = f"{_PUT} ON CONFLICT (mail_id){_RENEW}"
_BY_FOLDER: Final = f"{_PUT} ON CONFLICT (folder) WHERE mail_id IS NULL{_RENEW}"
_FORGET: Final = "DELETE FROM unreadable_mails WHERE mail_id = ?"
_FORGET_UNKNOWN: Final = "DELETE FROM unreadable_mails WHERE folder = ? AND mail_id IS NULL"


@decodes("unreadable_mails", "folder_id")
def to_record(row: sqlite3.Row) -> UnreadableRecord:
    """Return the record of a row of `UNREADABLE`."""
    return UnreadableRecord(
        account_id=AccountId(row["account_id"]),
        folder_id=row["folder_id"],
        message_id=row["message_id"],
        problem=row["problem"],
        first_at=from_text(row["first_at"]),
        last_at=from_text(row["last_at"]),
    )


def write_unreadable(
    connection: sqlite3.Connection, account_id: AccountId, folder: int, news: FolderNews, now: datetime
) -> None:
    """Remember what could not be read, forget what now can be."""
    if news.nameless_recovered:
        connection.execute(_FORGET_UNKNOWN, (folder,))
    at = to_text(now)
    for each in news.unreadable:
        mail_id = None if each.message_id is None else mail_id_of(account_id, each.message_id)
        row = (mail_id, each.message_id, folder, each.problem, each.raw[:MOST_RAW_BYTES], at, at)
        connection.execute(_BY_FOLDER if mail_id is None else _BY_ID, row)
    connection.executemany(_FORGET, [(mail_id_of(account_id, each),) for each in news.recovered])
