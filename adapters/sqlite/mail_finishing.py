"""What processing found, written in batches. Runs on the database's thread, in a transaction."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

import attrs

from adapters.sqlite.account_rows import append_events
from adapters.sqlite.mail_rows import Row, to_json
from adapters.sqlite.row_decoding import fetch, is_text
from adapters.sqlite.timestamps import from_text, to_text
from domain.account import AccountId
from domain.events import EmailReceived, Event, MailDeleted, mail_event_id, received_event_id
from domain.mail_results import EmailInfo, Failed, MailState, Processed
from domain.mail_sync import MailId
from ports.event_codec import EventCodec

_CLAIMED: Final = (
    "SELECT m.mail_id, m.mail, m.deleted_at, m.told, f.account_id, f.folder_id, f.path, a.user_id,"
    " d.internet_message_id FROM json_each(:asked) AS asked CROSS JOIN mails AS m ON m.mail_id = asked.value"
    " JOIN mail_queue AS q ON q.mail = m.mail AND q.owner = :owner"
    " JOIN mail_folders AS f ON f.folder = m.folder JOIN accounts AS a ON a.account_id = f.account_id"
    " JOIN mail_details AS d ON d.mail = m.mail"
)
_FIRSTS: Final = (
    "SELECT a.internet_message_id, m.mail_id FROM json_each(?) AS asked CROSS JOIN first_announcements AS a"
    " ON a.internet_message_id = asked.value JOIN mails AS m ON m.mail = a.mail"
)
_ADD_FIRST: Final = "INSERT INTO first_announcements (internet_message_id, mail) VALUES (?, ?)"
_STATE: Final = "UPDATE mails SET state = ? WHERE mail = ?"
_TOLD: Final = "UPDATE mails SET told = ? WHERE mail = ?"
_LEAVE: Final = "DELETE FROM mail_queue WHERE mail = ?"
_ANNOUNCED: Final = (
    "INSERT INTO mail_results (mail, info, announced_at) VALUES (?, ?, ?)"
    " ON CONFLICT (mail) DO UPDATE SET info = excluded.info, announced_at = excluded.announced_at"
)
_DROPPED: Final = (
    "INSERT INTO mail_results (mail, info, dropped_at, drop_reason) VALUES (?, ?, ?, ?) ON CONFLICT (mail) DO UPDATE"
    " SET info = excluded.info, dropped_at = excluded.dropped_at, drop_reason = excluded.drop_reason"
)
_FAILED: Final = "UPDATE mail_queue SET owner = NULL, until = NULL, problem = ?, retry_at = ? WHERE mail = ?"

_INFO: Final = tuple(field.name for field in attrs.fields(EmailInfo) if field.name != "body")
_VALUES: Final = attrgetter(*_INFO)


def finish(
    connection: sqlite3.Connection,
    codec: EventCodec,
    owner: str,
    now: datetime,
    processed: Sequence[Processed],
    failed: Sequence[Failed],
) -> list[MailId]:
    """Write as `MailQueue.finish` promises.

    Raises:
        ValidationError, UnicodeEncodeError: a text is no Unicode.
    """
    asked = to_json([each.mail_id for each in processed] + [each.mail_id for each in failed])
    rows = {row["mail_id"]: row for row in fetch(connection, _CLAIMED, {"asked": asked, "owner": owner})}
    done = [(rows.pop(each.mail_id), each) for each in processed if each.mail_id in rows]
    undone = [(rows.pop(each.mail_id)["mail"], each) for each in failed if each.mail_id in rows]
    announced = [(row, each) for row, each in done if each.dropped is None]
    _drop(connection, [(row["mail"], each) for row, each in done if each.dropped is not None], to_text(now))
    _announce(connection, codec, announced, now)
    connection.executemany(_LEAVE, [(row["mail"],) for row, _ in done])
    connection.executemany(_FAILED, [(each.problem, to_text(each.retry_at), mail) for mail, each in undone])
    return [each.mail_id for _, each in done] + [each.mail_id for _, each in undone]


def _drop(connection: sqlite3.Connection, done: Sequence[tuple[int, Processed]], at: str) -> None:
    rows = [(mail, _found(each.info), at, each.dropped.value) for mail, each in done if each.dropped is not None]
    connection.executemany(_DROPPED, rows)
    connection.executemany(_STATE, [(MailState.DROPPED.value, mail) for mail, _ in done])


def _announce(
    connection: sqlite3.Connection, codec: EventCodec, done: Sequence[tuple[sqlite3.Row, Processed]], now: datetime
) -> None:
    firsts = _Firsts(connection, [row["internet_message_id"] for row, _ in done])
    results: list[Row] = []
    deleted: list[Row] = []
    events: list[Event] = []
    at = to_text(now)
    for row, each in done:
        info = firsts.marked(row, each.info)
        results.append((row["mail"], _found(info), at))
        events.append(_received(row, info))
        if row["deleted_at"] is not None:
            events.append(_deletion(row))
            deleted.append((row["told"] + 1, row["mail"]))
    connection.executemany(_ADD_FIRST, firsts.added)
    connection.executemany(_ANNOUNCED, results)
    connection.executemany(_STATE, [(MailState.ANNOUNCED.value, row["mail"]) for row, _ in done])
    connection.executemany(_TOLD, deleted)
    append_events(connection, [codec.encode(event) for event in events], now)


class _Firsts:
    """Which mail was announced first with each of some ids; `added` is what is to be remembered."""

    def __init__(self, connection: sqlite3.Connection, message_ids: Sequence[object]) -> None:
        asked = to_json([each for each in message_ids if is_text(each)])
        self._firsts = {row["internet_message_id"]: row["mail_id"] for row in fetch(connection, _FIRSTS, (asked,))}
        self.added: list[Row] = []

    def marked(self, row: sqlite3.Row, info: EmailInfo) -> EmailInfo:
        """Return the info with the mail that it is a duplicate of, or remember the mail as a first."""
        message_id, first = row["internet_message_id"], None
        if is_text(message_id) and message_id:
            first = self._firsts.get(message_id)
            if first is None:
                self._firsts[message_id] = row["mail_id"]
                self.added.append((message_id, row["mail"]))
        return info if info.duplicate_of == first else attrs.evolve(info, duplicate_of=first)


def _received(row: sqlite3.Row, info: EmailInfo) -> EmailReceived:
    mail_id = MailId(row["mail_id"])
    return EmailReceived(
        event_id=received_event_id(mail_id),
        account_id=AccountId(row["account_id"]),
        user_id=row["user_id"],
        occurred_at=info.received_time,
        mail_id=mail_id,
        event_info=info,
    )


def _deletion(row: sqlite3.Row) -> MailDeleted:
    mail_id = MailId(row["mail_id"])
    return MailDeleted(
        event_id=mail_event_id(mail_id, row["told"] + 1),
        account_id=AccountId(row["account_id"]),
        user_id=row["user_id"],
        occurred_at=from_text(row["deleted_at"]),
        mail_id=mail_id,
        folder_id=row["folder_id"],
        folder=row["path"] if is_text(row["path"]) else None,
    )


def _found(info: EmailInfo) -> str:
    return to_json(dict(zip(_INFO, _VALUES(info), strict=True)))
