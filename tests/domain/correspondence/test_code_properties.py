"""What holds for all codes, and for all texts."""

from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.correspondence.agenda_codes import PANELS, Agenda, AgendaCode, Tail, find_codes
from domain.correspondence.societies import CHAIR_LETTERS, SOCIETY_BY_LETTERS
from domain.correspondence.subjects import read_subject

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
AUTHORS = (*SOCIETY_BY_LETTERS, CHAIR_LETTERS, *PANELS)
VERSIONS = (None, *ALPHABET)
Case = Callable[[str], str]
CASES: tuple[Case, ...] = (str.lower, str.upper, str)
OTHER_GROUPS = st.from_regex(r"JWG-[A-Z]{1,20}", fullmatch=True)
AGENDAS = st.one_of(
    st.tuples(st.sampled_from(("PL", "PS")), st.from_regex(r"[0-9]{3,4}", fullmatch=True)),
    st.tuples(st.sampled_from(PANELS) | OTHER_GROUPS, st.from_regex(r"[0-9]{3}", fullmatch=True)),
)
TAILS = st.tuples(st.sampled_from(AUTHORS), st.sampled_from(VERSIONS)) | st.just((None, None))


@st.composite
def codes(draw: st.DrawFn) -> AgendaCode:
    panel, number = draw(AGENDAS)
    author, response_version = draw(TAILS)
    year, version = draw(st.from_regex(r"2[0-9]", fullmatch=True)), draw(st.sampled_from(VERSIONS))
    return AgendaCode(
        agenda=Agenda(panel=panel, year=year, number=number),
        tail=Tail(version=version, author=author, response_version=response_version),
    )


@given(codes(), st.sampled_from(("{}", "[{}] title", "RE: {}: title", "({})", "title - {}")), st.sampled_from(CASES))
def test_a_code_that_is_shown_is_read_as_the_same(code: AgendaCode, around: str, case: Case) -> None:
    """In any case, and so is its key."""
    assert find_codes(around.format(case(code.display))) == (code,)
    assert find_codes(around.format(case(code.key))) == (code,)


def test_all_versions_and_authors_are_shown_so_that_they_are_read_as_the_same() -> None:
    """There is a sign with an agenda version only where it has to be, and other letters only where they have to be."""
    signs, others = set(), set()
    for version in VERSIONS:
        for author in AUTHORS:
            for response_version in VERSIONS:
                code = AgendaCode(
                    agenda=Agenda(panel="PL", year="25", number="015"),
                    tail=Tail(version=version, author=author, response_version=response_version),
                )
                (read,) = find_codes(code.display)
                assert (read, read.key) == (code, code.key)
                if read.author != author:
                    others.add((author, response_version))
                elif version and "_" in code.display:
                    signs.add((version, author, response_version))
    assert others == {(author, "s") for author in ("AB", "CC", "CR", "IR", "PR")}
    assert {each for each in signs if each[2]} == {("d", "NV", version) for version in ALPHABET}
    assert ("c", "CC", None) in signs
    assert ("a", "BV", None) not in signs


def test_no_two_codes_have_one_key() -> None:
    authors = (*{society.letters for society in SOCIETY_BY_LETTERS.values()}, CHAIR_LETTERS)
    tails = [(author, version) for author in authors for version in VERSIONS]
    made = [
        AgendaCode(
            agenda=Agenda(panel=panel, year="25", number=number),
            tail=Tail(version=version, author=author, response_version=response_version),
        )
        for panel, number in (("PL", "015"), ("PL", "0151"), ("JWG-CS", "015"))
        for version in (None, "a", "i", "s")
        for author, response_version in [*tails, (None, None)]
    ]
    assert len({each.key for each in made}) == len(set(made)) == len(made)


PIECES = st.sampled_from(
    (
        *(
            "PL",
            "ps",
            "JWG-",
            "SDT",
            "25",
            "015",
            "1",
            "_",
            "-",
            "*",
            " ",
            "KR",
            "a",
            "DNV",
            "b",
            "IL",
            "RE",
            "Re[2]",
            ":",
        ),
        *(
            "[",
            "]",
            "EXT",
            "FW",
            "Multilateral",
            "자동 회신",
            "\ud800",
            "\u200b",
            "\xa0",
            "\u0131",
            "\uff12",
            "\u0301",
            "\u1112",
        ),
    )
)


@given(st.text() | st.text(st.characters(categories=("Cs", "Cf", "Nd", "Zs"))) | st.lists(PIECES).map("".join))
@example("Re[" + "9" * 5000 + "]: ")
@example("\ud800\udc00PL25015_\udc00")
def test_no_text_is_refused(text: str) -> None:
    """And what is found is a code that can be shown."""
    line = read_subject(text)
    assert line.codes == find_codes(text)
    assert all(find_codes(code.display) == (code,) for code in line.codes)
    assert line.replies >= 0 <= line.forwards
    assert line.topic == line.topic.strip()


@pytest.mark.parametrize(
    ("start", "unit"),
    [
        *(("", each) for each in ("P", "PL", "PL25", "PL25015", "PL25015_", "PL25015-", "PL25015a_", "PL25015 KRa")),
        *(
            ("", each)
            for each in ("JWG-", "JWG-A", "PL25015-JWG-", "9", " ", "\xa0", "*", "_", "-", "\u200b", "\ud800")
        ),
        *(
            ("", each)
            for each in (
                "RE:",
                "RE :",
                "RE[",
                "Re[999]:",
                "FW",
                "[",
                "[ ",
                "[x]",
                "[EXT",
                "[EXT]",
                "IACS ",
                ":",
                "www.",
                "http://",
                "/",
            )
        ),
        *(
            ("", each)
            for each in ("Multilateral ", "EXT ", "자동 ", "\u0300\u0327", "\u1100", "a\u0301", "\u1100\u1161")
        ),
        *((start, " ") for start in ("RE", "[EXT", "IACS", "자동", "PL", "x")),
        *((start, "A") for start in ("JWG-", "PL25015", "PL25015_", "PL25015_KR", "[")),
        *((start, "9") for start in ("PL", "PL25015", "Re[")),
    ],
)
def test_ten_times_the_text_takes_about_ten_times_as_long(start: str, unit: str) -> None:
    """Squared time would be a hundred times; a machine that is busy elsewhere gets further chances."""
    short, long = (f"{start}{unit * (size // len(unit))}!" for size in (4_000, 40_000))
    assert any(_seconds(long) < 30 * _seconds(short) for _ in range(10))


def _seconds(text: str) -> float:
    """Return the least of three."""
    taken = []
    for _ in range(3):
        begun = process_time()
        read_subject(text)
        taken.append(process_time() - begun)
    return max(min(taken), 1e-5)
