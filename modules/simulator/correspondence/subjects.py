"""Subjects: where a code stands in them, and what replies, forwards and machines put before them."""

import re
from typing import Final

import attrs

from modules.simulator.correspondence.codes import Code, spell
from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.truth import Language, Urgency

_REPLIES: Final = {
    "en": ("RE: ", "RE: ", "RE: ", "Re: ", "re: ", "AW: ", "SV: ", "RE : ", "Reply: ", "回复: ", "Re:"),
    "ko": ("답장: ", "답장: ", "RE: ", "RE: ", "Re: "),
}
_FORWARDS: Final = {
    "en": ("FW: ", "FW: ", "Fwd: ", "FWD: ", "Fw: ", "转发: ", "Forward: "),
    "ko": ("전달: ", "전달: ", "FW: "),
}
_AUTOMATIC: Final = {"en": "Automatic reply: ", "ko": "자동 회신: "}
_TAGS: Final = ("[EXT] ", "[EXTERNAL] ", "[IACS SDTP] ", "IACS SDTP ", "Bilateral ", "Multilateral ")
_SEPARATORS: Final = (": ", ": ", " - ", " - ", " ", " - : ", ", ")
_COUNTED: Final = re.compile(r"Re(?:\[(\d+)\])?: ")


@attrs.frozen(kw_only=True)
class Subject:
    """A subject and what is true about it. The first of `codes` is what the mail is about."""

    prefix: str = ""
    topic: str
    codes: tuple[Code, ...] = ()
    urgency: Urgency = "NORMAL"
    replies: int = 0
    forwards: int = 0
    is_automatic: bool = False

    @property
    def text(self) -> str:
        return f"{self.prefix}{self.topic}"

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(each.display for each in self.codes[1:])


def subject_about(code: Code, title: str, dice: Dice, *, others: tuple[Code, ...] = ()) -> Subject:
    """Return a new subject with the code at its beginning, in its middle, in brackets or at its end."""
    written = spell(code, dice)
    topic = dice.weighted(
        (
            (0.72, f"{written}{dice.pick(_SEPARATORS)}{title}"),
            (0.08, f"[{written}] {title}"),
            (0.06, f"{title} ({written})"),
            (0.07, f"{title} - {written}"),
            (0.07, f"On {written}, {title}"),
        )
    )
    if others:
        topic = f"{topic} {' '.join(f'({each.display})' for each in others)}"
    return Subject(prefix=_tag(dice), topic=topic, codes=(code, *others))


def _tag(dice: Dice) -> str:
    return dice.pick(_TAGS) if dice.falls(0.08) else ""


def reply(subject: Subject, language: Language, dice: Dice) -> Subject:
    """Return the subject of a reply. As most programs do, the same prefix is not written twice."""
    counted = _COUNTED.match(subject.prefix)
    if counted and dice.falls(0.4):
        prefix = f"Re[{int(counted[1] or 1) + 1}]: {subject.prefix[counted.end() :]}"
        return attrs.evolve(subject, prefix=prefix, replies=subject.replies + 1)
    sign = dice.pick(_REPLIES[language])
    if subject.prefix.startswith(sign):
        return subject
    tag = "[EXT] " if dice.falls(0.04) else ""
    return attrs.evolve(subject, prefix=f"{tag}{sign}{subject.prefix}", replies=subject.replies + 1)


def forward(subject: Subject, language: Language, dice: Dice) -> Subject:
    sign = dice.pick(_FORWARDS[language])
    return attrs.evolve(subject, prefix=f"{sign}{subject.prefix}", forwards=subject.forwards + 1)


def answered_by_machine(subject: Subject, language: Language) -> Subject:
    return attrs.evolve(subject, prefix=f"{_AUTOMATIC[language]}{subject.prefix}", is_automatic=True)


def returned(subject: Subject) -> Subject:
    """Return the subject of a report that the mail could not be delivered."""
    return attrs.evolve(subject, prefix=f"Undeliverable: {subject.prefix}", is_automatic=True)
