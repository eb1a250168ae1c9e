"""One step of a sync, written in batches. Runs on the database's thread, in a transaction."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import attrs

from adapters.sqlite.account_rows import append_events
from adapters.sqlite.folder_rows import Folders, advance
from adapters.sqlite.mail_rows import (
    COMPLETE_CONTENTS,
    INSERT_CONTENTS,
    INSERT_DETAILS,
    INSERT_MAIL,
    UPDATE_DETAILS,
    Row,
    contents,
    details,
    parts_of,
    to_json,
)
from adapters.sqlite.row_decoding import fetch
from adapters.sqlite.timestamps import to_text
from adapters.sqlite.unreadable_rows import write_unreadable
from domain.account import AccountId
from domain.errors import NotFoundError
from domain.events import Event, EventId, MailDeleted, MailMoved, mail_event_id
from domain.mail import Mail
from domain.mail_results import MailState
from domain.mail_sync import Departure, FolderNews, FolderSync, MailId, Stored, mail_id_of
from ports.event_codec import EventCodec

_KNOWN: Final = (
    "SELECT m.mail_id, m.mail, m.folder, m.version, m.parts, m.round, m.is_deleted, m.state, m.told"
    " FROM json_each(?) AS asked CROSS JOIN mails AS m ON m.mail_id = asked.value"
)
_HERE: Final = (
    "SELECT asked.key, m.mail, m.version, m.parts, m.round FROM json_each(?) AS asked"
    " CROSS JOIN mails AS m ON m.folder = ? AND m.message_id = asked.value AND m.is_deleted = 0"
)
_MET: Final = "UPDATE mails SET round = ? WHERE mail IN (SELECT value FROM json_each(?))"
_UPDATE: Final = (
    "UPDATE mails SET folder = ?, version = ?, parts = ?, round = ?, is_deleted = ?, deleted_at = ?, told = ?"
    " WHERE mail = ?"
)
_QUEUE: Final = "INSERT INTO mail_queue (mail, queued_at) VALUES (?, ?)"


@attrs.define(eq=False)
class _Place:
    """What `mails` holds of a mail, to be changed here; in the order of `_KNOWN`."""

    mail_id: MailId
    mail: int
    folder: int
    version: str | None
    parts: int
    round: int
    is_deleted: int
    state: str
    told: int


def save(
    connection: sqlite3.Connection, codec: EventCodec, sync: FolderSync, news: FolderNews, now: datetime
) -> Stored:
    """Write as `MailSyncStore.save` promises.

    Raises:
        NotFoundError: ACCOUNT_UNKNOWN.
        ConflictError: SYNC_OVERTAKEN.
        ValidationError, UnicodeEncodeError: a text is no Unicode.
    """
    user_id = _user_id(connection, sync.account_id)
    folders = Folders(connection, sync.account_id)
    folder = folders.number(sync.folder_id)
    advance(connection, sync, folder, news.seen)
    told = {sync.folder_id: sync.path, **news.paths}
    saving = _Saving(
        connection=connection, sync=sync, folders=folders, folder=folder, paths=told, now=now, user_id=user_id
    )
    stored = saving.run(news)
    write_unreadable(connection, sync.account_id, folder, news, now)
    folders.remember(told)
    append_events(connection, [codec.encode(event) for event in saving.events], now)
    return stored


def _user_id(connection: sqlite3.Connection, account_id: AccountId) -> str:
    row = connection.execute("SELECT user_id FROM accounts WHERE account_id = ?", (account_id,)).fetchone()
    if row is None:
        msg = f"There is no account {account_id!r}."
        raise NotFoundError(msg, error_code="ACCOUNT_UNKNOWN", details={"account_id": account_id})
    user_id: str = row["user_id"]
    return user_id


@attrs.define(kw_only=True)
class _Saving:
    """Finds out what is new and what changed, and writes all of a kind at once. `folder` is the sync's own."""

    connection: sqlite3.Connection
    sync: FolderSync
    folders: Folders
    folder: int
    paths: Mapping[str, str]
    now: datetime
    user_id: str
    events: list[Event] = attrs.field(factory=list)
    _places: dict[MailId, _Place] = attrs.field(factory=dict)
    _met: list[int] = attrs.field(factory=list)
    _touched: dict[int, _Place] = attrs.field(factory=dict)
    _details: list[Row] = attrs.field(factory=list)
    _contents: list[Row] = attrs.field(factory=list)
    _changed: int = 0
    _moved: int = 0
    _deleted: int = 0

    def run(self, news: FolderNews) -> Stored:
        """Go through the news in their order."""
        account_id = self.sync.account_id
        told = {each.message_id: each for each in news.mails}
        self._meet_unchanged(told)
        mails = {mail_id_of(account_id, message_id): each for message_id, each in told.items()}
        departures = {mail_id_of(account_id, each.message_id): each for each in news.departures}
        self._read_places([*mails, *departures])
        new = [item for item in mails.items() if item[0] not in self._places]
        if len(new) < len(mails):
            self._update_known(mails)
        if new:
            self._insert(new, departures)
        for mail_id, departure in departures.items():
            self._depart(self._places.get(mail_id), departure.folder_id)
        self._write()
        return Stored(new=len(new), changed=self._changed, moved=self._moved, deleted=self._deleted)

    def _meet_unchanged(self, told: dict[str, Mail]) -> None:
        """Mark those of the folder's mails that are as they were, and leave them out of what is still to be done.

        They are most of a round that is not the first. They are found by what the mailbox calls them: no digest is made
        of that, and its index is read in the order in which mail came, not at random places.
        """
        here, current = self.sync.folder_id, self.sync.round
        asked = [
            mail
            for message_id, mail in told.items()
            if mail.folder_id == here and "\0" not in message_id  # SQLite's JSON ends a text there
        ]
        message_ids = to_json([mail.message_id for mail in asked])
        for position, number, version, parts, met in fetch(self.connection, _HERE, (message_ids, self.folder)):
            mail = asked[position]
            if version is not None and version == mail.version and not parts_of(mail) & ~parts:
                told.pop(mail.message_id, None)  # a damaged row may go by another's id
                if met != current:
                    self._met.append(number)

    def _read_places(self, mail_ids: Sequence[MailId]) -> None:
        if not mail_ids:
            return
        for row in fetch(self.connection, _KNOWN, (to_json(mail_ids),)):
            self._places[row["mail_id"]] = _Place(*row)

    def _update_known(self, mails: Mapping[MailId, Mail]) -> None:
        for mail_id, mail in mails.items():
            place = self._places.get(mail_id)
            if place is not None:
                self._update(place, mail)

    def _update(self, place: _Place, mail: Mail) -> None:
        folder, lacking = self.folders.number(mail.folder_id), parts_of(mail) & ~place.parts
        is_changed = mail.version is None or mail.version != place.version
        if is_changed:
            self._details.append((*details(mail), place.mail))
        if lacking:
            self._contents.append((place.mail, *contents(mail)))
        if place.is_deleted or folder != place.folder:
            self._move(place, mail.folder_id)
        else:
            self._changed += is_changed or lacking > 0
            place.round = self.sync.round if folder == self.folder else place.round
        place.version, place.parts = mail.version, place.parts | lacking
        self._touched[place.mail] = place

    def _insert(self, new: Sequence[tuple[MailId, Mail]], departures: Mapping[MailId, Departure]) -> None:
        connection, at, number = self.connection, to_text(self.now), self.folders.number
        first = connection.execute("SELECT coalesce(max(mail), 0) + 1 FROM mails").fetchone()[0]
        rows: list[Row] = []
        for place, (mail_id, mail) in enumerate(new, first):
            folder = number(mail.folder_id)
            met = self.sync.round if folder == self.folder else 0
            rows.append((place, mail_id, folder, mail.message_id, mail.version, parts_of(mail), met))
            if mail_id in departures:
                self._places[mail_id] = _Place(
                    mail_id, place, folder, mail.version, parts_of(mail), met, 0, MailState.NEW.value, 0
                )
        numbered = [(place, mail) for place, (_, mail) in enumerate(new, first)]
        connection.executemany(INSERT_MAIL, rows)
        connection.executemany(INSERT_DETAILS, [(place, at, *details(mail)) for place, mail in numbered])
        connection.executemany(
            INSERT_CONTENTS, [(place, *contents(mail)) for place, mail in numbered if parts_of(mail)]
        )
        connection.executemany(_QUEUE, [(place, at) for place, _ in numbered])

    def _depart(self, place: _Place | None, folder_id: str | None) -> None:
        if place is None or place.is_deleted:
            return
        if folder_id is None:
            self._tell_deletion(place)
            place.is_deleted = 1
            self._deleted += 1
        elif self.folders.number(folder_id) != place.folder:
            self._move(place, folder_id)
        else:
            return
        self._touched[place.mail] = place

    def _move(self, place: _Place, folder_id: str) -> None:
        self._tell_move(place, folder_id)
        place.folder, place.is_deleted = self.folders.number(folder_id), 0
        place.round = self.sync.round if place.folder == self.folder else 0
        self._moved += 1

    def _tell_move(self, place: _Place, folder_id: str) -> None:
        if place.state != MailState.ANNOUNCED:
            return
        origin = None if place.is_deleted else self.folders.folder_id(place.folder)
        self.events.append(
            MailMoved(
                event_id=_next_event(place),
                account_id=self.sync.account_id,
                user_id=self.user_id,
                occurred_at=self.now,
                mail_id=place.mail_id,
                from_folder_id=origin,
                from_folder=None if origin is None else self.folders.path(origin, self.paths),
                to_folder_id=folder_id,
                to_folder=self.folders.path(folder_id, self.paths),
            )
        )

    def _tell_deletion(self, place: _Place) -> None:
        if place.state != MailState.ANNOUNCED:
            return
        folder_id = self.folders.folder_id(place.folder)
        self.events.append(
            MailDeleted(
                event_id=_next_event(place),
                account_id=self.sync.account_id,
                user_id=self.user_id,
                occurred_at=self.now,
                mail_id=place.mail_id,
                folder_id=folder_id,
                folder=self.folders.path(folder_id, self.paths),
            )
        )

    def _write(self) -> None:
        connection, now = self.connection, to_text(self.now)
        if self._met:
            connection.execute(_MET, (self.sync.round, to_json(self._met)))
        connection.executemany(UPDATE_DETAILS, self._details)
        connection.executemany(COMPLETE_CONTENTS, self._contents)
        connection.executemany(_UPDATE, [_changes(place, now) for place in self._touched.values()])


def _next_event(place: _Place) -> EventId:
    place.told += 1
    return mail_event_id(place.mail_id, place.told)


def _changes(place: _Place, now: str) -> Row:
    """Return the values of `_UPDATE`; whoever is deleted among those that were touched was deleted now."""
    deleted_at = now if place.is_deleted else None
    return (
        place.folder,
        place.version,
        place.parts,
        place.round,
        place.is_deleted,
        deleted_at,
        place.told,
        place.mail,
    )
