"""Paths of Graph's mail, as patterns of the router: words in any case, keys as `/key` or `('key')`, in any user's name.

A percent-encoded slash belongs to the key. Of nested folders the last one counts; those above it are not looked at.
"""

from typing import Final

_KEY: Final = r"(?:/[^/]+|\('[^/]*'\))"
_OWNER: Final = rf"(?P<owner>(?i:me|users{_KEY}))"
_FOLDERS: Final = r"/(?i:mailfolders)"
_CHILDREN: Final = r"/(?i:childfolders)"
_ABOVE: Final = rf"{_FOLDERS}(?:{_KEY}{_CHILDREN})*"
_FOLDER: Final = rf"{_ABOVE}(?P<folder>{_KEY})"
_MESSAGES: Final = r"/(?i:messages)"
_MESSAGE: Final = rf"{_MESSAGES}(?P<message>{_KEY})"


def _path(pattern: str) -> str:
    return f"/v1.0/{{path:{_OWNER}{pattern}}}"


def of_message(pattern: str) -> str:
    """What is below a message, by whatever path one comes to it; `folder` is no part of the match."""
    return _path(f"(?:{_ABOVE}{_KEY})?{_MESSAGE}{pattern}")


KEY: Final = _KEY
"""A key, for patterns below a message: name it like `(?P<attachment>...)`."""
FOLDERS: Final = _path(_FOLDERS)
FOLDER: Final = _path(_FOLDER)
CHILD_FOLDERS: Final = _path(f"{_FOLDER}{_CHILDREN}")
MESSAGES: Final = _path(_MESSAGES)
FOLDER_MESSAGES: Final = _path(f"{_FOLDER}{_MESSAGES}")
MESSAGE: Final = _path(_MESSAGE)
FOLDER_MESSAGE: Final = _path(f"{_FOLDER}{_MESSAGE}")
DELTA: Final = _path(rf"{_FOLDER}{_MESSAGES}/(?i:(?:microsoft\.graph\.)?delta)(?:\(\))?")
