"""What a mail is about, in a few words: terms of the trade, instruments, acronyms, and what is said often.

A word counts as often as it is said, and more in the subject; parts of a phrase that was chosen are not chosen again.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import attrs

from adapters.offline_text import keyword_words as words
from domain.correspondence.analysis import LONGEST_KEYWORD, MOST_KEYWORDS

_LONGEST_TEXT: Final = 1 << 14
_LONGEST_SUBJECT: Final = 1000
"""Characters: what a mail is about is said before."""
_SUBJECT: Final = 4.0
_INSTRUMENT: Final = 5.0
_TRADE: Final = 4.0
_SHORT: Final = 2.0
_PAIR: Final = 1.3
_WORD: Final = 1.0
"""What a term counts each time that it is said, and how many times as much in the subject."""
_TELLING: Final = 1.9
_ENOUGH: Final = 3
_FEWEST_LETTERS: Final = 4
_LEAST_KOREAN: Final = 2
_MOST_SAID: Final = 4
"""How often a term counts at most."""
_SIZES: Final = (3, 2, 1)
_APART: Final = " | "
_ADDRESS: Final = re.compile(r"<[^<>\s]{1,2000}>|https?:/{2}\S{1,2000}|[\w.+-]{1,64}+@[\w.-]{1,100}")
_ACRONYM: Final = re.compile(r"[A-Z][A-Z0-9]{2,7}")
_TOKEN: Final = re.compile(r"[^\W\d_가-힣][^\W_가-힣]*+(?:-[^\W\d_가-힣]++)*|\d++[가-힣]*+|[가-힣]+|[^\s\w]+|\w")


@attrs.define
class _Tally:
    """How much each term counts, by its folded form; `shown` is how it was first written. `pairs` are of any words."""

    scores: dict[str, float] = attrs.field(factory=dict)
    shown: dict[str, str] = attrs.field(factory=dict)
    said: dict[str, int] = attrs.field(factory=dict)
    pairs: set[str] = attrs.field(factory=set)

    def add(self, term: str, weight: float, key: str) -> None:
        said = self.said.get(key, 0)
        if len(term) > LONGEST_KEYWORD or said >= _MOST_SAID:
            return
        self.said[key] = said + 1
        self.scores[key] = self.scores.get(key, 0.0) + weight
        self.shown.setdefault(key, term)

    def add_pair(self, one: str, other: str, weight: float) -> None:
        key = f"{one} {other}"
        self.pairs.add(key)
        self.add(key, weight, key)

    def best(self) -> tuple[str, ...]:
        """Return the terms that count most; what is said once in passing only where there is little else."""
        chosen: list[str] = []
        taken: set[str] = set()
        for key in sorted(self.scores, key=self.scores.__getitem__, reverse=True):  # of equal ones the first stays so
            if self.scores[key] < _TELLING and len(chosen) >= _ENOUGH:
                break
            parts = set(key.split())
            if (parts & taken) if key in self.pairs else (parts <= taken):
                continue
            chosen.append(self.shown[key])
            taken |= parts
            if len(chosen) == MOST_KEYWORDS:
                break
        return tuple(chosen)


@attrs.frozen(kw_only=True)
class _Word:
    """What a word says by itself: `term`, which is counted as `key`; nothing if that is empty.

    `plain` is its singular. `follows`: it may be the second of a pair; `leads` is what it is as the first, or empty.
    """

    plain: str
    term: str = ""
    key: str = ""
    weight: float = _WORD
    follows: bool = False
    leads: str = ""


def keywords_in(subject: str, text: str) -> tuple[str, ...]:
    """Return at most ten, the most telling first. `text` has one line for each paragraph, as `normalised` makes it."""
    tally = _Tally()
    _count(words.PREFIX.sub("", subject[:_LONGEST_SUBJECT]), _SUBJECT, tally)
    for line in _telling(text[:_LONGEST_TEXT]):
        _count(line, 1.0, tally)
    return tally.best()


def _telling(text: str) -> Iterator[str]:
    """Yield the lines without greetings, and nothing from the closing on."""
    for line in text.split("\n"):
        if words.CLOSING.match(line):
            return
        if line and not words.GREETING.match(line) and not _is_disclaimer(line.lower()):
            yield line


def _is_disclaimer(line: str) -> bool:
    return any(each in line for each in words.DISCLAIMERS)


def _count(line: str, weight: float, tally: _Tally) -> None:
    """Count the terms of a line; what is part of one is left out of the words."""

    def instrument(found: re.Match[str]) -> str:
        tally.add(found[0], weight * _INSTRUMENT, found[0].casefold())
        return _APART

    rest = _ADDRESS.sub(_APART, line) if "@" in line or ":/" in line or "<" in line else line
    rest = words.CODE.sub(_APART, rest)
    if words.MAYBE_INSTRUMENT.search(rest):
        rest = words.INSTRUMENT.sub(instrument, rest)
    _count_words(_TOKEN.findall(rest), weight, tally)


def _count_words(tokens: Sequence[str], weight: float, tally: _Tally) -> None:
    """Count the longest terms of the trade that begin at each word, else the word, and it with the one before."""
    said = [_word(token) for token in tokens]
    at, before = 0, ""
    while at < len(said):
        word = said[at]
        trade = _trade_at(said, at) if word.plain in words.TRADE_STARTS else 0
        if trade:
            shown = " ".join(tokens[at : at + trade]).lower()
            tally.add(shown, weight * _TRADE, " ".join(each.plain for each in said[at : at + trade]))
            before = shown if trade == 1 else ""
        else:
            if word.term:
                tally.add(word.term, weight * word.weight, word.key)
                if before and word.follows:
                    tally.add_pair(before, word.term, weight * _PAIR)
            before = word.leads
        at += trade or 1


def _trade_at(said: Sequence[_Word], at: int) -> int:
    """Return of how many words the longest term of the trade is that begins here."""
    return next((size for size in _SIZES if " ".join(each.plain for each in said[at : at + size]) in words.TRADE), 0)


@lru_cache(maxsize=4096)
def _word(token: str) -> _Word:
    """Return what a word says: most words of a mail were in others before."""
    plain = words.singular(token.lower())
    if "가" <= token[0] <= "힣":
        noun = _noun(token)
        weight = _TRADE if noun in words.KOREAN_TRADE else _WORD
        return _Word(plain=plain, term=noun, key=noun, weight=weight, follows=True, leads=noun if noun == token else "")
    word = token.lower()
    if _ACRONYM.fullmatch(token) and word not in words.STOP:
        return _Word(plain=plain, term=token, key=word, weight=_SHORT)
    if len(word) < _FEWEST_LETTERS or not word[0].isalpha() or word in words.STOP or plain in words.STOP:
        return _Word(plain=plain)
    return _Word(plain=plain, term=word, key=plain, follows=True, leads=word)


def _noun(token: str) -> str:
    """Return a Korean word without its particle; nothing if it is no noun, or says nothing."""
    if token in words.KOREAN_STOP or token.removesuffix("해") in words.KOREAN_STOP:
        return ""
    noun = token
    if len(token) > _LEAST_KOREAN and not words.LIKE_PARTICLE.search(token):
        noun = words.PARTICLE.sub("", token)
    if words.VERBAL.search(token) and token not in words.KOREAN_TRADE:
        return ""
    return noun if len(noun) >= _LEAST_KOREAN and noun not in words.KOREAN_STOP else ""
