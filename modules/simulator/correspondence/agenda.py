"""Which agendas there are: one for each number, the same for all mailboxes and for any count of mails."""

from datetime import datetime, timedelta
from typing import Final

import attrs

from modules.simulator.correspondence.cast import Cast, Correspondent
from modules.simulator.correspondence.codes import Code
from modules.simulator.correspondence.dice import Dice, luck
from modules.simulator.correspondence.truth import Language
from modules.simulator.correspondence.wording import KOREAN_TITLES, TITLES

MOST_AGENDAS: Final = 9000
# Which panel has which of 20 agendas in a row.
_TURNS: Final = (
    *("PL", "PS", "PL", "PL", "PS", "JWG-SDT", "PL", "PS", "PL", "JWG-CS"),
    *("PS", "PL", "PL", "PS", "JWG-SDT", "PL", "PS", "PS", "JWG-CS", "PL"),
)
_STEP: Final = 0.618_033_988_749_895  # the golden ratio's: however many are taken, they are spread evenly
_EVERY_LONG, _THREE_DIGITS = 16, 999


@attrs.frozen(kw_only=True)
class Agenda:
    """An agenda as it is first issued. `code` has neither version nor author."""

    number: int
    code: Code
    title: str
    language: Language
    chair: Correspondent
    start: datetime


def agenda(seed: int, number: int, cast: Cast, *, until: datetime, span: timedelta) -> Agenda:
    """Return the agenda of this number, below `MOST_AGENDAS`."""
    dice = Dice(seed, "agenda", number)
    share = (luck("first", str(seed)) + number * _STEP) % 1
    start = until - timedelta(seconds=int(span.total_seconds() * share))
    turn, panel = number % len(_TURNS), _TURNS[number % len(_TURNS)]
    order = number // len(_TURNS) * _TURNS.count(panel) + _TURNS[:turn].count(panel)
    chair = cast.chairs[panel]
    language: Language = "ko" if dice.falls(0.3 if chair.language == "ko" else 0.12) else "en"
    return Agenda(
        number=number,
        code=Code(panel=panel, year=f"{start.year % 100:02}", number=_number(panel, order)),
        title=dice.pick(KOREAN_TITLES if language == "ko" and dice.falls(0.6) else TITLES),
        language=language,
        chair=chair,
        start=start,
    )


def _number(panel: str, order: int) -> str:
    """Three digits; panels that are no joint working group also have four. No two orders have the same."""
    if not panel.startswith("JWG") and (order % _EVERY_LONG == _EVERY_LONG - 1 or order >= _THREE_DIGITS):
        return str(_THREE_DIGITS + 1 + order)
    return f"{order + 1:03}"


def another(code: Code, dice: Dice) -> Code:
    """Return the code of some other agenda of the same year, as people refer to one."""
    panel = dice.pick(("PL", "PS"))
    number = 1 + dice.number(400)
    if panel == code.panel and f"{number:03}" == code.number:
        number += 1
    return Code(panel=panel, year=code.year, number=f"{number:03}", version=dice.pick(("", "", "a", "b", "e")))
