"""Text in clauses: what stands in one of them belongs together."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final

import attrs

_LONGEST_ABBREVIATION: Final = 8
_WRAPPED: Final = 45
"""A shorter line was ended by its writer, not by a mail program."""
_BLANKS: Final = re.compile(r"[^\S\n]+")
_LINE_START: Final = re.compile(r"(?:[-*•·▪○●□■※]|\(?\d{1,2}[.)]\s|\(?[a-zA-Z가-힣][.)]\s|[^\n:]{1,30}[:](?!\d))")
_END: Final = re.compile(  # first one of few characters, for which a text is searched fast
    r"[.!?。;\n](?:(?<=[.!?。])[\"')\]\u201d\u2019]{0,3}\s+(?=[\"'(\[\u201c\u2018]?[A-Z가-힣\d])|(?<=;)\s|(?<=\n))"
)
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:no|nos|approx|incl|excl|circ|rev|res|para|paras|fig|vs|ref|mr|mrs|ms|dr|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov"
    r"|dec|mon|tues?|wed|thurs?|fri|sat|sun)|\b[a-z])\.\s+\Z",
    re.IGNORECASE,
)


def normalised(text: str, longest: int) -> str:
    """Return the beginning of the text with one form of each character, single blanks, and lines put together again.

    Mail programs break lines of plain text; blank lines, items and labels stay apart.
    """
    whole = unicodedata.normalize("NFKC", text[:longest])
    lines = [_BLANKS.sub(" ", line).strip() for line in whole.splitlines()]
    parts: list[str] = []
    for index, line in enumerate(lines):
        before = lines[index - 1] if index else ""
        if (before.endswith(":") and line) or (len(before) >= _WRAPPED and line and not _LINE_START.match(line)):
            parts.append(" ")
        elif index:
            parts.append("\n")
        parts.append(line)
    return "".join(parts)


@attrs.frozen
class Clauses:
    """Where the clauses of a text begin."""

    text: str
    starts: Sequence[int]

    @classmethod
    def of(cls, text: str) -> "Clauses":
        """Return the clauses of a text."""
        ends = (match.end() for match in _END.finditer(text) if not _is_abbreviation(text, match))
        return cls(text, [0, *ends])

    def around(self, start: int, end: int) -> tuple[int, int]:
        """Return where the clause of something begins and ends; what ends within it (`2025. 6. 14.`) counts not."""
        first = self.starts[bisect_right(self.starts, start) - 1]
        after = bisect_left(self.starts, end)
        return first, self.starts[after] if after < len(self.starts) else len(self.text)


def _is_abbreviation(text: str, end: re.Match[str]) -> bool:
    start = max(end.start() - _LONGEST_ABBREVIATION, 0)
    return text.find(".", start, end.end()) >= 0 and _ABBREVIATION.search(text, start, end.end()) is not None
