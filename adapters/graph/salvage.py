"""A page that is no JSON because of one message: where its messages begin and end, so that the others are not lost."""

import json
import re
from enum import Enum, auto
from typing import Final

import attrs

_BLANK: Final = " \t\r\n"
_GAP: Final = rf"[{_BLANK}]*+"
_STRING: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
_MEMBER: Final = rf"{_STRING}{_GAP}:{_GAP}(?:{_STRING}|[-+.0-9A-Za-z]++){_GAP}"
"""A name and a value that is neither a list nor an object: all that a page has beside its messages."""
_HEAD: Final = re.compile(rf'{_GAP}\{{{_GAP}(?:{_MEMBER},{_GAP})*"value"{_GAP}:{_GAP}\[{_GAP}')
_TAIL: Final = re.compile(rf"\]{_GAP}(?:,{_GAP}{_MEMBER})*\}}{_GAP}\Z")
_TYPE: Final = rf'"@odata\.type"{_GAP}:{_GAP}"#microsoft\.graph\.\w*[mM]essage'
_BETWEEN: Final = re.compile(rf',{_GAP}(?=\{{{_GAP}(?:{_TYPE}|"(?:@odata\.etag|@removed|id)"))')
"""Before a message: nothing inside one begins like this. In a text the quotation marks would be escaped."""
_SCAN: Final = json.JSONDecoder().raw_decode
MOST_MESSAGES: Final = 10_000
"""That are read one by one; Graph gives no more than a thousand, and what gives millions would take minutes."""


class NoPageError(Exception):
    """The bytes are no page of messages, or not a whole one."""


@attrs.frozen(kw_only=True)
class Pieces:
    """The messages of a page, byte by byte as they came, and the page without them."""

    items: tuple[bytes, ...]
    envelope: bytes


class _Fault(Enum):
    """Where something that should be a message goes wrong."""

    INSIDE = auto()
    UNFINISHED = auto()
    """Nowhere, but that it has no end; or nowhere at all, but that it has another end than it should have."""
    IN_TEXT = auto()
    """In a text that has no end."""


def split(page: bytes) -> Pieces:
    """Cut a page into its messages.

    A damaged one ends where something begins that looks like a message, or else where the page ends.

    Raises:
        NoPageError: it has no beginning or no end, so that messages may be missing; or it has far too many.
    """
    text = page.decode("latin-1")  # one character per byte, whatever the bytes mean
    head = _HEAD.match(text)
    if head is None:
        raise NoPageError
    items, begin = [], head.end()
    for gap in _BETWEEN.finditer(text, begin):
        items += _cut(text[begin : gap.start()])
        begin = gap.end()
        if len(items) > MOST_MESSAGES:
            raise NoPageError
    *others, rest = _cut(text[begin:])
    last, tail = _parted(rest)
    items += [*others, *([last] if items or others or last else [])]
    return Pieces(
        items=tuple([item.encode("latin-1") for item in items]), envelope=f"{head[0]}{tail}".encode("latin-1")
    )


def is_unfinished(answer: bytes) -> bool:
    """Whether what should be a JSON object, and cannot be read, lacks its end, or is something else."""
    text = answer.decode("latin-1").strip(_BLANK)
    if _value(text, 0) == len(text):
        return False
    return not text.endswith("}") or _fault(text) is not _Fault.INSIDE


def _cut(text: str) -> list[str]:
    """Return the values that are well-formed and have a comma behind them, and then the rest, which is one message."""
    found, at = [], 0
    while (end := _value(text, at)) is not None and text[(comma := _skip(text, end)) : comma + 1] == ",":
        found.append(text[at:end])
        at = _skip(text, comma + 1)
        if len(found) > MOST_MESSAGES:
            raise NoPageError
    return [*found, text[at:].rstrip(_BLANK)]


def _parted(text: str) -> tuple[str, str]:
    """Return the last message of a page, and what follows it.

    A page that is cut off may seem to have an end, which is that of a list in its last message, or part of a text.
    Links are never in a message.
    """
    end = _value(text, 0)
    tail = None if end is None else _TAIL.match(text, _skip(text, end))
    if tail is None:
        tail = _TAIL.search(text)
        if tail is None or ("@odata." not in tail[0] and _may_be_cut_off(text, tail.start())):
            raise NoPageError
    return text[: tail.start()].rstrip(_BLANK), tail[0]


def _may_be_cut_off(text: str, end: int) -> bool:
    fault = _fault(text)
    return fault is _Fault.UNFINISHED or (fault is _Fault.IN_TEXT and text[end - 1 : end] != "}")


def _value(text: str, at: int) -> int | None:
    """Return where the JSON value that begins here ends; None: it is none, or a list.

    A list may be one because of a bracket too many, and then it ends where the page's own list should.
    """
    try:
        value, end = _SCAN(text, at)
    except (ValueError, RecursionError):
        return None
    return None if isinstance(value, list) else end


def _fault(text: str) -> _Fault:
    """Return what is the first fault of a text that should be JSON."""
    text = text.strip(_BLANK)
    try:
        _, end = _SCAN(text, 0)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated string"):
            return _Fault.IN_TEXT
        return _Fault.UNFINISHED if error.pos >= len(text) else _Fault.INSIDE
    except (ValueError, RecursionError):
        return _Fault.INSIDE
    return _Fault.UNFINISHED if end == len(text) else _Fault.INSIDE


def _skip(text: str, at: int) -> int:
    """Return where what is not blank begins."""
    while text[at : at + 1] in {" ", "\t", "\r", "\n"}:
        at += 1
    return at
