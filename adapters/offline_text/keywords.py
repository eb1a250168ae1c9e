"""What a mail is about, in a few words: terms of the trade, instruments, acronyms, and what is said often.

A word counts as often as it is said, and more in the subject; parts of a phrase that was chosen are not chosen again.
"""

import re
from collections.abc import Iterator, Sequence
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
_TOKEN: Final = re.compile(r"[가-힣]+|[^\W\d_가-힣][^\W_가-힣]*+(?:-[^\W\d_가-힣]++)*+|[^\s\w]+|\w")


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
        order = {key: place for place, key in enumerate(self.scores)}
        chosen: list[str] = []
        taken: set[str] = set()
        for key in sorted(self.scores, key=lambda key: (-self.scores[key], order[key])):
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
        if line and not words.GREETING.match(line) and not words.DISCLAIMER.search(line):
            yield line


def _count(line: str, weight: float, tally: _Tally) -> None:
    """Count the terms of a line; what is part of one is left out of the words."""
    rest = words.CODE.sub(_APART, _ADDRESS.sub(_APART, line))
    for found in words.INSTRUMENT.finditer(rest):
        tally.add(found[0], weight * _INSTRUMENT, found[0].casefold())
    _count_words(_TOKEN.findall(words.INSTRUMENT.sub(_APART, rest)), weight, tally)


def _count_words(tokens: Sequence[str], weight: float, tally: _Tally) -> None:
    """Count the longest terms of the trade that begin at each word, else the word, and it with the one before."""
    at, before = 0, ""
    plain = [words.singular(token.lower()) for token in tokens]
    while at < len(tokens):
        trade = _trade_at(plain, at) if plain[at] in words.TRADE_STARTS else 0
        if trade:
            shown, key = " ".join(tokens[at : at + trade]).lower(), " ".join(plain[at : at + trade])
            tally.add(shown, weight * _TRADE, key)
            before = shown if trade == 1 else ""
        else:
            before = _count_word(tokens[at], plain[at], before, weight, tally)
        at += trade or 1


def _trade_at(plain: Sequence[str], at: int) -> int:
    """Return of how many words the longest term of the trade is that begins here."""
    return next((size for size in _SIZES if " ".join(plain[at : at + size]) in words.TRADE), 0)


def _count_word(token: str, plain: str, before: str, weight: float, tally: _Tally) -> str:
    """Count a word, and return what it may be the second of a pair with; nothing if it says nothing."""
    if "가" <= token[0] <= "힣":
        noun = _noun(token)
        if noun:
            tally.add(noun, weight * (_TRADE if noun in words.KOREAN_TRADE else _WORD), noun)
        if noun and before:
            tally.add_pair(before, noun, weight * _PAIR)
        return noun if noun == token else ""
    word = token.lower()
    if _ACRONYM.fullmatch(token) and word not in words.STOP:
        tally.add(token, weight * _SHORT, word)
        return ""
    if len(word) < _FEWEST_LETTERS or not word[0].isalpha() or word in words.STOP or plain in words.STOP:
        return ""
    tally.add(word, weight * _WORD, plain)
    if before:
        tally.add_pair(before, word, weight * _PAIR)
    return word


def _noun(token: str) -> str:
    """Return a Korean word without its particle; nothing if it is no noun, or says nothing."""
    if token in words.KOREAN_STOP:
        return ""
    noun = token
    if len(token) > _LEAST_KOREAN and not words.LIKE_PARTICLE.search(token):
        noun = words.PARTICLE.sub("", token)
        if len(noun) < _LEAST_KOREAN:
            noun = token
    if noun == token and words.VERBAL.search(token) and token not in words.KOREAN_TRADE:
        return ""
    return noun if len(noun) >= _LEAST_KOREAN and noun not in words.KOREAN_STOP else ""
