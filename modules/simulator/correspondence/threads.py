"""The course of an agenda: a chair asks, members answer and think again, others join in, the chair closes it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from modules.simulator.correspondence.chair_mails import from_chair, from_other_panel
from modules.simulator.correspondence.desk import Desk
from modules.simulator.correspondence.member_mails import remark, response
from modules.simulator.correspondence.posting import Posted
from modules.simulator.correspondence.societies import SOCIETIES
from modules.simulator.correspondence.timeline import NotYetError
from modules.simulator.correspondence.truth import Tone

_ENDING: Final[tuple[tuple[float, Tone], ...]] = ((0.3, "notification"), (0.35, "consolidated"), (0.7, "completed"))


def thread(desk: Desk) -> Iterator[Posted]:
    """Yield an agenda's mails in the order of time, to the end or to those that are still to come."""
    try:
        yield from _course(desk)
    except NotYetError:
        return


def _course(desk: Desk) -> Iterator[Posted]:
    opening = from_chair(desk, "request", "", timedelta())
    yield opening
    if desk.dice.falls(0.08) and not desk.agenda.code.panel.startswith("JWG"):
        yield from_other_panel(desk, opening)
    yield from _round(desk, opening, "")
    version = ""
    if desk.dice.falls(0.4):
        version = desk.dice.pick("aab")
        opening = from_chair(desk, "request", version, desk.dice.hours(24, 240), opening)
        yield opening
        yield from _round(desk, opening, version)
    for probability, tone in _ENDING:
        if desk.dice.falls(probability):
            yield from_chair(desk, tone, version, desk.dice.hours(12, 120), opening)


def _round(desk: Desk, opening: Posted, version: str) -> Iterator[Posted]:
    """Yield the answers to a request; some societies answer several times, and there is some talk in between."""
    societies = desk.dice.some(SOCIETIES, 3 + desk.dice.number(10))
    reminded_after = desk.dice.number(2 * len(societies))
    for index, society in enumerate(societies):
        answer = response(desk, society, "a", opening)
        yield answer
        if answer.subject.codes and desk.dice.falls(0.15):
            yield remark(desk, answer)
        if index == reminded_after:
            yield from_chair(desk, "reminder", version, desk.dice.hours(12, 72), opening)
    for later in "bc":
        societies = [each for each in societies if desk.dice.falls(0.2)]
        for society in societies:
            yield response(desk, society, later, opening)
