"""How far a query is, in one line of a terminal that is drawn anew and leaves nothing behind."""

from typing import TextIO

import attrs

_CLEAR = "\r\x1b[2K"


@attrs.define(kw_only=True)
class Progress:
    """`stream` is a terminal, or None: then nothing is drawn. `expected` mailboxes, if it is known how many."""

    stream: TextIO | None
    expected: int | None = None
    begun: int = 0
    ended: int = 0
    mails: int = 0
    _drawn: bool = attrs.field(default=False, init=False)

    def draw(self) -> None:
        """Draw the line."""
        if self.stream is None:
            return
        of = "" if self.expected is None else f" of {self.expected}"
        open_ones = self.begun - self.ended
        self._say(f"{_CLEAR}{self.ended}{of} mailboxes done, {open_ones} under way, {self.mails} mails")
        self._drawn = True

    def clear(self) -> None:
        """Take the line away, so that others may write."""
        if self._drawn:
            self._say(_CLEAR)
            self._drawn = False

    def _say(self, text: str) -> None:
        if self.stream is not None:
            self.stream.write(text)
            self.stream.flush()
