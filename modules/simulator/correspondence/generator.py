"""The mail of all mailboxes of one simulator: they agree about agendas, and about the mails that all of them got."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final

import attrs

from modules.simulator.correspondence.agenda import MOST_AGENDAS, Agenda, agenda
from modules.simulator.correspondence.cast import make_cast
from modules.simulator.correspondence.desk import Desk
from modules.simulator.correspondence.dice import Dice, luck
from modules.simulator.correspondence.noise import noise_for_all, noise_for_owner
from modules.simulator.correspondence.pool import Pool
from modules.simulator.correspondence.posting import Posted
from modules.simulator.correspondence.private_mails import private
from modules.simulator.correspondence.threads import thread
from modules.simulator.correspondence.timeline import Timeline
from modules.simulator.correspondence.truth import Truth
from modules.simulator.mail.content import Address, Draft
from modules.simulator.settings import MOST_MAILS

YEAR: Final = timedelta(days=365)
SUBFOLDERS: Final = {"PL": "Panels/PL", "PS": "Panels/PS"}

_KEPT: Final = 64
_TRANSPORT: Final = timedelta(minutes=1)  # so that the last mail is received in time
# In a shorter span everything happens faster, so that agendas still come to something in it.
_UNHURRIED: Final = timedelta(days=120)
_LONGEST_THREAD: Final = timedelta(days=40)
_LEAST_SPAN: Final = timedelta(hours=1)
_MISSED, _LATELY_READ, _READ = 0.03, 0.4, 0.93
_LATELY: Final = timedelta(days=3)
_PLACES: Final = ((0.03, "archive"), (0.02, "deleteditems"))
_UNWANTED_PLACES: Final = ((0.2, "junkemail"), (0.1, "deleteditems"))
_CATEGORIES: Final = (("Red category",), ("Blue category", "Panel"), ("To do",))

_Now = Callable[[], datetime]


@attrs.frozen(kw_only=True, eq=False)
class Generated:
    """A mail as one mailbox has it, the truth about it, and the folder: a well-known name, or names like `Panels/PL`.

    `turn`: the number of the agenda with whose mails it was made.
    """

    draft: Draft
    truth: Truth
    folder: str
    turn: int


@attrs.frozen(kw_only=True)
class _Turn:
    """What everybody gets while it is an agenda's turn."""

    agenda: Agenda
    thread: Sequence[Posted]
    others: Sequence[Posted]


