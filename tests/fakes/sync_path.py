"""Mailboxes and stores of which a test decides at every call what happens before it, and after."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from datetime import datetime

import attrs

from domain.account import AccountId
from domain.mail import Mail, MailboxOwner, MailChanges, MailFolder, MailPage, MailPart
from domain.mail_filter import MailFilter
from domain.mail_sync import FolderNews, FolderSync, KnownMail, Stored, UnreadableRecord
from ports.mail_sync_store import MailSyncStore
from ports.mailbox import Mailbox

Turn = Callable[[str], Awaitable[None]]
"""Is told the method's name before and (`... done`) after its effect; what it raises the method raises."""


@attrs.frozen
class TurningMailbox(Mailbox):
    """Breaks the promise to fail only as the port says: whatever `turn` raises comes out of it."""

    mailbox: Mailbox
    turn: Turn

    async def folders(self, owner: MailboxOwner) -> Sequence[MailFolder]:
        """Let a turn pass, and ask."""
        await self.turn("folders")
        return await self.mailbox.folders(owner)

    async def query(
        self, owner: MailboxOwner, mail_filter: MailFilter, *, parts: AbstractSet[MailPart], newest: int | None = None
    ) -> AsyncIterator[MailPage]:
        """Let a turn pass before each page."""
        await self.turn("query")
        async for page in self.mailbox.query(owner, mail_filter, parts=parts, newest=newest):
            yield page
            await self.turn("query")

    async def changes(
        self, owner: MailboxOwner, folder_id: str, cursor: str | None, *, parts: AbstractSet[MailPart]
    ) -> MailChanges:
        """Let a turn pass before the question and after it."""
        await self.turn("changes")
        changes = await self.mailbox.changes(owner, folder_id, cursor, parts=parts)
        await self.turn("changes done")
        return changes

    async def read(self, owner: MailboxOwner, message_id: str, *, parts: AbstractSet[MailPart]) -> Mail:
        """Let a turn pass before the question and after it."""
        await self.turn("read")
        mail = await self.mailbox.read(owner, message_id, parts=parts)
        await self.turn("read done")
        return mail

    def content(
        self, owner: MailboxOwner, message_id: str, attachment_id: str | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open it."""
        return self.mailbox.content(owner, message_id, attachment_id)


@attrs.frozen
class TurningSyncStore(MailSyncStore):
    """Breaks the promise that who gets an error has stored nothing: `save` may raise what `turn` raises after it."""

    store: MailSyncStore
    turn: Turn

    async def folders(self, account_id: AccountId) -> Sequence[FolderSync]:
        """Ask."""
        return await self.store.folders(account_id)

    async def save(self, sync: FolderSync, news: FolderNews, now: datetime) -> Stored:
        """Let a turn pass before the writing and after it."""
        await self.turn("save")
        stored = await self.store.save(sync, news, now)
        await self.turn("save done")
        return stored

    async def known(self, account_id: AccountId, message_ids: Sequence[str]) -> Mapping[str, KnownMail]:
        """Ask."""
        return await self.store.known(account_id, message_ids)

    async def unmet(self, sync: FolderSync, limit: int) -> Sequence[str]:
        """Ask."""
        return await self.store.unmet(sync, limit)

    async def message_ids(
        self, account_id: AccountId, folder_id: str, *, after: str | None = None, limit: int = 10_000
    ) -> Sequence[str]:
        """Ask."""
        return await self.store.message_ids(account_id, folder_id, after=after, limit=limit)

    async def unreadable(self, account_id: AccountId) -> Sequence[UnreadableRecord]:
        """Ask."""
        return await self.store.unreadable(account_id)
