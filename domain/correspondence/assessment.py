"""What is found out about a mail by rules alone, and what is told of it."""

import re
from collections.abc import Sequence
from datetime import UTC
from itertools import islice
from typing import Final

import attrs

from domain.correspondence.agenda_codes import AgendaCode, find_codes
from domain.correspondence.analysis import LONGEST_KEYWORD, Analysis, Wording
from domain.correspondence.bounds import (
    LONGEST_ADDRESS,
    LONGEST_NAME,
    LONGEST_SUBJECT,
    MOST_REFERENCES,
    body_of,
    clean,
    line_of,
    link_of,
)
from domain.correspondence.chair_words import ChairWords, read_chair
from domain.correspondence.email_info import EmailInfo
from domain.correspondence.kinds import Kind, kind_of
from domain.correspondence.quotations import new_text
from domain.correspondence.senders import ChairRoster, Sender, plain_address, sender_of
from domain.correspondence.subjects import SubjectLine, read_subject
from domain.correspondence.unwanted import Look, TransportFacts, drop_reason, transport_facts
from domain.correspondence.urgency import urgency_of
from domain.correspondence.vocabulary import MULTILATERAL, DropReason, SenderType
from domain.mail import Mail, MailAddress

_LONGEST_READ: Final = 32_000
"""Characters of new text: what matters is said before long tables and annexes."""
_FIRST_LINES: Final = 8
_LONGEST_FIRST_LINES: Final = 1000
_NOBODY: Final = MailAddress()
_UNKNOWN_AUTHOR: Final = re.compile(r"[a-z*]?_[a-z]{2,6}\*?(?![^\W_])", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Verdict:
    """`dropped` None: the mail is wanted."""

    info: EmailInfo
    dropped: DropReason | None = None


@attrs.frozen(kw_only=True)
class _Reading:
    """What is read out of a mail once, for all rules. `written` is the new text, `said` the same in lower case.

    `codes` are those of the subject, or if it has none those of the first lines.
    """

    subject: SubjectLine
    codes: tuple[AgendaCode, ...]
    written: str = attrs.field(repr=False)
    said: str = attrs.field(repr=False)
    sender: Sender
    author: MailAddress = attrs.field(repr=False)
    facts: TransportFacts

    @classmethod
    def of(cls, mail: Mail, text: str, chairs: ChairRoster) -> "_Reading":
        written = new_text(text)[:_LONGEST_READ]
        subject = read_subject(line_of(mail.subject, LONGEST_SUBJECT) or "")
        author = mail.sender or _NOBODY
        return cls(
            subject=subject,
            codes=subject.codes or find_codes(_first_lines(written)),
            written=written,
            said=written.lower(),
            sender=sender_of(author.address, chairs),
            author=author,
            facts=transport_facts(mail.headers),
        )

    @property
    def is_automatic(self) -> bool:
        return self.subject.is_automatic or self.facts.is_automatic

    @property
    def about(self) -> AgendaCode | None:
        """The code of the mail's agenda: a multilateral mail has none, whatever it mentions."""
        return None if self.subject.is_multilateral or not self.codes else self.codes[0]


def wording_of(mail: Mail, text: str) -> Wording:
    """Return the words to be analysed; dates count from the day on which it was sent, in UTC. `text` is the body's."""
    moment = mail.sent_at or mail.received_at
    return Wording(
        subject=read_subject(line_of(mail.subject, LONGEST_SUBJECT) or "").topic,
        text=clean(new_text(text)[:_LONGEST_READ]),
        sent_on=moment.astimezone(UTC).date(),
    )


def assess(mail: Mail, text: str, analysis: Analysis, chairs: ChairRoster, *, is_restored: bool = False) -> Verdict:
    """Return what is to be told of a mail, and why it is dropped instead, if it is; a restored one never is.

    `text` is what its body says, quotations included. `duplicate_of` is left None.
    """
    reading = _Reading.of(mail, text, chairs)
    dropped = None if is_restored or reading.codes else drop_reason(_look(reading))
    return Verdict(info=_info(mail, text, analysis, reading), dropped=dropped)


def _look(reading: _Reading) -> Look:
    return Look(
        sender_type=reading.sender.sender_type,
        address=plain_address(reading.author.address or ""),
        name=reading.author.name or "",
        subject=reading.subject.topic,
        text=reading.said,
        facts=reading.facts,
        is_automatic=reading.is_automatic,
    )


def _info(mail: Mail, text: str, analysis: Analysis, reading: _Reading) -> EmailInfo:
    subject, sender, code = reading.subject, reading.sender, reading.about
    kind = _kind(reading, analysis)
    body, is_cut = body_of(text)
    is_chairs_word = sender.sender_type is SenderType.CHAIR and not reading.is_automatic
    return EmailInfo(
        subject=line_of(mail.subject, LONGEST_SUBJECT),
        sender=line_of(reading.author.name, LONGEST_NAME),
        sender_address=line_of(reading.author.address, LONGEST_ADDRESS),
        sent_time=mail.sent_at,
        received_time=mail.received_at,
        has_attachments=mail.has_attachments,
        web_link=link_of(mail.web_link),
        body=body,
        body_truncated=is_cut,
        agenda_code=code.display if code else None,
        agenda_base=code.base if code else None,
        agenda_version=code.version if code else None,
        agenda_base_version=code.base_version if code else None,
        agenda_panel=code.panel if code else MULTILATERAL if subject.is_multilateral else None,
        agenda_year=code.year if code else None,
        agenda_number=code.number if code else None,
        response_org=kind.response_org,
        response_version=kind.response_version,
        sender_type=sender.sender_type,
        sender_organization=sender.organization,
        mail_type=kind.mail_type,
        decision_status=kind.decision_status,
        urgency=urgency_of(f"{subject.topic.lower()}\n\n{reading.said}"),
        keywords=tuple(word for each in analysis.keywords if (word := line_of(each, LONGEST_KEYWORD))),
        deadline=analysis.deadline if is_chairs_word else None,
        is_reply=subject.replies > 0,
        is_forward=subject.forwards > 0,
        is_auto_reply=reading.is_automatic,
        references=_references(subject.codes),
    )


def _kind(reading: _Reading, analysis: Analysis) -> Kind:
    subject = reading.subject

    def words() -> ChairWords:
        return read_chair(
            subject.topic,
            reading.written,
            opens=not (subject.replies or subject.forwards),
            has_deadline=analysis.deadline is not None,
        )

    code = reading.about
    return kind_of(
        code,
        reading.sender,
        is_auto_reply=reading.is_automatic,
        is_multilateral=subject.is_multilateral,
        has_unknown_author=code is not None and _has_unknown_author(code, reading),
        words=words,
    )


def _has_unknown_author(code: AgendaCode, reading: _Reading) -> bool:
    """Whether letters that are nobody's follow the code, as in `PL25015_XYZa`."""
    if code.author is not None:
        return False
    text = reading.subject.topic if reading.subject.codes else _first_lines(reading.written)
    place = text.find(f"{code.year}{code.number}")
    return place >= 0 and _UNKNOWN_AUTHOR.match(text, place + len(code.year + code.number)) is not None


def _first_lines(written: str) -> str:
    lines = (line for line in written[:_LONGEST_FIRST_LINES].split("\n") if line)
    return "\n".join(islice(lines, _FIRST_LINES))


def _references(codes: Sequence[AgendaCode]) -> tuple[str, ...]:
    """Return the display forms of all codes but the first, each once."""
    shown = dict.fromkeys(each.display for each in codes[1:] if each != codes[0])
    return tuple(shown)[:MOST_REFERENCES]
