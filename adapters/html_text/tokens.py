"""HTML cut into text and tags, in linear time whatever it is (HTML Living Standard section 13.2.5).

What no person sees is left out here: comments, declarations, scripts, style sheets, titles.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

_ATTRIBUTES: Final = r"""(?:[^>"'=]++|=\s*+(?:"[^"]*+"|'[^']*+')|["'=]){0,20000}"""
"""So many that no page has as many; behind them the tag is over, or one could be as long as the mail."""
_TOKEN: Final = re.compile(
    # Repeating a group takes memory, and a character lazily takes time: the first is done a thousand times at most.
    rf"""
    ([^<]++|<(?![a-z/!?]))
    |<(script|style|title|textarea|xmp|iframe|noembed|noframes|svg|object|template)(?=[\s/>]){_ATTRIBUTES}>?
        [^<]*+(?:<(?!/\2[\s/>])[^<]*+){{0,1000}}[\s\S]*?(?:</\2(?=[\s/>])[^>]*+>?|\Z)
    |<(/?[a-z][^\s/>]*+)({_ATTRIBUTES})>?
    |<!--(?:-?>|[^-]*+(?:-(?!-!?>)[^-]*+){{0,1000}}[\s\S]*?(?:--!?>|\Z))
    |<[!?/][^>]*+>?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_TEXT: Final = 1
_RAW: Final = 4
_ATTRIBUTE: Final = re.compile(r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]*+)))?""")
_LONG_REFERENCE: Final = re.compile(r"&#(?:[0-9]{8,}+|x[0-9a-f]{8,}+);?", re.IGNORECASE)
"""Beyond the last character; `unescape` refuses numbers of thousands of digits."""
_LONGEST_PIECE: Final = 1 << 14
_PIECE: Final = re.compile(
    rf"[\s\S]{{1,{_LONGEST_PIECE}}}(?:(?<!\s)(?=\s)|\Z)|[\s\S]{{1,{_LONGEST_PIECE}}}(?!(?<=\r)\n)"
)
"""Up to a blank, if there is one: then no word, reference or end of a line is torn apart."""
_LONGEST_TAG: Final = 1 << 16
"""Characters of a tag whose attributes are read; what is behind them is data for machines."""
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def tokens(html: str) -> Iterator[tuple[str, str, str]]:
    """Yield text with nothing; or nothing, the name of a tag in lower case, and what stands behind it in the tag.

    The name of an end tag begins with `/`. Text may come in several pieces.
    """
    for match in _TOKEN.finditer(html):
        kind = match.lastindex
        if kind == _TEXT:
            for piece in pieces(match[_TEXT]):
                yield resolved(piece), "", ""
        elif kind == _RAW:
            name, raw = match.group(3, 4)
            yield "", name.lower(), raw[:_LONGEST_TAG]


def pieces(text: str) -> Iterator[str]:
    """Yield the text in pieces: work on a long one in a single call would hold up all other threads."""
    if len(text) <= _LONGEST_PIECE:
        yield text
        return
    for match in _PIECE.finditer(text):
        yield match[0]


def attributes(raw: str) -> dict[str, str]:
    """Return the values by name in lower case; of several for one name the first holds."""
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(raw):
        found.setdefault(name.lower(), resolved("".join(values)))
    return found


def resolved(text: str) -> str:
    """Return the text without character references."""
    if "&" not in text:
        return text
    return unescape(_LONG_REFERENCE.sub(_REPLACEMENT, text))
