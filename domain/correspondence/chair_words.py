"""What a chair wants with a mail about an agenda, by its words.

A chair asks unless the words say otherwise. Where a mail asks for replies it is a request, whatever it reports,
encloses or mentions, unless it states that the agenda is settled or that no reply is needed.
"""

import re
from collections.abc import Sequence
from typing import Final

import attrs

from domain.correspondence import chair_phrases as phrases
from domain.correspondence.vocabulary import DecisionStatus, MailType

_CODE: Final = re.compile(r"\b(?:p[ls]|jwg-[a-z]{1,20}) ?[0-9]{5,6}[\w*-]{0,24}")
_BEFORE: Final = 200
"""Characters before a statement that can make it none."""
_SENTENCE_ENDS: Final = (". ", ";", "!", "?", "\n")
_STOPS: Final = ".:;!?"
_CLAUSE_ENDS: Final = (*_SENTENCE_ENDS, ",")


@attrs.frozen(kw_only=True)
class ChairWords:
    """`status` is what the mail brings about; None: it changes nothing."""

    mail_type: MailType
    status: DecisionStatus | None


def read_chair(headline: str, text: str, *, opens: bool, has_deadline: bool) -> ChairWords:
    """Return what a chair's mail is. `headline` is the subject without its prefixes, `text` the new text.

    `opens`: it is neither reply nor forward, so that a request in it begins something. `has_deadline`: it says until
    when replies are asked for.
    """
    headline = _CODE.sub(" ", flowing(headline)).strip(" -:,.()[]\n")
    said = f"{headline}\n{flowing(text)}"
    mail_type = _type_of(headline, said, opens=opens, has_deadline=has_deadline)
    if mail_type is MailType.COMPLETED:
        return ChairWords(mail_type=mail_type, status=DecisionStatus.DECISION)
    if phrases.CONSOLIDATED.are_in(said):
        return ChairWords(mail_type=mail_type, status=DecisionStatus.CONSOLIDATED)
    if phrases.REVIEW.are_in(said):
        return ChairWords(mail_type=mail_type, status=DecisionStatus.REVIEW)
    begins = mail_type is MailType.REQUEST and opens and not phrases.REMINDERS.are_in(said)
    return ChairWords(mail_type=mail_type, status=DecisionStatus.CREATED if begins else None)


def flowing(text: str) -> str:
    """Return the text in lower case with single blanks, its sentences put together that go on in the next line."""
    parts: list[str] = []
    before = "."
    for line in text.split("\n"):
        words = " ".join(line.split())
        goes_on = bool(before) and before[-1] not in _STOPS and words[:1].islower()
        parts += (" " if goes_on else "\n", words)
        before = words
    return "".join(parts).strip().lower()


def _type_of(headline: str, said: str, *, opens: bool, has_deadline: bool) -> MailType:
    if _is_ended(said):
        return MailType.COMPLETED
    needs_none = phrases.NO_REPLY.are_in(said)
    if not needs_none and (has_deadline or phrases.ASKING.are_in(said)):
        return MailType.REQUEST
    if phrases.FINAL.are_in(said) or phrases.ENDED_HEADLINES.are_in(headline):
        return MailType.COMPLETED
    informs = needs_none or phrases.INFORMATION.are_in(said) or (opens and phrases.FYI.are_in(said))
    return MailType.NOTIFICATION if informs else MailType.REQUEST


def _is_ended(said: str) -> bool:
    """Whether a sentence states that the agenda, or what it was about, is settled."""
    return phrases.CLOSING.are_in(said) or any(_is_settled(said, found) for found in phrases.ENDED.find(said))


def _is_settled(said: str, ended: re.Match[str]) -> bool:
    sentence = _last(said, _SENTENCE_ENDS, ended.start())
    clause = said[_last(said, _CLAUSE_ENDS, ended.start()) : ended.start()]
    return bool(phrases.IS.search(clause)) and not (
        phrases.UNSETTLED.search(clause)
        or phrases.CONDITION.match(said, sentence)
        or phrases.LONG_AGO.match(said, ended.end())
    )


def _last(said: str, ends: Sequence[str], before: int) -> int:
    """Return where the sentence or clause begins that goes on there; within reach, that is."""
    earliest = max(0, before - _BEFORE)
    found = ((said.rfind(each, earliest, before), len(each)) for each in ends)
    return max((place + length for place, length in found if place >= 0), default=earliest)
