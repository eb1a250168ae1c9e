"""From what somebody writes to the mail that is sent, and the truth about it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Final

import attrs

from modules.simulator.correspondence.cast import Correspondent
from modules.simulator.correspondence.codes import Code
from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.layout import Letter, render
from modules.simulator.correspondence.subjects import Subject
from modules.simulator.correspondence.truth import (
    MULTILATERAL,
    Language,
    Reason,
    Truth,
    Urgency,
    Verdict,
    more_pressing,
    parts_of,
)
from modules.simulator.correspondence.wording import CLOSINGS, DISCLAIMERS, GREETINGS
from modules.simulator.mail.content import Address, Attached, BodyType, Draft, File, Importance

NOTHING: Final = Verdict(mail_type="OTHER")


@attrs.frozen(kw_only=True, eq=False)
class Posted:
    """A mail that was sent, and what answers to it need to know. `quoted` are the letters below its own, latest first.

    `private_to`: the address of the only mailbox that has it; None: everybody's. `folder`: where it must be.
    """

    draft: Draft
    truth: Truth
    letter: Letter = attrs.field(repr=False)
    subject: Subject
    quoted: tuple[Letter, ...] = attrs.field(default=(), repr=False)
    code: Code | None = None
    private_to: str | None = None
    folder: str | None = None


@attrs.frozen(kw_only=True)
class Outline:
    """What is decided about a mail before it is written. `key` makes its ids; `code` is what the mail is about.

    `urgency` and `deadline` are what the new text says, apart from the subject.
    """

    key: str
    kind: str
    sender: Correspondent
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    subject: Subject
    sent_at: datetime
    paragraphs: Sequence[str] = attrs.field(repr=False)
    language: Language = "en"
    code: Code | None = None
    verdict: Verdict = NOTHING
    urgency: Urgency = "NORMAL"
    deadline: date | None = None
    is_multilateral: bool = False
    unwanted_because: Reason | None = None
    answers: Posted | None = None
    quotes: bool = True
    attachments: tuple[Attached, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    private_to: str | None = None
    folder: str | None = None
    is_signed: bool = True


def post(outline: Outline, dice: Dice, body_type: BodyType, logo: File | None = None) -> Posted:
    """Write the mail. A logo goes below the signature, inline."""
    sender = outline.sender.address
    letter = Letter(
        sender=sender,
        to="; ".join(each.name or each.address for each in outline.to[:3]),
        sent_at=outline.sent_at,
        subject=outline.subject.text,
        paragraphs=_signed(outline, dice) if outline.is_signed else tuple(outline.paragraphs),
        language=outline.language,
    )
    answered = outline.answers
    quoted = (answered.letter, *answered.quoted) if answered and outline.quotes else ()
    message_id = f"<{key_of(outline.key)}@{sender.address.rpartition('@')[2] or 'unsent.example'}>"
    draft = Draft(
        subject=outline.subject.text,
        sender=None if not sender.address else sender,
        to=outline.to,
        cc=outline.cc,
        body=render(letter, quoted, body_type, logo=logo is not None),
        body_type=body_type,
        sent_at=outline.sent_at,
        received_at=outline.sent_at + timedelta(seconds=2 + int(40 * dice.random() ** 3)),
        internet_message_id=message_id,
        conversation=answered.draft.conversation if answered else message_id,
        importance=_importance(outline, dice),
        is_read=True,
        is_draft=outline.folder == "drafts",
        headers=(*_threading(answered), *outline.headers),
        attachments=(*outline.attachments, *((logo,) if logo else ())),
    )
    return Posted(
        draft=draft,
        truth=_truth(outline, message_id),
        letter=letter,
        subject=outline.subject,
        quoted=quoted,
        code=outline.code,
        private_to=outline.private_to,
        folder=outline.folder,
    )


def key_of(*parts: object) -> str:
    return blake2b("/".join(map(str, parts)).encode(), digest_size=12).hexdigest()


def _truth(outline: Outline, message_id: str) -> Truth:
    subject, party, verdict = outline.subject, outline.sender.party, outline.verdict
    parts = {"panel": MULTILATERAL} if outline.is_multilateral else parts_of(outline.code)
    return Truth(
        internet_message_id=message_id,
        kind=outline.kind,
        **parts,
        response_org=verdict.response_org,
        response_version=verdict.response_version,
        sender_type=party.sender_type,
        sender_organization=party.organization,
        mail_type=verdict.mail_type,
        decision_status=verdict.decision_status,
        urgency=more_pressing(subject.urgency, outline.urgency),
        deadline=outline.deadline,
        is_reply=subject.replies > 0,
        reply_depth=subject.replies,
        is_forward=subject.forwards > 0,
        is_auto_reply=subject.is_automatic,
        references=subject.references,
        wanted=outline.unwanted_because is None,
        unwanted_because=outline.unwanted_because,
        language=outline.language,
    )


def _signed(outline: Outline, dice: Dice) -> tuple[str, ...]:
    language, sender = outline.language, outline.sender
    lines = [dice.pick(CLOSINGS[language]), sender.address.name]
    if sender.society:
        lines.append(f"{sender.society.name}, Technical Committee Support")
    lines.append(f"Tel. +{int(30 + 60 * dice.random())} {int(1e6 + 9e6 * dice.random())}")
    disclaimer = (dice.pick(DISCLAIMERS[language]),) if dice.falls(0.7) else ()
    return (dice.pick(GREETINGS[language]), *outline.paragraphs, "\n".join(lines), *disclaimer)


def _importance(outline: Outline, dice: Dice) -> Importance:
    """The sender's flag, which follows the words more often than not; it says nothing by itself."""
    if outline.urgency == "HIGH" and dice.falls(0.5):
        return "high"
    return dice.weighted(((0.95, "normal"), (0.03, "high"), (0.02, "low")))


def _threading(answered: Posted | None) -> tuple[tuple[str, str], ...]:
    if answered is None:
        return ()
    parent, root = answered.draft.internet_message_id, answered.draft.conversation
    references = parent if root == parent else f"{root} {parent}"
    return (("In-Reply-To", parent), ("References", references))
