"""Analysis by rules."""

import asyncio
from typing import Final

from adapters.offline_text.clauses import normalised
from adapters.offline_text.deadlines import deadline_in
from adapters.offline_text.keywords import keywords_in
from domain.correspondence.analysis import Analysis, Means, Wording
from ports.mail_analyst import MailAnalyst

LONGEST_TEXT: Final = 1 << 16
"""Characters of a text that are read, and of a subject a sixteenth of that: enough for all but tables of data."""

SHORT_TEXT: Final = 4000
"""Characters that are read at once."""


class OfflineMailAnalyst(MailAnalyst):
    """Knows English and Korean. Time is linear in the length of the words, and bounded."""

    @property
    def means(self) -> Means:
        """The rules, by their version."""
        return Means(name="offline-2")

    async def analyse(self, wording: Wording) -> Analysis:
        """Return what the words say; many are read in a thread, so that the event loop goes on. Raises nothing."""
        if len(wording.text) <= SHORT_TEXT:
            return _read(wording)
        return await asyncio.to_thread(_read, wording)


def _read(wording: Wording) -> Analysis:
    """Of subject and text, the text's deadline counts."""
    subject = normalised(wording.subject, LONGEST_TEXT // 16)
    text = normalised(wording.text, LONGEST_TEXT)
    deadline = deadline_in(text, wording.sent_on) or deadline_in(subject, wording.sent_on)
    return Analysis(deadline=deadline, keywords=keywords_in(subject, text))
