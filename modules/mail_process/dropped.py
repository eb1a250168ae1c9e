"""`mail dropped`: what was not announced and why, and having it announced all the same."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from domain.account import AccountId, user_key
from domain.errors import NotFoundError
from domain.mail_results import DroppedMail
from domain.mail_sync import MailId
from modules.mail_process.schema import DroppedLine, RestoredReport
from modules.runtime.several import each

if TYPE_CHECKING:
    from modules.mail_process.compose import MailProcess

_PAGE = 500


async def dropped_lines(tools: "MailProcess", user: str | None) -> Sequence[DroppedLine]:
    """Return the dropped mails of one user, or of all, latest dropped first.

    Raises:
        NotFoundError: nothing of the user was ever synced (MAILBOX_NOT_SYNCED).
    """
    account_id = None if user is None else await _account_of(tools, user)
    lines: list[DroppedLine] = []
    after: MailId | None = None
    while page := await tools.archive.dropped(account_id, after=after, limit=_PAGE):
        lines.extend(map(_line, page))
        after = page[-1].mail_id  # a page with fewer is not the last: what cannot be read is left out
    return lines


async def restore(
    tools: "MailProcess", mail_ids: Sequence[str], actor: str, *, as_json: bool
) -> tuple[RestoredReport, int]:
    """Make dropped mails wanted, and process them; return the report, and the exit code of the first error.

    Raises: as `MailProcessing.process_once`.
    """

    async def want(mail_id: str) -> MailId:
        found, restored = MailId(mail_id), False
        with suppress(NotFoundError):
            restored = await tools.queue.restore(found, actor, tools.clock.now())
        if not restored:
            msg = f"No mail {mail_id!r} is dropped."
            raise NotFoundError(msg, error_code="MAIL_NOT_DROPPED", details={"mail_id": mail_id})
        return found

    restored, code = await each(mail_ids, want, as_json=as_json)
    return RestoredReport(restored=tuple(restored), announced=await _announce(tools, restored)), code


def restored_words(report: RestoredReport) -> str:
    """Return what became of the mails, for people."""
    restored = len(report.restored)
    return f"{restored} {'mail' if restored == 1 else 'mails'} restored, {report.announced} of them announced."


async def _announce(tools: "MailProcess", restored: Sequence[MailId]) -> int:
    """Process these; a mail that fails is left to be tried again later."""
    announced = 0
    while restored:
        turn = await tools.processing.process_once(len(restored), only=restored)
        announced += turn.announced
        if not turn.announced:
            break
    return announced


async def _account_of(tools: "MailProcess", user: str) -> AccountId:
    for counts in await tools.archive.counts():
        if user_key(counts.user_id) == user_key(user):
            return counts.account_id
    msg = f"No mail of {user!r} was ever synced."
    raise NotFoundError(msg, error_code="MAILBOX_NOT_SYNCED", details={"user_id": user})


def _line(mail: DroppedMail) -> DroppedLine:
    return DroppedLine(
        id=mail.mail_id,
        user=mail.user_id,
        reason=mail.reason.value,
        dropped=mail.dropped_at,
        received=mail.received_at,
        sender=mail.sender_address,
        subject=mail.subject,
    )
