"""Steps that tests of `Mailbox` are made of."""

from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import attrs

from domain.mail import FolderRole, Mail, MailChanges, MailPage, MailPart
from domain.mail_filter import MailFilter
from tests.contracts.letters import draft
from tests.contracts.mailbox_benches import MailboxBench

NOTHING: frozenset[MailPart] = frozenset()
EVERYTHING = frozenset(MailPart) - {MailPart.TEXT_BODY}


async def pages(
    bench: MailboxBench,
    mail_filter: MailFilter | None = None,
    *,
    parts: AbstractSet[MailPart] = NOTHING,
    newest: int | None = None,
) -> list[MailPage]:
    """Return all pages of an answer."""
    asked = bench.mailbox.query(bench.owner, mail_filter or MailFilter(), parts=parts, newest=newest)
    return [page async for page in asked]


async def found(bench: MailboxBench, newest: int | None = None, **conditions: Any) -> list[str]:  # noqa: ANN401 - of MailFilter
    """Return the ids of the mails that meet the conditions, as they come."""
    answer = await pages(bench, MailFilter(**conditions), newest=newest)
    assert not any(page.unreadable or page.truncated for page in answer)
    return [mail.message_id for page in answer for mail in page.mails]


async def round_of(
    bench: MailboxBench,
    cursor: str | None = None,
    folder_id: str | None = None,
    *,
    parts: AbstractSet[MailPart] = NOTHING,
) -> AsyncIterator[MailChanges]:
    """Yield changes from a cursor on until they are complete."""
    folder_id = folder_id or bench.folder_id(FolderRole.INBOX)
    complete = False
    while not complete:
        changes = await bench.mailbox.changes(bench.owner, folder_id, cursor, parts=parts)
        yield changes
        complete, cursor = changes.complete, changes.cursor


async def told(
    bench: MailboxBench, cursor: str | None = None, *, parts: AbstractSet[MailPart] = NOTHING
) -> MailChanges:
    """Return what a round tells of the inbox, as one; each mail as it came last."""
    steps = [changes async for changes in round_of(bench, cursor, parts=parts)]
    return attrs.evolve(
        steps[-1],
        changed=list({mail.message_id: mail for step in steps for mail in step.changed}.values()),
        removed=list(dict.fromkeys(message_id for step in steps for message_id in step.removed)),
        unreadable=list({each.message_id: each for step in steps for each in step.unreadable}.values()),
    )


@attrs.define
class Follower:
    """Follows a folder's cursors, and has at the end of each round what is in it."""

    bench: MailboxBench
    folder_id: str
    cursor: str | None = None
    mails: dict[str, Mail] = attrs.field(factory=dict)

    async def follow(self) -> None:
        """Go on until the changes are complete."""
        async for changes in round_of(self.bench, self.cursor, self.folder_id):
            self.take(changes)

    async def step(self) -> bool:
        """Go on once; return whether the changes are complete."""
        changes = await self.bench.mailbox.changes(self.bench.owner, self.folder_id, self.cursor, parts=NOTHING)
        self.take(changes)
        return changes.complete

    def take(self, changes: MailChanges) -> None:
        """Remember what came."""
        assert not changes.unreadable
        assert {mail.message_id for mail in changes.changed}.isdisjoint(changes.removed)
        for message_id in changes.removed:
            self.mails.pop(message_id, None)
        for mail in changes.changed:
            assert mail.folder_id == self.folder_id
            self.mails[mail.message_id] = mail
        self.cursor = changes.cursor

    def state(self) -> dict[str, bool]:
        """Return which mails there are, and whether each has been read."""
        return {message_id: mail.is_read for message_id, mail in self.mails.items()}


def deliver_several(bench: MailboxBench, count: int, **changes: Any) -> Sequence[str]:  # noqa: ANN401 - of Draft
    """Deliver letters, a second apart; return their ids, the newest first."""
    return [bench.deliver(draft(number, **changes)) for number in range(count)][::-1]
