"""How much of a mail an event tells: texts are clean Unicode and bounded, so that the event is, too.

In JSON a clean text is at most twice as long as in UTF-8, three times if all but ASCII is escaped.
"""

import re
from typing import Final

from domain.correspondence.email_info import LARGEST_BODY_BYTES

LONGEST_SUBJECT: Final = 1000
LONGEST_NAME: Final = 500
LONGEST_ADDRESS: Final = 1000
LONGEST_LINK: Final = 4000
"""Characters, as above."""
MOST_REFERENCES: Final = 100

_ENDINGS: Final = re.compile("\r\n?")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINE_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]+")


def clean(text: str) -> str:
    """Return the text with line feeds as its only line ends, without other controls but tabs.

    Halves of a surrogate pair are put together; what has no other half becomes U+FFFD.
    """
    if text.replace("\n", "").isprintable():
        return text
    if "\r" in text:
        text = _ENDINGS.sub("\n", text)
    text = _CONTROLS.sub("", text)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def line_of(text: str | None, longest: int) -> str | None:
    """Return the text as one clean line of at most so many characters; None if there is nothing in it."""
    if not text:
        return None
    if text.isprintable():
        return text[:longest].strip() or None
    return clean(_LINE_CONTROLS.sub(" ", text[: 2 * longest])).strip()[:longest].rstrip() or None


def link_of(text: str | None) -> str | None:
    """Return a clean address; None if there is none, or it is too long: half an address leads nowhere."""
    link = line_of(text, LONGEST_LINK + 1)
    return None if link is None or len(link) > LONGEST_LINK else link


def body_of(text: str) -> tuple[str | None, bool]:
    """Return the clean text cut at 64 KiB of UTF-8, before the character that is too much, and whether it was cut."""
    body = clean(text)
    if not body.strip():
        return None, False
    raw = body.encode()
    if len(raw) <= LARGEST_BODY_BYTES:
        return body, False
    return raw[:LARGEST_BODY_BYTES].decode(errors="ignore"), True
