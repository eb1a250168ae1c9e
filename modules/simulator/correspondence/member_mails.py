"""What members answer, and what others write under their letters."""

from collections.abc import Sequence
from typing import Final, Literal

from modules.simulator.correspondence.agenda import another
from modules.simulator.correspondence.cast import Correspondent, member, stranger
from modules.simulator.correspondence.codes import Code, spell
from modules.simulator.correspondence.desk import Desk
from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.posting import NOTHING, Outline, Posted
from modules.simulator.correspondence.societies import SOCIETIES, Society
from modules.simulator.correspondence.subjects import Subject, reply, subject_about
from modules.simulator.correspondence.truth import Language, judge
from modules.simulator.correspondence.wording import ANSWERING, CHANGING, DETAIL, THANKING

_Way = Literal["new subject", "reply with own code", "reply as it is", "code in the body", "with references"]
_WAYS: Final[Sequence[tuple[float, _Way]]] = (
    (0.50, "new subject"),
    (0.26, "reply with own code"),
    (0.10, "reply as it is"),
    (0.07, "code in the body"),
    (0.07, "with references"),
)
_KINDS: Final[dict[_Way, str]] = {"reply as it is": "plain_reply", "code in the body": "response_in_body"}
_PLAIN_TOPICS: Final = ("Comments of {}", "{} reply", "Our comments ({})", "{}: answer to the chair")
_FIRST_LINES: Final = ("Agenda: {}", "Ref. {}", "{} - our comments:", "This is about {}.")


def response(desk: Desk, society: Society, version: str, opening: Posted) -> Posted:
    """Return a society's answer in one of the ways in which they come; now and then somebody else sends it."""
    dice, way = desk.dice, desk.dice.weighted(_WAYS)
    code = opening.code if way == "reply as it is" and opening.code else _code(desk, society, version, opening)
    sender = _sender(society, dice) if way in {"new subject", "with references"} else member(society, dice.number(4))
    language: Language = "ko" if sender.language == "ko" and dice.falls(0.3) else "en"
    subject, pressing, urgency = desk.press(_subject(desk, way, code, society, opening), language)
    first = (dice.pick(_FIRST_LINES).format(spell(code, dice)),) if way == "code in the body" else ()
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind=_KINDS.get(way, "response") if sender.society is society else "quotation",
            sender=sender,
            to=(desk.agenda.chair.address, desk.cast.list_of(code.panel)),
            cc=desk.cast.copied,
            subject=subject,
            sent_at=desk.timeline.after(dice.hours(1, 40)),
            paragraphs=(*first, *pressing, *_words(society, version, language, dice)),
            language=language,
            code=code,
            verdict=judge(code, sender.party, "reminder"),
            urgency=urgency,
            answers=opening,
            quotes=way in {"reply with own code", "reply as it is"},
            attachments=desk.attached(code, 0.3),
        )
    )


def remark(desk: Desk, answered: Posted) -> Posted:
    """Return what another member, or the chair, says about a member's mail, under its code."""
    dice = desk.dice
    others = [each for each in SOCIETIES if each.name != answered.truth.sender_organization]
    sender = desk.agenda.chair if dice.falls(0.25) else member(dice.pick(others), dice.number(4))
    language: Language = "ko" if sender.language == "ko" and dice.falls(0.3) else "en"
    code = answered.code
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="discussion",
            sender=sender,
            to=(answered.letter.sender, desk.agenda.chair.address),
            cc=desk.cast.copied,
            subject=reply(answered.subject, language, dice),
            sent_at=desk.timeline.after(dice.hours(0.2, 20)),
            paragraphs=(dice.pick(THANKING[language]),),
            language=language,
            code=code,
            verdict=judge(code, sender.party, "reminder") if code else NOTHING,
            answers=answered,
        )
    )


def _code(desk: Desk, society: Society, version: str, opening: Posted) -> Code:
    letters = society.long if society.long and desk.dice.falls(0.2) else society.letters
    agenda = opening.code or desk.agenda.code
    return agenda.by(letters, "" if desk.dice.falls(0.04) else version)


def _sender(society: Society, dice: Dice) -> Correspondent:
    chosen = dice.weighted(((0.90, "own"), (0.05, "other"), (0.05, "stranger")))
    if chosen == "stranger":
        return stranger(dice)
    return member(dice.pick(SOCIETIES) if chosen == "other" else society, dice.number(4))


def _subject(desk: Desk, way: _Way, code: Code, society: Society, opening: Posted) -> Subject:
    dice, title = desk.dice, desk.agenda.title
    if way == "reply as it is":
        return reply(opening.subject, "en", dice)
    if way == "code in the body":
        return Subject(topic=dice.pick(_PLAIN_TOPICS).format(society.name))
    if way == "with references":
        others = tuple(another(code, dice) for _ in range(1 + dice.number(2)))
        return subject_about(code, title, dice, others=tuple(dict.fromkeys(others)))
    own = subject_about(code, title, dice)
    return reply(own, "en", dice) if way == "reply with own code" else own


def _words(society: Society, version: str, language: Language, dice: Dice) -> tuple[str, ...]:
    changed = (dice.pick(CHANGING[language]),) if version not in {"", "a"} else ()
    answer = dice.pick(ANSWERING[language]).format(org=society.name)
    return (*changed, answer, *dice.some(DETAIL[language], dice.number(4)))
