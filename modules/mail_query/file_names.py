"""Names for files that strangers have named."""

import re
import unicodedata
from collections.abc import Iterator

_UNFIT = re.compile(r'[/\\<>:"|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)", re.IGNORECASE)
"""Devices of Windows, with any extension (Microsoft, Naming Files, Paths, and Namespaces)."""
_LONGEST_BYTES = 200
"""File systems allow 255; the rest is for numbers."""
_LONGEST_EXTENSION_BYTES = 20
_NAMELESS = "attachment"


def safe_name(name: str | None) -> str:
    """Return a name that stays in its directory and can be a file on any system, as like the given one as can be.

    It holds no separator, control or invisible character, is no device, does not begin or end with a dot or a space,
    and is never empty.
    """
    text = unicodedata.normalize("NFC", name or "")
    visible = "".join(
        each if unicodedata.category(each)[0] != "C" and each not in "\u2028\u2029" else " " for each in text
    )
    plain = _UNFIT.sub("_", visible)
    trimmed = _shortened(" ".join(plain.split()).strip(" ."))
    if not trimmed.strip("_"):
        return _NAMELESS
    return f"_{trimmed}" if _RESERVED.fullmatch(trimmed.partition(".")[0].rstrip()) else trimmed


def numbered(name: str) -> Iterator[str]:
    """Return the name, then others for when it is taken: `a.pdf`, `a (2).pdf`, `a (3).pdf`."""
    stem, extension = _parts(name)
    yield name
    number = 2
    while True:
        yield f"{stem} ({number}){extension}"
        number += 1


def _shortened(name: str) -> str:
    stem, extension = _parts(name)
    room = _LONGEST_BYTES - len(extension.encode())
    if len(stem.encode()) <= room:
        return name
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + extension


def _parts(name: str) -> tuple[str, str]:
    """Split the extension off; what does not look like one is none."""
    stem, dot, extension = name.rpartition(".")
    if not stem or not extension.isalnum() or len(extension.encode()) > _LONGEST_EXTENSION_BYTES:
        return name, ""
    return stem, dot + extension
