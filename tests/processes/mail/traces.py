"""Collecting what a storm left behind: from the mailboxes, the database, and what processes wrote down."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from domain.account import AccountId
from domain.mail_sync import mail_id_of
from modules.simulator.mail.mailbox import Message
from tests.processes.crew import Crew
from tests.processes.events.findings import lines
from tests.processes.mail.findings import Claim, Kept, Real, Told, Traces
from tests.processes.mail.life import is_synced
from tests.processes.mail.session import CLAIMS
from tests.processes.mail.stage import Stage, user_id

TOPIC = "email.received"
_KEPT = (
    "SELECT m.mail_id, f.folder_id, coalesce(s.phase, 'ended') != 'ended', m.is_deleted, m.state, m.told,"
    " coalesce(d.internet_message_id, '') FROM mails AS m JOIN mail_folders AS f ON f.folder = m.folder"
    " JOIN mail_details AS d ON d.mail = m.mail LEFT JOIN folder_syncs AS s ON s.folder = f.folder"
)
_LOG = (
    "SELECT l.value FROM log_messages AS l JOIN log_partitions AS p ON p.partition_id = l.partition_id"
    " WHERE p.topic = ? ORDER BY p.number, l.offset_number"
)
_PUBLISHED = "SELECT event_id FROM outbox JOIN outbox_published USING (position) WHERE topic = ?"


def collect(stage: Stage, crew: Crew, *, finished: bool) -> Traces:
    """Collect. Nobody may be at work."""
    return Traces(
        finished=finished,
        real=stage.do(lambda: _real(stage, accounts(crew))),
        kept=[(mail_id, _kept(*row)) for mail_id, *row in crew.rows(_KEPT)],
        log=[_told(json.loads(value)) for (value,) in crew.rows(_LOG, TOPIC)],
        published={event_id for (event_id,) in crew.rows(_PUBLISHED, TOPIC)},
        claims=list(claims(crew.directory / CLAIMS)),
        secrets=_readable(stage, crew.database),
    )


def accounts(crew: Crew) -> Mapping[str, AccountId]:
    """Return the ids of the accounts by user id."""
    return {user: AccountId(account) for user, account in crew.rows("SELECT user_id, account_id FROM accounts")}


def claims(path: Path) -> Iterator[Claim]:
    """Read what was written down about claims."""
    for line in lines(path):
        mail_id, owner, *times = line.split()
        at, until = map(datetime.fromisoformat, times) if times else (None, None)
        yield Claim(mail_id=mail_id, owner=owner, at=at, until=until)


def _real(stage: Stage, ids: Mapping[str, AccountId]) -> dict[str, Real]:
    return {
        mail_id_of(ids[user_id(mailbox)], message.immutable_id): _as_it_is(message)
        for mailbox, message in stage.life.known
    }


def _as_it_is(message: Message) -> Real:
    synced = is_synced(message.folder)
    return Real(
        folder=message.folder.folder_id,
        is_synced=synced,
        is_gone=message.is_gone,
        was_synced=synced or message.moves > 0,
    )


def _kept(folder: str, is_in_synced: int, is_deleted: int, state: str, told: int, copy_of: str) -> Kept:
    return Kept(
        folder=folder,
        is_in_synced=bool(is_in_synced),
        is_deleted=bool(is_deleted),
        state=state,
        told=told,
        copy_of=copy_of,
    )


def _told(value: Mapping[str, object]) -> Told:
    info = value.get("event_info")
    original = info.get("duplicate_of") if isinstance(info, dict) else None
    return Told(
        event_id=str(value["event_id"]),
        mail_id=str(value["mail_id"]),
        kind=str(value["event_type"]),
        value=json.dumps(value, sort_keys=True),
        to_folder=str(value.get("to_folder_id") or ""),
        duplicate_of=original,
    )


def _readable(stage: Stage, database: Path) -> int:
    """Return how many tokens can be read in the files of the database."""
    files = [each for each in database.parent.iterdir() if each.name.startswith(database.name)]
    found = b"\n".join(each.read_bytes() for each in files)
    users = [user_id(mailbox).encode() for mailbox in stage.life.mailboxes]
    assert all(user in found for user in users), "the search would find nothing at all"
    return sum(token.encode() in found for token in stage.issued())
