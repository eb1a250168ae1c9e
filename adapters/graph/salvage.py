"""A page that is no JSON because of one message: where its messages begin and end, so that the others are not lost."""

import json
import re
from enum import Enum, auto
from typing import Final

import attrs

_GAP: Final = r"[ \t\r\n]*+"
_STRING: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_MEMBER: Final = rf"{_STRING}{_GAP}:{_GAP}(?:{_STRING}|[-+.0-9A-Za-z]++){_GAP}"
"""A name and a value that is neither a list nor an object: all that a page has beside its messages."""
_HEAD: Final = re.compile(rf'{_GAP}\{{{_GAP}(?:{_MEMBER},{_GAP})*+"value"{_GAP}:{_GAP}\[{_GAP}')
_TAIL: Final = re.compile(rf"{_GAP}\]{_GAP}(?:,{_GAP}{_MEMBER})*+\}}{_GAP}\Z")
_BETWEEN: Final = re.compile(rf"{_GAP},{_GAP}(?=\{{)")
_SPACE: Final = re.compile(_GAP)
_MARKS: Final = frozenset({"@odata.etag", "@removed", "parentFolderId", "changeKey"})
"""What messages have, and nothing that is inside them."""
_WRONG: Final = (ValueError, RecursionError)
_SCAN: Final = json.JSONDecoder().raw_decode


class _Fault(Enum):
    """Where something that should be a message goes wrong."""

    INSIDE = auto()
    UNFINISHED = auto()
    """Nowhere, but that it has no end; or nowhere at all, but that it has another end than it should have."""
    IN_TEXT = auto()
    """In a text that has no end."""


class NoPageError(Exception):
    """The bytes are no page of messages, or not a whole one."""


@attrs.frozen(kw_only=True)
class Pieces:
    """The messages of a page, byte by byte as they came, and the page without them."""

    items: tuple[bytes, ...]
    envelope: bytes


def split(page: bytes) -> Pieces:
    """Cut a page into its messages.

    A damaged one ends where a message begins that is well-formed, or else where the page ends.

    Raises:
        NoPageError: it has no beginning or no end; messages may be missing.
    """
    text = page.decode("latin-1")  # one character per byte, whatever the bytes mean
    head = _HEAD.match(text)
    if head is None:
        raise NoPageError
    items: list[bytes] = []
    at: int | None = head.end()
    end = head.end()
    while at is not None:
        begin = at
        end, at = _message(text, begin)
        items.append(page[begin:end])
    return Pieces(items=tuple(items), envelope=page[: head.end()] + page[end:])


def _message(text: str, at: int) -> tuple[int, int | None]:
    """Return where the message that begins here ends, and where the next one begins; None: it was the last."""
    end = _value(text, at)
    if end is not None:
        behind = _skip(text, end)
        if text[behind : behind + 1] == ",":
            return end, _skip(text, behind + 1)
        if _TAIL.match(text, end):
            return end, None
    for gap in _BETWEEN.finditer(text, at):
        if _is_message(text, gap.end()):
            return gap.start(), gap.end()
    return _last(text, at), None


def _last(text: str, at: int) -> int:
    """Return where a damaged message ends that is the last.

    A page that is cut off may seem to have an end, which is that of a list in its last message, or part of a text.
    Links are never in a message.
    """
    tail = _TAIL.search(text, at)
    if tail is None:
        raise NoPageError
    end = tail.start()
    if "@odata." not in tail.group():
        fault = _fault(text[at:])
        if fault is _Fault.UNFINISHED or (fault is _Fault.IN_TEXT and text[end - 1] != "}"):
            raise NoPageError
    return end


def _is_message(text: str, at: int) -> bool:
    try:
        value, end = _SCAN(text, at)
    except _WRONG:
        return False
    following = _skip(text, end)
    return (
        isinstance(value, dict)
        and "id" in value
        and not _MARKS.isdisjoint(value)
        and text[following : following + 1] in {",", "]"}
    )


def _value(text: str, at: int) -> int | None:
    """Return where the JSON value that begins here ends; None: it is none, or a list.

    A list may be one because of a bracket too many, and then holds the messages that follow.
    """
    try:
        value, end = _SCAN(text, at)
    except _WRONG:
        return None
    return None if isinstance(value, list) else end


def _fault(text: str) -> _Fault:
    """Return what is the first fault of a text that should be JSON."""
    text = text.strip()
    try:
        _, end = _SCAN(text, 0)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated string"):
            return _Fault.IN_TEXT
        return _Fault.UNFINISHED if error.pos >= len(text) else _Fault.INSIDE
    except _WRONG:
        return _Fault.INSIDE
    return _Fault.UNFINISHED if end == len(text) else _Fault.INSIDE


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def is_unfinished(answer: bytes) -> bool:
    """Whether what should be a JSON object, and cannot be read, lacks its end, or is something else."""
    text = answer.decode("latin-1").strip()
    if _value(text, 0) == len(text):
        return False
    return not text.endswith("}") or _fault(text) is not _Fault.INSIDE
