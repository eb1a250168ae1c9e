"""Agenda codes of the subjects of a mailbox, beside one search with the regular expression that one would write."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from benchmarks.harness.plan import Benchmark, Contender, Limit, Plan, Ratio, Size
from benchmarks.harness.timing import cpu_of
from domain.correspondence.agenda_codes import find_codes
from domain.correspondence.subjects import read_subject
from modules.simulator.correspondence.generator import generate
from modules.simulator.mail.content import Address

_OWNER: Final = Address(name="Kim", address="kim@office.example")
_UNTIL: Final = datetime(2026, 11, 1, tzinfo=UTC)
_SEARCH: Final = re.compile(
    r"\b(PL|PS|JWG-[A-Z]+) ?(2\d)(\d{3,4})([a-z*])?(?:_?([A-Z]{2,7})([a-z*])?)?\b", re.IGNORECASE
)
_FEW: Final = 200
_LINEAR: Final = Limit(at_most=1.2)
_HOSTILE: Final = {
    "near codes": "PL25007bQQQa JWG-SDT2500 PS2500 P",
    "brackets": "[[x] [Multilateral (EXT [EXTERNAL ",
    "Re[": "Re[12]: Fwd[ Re[999] : Re[",
    "hyphens": "PL25007-KR--JWG-JWG-\u2010\u2013-",
    "digits": "PL2222222222222PS2999999925007",
    "Unicode": "PL25007\u3131a\u0301\u1100\u1161\u200bJWG-가나다PS25",
}


@asynccontextmanager
async def _open(size: Size) -> AsyncIterator[Plan]:
    count = size.of(20_000, 200)
    subjects = list(dict.fromkeys(mail.draft.subject for mail in generate(0, _OWNER, count, until=_UNTIL)))
    few = subjects[:_FEW] * (len(subjects) // _FEW or 1)
    yield Plan(
        contenders=(
            _contender("floor", _SEARCH.search, subjects),
            _contender("codes", find_codes, subjects),
            _contender("codes, a tenth", find_codes, subjects[: len(subjects) // 10]),
            _contender("subject", read_subject, subjects),
            _contender("floor, repeated", _SEARCH.search, few),
            _contender("codes, repeated", find_codes, few),
            *(each for name, text in _HOSTILE.items() for each in _hostile(name, text, size)),
        ),
        ratios=(
            _over("all codes and fields / a search", "codes", "floor", Limit(at_most=4)),
            _over("the same, repeated subjects", "codes, repeated", "floor, repeated", Limit(at_most=4)),
            _over("and replies, forwards, topic / a search", "subject", "floor"),
            _over("10x subjects, each", "codes", "codes, a tenth", _LINEAR),
            *(_over(f"{name}, {times}x as long", f"{name} {times}", f"{name} 1", _LINEAR) for name, times in _growth()),
        ),
    )


def _growth() -> Sequence[tuple[str, int]]:
    return [(name, times) for name in _HOSTILE for times in (10, 100)]


def _hostile(name: str, text: str, size: Size) -> Sequence[Contender]:
    """Return who reads as many characters in a line of 1,000, of ten times and of a hundred times that length."""
    line = text * (1000 // len(text))
    total = size.of(400, 100)
    # No two lines are the same, as those would be remembered.
    return [
        _contender(
            f"{name} {times}",
            read_subject,
            [f"{number} {line * times}" for number in range(total // times)],
            by_character=True,
        )
        for times in (1, 10, 100)
    ]


def _contender(
    name: str, read: Callable[[str], object], texts: Sequence[str], *, by_character: bool = False
) -> Contender:
    """Return who reads these texts, each once; the cost is that of a text, or of a character."""
    items = sum(map(len, texts)) if by_character else len(texts)

    async def run() -> float:
        return cpu_of(partial(_each, read, texts), items)

    return Contender(name=name, run=run)


def _each(read: Callable[[str], object], texts: Sequence[str]) -> None:
    for text in texts:
        read(text)


def _over(label: str, cost_of: str, over: str, limit: Limit | None = None) -> Ratio:
    return Ratio(label=label, cost_of=cost_of, over=over, limit=limit or Limit())


BENCHMARK: Final = Benchmark(name="agenda-codes", title="what subjects say, beside one search in them", open=_open)
