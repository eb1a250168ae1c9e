"""Mailboxes in use: mail arrives while the simulator runs, and people read, file and throw away."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

import attrs

from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.filling import address_of, place
from modules.simulator.correspondence.generator import SUBFOLDERS, Correspondence
from modules.simulator.correspondence.posting import Posted
from modules.simulator.correspondence.truth import Truth
from modules.simulator.mail.mailbox import Mailbox, Message

_MINUTE: Final = 60
_OPEN_AGENDAS: Final = 12
_RECENT: Final = 100
_NEWS: Final = 0.2
# What becomes of a recent mail when somebody looks at it; up to each of these shares.
_ERASED, _DELETED, _FILED, _READ = 0.03, 0.1, 0.25, 0.8


@attrs.frozen(kw_only=True, eq=False)
class Arrival:
    """A mail that came to a mailbox while the simulator ran."""

    mailbox: Mailbox
    message: Message = attrs.field(repr=False)
    truth: Truth


class Live:
    """What goes on in some mailboxes: the same seed gives the same mails and deeds, at whatever pace.

    `turns`: how many agendas the mailboxes know; these go on, and new ones begin. `told` is called with each arrival,
    and `arrivals` is all of them.
    """

    def __init__(
        self,
        correspondence: Correspondence,
        mailboxes: Sequence[Mailbox],
        *,
        turns: int,
        now: Callable[[], datetime],
        told: Callable[[Arrival], None] = lambda _: None,
    ) -> None:
        self._correspondence, self._mailboxes, self._now, self._told = correspondence, mailboxes, now, told
        self._dice = Dice(correspondence.seed, "live")
        self._next_turn, self._next_news = turns, 0
        self._known = correspondence.lately_begun(turns)
        self._open: list[tuple[int, Iterator[Posted]]] = []
        self._recent: deque[tuple[Mailbox, Message]] = deque(maxlen=_RECENT)
        self.arrivals: list[Arrival] = []

    async def run(self, per_minute: float, sleep: Callable[[float], Awaitable[object]]) -> None:
        """Go on until cancelled: so many times per minute a mail is sent, to one mailbox or to all."""
        while True:
            await sleep(_MINUTE / per_minute)
            self.step()

    def step(self) -> None:
        """Send one mail, with what follows from it at once, and let somebody deal with one that came before."""
        turn, posted = self._next()
        self._deliver(posted, turn)
        for mailbox in self._mailboxes:
            for each in self._correspondence.follow_ups(address_of(mailbox.user), posted, turn, self._now):
                self._deliver(each, turn)
        if self._recent:
            self._deal_with(*self._dice.pick(self._recent))

    def _next(self) -> tuple[int, Posted]:
        """Return the next mail: of an agenda that goes on or begins, or about none."""
        if self._dice.falls(_NEWS):
            self._next_news += 1
            for posted in self._correspondence.news(self._next_news, self._now):
                return self._next_news, posted
        while True:
            if len(self._open) < _OPEN_AGENDAS:
                self._open.append(self._another())
            number = self._dice.number(len(self._open))
            turn, thread = self._open[number]
            for posted in thread:
                return turn, posted
            del self._open[number]

    def _another(self) -> tuple[int, Iterator[Posted]]:
        """Return an agenda that has begun already, as long as there is one, or else a new one."""
        if self._known:
            turn = self._known.pop()
            return turn, self._correspondence.to_come(turn, self._now)
        turn, self._next_turn = self._next_turn, self._next_turn + 1
        return turn, self._correspondence.beginning(turn, self._now)

    def _deliver(self, posted: Posted, turn: int) -> None:
        """Put it where it arrives: filing it is left to people."""
        for mailbox in self._mailboxes:
            found = self._correspondence.received(address_of(mailbox.user), posted, turn)
            if found is None:
                continue
            is_own = found.folder in {"sentitems", "drafts"}
            received_at = self._now().replace(microsecond=0)
            draft = attrs.evolve(found.draft, is_read=is_own, categories=(), received_at=received_at)
            message = mailbox.deliver(draft, found.folder if is_own else "inbox")
            arrival = Arrival(mailbox=mailbox, message=message, truth=found.truth)
            self.arrivals.append(arrival)
            if not is_own:
                self._recent.append((mailbox, message))
            self._told(arrival)

    def _deal_with(self, mailbox: Mailbox, message: Message) -> None:
        if mailbox.find(message.immutable_id) is not message:
            return
        chance = self._dice.random()
        if chance < _ERASED:
            mailbox.delete(message)
        elif chance < _DELETED:
            mailbox.move(message, "deleteditems")
        elif chance < _FILED:
            mailbox.move(message, place(mailbox, self._dice.pick(tuple(SUBFOLDERS.values()))))
        elif chance < _READ and not message.is_read:
            mailbox.change(message, is_read=True)
