"""The subjects of generated mails, whose maker decided what is true about them and does not know how they are read."""

from collections import Counter
from collections.abc import Iterator

import pytest

from domain.correspondence.agenda_codes import AgendaCode, find_codes
from domain.correspondence.subjects import SubjectLine, read_subject
from modules.simulator.correspondence.codes import Code, spell
from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.generator import Correspondence
from modules.simulator.correspondence.societies import AUTHORS
from modules.simulator.correspondence.truth import Truth
from tests.modules.simulator.correspondence.conftest import OWNERS, UNTIL

_IN_BODY = {"response_in_body"}
_EACH = 1000


@pytest.fixture(scope="module")
def mails() -> list[tuple[str, Truth]]:
    worlds = [Correspondence(seed, owners=OWNERS, until=UNTIL) for seed in (5, 77)]
    found = [(world, owner) for world in worlds for owner in OWNERS[:2]]
    return [(each.draft.subject, each.truth) for world, owner in found for each in world.mails(owner, _EACH)]


def read(subject: str) -> dict[str, object]:
    line = read_subject(subject)
    return {
        **_code(line),
        "references": tuple(each.display for each in line.codes[1:]),
        "is_reply": line.replies > 0,
        "reply_depth": line.replies,
        "is_forward": line.forwards > 0,
        "is_auto_reply": line.is_automatic,
    }


def _code(line: SubjectLine) -> dict[str, object]:
    names = ("agenda_code", "agenda_base", "agenda_version", "agenda_base_version", "panel", "year", "number", "author")
    if not line.codes:
        return {**dict.fromkeys(names), "panel": "MULTILATERAL" if line.is_multilateral else None}
    first = line.codes[0]
    parts = (first.display, first.base, first.version, first.base_version, first.panel, first.year, first.number)
    return dict(zip(names, (*parts, first.author), strict=True))


def test_all_fields_of_subjects_are_as_their_maker_meant_them(mails: list[tuple[str, Truth]]) -> None:
    compared = [(subject, truth, read(subject)) for subject, truth in mails if _says_all(subject, truth)]
    wrong = [
        (subject, name, value, getattr(truth, name))
        for subject, truth, found in compared
        for name, value in found.items()
        if getattr(truth, name) != value
    ]
    assert wrong == []
    assert len(compared) > 3500
    counts = Counter(name for _, _, found in compared for name, value in found.items() if value)
    assert min(counts.values()) > 50, "each field occurs"


def _says_all(subject: str, truth: Truth) -> bool:
    """Whether the code, if there is one, is in the subject: other mails have it in their first lines."""
    return truth.agenda_code is None or bool(find_codes(subject)) or truth.kind not in _IN_BODY | {"discussion"}


def test_a_code_is_read_as_it_was_meant_however_it_is_written() -> None:
    wrong = [
        (written, code)
        for code in _all_codes()
        for written in {spell(code, Dice(seed)) for seed in range(25)}
        if [_parts(each) for each in find_codes(written)] != [_meant(code)]
    ]
    assert wrong == []


def test_a_code_is_shown_in_one_form() -> None:
    wrong = [code for code in _all_codes() if find_codes(spell(code, Dice(1)))[0].display != code.display]
    assert wrong == []


def _all_codes() -> Iterator[Code]:
    agendas = (Code(panel="PL", year="25", number="016"), Code(panel="JWG-SDT", year="26", number="001"))
    for agenda in agendas:
        for version in ("", "a", "b", "c", "d", "p"):
            versioned = Code(panel=agenda.panel, year=agenda.year, number=agenda.number, version=version)
            yield versioned
            yield from (versioned.by(author, each) for author in (*AUTHORS, "IL", "PL", "PS") for each in ("", *"abcd"))


def _parts(code: AgendaCode) -> tuple[str | None, ...]:
    return (code.panel, code.year, code.number, code.version, code.author, code.response_version)


def _meant(code: Code) -> tuple[str | None, ...]:
    return (
        *(code.panel, code.year, code.number),
        *(code.version or None, code.author or None, code.response_version or None),
    )
