"""Runs one `mail query --top COUNT` on a mailbox without an end, and tells on standard error what memory it took.

A process of its own: `python -m tests.modules.mail_query.long_query FORM`.
"""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet

from adapters.memory.mailbox import MemoryMailbox
from domain.mail import MailboxOwner, MailPage, MailPart
from domain.mail_filter import MailFilter
from tests.modules.mail_query.desk import a_mail, open_desk

PAGE = 100
FEW, MANY = 5_000, 50_000


class LongMailbox(MemoryMailbox):
    """Gives MANY mails, each made when its page is; says how much memory there was at most, at FEW and at the end."""

    async def query(
        self,
        owner: MailboxOwner,  # noqa: ARG002 - all mailboxes are the same
        mail_filter: MailFilter,  # noqa: ARG002 - as above
        *,
        parts: AbstractSet[MailPart],  # noqa: ARG002 - as above
        newest: int | None = None,  # noqa: ARG002 - as above
    ) -> AsyncIterator[MailPage]:
        for first in range(0, MANY, PAGE):
            if first == FEW:
                self.tell()
            yield MailPage(mails=[a_mail(f"mail-{first + number}", "folder") for number in range(PAGE)])

    @staticmethod
    def tell() -> None:
        """Print the process's largest size so far, in the system's unit."""
        sys.stderr.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}\n")


async def main() -> None:
    mailbox = LongMailbox()
    async with open_desk(mailbox) as desk:
        await desk.enrol("kim")
        await desk.query("kim", form=sys.argv[1])
        mailbox.tell()


if __name__ == "__main__":
    asyncio.run(main())
