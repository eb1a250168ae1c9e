"""Folders of mailboxes and how far they are copied, as rows. Runs on the database's thread."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from adapters.sqlite.row_decoding import decodes, fetch, is_text
from adapters.sqlite.token_rows import text, time
from domain.account import AccountId
from domain.errors import ConflictError
from domain.mail_sync import FolderSync, SyncPhase, Window

SYNCS: Final = (
    "SELECT f.account_id, f.folder_id, s.* FROM mail_folders AS f JOIN folder_syncs AS s ON s.folder = f.folder"
    " WHERE f.account_id = ? ORDER BY f.folder_id"
)
_FOLDERS: Final = "SELECT folder, folder_id, path FROM mail_folders WHERE account_id = ?"
_ADD: Final = "INSERT INTO mail_folders (account_id, folder_id) VALUES (?, ?) RETURNING folder"
_CURRENT: Final = "SELECT revision FROM folder_syncs WHERE folder = ?"
_STEPS: Final = (
    "SELECT coalesce(sum(s.revision), 0) AS steps FROM mail_folders AS f JOIN folder_syncs AS s ON s.folder = f.folder"
    " WHERE f.account_id = ?"
)
_PUT: Final = (
    "INSERT OR REPLACE INTO folder_syncs"
    " (folder, path, since, window_open, window_before, phase, cursor, round, complete_at, asked_at, revision)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@decodes("folder_syncs", "folder_id")
def to_sync(row: sqlite3.Row) -> FolderSync:
    """Return the state of a row of `SYNCS`."""
    return FolderSync(
        account_id=AccountId(row["account_id"]),
        folder_id=row["folder_id"],
        path=row["path"],
        since=time(row["since"]),
        window=Window(before=time(row["window_before"])) if row["window_open"] else None,
        phase=SyncPhase(row["phase"]),
        cursor=row["cursor"],
        round=row["round"],
        complete_at=time(row["complete_at"]),
        asked_at=time(row["asked_at"]),
        revision=row["revision"],
    )


class Folders:
    """The folders of one account: which numbers they have in tables. One that is asked for and unknown gets one."""

    def __init__(self, connection: sqlite3.Connection, account_id: AccountId) -> None:
        self._connection = connection
        self._account_id = account_id
        rows = fetch(connection, _FOLDERS, (account_id,))
        self._numbers: dict[str, int] = {row["folder_id"]: row["folder"] for row in rows}
        self._paths: dict[str, str | None] = {row["folder_id"]: row["path"] for row in rows}
        self._ids = {number: folder_id for folder_id, number in self._numbers.items()}

    def number(self, folder_id: str) -> int:
        """Return the number of a folder."""
        found = self._numbers.get(folder_id)
        return self._added(folder_id) if found is None else found

    def folder_id(self, number: int) -> str:
        """Return which folder has the number."""
        return self._ids[number]

    def path(self, folder_id: str, told: Mapping[str, str]) -> str | None:
        """Return how the folder is called: as is told now, or was told last; None if it never was."""
        path = told.get(folder_id, self._paths.get(folder_id))
        return path if is_text(path) else None

    def remember(self, told: Mapping[str, str]) -> None:
        """Store how the folders that are known are called."""
        changed = [
            (path, self._numbers[folder_id])
            for folder_id, path in told.items()
            if folder_id in self._numbers and self._paths[folder_id] != path
        ]
        self._connection.executemany("UPDATE mail_folders SET path = ? WHERE folder = ?", changed)

    def _added(self, folder_id: str) -> int:
        number: int = self._connection.execute(_ADD, (self._account_id, folder_id)).fetchone()["folder"]
        self._numbers[folder_id], self._ids[number], self._paths[folder_id] = number, folder_id, None
        return number


def advance(connection: sqlite3.Connection, sync: FolderSync, folder: int, seen: int | None) -> None:
    """Store the next state of the one whose revision `sync` carries, if the account has had `seen` steps.

    Raises:
        ConflictError: SYNC_OVERTAKEN.
    """
    row = connection.execute(_CURRENT, (folder,)).fetchone()
    is_overtaken = sync.revision != (0 if row is None else row["revision"])
    if seen is not None:
        is_overtaken |= seen != connection.execute(_STEPS, (sync.account_id,)).fetchone()["steps"]
    if is_overtaken:
        msg = "Another sync of the folder went on meanwhile: read its state again, and go on from there."
        raise ConflictError(msg, error_code="SYNC_OVERTAKEN", details={"account_id": sync.account_id})
    connection.execute(_PUT, (folder, *_state(sync), sync.revision + 1))


def _state(sync: FolderSync) -> tuple[object, ...]:
    window = sync.window
    return (
        sync.path,
        text(sync.since),
        0 if window is None else 1,
        None if window is None else text(window.before),
        sync.phase.value,
        sync.cursor,
        sync.round,
        text(sync.complete_at),
        text(sync.asked_at),
    )
