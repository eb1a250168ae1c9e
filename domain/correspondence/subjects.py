"""Subjects of mails: the chain of replies, forwards and tags at their beginning, and the codes in them."""

import re
from functools import lru_cache
from typing import Final

import attrs

from domain.correspondence.agenda_codes import AgendaCode, find_visible_codes, visible

_REPLY: Final = "(?: RE(?:PLY)? | AW | SV | 답장 | 회신 | 回复 )"
_FORWARD: Final = "(?: FWD?+ | FORWARD | 전달 | 转发 )"
_AUTOMATIC: Final = r"(?: AUTOMATIC\s++REPLY | 자동\s*+회신 | UNDELIVERABLE )"
_END_OF_SIGN: Final = r"\s*+ (?: \[ (?P<times>[0-9]{1,3}) \] \s*+ )? [:\uff1a]"
_MULTILATERAL: Final = r"(?: \[\s*+ Multilateral \s*+\] | Multilateral (?!\w) )"
_TAG: Final = r"""(?:
    \[\s*+ (?: EXT(?:ERNAL)? (?:\ E-?MAIL|\ SENDER)? | IACS\s++SDTP | Bilateral ) \s*+\]
    | (?: IACS\s++SDTP | Bilateral ) (?!\w) | EXT(?:ERNAL)? (?=\s*+[:\uff1a])
)"""
_OTHER: Final = rf"(?: (?! {_MULTILATERAL} | {_TAG} ) \[ [^\[\]]{{0,60}}+ \] )"
_BETWEEN: Final = r"[\s:\uff1a,\u2010-\u2015-]*+"

_CHAIN: Final = re.compile(
    rf"""(?: (?:
        {_BETWEEN} (?: {_OTHER} {_BETWEEN} )*
        (?: (?: {_REPLY} | {_FORWARD} | {_AUTOMATIC} ) {_END_OF_SIGN} | {_MULTILATERAL} | {_TAG} )
    )+ {_BETWEEN} )?""",
    re.IGNORECASE | re.VERBOSE,
)
_LINK: Final = re.compile(
    rf"""(?: (?P<reply>{_REPLY}) | (?P<forward>{_FORWARD}) | (?P<automatic>{_AUTOMATIC}) ) {_END_OF_SIGN}
    | (?P<multilateral>{_MULTILATERAL}) | {_TAG} | (?P<other>{_OTHER})""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST_REMEMBERED: Final = 100  # characters, so that the memory for it is bounded


@attrs.frozen(kw_only=True)
class Chain:
    """What stands before the topic. `replies` and `forwards` are as many as are shown: `Re[2]:` is two.

    `is_automatic`: a machine wrote it; not if somebody replied to that, or passed it on.
    `brackets` are those that are no tags, and may mean something.
    """

    replies: int = 0
    forwards: int = 0
    is_automatic: bool = False
    is_multilateral: bool = False
    brackets: tuple[str, ...] = attrs.field(default=(), repr=False)


NO_CHAIN: Final = Chain()


@attrs.frozen(kw_only=True)
class SubjectLine:
    """What a subject says about its mail. `topic` is the text without prefixes and tags.

    The first of `codes` is what the mail is about; a code may occur several times.
    """

    topic: str = attrs.field(repr=False)
    chain: Chain = NO_CHAIN
    codes: tuple[AgendaCode, ...] = ()

    @property
    def replies(self) -> int:
        return self.chain.replies

    @property
    def forwards(self) -> int:
        return self.chain.forwards

    @property
    def is_automatic(self) -> bool:
        return self.chain.is_automatic

    @property
    def is_multilateral(self) -> bool:
        """Whether it says so and has no code, so that the mail is outside of any agenda."""
        return self.chain.is_multilateral and not self.codes


def read_subject(subject: str) -> SubjectLine:
    """Return what a subject says. Prefixes count in any number and order, also behind brackets of other kinds."""
    text = visible(subject)
    codes = find_visible_codes(text)
    found = _CHAIN.match(text)
    end = found.end() if found else 0
    if not end:
        return SubjectLine(topic=text.strip(), codes=codes)
    prefixes = text[:end]
    chain = _remembered(prefixes) if end <= _LONGEST_REMEMBERED else _read(prefixes)
    topic = text[end:].rstrip()
    return SubjectLine(topic=" ".join((*chain.brackets, topic)) if chain.brackets else topic, chain=chain, codes=codes)


def _read(prefixes: str) -> Chain:
    links = list(_LINK.finditer(prefixes))
    signs = [each for each in links if each["reply"] or each["forward"] or each["automatic"]]
    return Chain(
        replies=sum(_times(each) for each in links if each["reply"]),
        forwards=sum(_times(each) for each in links if each["forward"]),
        is_automatic=bool(signs) and signs[0]["automatic"] is not None,
        is_multilateral=any(each["multilateral"] for each in links),
        brackets=tuple(each["other"] for each in links if each["other"]),
    )


_remembered: Final = lru_cache(maxsize=1024)(_read)


def _times(link: re.Match[str]) -> int:
    return max(1, int(link["times"] or 1))
