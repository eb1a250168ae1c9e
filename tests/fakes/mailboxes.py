"""Mailboxes that break one promise each."""

from collections.abc import AsyncIterator, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from itertools import count

import attrs

from domain.errors import BusinessLogicError, IACSGraphError
from domain.mail import Mail, MailboxOwner, MailChanges, MailFolder, MailPage, MailPart, UnreadableMail
from domain.mail_filter import MailFilter
from ports.mailbox import Mailbox


@attrs.define(eq=False)
class HookedMailbox(Mailbox):
    """Passes everything on; what is in between is for others to break. `failing` are folders that fail, and how."""

    mailbox: Mailbox
    failing: dict[str, IACSGraphError] = attrs.field(factory=dict)
    reads: list[str] = attrs.field(factory=list)

    async def folders(self, owner: MailboxOwner) -> Sequence[MailFolder]:
        """Pass it on."""
        return await self.mailbox.folders(owner)

    async def query(
        self, owner: MailboxOwner, mail_filter: MailFilter, *, parts: AbstractSet[MailPart], newest: int | None = None
    ) -> AsyncIterator[MailPage]:
        """Pass them on."""
        async for page in self.mailbox.query(owner, mail_filter, parts=parts, newest=newest):
            yield page

    async def changes(
        self, owner: MailboxOwner, folder_id: str, cursor: str | None, *, parts: AbstractSet[MailPart]
    ) -> MailChanges:
        """Fail if the folder does, else pass them on."""
        if folder_id in self.failing:
            raise self.failing[folder_id]
        return await self.mailbox.changes(owner, folder_id, cursor, parts=parts)

    async def read(self, owner: MailboxOwner, message_id: str, *, parts: AbstractSet[MailPart]) -> Mail:
        """Note it, and pass it on."""
        self.reads.append(message_id)
        return await self.mailbox.read(owner, message_id, parts=parts)

    def content(
        self, owner: MailboxOwner, message_id: str, attachment_id: str | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Pass it on."""
        return self.mailbox.content(owner, message_id, attachment_id)


@attrs.define(eq=False)
class CirclingMailbox(HookedMailbox):
    """Breaks the promise that changes come to an end: it gives two cursors in turns, while `circling`."""

    circling: bool = True
    numbers: Iterator[int] = attrs.field(factory=count)

    async def changes(
        self, owner: MailboxOwner, folder_id: str, cursor: str | None, *, parts: AbstractSet[MailPart]
    ) -> MailChanges:
        """Lead round and round."""
        if not self.circling:
            return await self.mailbox.changes(owner, folder_id, cursor, parts=parts)
        return MailChanges(cursor=f"cursor {next(self.numbers) % 2}", complete=False)


@attrs.define(eq=False)
class EndlessMailbox(HookedMailbox):
    """Breaks the promise that a query ends: the first page comes again and again."""

    pages: int = 0

    async def query(
        self, owner: MailboxOwner, mail_filter: MailFilter, *, parts: AbstractSet[MailPart], newest: int | None = None
    ) -> AsyncIterator[MailPage]:
        """Yield the first page for ever."""
        async for first in self.mailbox.query(owner, mail_filter, parts=parts, newest=newest):
            while True:
                self.pages += 1
                yield first


@attrs.define(eq=False)
class ToldMailbox(HookedMailbox):
    """Breaks the promise to tell how things are: the next changes are those that a test says, with a new cursor."""

    told: list[MailChanges] = attrs.field(factory=list)

    async def changes(
        self, owner: MailboxOwner, folder_id: str, cursor: str | None, *, parts: AbstractSet[MailPart]
    ) -> MailChanges:
        """Tell what the test says, for the first folder that is asked about; then what is so."""
        found = await self.mailbox.changes(owner, folder_id, cursor, parts=parts)
        if not self.told:
            return found
        said = self.told.pop(0)
        return attrs.evolve(said, cursor=found.cursor, complete=found.complete)


@attrs.define(eq=False)
class HidingMailbox(HookedMailbox):
    """Breaks the promise that a mail comes with its id: in queries, one does not."""

    hidden: str = ""

    async def query(
        self, owner: MailboxOwner, mail_filter: MailFilter, *, parts: AbstractSet[MailPart], newest: int | None = None
    ) -> AsyncIterator[MailPage]:
        """Hide the mail."""
        async for page in self.mailbox.query(owner, mail_filter, parts=parts, newest=newest):
            mails = [each for each in page.mails if each.message_id != self.hidden]
            hidden = [UnreadableMail(message_id=None, raw=b"{", problem="no id")] * (len(page.mails) - len(mails))
            yield attrs.evolve(page, mails=mails, unreadable=[*page.unreadable, *hidden])


@attrs.define(eq=False)
class PartlyReadMailbox(HookedMailbox):
    """Breaks the promise that what can be read can be read whole: of one mail the parts cannot."""

    slim_only: str = ""

    async def read(self, owner: MailboxOwner, message_id: str, *, parts: AbstractSet[MailPart]) -> Mail:
        """Refuse the parts."""
        if message_id == self.slim_only and parts:
            raise BusinessLogicError("It does not fit.", error_code="MAIL_UNREADABLE")
        return await self.mailbox.read(owner, message_id, parts=parts)
