"""Reading mails one by one, some at a time: to have them whole, or to know where they are."""

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import attrs

from application.background import first_error
from domain.errors import BusinessLogicError, NotFoundError, ValidationError
from domain.mail import Mail, MailboxOwner, MailPart, UnreadableMail
from ports.mailbox import Mailbox

WHOLE: Final = frozenset({MailPart.BODY, MailPart.HEADERS, MailPart.ATTACHMENTS})
"""The parts of a mail that are stored."""

SLIM: Final[frozenset[MailPart]] = frozenset()
"""Enough to know where a mail is."""

AT_ONCE: Final = 4

Found = Mail | UnreadableMail | None
"""None: it is nowhere in the mailbox."""


@attrs.frozen(kw_only=True)
class MailLookup:
    """Reads the mails of mailboxes, `at_once` at the same time."""

    mailbox: Mailbox
    at_once: int = AT_ONCE

    async def look(
        self, owner: MailboxOwner, message_ids: Sequence[str], parts: AbstractSet[MailPart]
    ) -> Mapping[str, Found]:
        """Return what each id leads to. What the mailbox refuses to tell of one mail counts as unreadable.

        Raises: as `Mailbox` says, apart from what concerns one mail alone.
        """
        gate = asyncio.Semaphore(self.at_once)
        wanted = list(dict.fromkeys(message_ids))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {each: group.create_task(self._read(owner, each, parts, gate)) for each in wanted}
        except ExceptionGroup as errors:
            raise first_error(errors) from None
        return {message_id: task.result() for message_id, task in tasks.items()}

    async def _read(
        self, owner: MailboxOwner, message_id: str, parts: AbstractSet[MailPart], gate: asyncio.Semaphore
    ) -> Found:
        async with gate:
            try:
                return await self.mailbox.read(owner, message_id, parts=parts)
            except NotFoundError as error:
                if error.error_code != "MAIL_UNKNOWN":
                    raise
                return None
            except (BusinessLogicError, ValidationError) as error:
                return UnreadableMail(message_id=message_id, raw=b"", problem=error.message)
