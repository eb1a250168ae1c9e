"""Accounts with mailboxes in memory, and what the commands do with them, without a process or a network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs

from adapters.memory.mail_archive import MemoryMailArchive
from adapters.memory.mail_log import MemoryMailLog
from adapters.memory.mail_queue import MemoryMailQueue
from adapters.memory.mail_sync_store import MemoryMailSyncStore
from adapters.memory.mailbox import MemoryMailbox
from application.applications import Applications
from application.mail_reconciliation import MailReconciliation
from application.mail_sync import MailSync
from application.mail_sync_watch import MailSyncWatch
from domain.mail import FolderRole, MailboxOwner
from modules.mail_sync.compose import MailSyncing, Stored
from modules.mail_sync.reconciling import announcer, print_report, reconcile_report
from modules.mail_sync.syncing import sync_once
from tests.application.rig import APPLICATION, Rig, open_rig
from tests.contracts.letters import draft, mail_of


@attrs.frozen(kw_only=True)
class Desk:
    """`mailbox` is where mails are delivered."""

    rig: Rig
    mailbox: MemoryMailbox
    tools: MailSyncing
    stored: Stored

    async def enrol(self, user_id: str, *message_ids: str) -> MailboxOwner:
        """Add an account with these mails in its inbox."""
        await self.rig.enrol(user_id)
        owner = MailboxOwner(user_id=user_id)
        self.mailbox.add_mailbox(owner)
        for message_id in message_ids:
            self.deliver(owner, message_id)
        return owner

    def deliver(self, owner: MailboxOwner, message_id: str) -> None:
        """Let a mail come."""
        self.mailbox.deliver(owner, mail_of(draft(), message_id, self.mailbox.folder_id(owner, FolderRole.INBOX)))

    async def sync(self, *users: str, **how: Any) -> int:  # noqa: ANN401 - of sync_once
        """Run `mail sync`, with `--all` if nobody is named; return the exit code."""
        given: dict[str, Any] = {"as_json": False, "since": None, "zone": None, **how}
        return await sync_once(self.tools, users or None, given["since"], given["zone"], as_json=given["as_json"])

    async def reconcile(self, user: str, *, repair: bool = False, as_json: bool = False) -> bool:
        """Run `mail reconcile`; return whether all is right."""
        found = await self.tools.reconciliation.compare(user, repair=repair, heard=announcer(as_json=as_json))
        print_report(reconcile_report(found), None, as_json=as_json)
        return found.is_right

    def lose(self, message_id: str) -> None:
        """Let the store lose a mail, as nothing of ours does."""
        mails = self.rig.database.mail.mails
        for mail_id in [each for each, row in mails.items() if row.mail.message_id == message_id]:
            del mails[mail_id]


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    """Open an empty one."""
    async with open_rig() as rig:
        mailbox = MemoryMailbox(page_size=2)
        sync = MailSync(
            accounts=rig.accounts,
            applications=Applications(default=APPLICATION),
            mailbox=mailbox,
            store=MemoryMailSyncStore(rig.database),
            clock=rig.clock,
            log=MemoryMailLog(),
        )
        tools = MailSyncing(
            sync=sync,
            reconciliation=MailReconciliation(sync=sync),
            watch=MailSyncWatch(sync=sync, clock=rig.clock, identifiers=rig.identifiers),
            clock=rig.clock,
        )
        queue = MemoryMailQueue(rig.database, rig.clock)
        stored = Stored(archive=MemoryMailArchive(rig.database), queue=queue)
        yield Desk(rig=rig, mailbox=mailbox, tools=tools, stored=stored)
