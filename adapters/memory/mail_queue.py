"""Mails that are yet to be processed, in memory."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import attrs

from adapters.memory.database import MemoryDatabase
from adapters.memory.mail_memory import MailMemory, MailRow, QueueRow, ResultRow
from domain.errors import NotFoundError
from domain.events import EmailReceived, Event, MailDeleted, mail_event_id, received_event_id
from domain.mail_results import ClaimedMail, EmailInfo, Failed, MailState, Processed, QueueDepth
from domain.mail_sync import MailId
from domain.unicode_text import as_unicode
from ports.clock import Clock
from ports.mail_queue import LONGEST_RETRY, MailQueue
from ports.outbox import LONGEST_CLAIM


class MemoryMailQueue(MailQueue):
    """Goes through the whole queue."""

    def __init__(self, database: MemoryDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._heard = 0

    async def claim(
        self, owner: str, now: datetime, lease: timedelta, limit: int, *, only: Sequence[MailId] | None = None
    ) -> Sequence[ClaimedMail]:
        """Filter, sort, cut, mark."""
        mail = self._database.mail
        free = [
            (row.attempts, place, mail_id)
            for place, mail_id in enumerate(mail.mails)
            if (row := mail.queue.get(mail_id)) is not None
            and (only is None or mail_id in only)
            and not _is_held(row, now)
            and (only is not None or not _is_waiting(row, now))
        ]
        fresh = [mail_id for attempts, _, mail_id in sorted(free) if attempts == 0]
        chosen = (fresh or [mail_id for _, _, mail_id in sorted(free)][:1])[: max(limit, 0)]
        for mail_id in chosen:
            row = mail.queue[mail_id]
            mail.queue[mail_id] = attrs.evolve(row, owner=owner, until=now + lease, attempts=row.attempts + 1)
        return [_claimed(mail, mail_id) for mail_id in chosen]

    async def finish(
        self, owner: str, now: datetime, processed: Sequence[Processed], failed: Sequence[Failed] = ()
    ) -> Sequence[MailId]:
        """Work on a copy, which replaces what is stored if nothing was raised."""
        mail, events = self._database.mail.copy(), list[Event]()
        mine = {mail_id for mail_id, row in mail.queue.items() if row.owner == owner}
        stored: list[MailId] = []
        for each in as_unicode(processed):
            if each.mail_id in mine:
                mine.remove(each.mail_id)
                stored.append(each.mail_id)
                self._finish(mail, each, now, events)
        for failure in as_unicode(failed):
            if failure.mail_id in mine:
                mine.remove(failure.mail_id)
                stored.append(failure.mail_id)
                row = attrs.evolve(mail.queue[failure.mail_id], owner=None, until=None)
                mail.queue[failure.mail_id] = attrs.evolve(row, problem=failure.problem, retry_at=failure.retry_at)
        self._database.change_mail(mail, events, now)
        return stored

    async def release(self, owner: str) -> None:
        """Go through all claims."""
        queue = self._database.mail.queue
        for mail_id, row in queue.items():
            if row.owner == owner:
                queue[mail_id] = attrs.evolve(row, owner=None, until=None, attempts=row.attempts - 1)

    async def restore(self, mail_id: MailId, actor: str, now: datetime) -> bool:
        """Put it back into the queue."""
        mail = self._database.mail
        row = mail.mails.get(mail_id)
        if row is None:
            msg = f"There is no mail {mail_id!r}."
            raise NotFoundError(msg, error_code="MAIL_UNKNOWN", details={"mail_id": mail_id})
        if row.state is not MailState.DROPPED:
            return False
        mail.mails[mail_id] = attrs.evolve(row, state=MailState.NEW)
        mail.queue[mail_id] = QueueRow(queued_at=now)
        mail.results[mail_id] = attrs.evolve(mail.results[mail_id], restored=(now, as_unicode(actor)))
        self._database.mail_stored.ring()
        return True

    async def depth(self) -> QueueDepth:
        """Count."""
        rows = self._database.mail.queue.values()
        return QueueDepth(
            new=len(rows),
            failing=sum(row.problem is not None for row in rows),
            oldest_at=min((row.queued_at for row in rows), default=None),
        )

    async def wait(self, longest: timedelta) -> None:
        """Listen."""
        await self._database.mail_stored.wait(self._heard, longest, self._clock)
        self._heard = self._database.mail_stored.strokes

    def _finish(self, mail: MailMemory, each: Processed, now: datetime, events: list[Event]) -> None:
        row, before = mail.mails[each.mail_id], mail.results.get(each.mail_id)
        restored = None if before is None else before.restored
        del mail.queue[each.mail_id]
        if each.dropped is not None:
            mail.mails[each.mail_id] = attrs.evolve(row, state=MailState.DROPPED)
            mail.results[each.mail_id] = ResultRow(info=each.info, dropped=(now, each.dropped), restored=restored)
            return
        info = self._announced(mail, row, each.info)
        told = [*self._told(mail, row, info)]
        events += told
        mail.mails[each.mail_id] = attrs.evolve(row, state=MailState.ANNOUNCED, told=row.told + len(told) - 1)
        dropped = None if before is None else before.dropped
        mail.results[each.mail_id] = ResultRow(info=info, announced_at=now, dropped=dropped, restored=restored)

    def _announced(self, mail: MailMemory, row: MailRow, info: EmailInfo) -> EmailInfo:
        """Find the first with the same internetMessageId, or be it."""
        message_id = row.mail.internet_message_id
        first = mail.firsts.setdefault(message_id, row.mail_id) if message_id else row.mail_id
        return attrs.evolve(info, duplicate_of=None if first == row.mail_id else first)

    def _told(self, mail: MailMemory, row: MailRow, info: EmailInfo) -> Iterable[Event]:
        user_id = self._database.accounts[row.account_id].user_id
        yield EmailReceived(
            event_id=received_event_id(row.mail_id),
            account_id=row.account_id,
            user_id=user_id,
            occurred_at=info.received_time,
            mail_id=row.mail_id,
            event_info=info,
        )
        if row.deleted_at is not None:
            yield MailDeleted(
                event_id=mail_event_id(row.mail_id, row.told + 1),
                account_id=row.account_id,
                user_id=user_id,
                occurred_at=row.deleted_at,
                mail_id=row.mail_id,
                folder_id=row.mail.folder_id,
                folder=mail.paths[row.folder],
            )


def _is_held(row: QueueRow, now: datetime) -> bool:
    return row.until is not None and now < row.until <= now + LONGEST_CLAIM


def _is_waiting(row: QueueRow, now: datetime) -> bool:
    return row.retry_at is not None and now < row.retry_at <= now + LONGEST_RETRY


def _claimed(mail: MailMemory, mail_id: MailId) -> ClaimedMail:
    row, result = mail.mails[mail_id], mail.results.get(mail_id)
    return ClaimedMail(
        mail_id=mail_id,
        account_id=row.account_id,
        mail=row.mail,
        attempts=mail.queue[mail_id].attempts,
        is_restored=result is not None and result.restored is not None,
    )
