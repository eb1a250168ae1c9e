"""An analyst who says what it was told to say."""

from collections.abc import Callable

import attrs

from domain.correspondence.analysis import Analysis, Means, Wording
from domain.errors import IACSGraphError
from ports.mail_analyst import MailAnalyst

_NOTHING = Analysis()


@attrs.define(eq=False)
class MemoryMailAnalyst(MailAnalyst):
    """Gives `answers` by what a text or subject contains, the first that fits, else nothing found.

    `failures` are raised first, one for each call. `heard` are the words of all calls, failed ones included.
    """

    name: str = "memory-1"
    is_paid: bool = True
    answers: dict[str, Analysis] = attrs.field(factory=dict)
    failures: list[Callable[[], IACSGraphError]] = attrs.field(factory=list)
    heard: list[Wording] = attrs.field(factory=list)

    @property
    def means(self) -> Means:
        """What it was told to be."""
        return Means(name=self.name, is_paid=self.is_paid)

    @property
    def calls(self) -> int:
        """How often it was asked."""
        return len(self.heard)

    async def analyse(self, wording: Wording) -> Analysis:
        """Return the answer to these words.

        Raises: the next of `failures`.
        """
        self.heard.append(wording)
        if self.failures:
            failure = self.failures.pop(0)()
            raise failure
        whole = f"{wording.subject}\n{wording.text}"
        return next((answer for part, answer in self.answers.items() if part in whole), _NOTHING)
