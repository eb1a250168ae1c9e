"""Mails for tests: of parts, and of what the generator wrote."""

from datetime import UTC, datetime

from domain.correspondence.analysis import Analysis
from domain.correspondence.assessment import Verdict, assess
from domain.correspondence.senders import ChairRoster
from domain.mail import BodyFormat, Importance, Mail, MailAddress, MailBody
from modules.simulator.mail.content import Draft

SENT_AT = datetime(2025, 6, 2, 9, 30, tzinfo=UTC)
CHAIR = "pl.chair@lr.org"
KR = "hsj@krs.co.kr"
SOMEBODY = "consult@notdnv.com"
CHAIRS = ChairRoster(addresses=frozenset({CHAIR}))
NOTHING = Analysis()


def a_mail(
    subject: str | None,
    sender: str | None = CHAIR,
    *,
    name: str | None = None,
    headers: tuple[tuple[str, str], ...] | None = (),
) -> Mail:
    """Return a mail without a body: what that says is handed over as text."""
    return Mail(
        message_id="message",
        folder_id="folder",
        subject=subject,
        sender=None if sender is None and name is None else MailAddress(sender, name),
        received_at=SENT_AT,
        sent_at=SENT_AT,
        is_read=False,
        is_draft=False,
        importance=Importance.NORMAL,
        has_attachments=False,
        headers=headers,
    )


def judged(
    subject: str | None,
    text: str = "",
    sender: str | None = CHAIR,
    *,
    name: str | None = None,
    headers: tuple[tuple[str, str], ...] | None = (),
) -> Verdict:
    """Return what is found out about a mail with this text, without an analysis of it."""
    return assess(a_mail(subject, sender, name=name, headers=headers), text, NOTHING, CHAIRS)


def mail_of(draft: Draft) -> Mail:
    """Return the mail as a mailbox tells it."""
    return Mail(
        message_id="message",
        folder_id="folder",
        internet_message_id=draft.internet_message_id,
        subject=draft.subject or None,
        sender=MailAddress(draft.sender.address or None, draft.sender.name or None) if draft.sender else None,
        received_at=draft.received_at,
        sent_at=draft.sent_at,
        is_read=draft.is_read,
        is_draft=draft.is_draft,
        importance=Importance(draft.importance),
        has_attachments=bool(draft.attachments),
        body=MailBody(format=BodyFormat(draft.body_type), content=draft.body),
        headers=draft.headers,
    )
