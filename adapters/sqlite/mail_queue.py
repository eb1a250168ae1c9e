"""Mails that are yet to be processed, in SQLite."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs

from adapters.sqlite.arrivals import Arrivals
from adapters.sqlite.database import Database
from adapters.sqlite.mail_claims import Wish, candidates, claim
from adapters.sqlite.mail_finishing import finish
from adapters.sqlite.row_decoding import fetch
from adapters.sqlite.storable import storing
from adapters.sqlite.timestamps import time_if_legible, to_text
from domain.errors import NotFoundError
from domain.mail_results import ClaimedMail, Failed, MailState, Processed, QueueDepth
from domain.mail_sync import MailId
from domain.unicode_text import as_unicode
from ports.clock import Clock
from ports.event_codec import EventCodec
from ports.mail_queue import MailQueue

_RELEASE: Final = "UPDATE mail_queue SET owner = NULL, until = NULL, attempts = attempts - 1 WHERE owner = ?"
_FIND: Final = "SELECT mail, state FROM mails WHERE mail_id = ?"
_RENEW: Final = "UPDATE mails SET state = ? WHERE mail = ?"
_RESTORED: Final = "UPDATE mail_results SET restored_at = ?, restored_by = ? WHERE mail = ?"
_QUEUE: Final = "INSERT INTO mail_queue (mail, queued_at) VALUES (?, ?)"
_DEPTH: Final = "SELECT count(*) AS new, count(problem) AS failing, min(queued_at) AS oldest_at FROM mail_queue"
_NEWEST: Final = "SELECT max(mail) AS newest FROM mails"


@attrs.define
class SqliteMailQueue(MailQueue):
    """Owns the tables `mail_queue`, `mail_results` and `first_announcements`; `SqliteMailSyncStore` fills the first."""

    database: Database
    codec: EventCodec
    clock: Clock
    _arrivals: Arrivals = attrs.field(init=False)

    @_arrivals.default
    def _own_arrivals(self) -> Arrivals:
        return Arrivals(database=self.database, clock=self.clock, table="mails", newest=_newest)

    async def claim(
        self, owner: str, now: datetime, lease: timedelta, limit: int, *, only: Sequence[MailId] | None = None
    ) -> Sequence[ClaimedMail]:
        """Write only if there is something to claim."""
        if limit <= 0:
            return []
        wish = Wish(owner=owner, now=now, lease=lease, limit=limit, only=only)
        if not await self.database.read(
            lambda connection: candidates(connection, wish), operation="claim", table="mail_queue"
        ):
            return []
        return await self.database.write(
            lambda connection: claim(connection, wish), operation="claim", table="mail_queue"
        )

    async def finish(
        self, owner: str, now: datetime, processed: Sequence[Processed], failed: Sequence[Failed] = ()
    ) -> Sequence[MailId]:
        """Write in one transaction."""

        async def write(found: tuple[Sequence[Processed], Sequence[Failed]]) -> list[MailId]:
            return await self.database.write(
                lambda connection: finish(connection, self.codec, owner, now, *found),
                operation="finish",
                table="mail_queue",
            )

        return await storing(write, (processed, failed))

    async def release(self, owner: str) -> None:
        """Update along the index of owners."""
        await self.database.execute(_RELEASE, (owner,))

    async def restore(self, mail_id: MailId, actor: str, now: datetime) -> bool:
        """Decide inside the transaction."""

        def work(connection: sqlite3.Connection) -> bool:
            row = connection.execute(_FIND, (mail_id,)).fetchone()
            if row is None:
                msg = f"There is no mail {mail_id!r}."
                raise NotFoundError(msg, error_code="MAIL_UNKNOWN", details={"mail_id": mail_id})
            if row["state"] != MailState.DROPPED:
                return False
            connection.execute(_RENEW, (MailState.NEW.value, row["mail"]))
            connection.execute(_RESTORED, (to_text(now), as_unicode(actor), row["mail"]))
            connection.execute(_QUEUE, (row["mail"], to_text(now)))
            return True

        return await self.database.write(work, operation="restore", table="mails")

    async def depth(self) -> QueueDepth:
        """Count."""

        def work(connection: sqlite3.Connection) -> QueueDepth:
            (row,) = fetch(connection, _DEPTH)
            return QueueDepth(new=row["new"], failing=row["failing"], oldest_at=time_if_legible(row["oldest_at"]))

        return await self.database.read(work, operation="depth", table="mail_queue")

    async def wait(self, longest: timedelta) -> None:
        """Wait for the next number given to a mail."""
        await self._arrivals.wait(longest)


def _newest(connection: sqlite3.Connection) -> int:
    return connection.execute(_NEWEST).fetchone()["newest"] or 0
