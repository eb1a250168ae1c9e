"""What chairs send to their panels."""

from datetime import date, datetime, timedelta
from typing import Final

import attrs

from modules.simulator.correspondence.agenda import another
from modules.simulator.correspondence.codes import Code
from modules.simulator.correspondence.dates import deadline_stated, meeting_mentioned
from modules.simulator.correspondence.desk import Desk
from modules.simulator.correspondence.posting import Outline, Posted
from modules.simulator.correspondence.societies import CHAIR_LETTERS, SOCIETIES
from modules.simulator.correspondence.subjects import Subject, reply, subject_about
from modules.simulator.correspondence.truth import Language, Tone, judge
from modules.simulator.correspondence.wording import ASKING, BACKGROUND, DETAIL, REMINDING, TELLING

_VERSIONS: Final[dict[Tone, str]] = {
    "request": "a",
    "reminder": "b",
    "notification": "c",
    "consolidated": "c",
    "completed": "d",
}
_DEADLINES: Final[dict[Tone, float]] = {"request": 0.88, "reminder": 0.5}
_FILES: Final[dict[Tone, float]] = {"request": 0.75, "reminder": 0.1, "notification": 0.6, "completed": 0.6}
_LONG_TABLE_ROWS: Final = 800


def from_chair(desk: Desk, tone: Tone, version: str, gap: timedelta, answered: Posted | None = None) -> Posted:
    """Return a mail of the chair about this version of the agenda."""
    dice, agenda = desk.dice, desk.agenda
    sent_at, language = desk.timeline.after(gap), agenda.language
    code, subject = _about(desk, tone, version, answered)
    subject, pressing, urgency = desk.press(subject, language)
    deadline = _deadline(desk, sent_at) if dice.falls(_DEADLINES.get(tone, 0)) else None
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="new_version" if tone == "request" and version else tone,
            sender=agenda.chair,
            to=(desk.cast.list_of(agenda.code.panel),),
            cc=desk.cast.copied,
            subject=subject,
            sent_at=sent_at,
            paragraphs=(*pressing, *_words(desk, tone, deadline, language), *_meeting(desk, sent_at, language)),
            language=language,
            code=code,
            verdict=judge(code, agenda.chair.party, tone),
            urgency=urgency,
            deadline=deadline,
            answers=answered,
            quotes=dice.falls(0.5),
            attachments=desk.attached(code, _FILES.get(tone, 1)),
        )
    )


def _about(desk: Desk, tone: Tone, version: str, answered: Posted | None) -> tuple[Code, Subject]:
    """Return a new subject; a reminder may be a reply to what it reminds of."""
    if tone == "reminder" and answered and answered.code and desk.dice.falls(0.5):
        return answered.code, reply(answered.subject, desk.agenda.language, desk.dice)
    code = attrs.evolve(desk.agenda.code, version=version)
    if desk.dice.falls(0.62):
        code = code.by(CHAIR_LETTERS, _VERSIONS[tone])
    others = (another(code, desk.dice),) if desk.dice.falls(0.05) else ()
    return code, subject_about(code, desk.agenda.title, desk.dice, others=others)


def from_other_panel(desk: Desk, opening: Posted) -> Posted:
    """Return what the chair of the other panel writes, in its panel's letters: `PS25003pPLa`."""
    dice, own = desk.dice, desk.agenda.code
    author = "PS" if own.panel == "PL" else "PL"
    code = attrs.evolve(own, version="p").by(author, "a")
    other = another(code, dice)
    topic = f"{code.display} {desk.agenda.title} ({own.year}100e) ({other.display})"
    chair, sent_at = desk.cast.chairs[author], desk.timeline.after(dice.hours(10, 60))
    deadline = _deadline(desk, sent_at) if dice.falls(0.5) else None
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="panel_request",
            sender=chair,
            to=(desk.cast.list_of(own.panel),),
            cc=desk.cast.copied,
            subject=Subject(topic=topic, codes=(code, other)),
            sent_at=sent_at,
            paragraphs=_words(desk, "request", deadline, "en"),
            code=code,
            verdict=judge(code, chair.party, "request"),
            deadline=deadline,
            answers=opening,
            quotes=False,
        )
    )


def _deadline(desk: Desk, sent_at: datetime) -> date:
    return sent_at.date() + timedelta(days=7 + desk.dice.number(28))


def _words(desk: Desk, tone: Tone, deadline: date | None, language: Language) -> tuple[str, ...]:
    dice = desk.dice
    stated = () if deadline is None else (deadline_stated(deadline, language, dice),)
    if tone == "request":
        number = 1 + dice.number(3)
        return (*dice.some(BACKGROUND[language], number), dice.pick(ASKING[language]), *stated)
    if tone == "reminder":
        return (dice.pick(REMINDING[language]), *stated)
    told = dice.pick(TELLING[tone][language])
    return (told, _table(_LONG_TABLE_ROWS if dice.falls(0.2) else 12)) if tone == "consolidated" else (told,)


def _table(rows: int) -> str:
    """Return the comments of members, line by line: at most somewhat more than 100 KB."""
    remarks = DETAIL["en"]
    return "\n".join(
        f"{row + 1}. {SOCIETIES[row % len(SOCIETIES)].name}: {remarks[row % len(remarks)]}" for row in range(rows)
    )


def _meeting(desk: Desk, sent_at: datetime, language: Language) -> tuple[str, ...]:
    """Return, now and then, a sentence with a date that is no deadline."""
    if not desk.dice.falls(0.35):
        return ()
    day = sent_at.date() + timedelta(days=20 + desk.dice.number(100))
    return (meeting_mentioned(day, language, desk.dice),)
