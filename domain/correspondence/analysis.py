"""What is read out of the words of a mail by means that may err: dates, deadlines, keywords."""

from datetime import date
from hashlib import sha256
from typing import Final, NewType

import attrs

from domain.validation import not_blank

MOST_KEYWORDS: Final = 10
LONGEST_KEYWORD: Final = 60
"""Characters."""

AnalysisKey = NewType("AnalysisKey", str)
"""Identifies the same words read by the same means."""


@attrs.frozen(kw_only=True)
class Wording:
    """The words of a mail that its sender wrote now, without what they quote; `sent_on` is where dates count from."""

    subject: str = attrs.field(repr=False)
    text: str = attrs.field(repr=False)
    sent_on: date

    def key(self, means: str) -> AnalysisKey:
        """Return by what an analysis of these words by these means is found again."""
        parts = (means, self.subject, self.text, self.sent_on.isoformat())
        digest = sha256()
        for part in parts:
            raw = part.encode(errors="surrogatepass")
            digest.update(len(raw).to_bytes(8, "big") + raw)
        return AnalysisKey(digest.hexdigest())


@attrs.frozen(kw_only=True)
class Analysis:
    """`deadline` is until when a reply is asked for, no other date; the most telling keyword comes first."""

    deadline: date | None = None
    keywords: tuple[str, ...] = attrs.field(default=(), repr=False)

    def __attrs_post_init__(self) -> None:
        """Keep what is made of it bounded."""
        keywords = dict.fromkeys(word[:LONGEST_KEYWORD].strip() for word in self.keywords)
        object.__setattr__(self, "keywords", tuple(word for word in keywords if word)[:MOST_KEYWORDS])


@attrs.frozen(kw_only=True)
class Means:
    """`name` changes whenever the same words might be read otherwise. `is_paid`: each time costs."""

    name: str = attrs.field(validator=not_blank)
    is_paid: bool = False
