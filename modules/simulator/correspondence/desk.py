"""Where the mails of one agenda are written: what all of them share."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

import attrs

from modules.simulator.correspondence.agenda import Agenda
from modules.simulator.correspondence.cast import Cast
from modules.simulator.correspondence.codes import Code
from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.pool import DocumentType, Pool
from modules.simulator.correspondence.posting import Outline, Posted, post
from modules.simulator.correspondence.subjects import Subject
from modules.simulator.correspondence.timeline import Timeline
from modules.simulator.correspondence.truth import Language, Urgency, more_pressing
from modules.simulator.correspondence.wording import URGENT_TITLES, URGENT_WORDS
from modules.simulator.mail.content import Attached, BodyType

_URGENCIES: Final[Sequence[tuple[float, Urgency | None]]] = (
    (0.82, None),
    (0.06, "HIGH"),
    (0.06, "MEDIUM"),
    (0.06, "NORMAL"),
)
_KINDS: Final[Sequence[tuple[float, DocumentType]]] = ((0.4, "pdf"), (0.35, "docx"), (0.2, "xlsx"), (0.05, "txt"))
_BODY_TYPES: Final[Sequence[tuple[float, BodyType]]] = ((0.82, "html"), (0.18, "text"))


@attrs.frozen(kw_only=True)
class Desk:
    """`name` and a running number make the keys of its mails."""

    name: str
    agenda: Agenda
    cast: Cast
    pool: Pool
    dice: Dice
    timeline: Timeline
    _serial: Iterator[int] = attrs.field(factory=count)

    def next_key(self) -> str:
        return f"{self.name}/{next(self._serial)}"

    def send(self, outline: Outline) -> Posted:
        """Write it as HTML, with or without a logo, or as text."""
        body_type = self.dice.weighted(_BODY_TYPES)
        logo = self.pool.logo if body_type == "html" and self.dice.falls(0.2) else None
        return post(outline, self.dice, body_type, logo)

    def press(self, subject: Subject, language: Language) -> tuple[Subject, tuple[str, ...], Urgency]:
        """Return the subject, sentences to add, and the urgency that these state; most mails have none."""
        stated = self.dice.weighted(_URGENCIES)
        if stated is None:
            return subject, (), "NORMAL"
        if self.dice.falls(0.4):
            topic = f"{self.dice.pick(URGENT_TITLES[stated])}{subject.topic}"
            return attrs.evolve(subject, topic=topic, urgency=more_pressing(subject.urgency, stated)), (), "NORMAL"
        return subject, (self.dice.pick(URGENT_WORDS[stated][language]),), stated

    def attached(self, code: Code, probability: float) -> tuple[Attached, ...]:
        """Return documents that say the code, now and then with a long annex, a photograph or a link."""
        dice, pool = self.dice, self.pool
        if not dice.falls(probability):
            return ()
        files: list[Attached] = [pool.document(code, self.agenda.title, dice.weighted(_KINDS))]
        if dice.falls(0.04):
            files.append(pool.annex)
        if dice.falls(0.06):
            files.append(pool.photo)
        if dice.falls(0.05):
            files.append(pool.link(code))
        return tuple(files)
