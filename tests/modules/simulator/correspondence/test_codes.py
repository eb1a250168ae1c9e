"""However a code is written, the grammar of codes reads it as what it is, and as nothing else."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.simulator.correspondence.agenda import MOST_AGENDAS, agenda
from modules.simulator.correspondence.cast import PANELS, make_cast
from modules.simulator.correspondence.codes import Code, spell
from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.societies import SOCIETIES
from tests.modules.simulator.correspondence.conftest import UNTIL
from tests.modules.simulator.correspondence.reading import SOCIETIES as BY_LETTERS
from tests.modules.simulator.correspondence.reading import Read, codes_in

AUTHORS = ("", "IL", "PL", *BY_LETTERS)
CODES = st.builds(
    Code,
    panel=st.sampled_from(("PL", "PS", "JWG-SDT", "JWG-CS")),
    year=st.sampled_from(("20", "25", "29")),
    number=st.sampled_from(("007", "251", "999")),
    version=st.sampled_from(("", "a", "b", "d", "p")),
    author=st.sampled_from(AUTHORS),
    response_version=st.sampled_from(("", "a", "b", "c", "d")),
)
SURROUNDINGS = st.sampled_from(("{}", "[EXT] {}: title", "({}) title", "On {}, title", "RE: {} - title", "title - {}"))


def parts(code: Code) -> Read:
    version = code.response_version if code.author else ""
    return Read(code.panel, code.year, code.number, code.version, code.author, version)


@given(CODES, st.integers(0, 10_000), SURROUNDINGS)
def test_a_written_code_is_read_as_it_was_meant(code: Code, seed: int, surroundings: str) -> None:
    assert codes_in(surroundings.format(spell(code, Dice(seed)))) == [parts(code)]


@given(CODES)
def test_the_display_form_of_a_code_is_one_too(code: Code) -> None:
    """But for some that lack the response's version, and are read by a rule that these tests do not have."""
    if code.version and code.author and not code.response_version:
        return
    assert codes_in(code.display) == [parts(code)]


@pytest.mark.parametrize(
    ("code", "display"),
    [
        (Code(panel="PL", year="25", number="015"), "PL25015"),
        (Code(panel="PL", year="25", number="015", version="a"), "PL25015a"),
        (Code(panel="PL", year="25", number="015", author="KR", response_version="a"), "PL25015_KRa"),
        (Code(panel="PL", year="25", number="016", version="a", author="IR", response_version="a"), "PL25016aIRa"),
        (Code(panel="JWG-CS", year="25", number="001", author="BV", response_version="a"), "JWG-CS25001_BVa"),
    ],
)
def test_the_display_form_has_a_line_where_there_is_no_agenda_version(code: Code, display: str) -> None:
    assert code.display == display


def test_every_form_that_real_mail_has_is_written_sometimes() -> None:
    plain = Code(panel="PL", year="25", number="016", author="IR", response_version="a")
    versioned = Code(panel="PL", year="25", number="007", version="b", author="IL", response_version="b")
    alone = Code(panel="PL", year="25", number="015")
    written = {spell(code, Dice(seed)) for code in (plain, versioned, alone) for seed in range(300)}
    assert written >= {
        *("PL25016_IRa", "PL25016IRa", "PL25016-IRa", "PL25016*_IRa", "PL 25016_IRa", "pl25016_ira", "PL25016_IRA"),
        *("PL25007bILb", "PL25007b_ILb", "PL25007_bILb", "PL25015", "PL25015*", "PL 25015", "pl25015"),
    }


def test_the_letters_of_societies_are_those_of_the_register() -> None:
    ours = {letters: each.name for each in SOCIETIES for letters in (each.letters, each.long) if letters}
    assert ours == BY_LETTERS
    assert len(SOCIETIES) == 12


def test_no_two_agendas_have_one_number() -> None:
    cast, span = make_cast(0, ()), timedelta(days=365)
    codes = [agenda(0, number, cast, until=UNTIL, span=span).code for number in range(MOST_AGENDAS)]
    assert len({(code.panel, code.number) for code in codes}) == MOST_AGENDAS
    lengths = {panel: {len(code.number) for code in codes if code.panel == panel} for panel in PANELS}
    assert lengths == {"PL": {3, 4}, "PS": {3, 4}, "JWG-SDT": {3}, "JWG-CS": {3}}
    assert {len(code.number) for code in codes[:400] if code.panel == "PL"} == {3, 4}, "long ones soon, too"
