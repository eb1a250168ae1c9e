"""The deadline for replies that a text states.

A date is a deadline where the words around it say so: a label (`Deadline: ...`, `회신 기한: ...`), or a request to
reply with a limit (`please comment by ...`, `...까지 회신 바랍니다`). Dates of meetings, and what others promise to do
until then, are none. Of several, the latest word counts (`extended to ...`), then what is said to be for replies, then
the earliest that is not over. `before 14 June` is told as the 14th.
"""

from collections.abc import Iterator
from datetime import date
from enum import IntEnum
from itertools import chain, islice
from typing import Final

import attrs

from adapters.offline_text import deadline_words as words
from adapters.offline_text.clauses import Clauses
from adapters.offline_text.dates import Stated, calendar_dates
from adapters.offline_text.relative_dates import relative_dates
from domain.correspondence.deadlines import is_plausible

_BEFORE: Final = 110
_AFTER: Final = 60
_PURPOSE: Final = 20
_MOST_DATES: Final = 200
"""Dates with a sign of a limit near them; a text with more is a table."""
_LONGEST_CLAUSE: Final = 400
"""Characters on either side of a date that are looked at: so time is linear in the length of a text."""


class _Rank(IntEnum):
    LABEL = 1
    REPLY = 2
    EXTENDED = 3


@attrs.frozen
class _Place:
    """A date and the words around it, within its clause, in lower case. `near` is what stands before it and close."""

    stated: Stated
    before: str
    after: str

    @property
    def clause(self) -> str:
        return f"{self.before} # {self.after}"

    @property
    def near(self) -> str:
        return self.before[-_BEFORE:]


def deadline_in(text: str, sent_on: date) -> date | None:
    """Return the deadline; None if none is stated, or none that can be meant. `text` is `normalised`."""
    found = [
        (rank, place.stated.day)
        for place in _places(text, sent_on)
        if is_plausible(place.stated.day, sent_on) and (rank := _rank(place)) is not None
    ]
    if not found:
        return None
    best = max(rank for rank, _ in found)
    days = [day for rank, day in found if rank is best]
    return min((day for day in days if day >= sent_on), default=max(days))


def _places(text: str, sent_on: date) -> Iterator[_Place]:
    """Yield the dates that have a sign of a limit near them."""
    dates = list(_without_overlaps(chain(calendar_dates(text, sent_on), relative_dates(text, sent_on))))
    if not dates:
        return
    clauses = Clauses.of(text)
    limited = (each for each in dates if words.SIGN.search(text, max(each.start - _BEFORE, 0), each.end + _AFTER))
    for each in islice(limited, _MOST_DATES):
        first, last = clauses.around(each.start, each.end)
        before = text[max(first, each.start - _LONGEST_CLAUSE) : each.start]
        yield _Place(each, before.lower(), text[each.end : min(last, each.end + _LONGEST_CLAUSE)].lower())


def _without_overlaps(dates: Iterator[Stated]) -> Iterator[Stated]:
    """Yield what is not part of another one: `Friday, 13 June` is one date."""
    end = 0
    for each in sorted(dates, key=lambda each: (each.start, -each.end)):
        if each.start >= end:
            end = each.end
            yield each


def _rank(place: _Place) -> _Rank | None:  # noqa: PLR0911 - the first sign that is there decides
    """Return what kind of deadline it is; None if it is none."""
    near, after = place.near, place.after[:_AFTER]
    if words.OVER.search(place.clause) and not words.EXTENSION.search(place.clause):
        return None
    if words.EXTENSION.search(place.clause):
        is_new = words.TO.search(near) or words.KOREAN_TO.match(after)
        is_about = words.DEADLINE.search(place.clause) or words.REPLY.search(place.clause)
        return _Rank.EXTENDED if is_new and is_about else None
    label = words.LABEL.search(near) or words.KOREAN_LABEL.search(near)
    if label:
        return None if words.OTHER_PURPOSE.search(near, max(label.start() - _PURPOSE, 0)) else _of_label(place)
    if words.IS_DEADLINE.match(after) or words.KOREAN_IS_DEADLINE.match(after):
        return None if words.OTHER_PURPOSE.search(after) else _of_label(place)
    if words.OWN.search(near):
        return None
    if words.REPLY_LABEL.search(near):
        return _Rank.REPLY
    if words.KOREAN_UNTIL.match(after) or (place.stated.is_until and words.HANGUL.search(place.clause)):
        return _of_korean_request(place)
    if place.stated.is_until or words.LIMIT.search(near) or words.AT_THE_LATEST.match(after):
        return _of_request(place)
    return None


def _of_label(place: _Place) -> _Rank:
    return _Rank.REPLY if words.REPLY.search(place.clause) or words.KOREAN_REPLY.search(place.clause) else _Rank.LABEL


def _of_request(place: _Place) -> _Rank | None:
    """Return what it is if a reply is asked for, of those who read it."""
    clause = place.clause
    limited = words.LIMIT.sub("", place.near)
    if words.TACIT.search(limited):
        return _Rank.REPLY
    if not words.REPLY.search(clause) or words.NO_REPLY.search(clause) or words.THANKED.search(limited):
        return None
    governing = words.SUBCLAUSE.split(limited)[-1]
    is_asked = words.REQUEST.search(clause) or words.SHORT_REQUEST.match(clause)
    if not is_asked or words.OTHER_PURPOSE.search(governing):
        return None
    if words.ADDRESSED.search(governing):
        return _Rank.REPLY
    if governing.strip() and not (words.REPLY.search(governing) or words.REQUEST.search(governing)):
        return None
    others = (words.OTHERS, words.PROMISE, words.PAST)
    return None if any(each.search(governing) for each in others) else _Rank.REPLY


def _of_korean_request(place: _Place) -> _Rank | None:
    clause = place.clause
    if not words.KOREAN_REPLY.search(clause) and not words.REPLY.search(clause):
        return None
    if words.KOREAN_OTHER_PURPOSE.search(clause) and not words.KOREAN_SURE_REPLY.search(clause):
        return None
    is_asked = words.KOREAN_REQUEST.search(clause) or words.REQUEST.search(clause)
    return None if words.KOREAN_PROMISE.search(clause) and not is_asked else _Rank.REPLY
