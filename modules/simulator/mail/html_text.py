"""Bodies in the other form: the text of HTML, and HTML around a text.

HTML is read by patterns for tags, because a parser takes milliseconds for what a page needs a thousand times.
"""

import re
from html import escape, unescape
from typing import Final

_ATTRIBUTES: Final = r"""(?:(?:[^>"']++|"[^"]*+"|'[^']*+')*+|[^>]*+)"""
_NAME_ENDS: Final = r"(?=[\s/>]|\Z)"
_BLOCKS: Final = (
    "address|article|aside|blockquote|body|br|center|d[dlt]|div|fieldset|figure|footer|form|h[1-6]|header|hr|li|main|nav|"
    "ol|p|pre|section|table|tr|ul"
)
_UNSEEN: Final = re.compile(
    rf"<!--.*?(?:-->|\Z)|<(head|script|style|title|template){_NAME_ENDS}{_ATTRIBUTES}>.*?(?:</\1\s*+>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_BLOCK: Final = re.compile(rf"</?(?:{_BLOCKS}){_NAME_ENDS}{_ATTRIBUTES}(?:>|\Z)", re.IGNORECASE)
_CELL: Final = re.compile(rf"<t[dh]{_NAME_ENDS}{_ATTRIBUTES}(?:>|\Z)", re.IGNORECASE)
_TAG: Final = re.compile(rf"</?[A-Za-z]{_ATTRIBUTES}(?:>|\Z)|<[!?/][^>]*+(?:>|\Z)")
_BREAK: Final = "\x00"
_FIRST_PART: Final = 1500


def text_of_html(html: str, enough: int | None = None) -> str:
    """The text that a person sees, lines ended by CR LF, at most one of them empty between others.

    `enough`: as many characters of it, for which only the beginning of the HTML is read.
    """
    size = _FIRST_PART
    while enough is not None and (end := html.find("<", size)) >= 0:
        text = _text(html[:end])
        if len(text) >= enough:
            return text[:enough]
        size = 2 * end
    return _text(html)[:enough]


def _text(html: str) -> str:
    """A break of the line is a mark that no text contains, until all other white space is known."""
    seen = _UNSEEN.sub("", html.replace(_BREAK, ""))
    marked = _TAG.sub("", _CELL.sub(" ", _BLOCK.sub(_BREAK, seen)))
    lines = [line.strip() for line in " ".join(unescape(marked).split()).split(_BREAK)]
    kept = [line for line, above in zip(lines, ["", *lines], strict=False) if line or above]
    return "\r\n".join(kept).strip()


def html_of_text(text: str) -> str:
    """The text on a page of its own."""
    lines = escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>\r\n")
    return (
        '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>\r\n'
        f'<div class="PlainText">{lines}</div>\r\n</body></html>'
    )