class Correspondence:
    """A world of agendas. `owners`: the mailboxes that take part; the first owner is the chair of panel PS.

    Everything was sent in the `span` before `until`. Of a mailbox, some 70 % are mails about agendas (a third of these
    are responses of members), 17 % office mail, 10 % newsletters and machines' notices, 3 % multilateral mails.
    Raises: ValueError if the span is shorter than an hour.
    """

    def __init__(self, seed: int, *, owners: Sequence[Address], until: datetime, span: timedelta = YEAR) -> None:
        if span < _LEAST_SPAN:
            raise ValueError(f"a span of at least {_LEAST_SPAN} is needed")
        self.seed, self._span = seed, span - _TRANSPORT
        self._pace = min(1.0, span / _UNHURRIED)
        self.until = until.replace(microsecond=0) - _TRANSPORT
        self.cast = make_cast(seed, owners)
        self.pool = Pool()
        self._turns: OrderedDict[int, _Turn] = OrderedDict()

    def mails(self, owner: Address, count: int) -> Iterator[Generated]:
        """Yield so many mails of a mailbox, in no order of time; a longer sequence begins with the shorter one.

        Raises: ValueError if that is more than `MOST_MAILS`.
        """
        if count > MOST_MAILS:
            raise ValueError(f"a mailbox has at most {MOST_MAILS} mails")
        return islice(chain.from_iterable(self._of_turn(owner, turn) for turn in range(MOST_AGENDAS)), count)

    def lately_begun(self, turns: int) -> list[int]:
        """Return those of the first agendas that may still go on, the latest last."""
        since = self.until - self._pace * _LONGEST_THREAD
        begun = sorted((self._agenda(turn).start, turn) for turn in range(turns))
        return [turn for start, turn in begun if start > since]

    def to_come(self, turn: int, now: _Now) -> Iterator[Posted]:
        """Yield what is still to come of an agenda; each mail is sent when it is asked for, as `now` says."""
        desk = self._desk(self._agenda(turn), "thread", now)
        return (each for each in thread(desk) if desk.timeline.is_live)

    def beginning(self, turn: int, now: _Now) -> Iterator[Posted]:
        """Yield the mails of a new agenda; each is sent when it is asked for, as `now` says."""
        return thread(self._live_desk(turn, "thread", now))

    def news(self, turn: int, now: _Now) -> Iterator[Posted]:
        """Yield further mails about no agenda; each is sent when it is asked for, as `now` says."""
        return noise_for_all(self._live_desk(turn, "news", now), timedelta())

    def follow_ups(self, owner: Address, posted: Posted, turn: int, now: _Now) -> Iterator[Posted]:
        """Yield what a mail that has just come gives rise to in one mailbox, sent as `now` says."""
        name = f"follow-up/{owner.address}/{posted.draft.internet_message_id}"
        return private(self._live_desk(turn, name, now), self.cast.owner(owner), posted)

    def received(self, owner: Address, posted: Posted, turn: int) -> Generated | None:
        """Return the mail as the owner has it, or None if it did not get there."""
        draft = posted.draft
        is_own, chance = draft.sender == owner, luck(owner.address, draft.internet_message_id)
        if posted.private_to != owner.address and (posted.private_to or (chance < _MISSED and not is_own)):
            return None
        is_done = is_own or draft.is_draft
        is_read = is_done or chance < (_LATELY_READ if draft.sent_at > self.until - _LATELY else _READ)
        another = chance * 1000 % 1
        categories = _CATEGORIES[int(another * 100) % 3] if another < _MISSED else ()
        if not is_read or categories:
            draft = attrs.evolve(draft, is_read=is_read, categories=categories)
        folder = posted.folder or ("sentitems" if is_own else _filed(posted, another))
        return Generated(draft=draft, truth=posted.truth, folder=folder, turn=turn)

    def _of_turn(self, owner: Address, number: int) -> Iterator[Generated]:
        """Yield an agenda's mails in their order, with the owner's other mail in between."""
        turn, correspondent = self._turn(number), self.cast.owner(owner)
        desk = self._desk(turn.agenda, f"private/{owner.address}")
        office = self._desk(turn.agenda, f"office/{owner.address}")
        main = [one for each in turn.thread for one in (each, *private(desk, correspondent, each))]
        others = [*turn.others, *noise_for_owner(office, correspondent, self._span)]
        for each in _merged(main, others, Dice(self.seed, "order", owner.address, number)):
            found = self.received(owner, each, number)
            if found:
                yield found

    def _turn(self, number: int) -> _Turn:
        """Return a turn; the latest ones are kept, so that mailboxes that are filled together share them."""
        found = self._turns.get(number)
        if found is None:
            it = self._agenda(number)
            found = self._turns[number] = _Turn(
                agenda=it,
                thread=tuple(thread(self._desk(it, "thread"))),
                others=tuple(noise_for_all(self._desk(it, "noise"), self._span)),
            )
            if len(self._turns) > _KEPT:
                self._turns.popitem(last=False)
        return found

    def _agenda(self, number: int) -> Agenda:
        return agenda(self.seed, number, self.cast, until=self.until, span=self._span)

    def _live_desk(self, turn: int, name: str, now: _Now) -> Desk:
        start = now()
        it = self._agenda(turn)
        code = attrs.evolve(it.code, year=f"{start.year % 100:02}")
        desk = self._desk(attrs.evolve(it, code=code, start=start), name, now)
        desk.timeline.is_live = True
        return desk

    def _desk(self, it: Agenda, purpose: str, now: _Now | None = None) -> Desk:
        name = f"{self.seed}/{purpose}/{it.number}"
        timeline = Timeline(start=it.start, until=self.until, pace=self._pace, now=now)
        return Desk(name=name, agenda=it, cast=self.cast, pool=self.pool, dice=Dice(name), timeline=timeline)


def generate(seed: int, owner: Address, count: int, *, until: datetime, span: timedelta = YEAR) -> Iterator[Generated]:
    """Yield the mails of a mailbox that is alone in its world; see `Correspondence`."""
    return Correspondence(seed, owners=(owner,), until=until, span=span).mails(owner, count)


def _filed(posted: Posted, chance: float) -> str:
    """Return where a received mail is: some people file what they have read, some throw it away."""
    panel = posted.code.panel if posted.code else ""
    places = _UNWANTED_PLACES if not posted.truth.wanted else ((0.3, SUBFOLDERS.get(panel, "inbox")), *_PLACES)
    for share, folder in places:
        chance -= share
        if chance < 0:
            return folder
    return "inbox"


def _merged(main: Sequence[Posted], others: Sequence[Posted], dice: Dice) -> Iterator[Posted]:
    """Yield both in their own orders, mixed evenly."""
    left, beside = list(reversed(main)), list(reversed(others))
    while left or beside:
        total = len(left) + len(beside)
        yield left.pop() if dice.number(total) < len(left) else beside.pop()
