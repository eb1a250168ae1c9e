"""What is stored of mailboxes, in memory."""

from collections.abc import Sequence
from datetime import datetime

import attrs

from adapters.memory.database import MemoryDatabase
from adapters.memory.mail_memory import MailRow
from domain.account import AccountId, user_key
from domain.correspondence.vocabulary import DropReason
from domain.mail_results import DroppedMail, MailboxCounts, MailState
from domain.mail_sync import FolderSync, MailId, SyncPhase
from ports.mail_archive import MailArchive


@attrs.frozen
class MemoryMailArchive(MailArchive):
    """Counts anew each time."""

    database: MemoryDatabase

    async def counts(self) -> Sequence[MailboxCounts]:
        """Count account by account."""
        synced = {each.account_id for each in self.database.mail.syncs.values()}
        counts = [self._counts(account_id) for account_id in synced]
        return sorted(counts, key=lambda each: user_key(each.user_id))

    async def dropped(
        self, account_id: AccountId | None = None, *, after: MailId | None = None, limit: int = 500
    ) -> Sequence[DroppedMail]:
        """Filter, sort and cut; whatever was ever dropped keeps its place."""
        mail = self.database.mail
        places = {mail_id: place for place, mail_id in enumerate(mail.mails)}
        ever = {mail_id: result.dropped for mail_id, result in mail.results.items() if result.dropped is not None}
        ids = sorted(ever, key=lambda mail_id: (ever[mail_id][0], places[mail_id]), reverse=True)
        behind = ids[ids.index(after) + 1 :] if after in ids else ids
        return [
            self._dropped(mail.mails[mail_id], *ever[mail_id])
            for mail_id in behind
            if mail.mails[mail_id].state is MailState.DROPPED and account_id in (None, mail.mails[mail_id].account_id)
        ][: max(limit, 0)]

    def _counts(self, account_id: AccountId) -> MailboxCounts:
        mail = self.database.mail
        rows = [row for row in mail.mails.values() if row.account_id == account_id]
        syncs = [each for each in mail.syncs.values() if each.account_id == account_id]
        states = [row.state for row in rows]
        return MailboxCounts(
            account_id=account_id,
            user_id=self.database.accounts[account_id].user_id,
            folders=len(syncs),
            new=states.count(MailState.NEW),
            announced=states.count(MailState.ANNOUNCED),
            dropped=states.count(MailState.DROPPED),
            deleted=sum(row.deleted_at is not None for row in rows),
            unreadable=sum(each.account_id == account_id for each in mail.unreadable.values()),
            complete_at=_complete_at(syncs),
        )

    def _dropped(self, row: MailRow, at: datetime, reason: DropReason) -> DroppedMail:
        return DroppedMail(
            mail_id=row.mail_id,
            user_id=self.database.accounts[row.account_id].user_id,
            reason=reason,
            dropped_at=at,
            received_at=row.mail.received_at,
            subject=row.mail.subject,
            sender_address=None if row.mail.sender is None else row.mail.sender.address,
        )


def _complete_at(syncs: Sequence[FolderSync]) -> datetime | None:
    present = [each for each in syncs if each.phase is not SyncPhase.ENDED]
    times = [each.complete_at for each in present if each.complete_at is not None and each.window is None]
    return min(times) if times and len(times) == len(present) else None
