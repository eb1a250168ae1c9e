"""Who works on which mail, as rows of `mail_queue`. Runs on the database's thread."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from adapters.sqlite.mail_rows import CONTENTS, DETAILS, to_json, to_mail
from adapters.sqlite.row_decoding import fetch
from adapters.sqlite.timestamps import to_text
from domain.account import AccountId
from domain.mail_results import ClaimedMail
from domain.mail_sync import MailId
from ports.mail_queue import LONGEST_RETRY
from ports.outbox import LONGEST_CLAIM

MALFORMED: Final = "ROW_MALFORMED: the stored mail is damaged."

_FREE: Final = "(until IS NULL OR until <= :now OR until > :longest_claim)"
_DUE: Final = "(retry_at IS NULL OR retry_at <= :now OR retry_at > :longest_retry)"
_NAMED: Final = (
    "mail IN (SELECT m.mail FROM json_each(:only) AS asked CROSS JOIN mails AS m ON m.mail_id = asked.value)"
)
_FRESH: Final = "SELECT mail FROM mail_queue WHERE attempts = 0"
_SUSPECT: Final = f"SELECT mail FROM mail_queue WHERE attempts > 0 AND {_FREE}"  # noqa: S608 - constants
_CLAIM: Final = "UPDATE mail_queue SET owner = ?, until = ?, attempts = attempts + 1 WHERE mail = ?"
_CLAIMED: Final = (
    "SELECT m.mail, m.mail_id, m.message_id, m.version, f.account_id, f.folder_id, q.attempts, r.restored_at,"  # noqa: S608 - constants
    f" {', '.join(f'd.{column}' for column in DETAILS)}, {', '.join(f'c.{column}' for column in CONTENTS)}"
    " FROM json_each(?) AS asked CROSS JOIN mails AS m ON m.mail = asked.value"
    " JOIN mail_queue AS q ON q.mail = m.mail JOIN mail_folders AS f ON f.folder = m.folder"
    " LEFT JOIN mail_details AS d ON d.mail = m.mail LEFT JOIN mail_contents AS c ON c.mail = m.mail"
    " LEFT JOIN mail_results AS r ON r.mail = m.mail"
)
_SET_ASIDE: Final = "UPDATE mail_queue SET owner = NULL, until = NULL, retry_at = ?, problem = ? WHERE mail = ?"


@attrs.frozen(kw_only=True)
class Wish:
    """What somebody wants to claim at a moment. `only` None: whatever there is."""

    owner: str
    now: datetime
    lease: timedelta
    limit: int
    only: Sequence[MailId] | None = None


def candidates(connection: sqlite3.Connection, wish: Wish) -> list[int]:
    """Return the mails that may be claimed now: those never tried, else the one that was tried least."""
    parameters = {
        "now": to_text(wish.now),
        "longest_claim": to_text(wish.now + LONGEST_CLAIM),
        "longest_retry": to_text(wish.now + LONGEST_RETRY),
        "only": to_json(wish.only or ()),
        "limit": wish.limit,
    }
    which, due = ("", f" AND {_DUE}") if wish.only is None else (f" AND {_NAMED}", "")
    fresh = f"{_FRESH}{which} ORDER BY mail LIMIT :limit"
    suspect = f"{_SUSPECT}{which}{due} ORDER BY attempts, mail LIMIT 1"
    for sql in (fresh, suspect):
        found = [mail for (mail,) in connection.execute(sql, parameters)]
        if found:
            return found
    return []


def claim(connection: sqlite3.Connection, wish: Wish) -> list[ClaimedMail]:
    """Claim as `MailQueue.claim` promises; a damaged mail is set aside as failing, and others are looked for."""
    while mails := candidates(connection, wish):
        until = to_text(wish.now + wish.lease)
        connection.executemany(_CLAIM, [(wish.owner, until, mail) for mail in mails])
        claimed = _read(connection, mails)
        found = [each for mail in mails if (each := claimed.get(mail)) is not None]
        damaged = [mail for mail in mails if claimed.get(mail) is None]
        retry_at = to_text(wish.now + LONGEST_RETRY)
        connection.executemany(_SET_ASIDE, [(retry_at, MALFORMED, mail) for mail in damaged])
        if found or wish.only is not None:  # those named are not kept waiting by `retry_at`: they would come again
            return found
    return []


def _read(connection: sqlite3.Connection, mails: Sequence[int]) -> dict[int, ClaimedMail | None]:
    rows = fetch(connection, _CLAIMED, (to_json(mails),))
    return {row["mail"]: _claimed(row) for row in rows}


def _claimed(row: sqlite3.Row) -> ClaimedMail | None:
    mail = to_mail(row)
    if mail is None:
        return None
    return ClaimedMail(
        mail_id=MailId(row["mail_id"]),
        account_id=AccountId(row["account_id"]),
        mail=mail,
        attempts=row["attempts"],
        is_restored=row["restored_at"] is not None,
    )
