"""Bodies in the other form: the text of HTML, and HTML around a text.

HTML is read by patterns for tags, because a parser takes milliseconds for what a page needs a thousand times.
"""

import re
from functools import lru_cache
from html import escape, unescape
from itertools import chain, zip_longest
from typing import Final

_ATTRIBUTES: Final = r"""(?:(?:[^>"']++|"[^"]*+"|'[^']*+')*|[^>]*+)"""
_NAME_ENDS: Final = r"(?=[\s/>]|\Z)"
_BLOCK: Final = re.compile(
    "address|article|aside|blockquote|body|br|center|d[dlt]|div|fieldset|figure|footer|form|h[1-6]|header|hr|li|main|nav|"
    "ol|p|pre|section|table|tr|ul",
    re.IGNORECASE,
)
_CELL: Final = re.compile("t[dh]", re.IGNORECASE)
_STRIDE: Final = 3  # of what the pattern splits: a text, and the names of what ends it
_MARKUP: Final = re.compile(
    r"<!--.*?(?:-->|\Z)"
    rf"|<(?P<unseen>head|script|style|title|template){_NAME_ENDS}{_ATTRIBUTES}>"
    r"[^<]*+(?:<(?!/(?P=unseen)\s*+>)[^<]*+)*(?:</[a-z]++\s*+>|\Z)"
    rf"|</?(?P<name>[a-z][^\s/>]*+){_ATTRIBUTES}(?:>|\Z)"
    r"|<[!?/][^>]*+(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_BREAK: Final = "\x00"
_KNOWN_NAMES: Final = 512
_FIRST_TAGS: Final = 16
_USUAL_SPACE: Final = 1.2  # times as long as its text is what stands between tags, ends of lines included


def text_of_html(html: str, enough: int | None = None) -> str:
    """The text that a person sees, lines ended by CR LF, at most one of them empty between others.

    `enough`: as many characters of it, for which only the beginning of the HTML is read.
    """
    rest, tags, beginning = html.replace(_BREAK, ""), _FIRST_TAGS, list[str]()
    while enough is not None and len(parts := _MARKUP.split(rest, tags)) > _STRIDE * tags:
        rest, beginning, tags = parts[-1], beginning + parts[:-1], 2 * tags
        if sum(map(len, beginning[::_STRIDE])) > _USUAL_SPACE * enough and len(text := _text(beginning)) >= enough:
            return text[:enough]
    return _text(beginning + _MARKUP.split(rest))[:enough]


def _text(parts: list[str]) -> str:
    """Texts, and after each the names of what was found: a tag is a break of the line, space, or nothing.

    A break is a mark that no text contains, until all other white space is known.
    """
    pairs = chain.from_iterable(zip_longest(parts[::_STRIDE], map(_sign, parts[2::_STRIDE]), fillvalue=""))
    seen = unescape("".join(pairs).replace("&nbsp;", " "))
    lines = " ".join(seen.split()).replace(f" {_BREAK}", _BREAK).replace(f"{_BREAK} ", _BREAK)
    while 3 * _BREAK in lines:
        lines = lines.replace(3 * _BREAK, 2 * _BREAK)
    return lines.replace(_BREAK, "\r\n").strip()


@lru_cache(_KNOWN_NAMES)
def _sign(name: str | None) -> str:
    if not name:
        return ""
    return _BREAK if _BLOCK.fullmatch(name) else " " if _CELL.fullmatch(name) else ""


def html_of_text(text: str) -> str:
    """The text on a page of its own."""
    lines = escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>\r\n")
    return (
        '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>\r\n'
        f'<div class="PlainText">{lines}</div>\r\n</body></html>'
    )
