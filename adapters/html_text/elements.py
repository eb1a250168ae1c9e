"""What the elements of HTML say about how they are shown."""

import re
from typing import Final

from adapters.html_text.tokens import attributes

APART: Final = ("h1", "h2", "h3", "h4", "h5", "h6", "dl", "figure", "fieldset", "table")
"""Stand apart from what is around them; so does `p`, mostly."""
LINES: Final = (
    "address",
    "article",
    "aside",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "div",
    "dt",
    "figcaption",
    "footer",
    "form",
    "header",
    "hgroup",
    "html",
    "legend",
    "main",
    "nav",
    "option",
    "section",
    "summary",
    "tbody",
    "tfoot",
    "thead",
)
"""Begin a line and end it."""
LISTS: Final = ("ul", "ol", "dir", "menu")
CELLS: Final = ("td", "th")
BLOCKS: Final = frozenset((*APART, *LINES, *LISTS, *CELLS, "p", "tr", "li", "blockquote", "pre"))
VOID: Final = frozenset(
    (
        "area",
        "base",
        "basefont",
        "bgsound",
        "br",
        "col",
        "embed",
        "frame",
        "hr",
        "img",
        "input",
        "keygen",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    )
)
"""Have nothing in them and no end tag."""

_PERHAPS_UNSEEN: Final = re.compile(r"hidden|none|opacity|max-height", re.IGNORECASE)
_UNSEEN_STYLE: Final = re.compile(
    r"(?:^|[;\s])"
    r"(?:display\s*+:\s*+none|visibility\s*+:\s*+hidden|(?:opacity|max-height)\s*+:\s*+0(?:\.0+)?(?:px|pt|em|%)?\s*+(?:[;!]|$))",
    re.IGNORECASE,
)
_CLOSE: Final = re.compile(r"mso|[;\s\"']margin(?:-bottom)?\s*+:\s*+0", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
_MAIL_ADDRESS: Final = re.compile(r"mailto:([^?]*).*", re.IGNORECASE | re.DOTALL)
_DISPENSABLE: Final = re.compile(r"(?:https?://)?(?:www\.)?")
_LONGEST_ADDRESS: Final = 2000
"""Longer ones are made for machines, and left out."""
_MOST_DIGITS: Final = 9


def is_unseen(raw: str) -> bool:
    """Return whether an element is not shown: the hidden first lines of newsletters, for example."""
    if not _PERHAPS_UNSEEN.search(raw):
        return False
    found = attributes(raw)
    return "hidden" in found or _UNSEEN_STYLE.search(found.get("style", "")) is not None


def stands_apart(raw: str) -> bool:
    """Return whether a paragraph has space around it; Outlook's have none, and empty ones in between."""
    return not raw or _CLOSE.search(raw) is None


def address_of(raw: str) -> str:
    """Return where a link leads, without `mailto:`; nothing if that is no place for people."""
    address = attributes(raw).get("href", "").strip()
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.match(address):
        return ""
    return _MAIL_ADDRESS.sub(r"\1", address)


def says_address(text: str, address: str) -> bool:
    """Return whether the words of a link tell where it leads."""
    return _bare(text) == _bare(address)


def first_number(raw: str) -> int:
    """Return the number of a list's first item."""
    digits = attributes(raw).get("start", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else 1


def _bare(address: str) -> str:
    return _DISPENSABLE.sub("", address.strip().lower(), count=1).rstrip("/")
