"""Finding words in texts, as `$search` does.

A word is a run of letters, digits and underscores, without regard to case. The words of a phrase must come whole and
one after the other, in one text; after a `*` at the end of the phrase the last one may go on.
"""

import html
import re
from collections.abc import Iterable
from typing import Final

import attrs

from modules.simulator.mail.content import Draft

_WORD: Final = re.compile(r"\w+")
_TAG: Final = re.compile(r"<[^<>]*>")
_BEGINNING: Final = re.compile(r"\w\*\Z")


@attrs.frozen
class Phrase:
    """Words, at least one, and whether the last one is a beginning only."""

    words: tuple[str, ...]
    is_open: bool = False
    _pattern: re.Pattern[str] = attrs.field(init=False, repr=False, eq=False)

    @_pattern.default
    def _as_pattern(self) -> re.Pattern[str]:
        """A word is no part of a longer one, and between two there is something that no word has."""
        row = r"\W+".join(re.escape(each) for each in self.words)
        return re.compile(rf"(?<!\w){row}" if self.is_open else rf"(?<!\w){row}(?!\w)")

    def is_in(self, text: str) -> bool:
        key = text.casefold()
        return self.words[0] in key and self._pattern.search(key) is not None

    def is_in_any(self, texts: Iterable[str]) -> bool:
        return any(self.is_in(each) for each in texts)

    def is_in_body(self, draft: Draft) -> bool:
        """Whether it is in the body, without tags. Most bodies are dismissed without being taken apart."""
        if draft.body_type == "text":
            return self.is_in(draft.body)
        if "&" not in draft.body and self.words[0] not in draft.body.casefold():
            return False
        return self.is_in(html.unescape(_TAG.sub(" ", draft.body)))


def parse_phrase(text: str) -> Phrase | None:
    """Return the phrase of a text, or None if there is no word in it."""
    found = tuple(_WORD.findall(text.casefold()))
    return Phrase(found, is_open=_BEGINNING.search(text) is not None) if found else None
