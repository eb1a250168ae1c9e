"""The sync of a mailbox, of every implementation, into the store in memory; a test plays senders and owner."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import attrs

from adapters.memory.mail_log import MemoryMailLog
from adapters.memory.mail_queue import MemoryMailQueue
from adapters.memory.mail_sync_store import MemoryMailSyncStore
from application.applications import Applications
from application.mail_sync import MailSync, SyncReport
from domain.account import Account
from domain.correspondence.vocabulary import MailType, SenderType
from domain.mail import FolderRole, Mail
from domain.mail_filter import MailFilter
from domain.mail_results import EmailInfo, Processed
from domain.mail_sync import FolderSync, SyncPhase
from ports.mail_sync_store import MailSyncStore
from ports.mailbox import Mailbox
from tests.application.rig import APPLICATION, Rig, open_rig
from tests.contracts.mailbox_benches import CHANGING_BENCHES, MailboxBench, MemoryMailboxBench

NEWS = ("mail.moved", "mail.deleted")


@attrs.frozen(kw_only=True)
class SyncRig:
    """`bench` is the mailbox and what a test does in it; `sync` copies it."""

    rig: Rig
    bench: MailboxBench
    account: Account
    store: MailSyncStore
    log: MemoryMailLog
    sync: MailSync

    async def run(self, since: datetime | None = None, **how: Any) -> SyncReport:  # noqa: ANN401 - of MailSync.sync
        """Sync once; nothing may fail."""
        report = await self.attempt(since, **how)
        assert report.first_error is None, report
        assert report.overtaken == 0
        return report

    async def attempt(self, since: datetime | None = None, **how: Any) -> SyncReport:  # noqa: ANN401 - of MailSync.sync
        """Sync once."""
        return await self.sync.sync(self.bench.owner.user_id, since, **how)

    def with_parts(self, mailbox: Mailbox | None = None, store: MailSyncStore | None = None) -> "SyncRig":
        """Return the same with another mailbox or store in between."""
        sync = attrs.evolve(self.sync, mailbox=mailbox or self.sync.mailbox, store=store or self.sync.store)
        return attrs.evolve(self, sync=sync, store=store or self.store)

    @property
    def rows(self) -> list[Any]:
        """What is stored of mails, in the order of storing."""
        return list(self.rig.database.mail.mails.values())

    @property
    def inbox(self) -> str:
        """The id of the folder that everything comes to."""
        return self.bench.folder_id(FolderRole.INBOX)

    def stored(self, folder_id: str | None = None) -> list[str]:
        """Return the ids of mails that are stored as being in a folder; None: anywhere."""
        rows = [row for row in self.rows if row.deleted_at is None and folder_id in (None, row.mail.folder_id)]
        return sorted(row.mail.message_id for row in rows)

    def mail(self, message_id: str) -> Mail:
        """Return a mail as it is stored."""
        found: Mail = next(row.mail for row in self.rows if row.mail.message_id == message_id)
        return found

    async def folder(self, folder_id: str | None = None) -> FolderSync:
        """Return how far a folder is; None is the inbox."""
        wanted = folder_id or self.inbox
        return next(each for each in await self.store.folders(self.account.account_id) if each.folder_id == wanted)

    async def listed(self, folder_id: str, since: datetime | None = None) -> list[str]:
        """Return the ids of what is in a folder of the mailbox, received from then on."""
        wanted = MailFilter(folder_id=folder_id, since=since)
        pages = self.bench.mailbox.query(self.bench.owner, wanted, parts=frozenset())
        return sorted([mail.message_id async for page in pages for mail in page.mails])

    async def announce(self) -> None:
        """Announce every mail that is new, so that what happens to it later is told."""
        queue = MemoryMailQueue(self.rig.database, self.rig.clock)
        while claimed := await queue.claim("test", self.rig.clock.now(), timedelta(minutes=1), 1000):
            results = [Processed(mail_id=each.mail_id, info=_info(each.mail)) for each in claimed]
            await queue.finish("test", self.rig.clock.now(), results)

    def news(self) -> list[str]:
        """Return the types of what was told about mails later than that they came."""
        kinds = [event.headers["ce_type"] for event in self.rig.database.outbox]
        return [kind for kind in kinds if kind in NEWS]

    async def check(self, since: datetime | None = None) -> None:
        """Check that the store holds what is in the synced folders, each once, and that each folder is followed."""
        for state in await self.store.folders(self.account.account_id):
            if state.phase is SyncPhase.ENDED:
                assert self.stored(state.folder_id) == []
                continue
            assert state.phase is SyncPhase.FOLLOWING
            assert state.window is None
            assert state.complete_at is not None
            stored = self.stored(state.folder_id)
            assert set(stored) >= set(await self.listed(state.folder_id, since))
            assert set(stored) <= set(await self.listed(state.folder_id))
        assert all(row.mail.body is not None for row in self.rows)


def _info(mail: Mail) -> EmailInfo:
    return EmailInfo(
        received_time=mail.received_at,
        has_attachments=mail.has_attachments,
        sender_type=SenderType.OTHER,
        mail_type=MailType.OTHER,
    )


def sync_of(rig: Rig, bench: MailboxBench, store: MailSyncStore, log: MemoryMailLog) -> MailSync:
    """Return the use case on a rig."""
    return MailSync(
        accounts=rig.accounts,
        applications=Applications(default=APPLICATION),
        mailbox=bench.mailbox,
        store=store,
        clock=rig.clock,
        log=log,
    )


@asynccontextmanager
async def open_sync_rig(bench: str = "memory", *, page_size: int = 3) -> AsyncIterator[SyncRig]:
    """Open an empty mailbox of this kind, with an enrolled owner."""
    async with CHANGING_BENCHES[bench](page_size=page_size) as opened, open_rig() as rig:
        yield await _sync_rig(rig, opened)


@asynccontextmanager
async def open_memory_sync_rig(page_size: int = 3) -> AsyncIterator[tuple[SyncRig, MemoryMailboxBench]]:
    """Open one in memory, with what only a mailbox in memory can do."""
    async with open_rig() as rig:
        bench = MemoryMailboxBench(page_size)
        yield await _sync_rig(rig, bench), bench


async def _sync_rig(rig: Rig, bench: MailboxBench) -> SyncRig:
    store, log = MemoryMailSyncStore(rig.database), MemoryMailLog()
    user_id = bench.owner.user_id
    account = await rig.operator.enrol(email=user_id, name="Ann", actor="test", user_id=user_id)
    return SyncRig(rig=rig, bench=bench, account=account, store=store, log=log, sync=sync_of(rig, bench, store, log))
