"""How codes are read, by examples."""

import attrs
import pytest

from domain.correspondence.agenda_codes import Agenda, AgendaCode, Tail, find_codes
from domain.errors import ValidationError

PLAIN = AgendaCode(agenda=Agenda(panel="PL", year="25", number="015"), tail=Tail())


def parts(text: str) -> str:
    """Return the parts of all codes, with a point for what is absent; several are apart by a stroke."""
    rows = [
        (each.panel, each.year, each.number, each.version, each.author, each.response_version)
        for each in find_codes(text)
    ]
    return " | ".join(" ".join(part or "." for part in row) for row in rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PL25015", "PL 25 015 . . ."),
        ("PL25015a", "PL 25 015 a . ."),
        ("PS251234", "PS 25 1234 . . ."),
        ("JWG-SDT25001", "JWG-SDT 25 001 . . ."),
        ("JWG-CS25002b", "JWG-CS 25 002 b . ."),
        ("JWG-New25002b", "JWG-NEW 25 002 b . ."),
        ("PL25016_IRa", "PL 25 016 . IR a"),
        ("PL25016IRa", "PL 25 016 . IR a"),
        ("PL25007bILb", "PL 25 007 b IL b"),
        ("PL25007b_ILb", "PL 25 007 b IL b"),
        ("PL25016_bILa", "PL 25 016 b IL a"),
        ("JWG-CS25001_BVa", "JWG-CS 25 001 . BV a"),
        ("JWG-SDT25001aBVa", "JWG-SDT 25 001 a BV a"),
        ("PS25003pPLa", "PS 25 003 p PL a"),
        ("PS25003_JWG-SDTa", "PS 25 003 . JWG-SDT a"),
        ("PS25003pJWG-CSa", "PS 25 003 p JWG-CS a"),
        ("PL25015_KR", "PL 25 015 . KR ."),
        ("PL25015KR", "PL 25 015 . KR ."),
        ("PL25015_ClassNKa", "PL 25 015 . CLASSNK a"),
    ],
)
def test_well_formed_codes(text: str, expected: str) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pl25018_kra", "PL 25 018 . KR a"),
        ("PL25018_KRA", "PL 25 018 . KR a"),
        ("jwg-sdt25001Abva", "JWG-SDT 25 001 a BV a"),
        ("PL 25015", "PL 25 015 . . ."),
        ("PL\N{NO-BREAK SPACE}25015", "PL 25 015 . . ."),
        ("PL 25015-KRa", "PL 25 015 . KR a"),
        ("PL25015-KRa", "PL 25 015 . KR a"),
        ("PL25007b-ILb", "PL 25 007 b IL b"),
        ("JWG\N{NON-BREAKING HYPHEN}SDT25001\N{EN DASH}KRa", "JWG-SDT 25 001 . KR a"),
        ("PL25015*", "PL 25 015 . . ."),
        ("PL25015*_KRa", "PL 25 015 . KR a"),
        ("PL25015*KR*", "PL 25 015 . KR ."),
        ("PL25015_*KRa", "PL 25 015 . KR a"),
        ("**PL25015** and *PL25016_KRa*", "PL 25 015 . . . | PL 25 016 . KR a"),
        ("P\N{ZERO WIDTH SPACE}L25015\N{SOFT HYPHEN}_KR\N{ZERO WIDTH NO-BREAK SPACE}a", "PL 25 015 . KR a"),
        ("\N{RIGHT-TO-LEFT MARK}PL25015\N{POP DIRECTIONAL ISOLATE}_KRa", "PL 25 015 . KR a"),
    ],
)
def test_careless_spellings(text: str, expected: str) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PL25017_DNVb", "PL 25 017 . DNV b"),
        ("PL25017DNVb", "PL 25 017 . DNV b"),
        ("PL25017d_NVb", "PL 25 017 d NV b"),
        ("PL25016CRSa", "PL 25 016 . CRS a"),
        ("PL25016bCRa", "PL 25 016 b CR a"),
        ("PL25016RINAa", "PL 25 016 . RINA a"),
        ("PL25016rIna", "PL 25 016 . RINA ."),
        ("PL25016ab", "PL 25 016 . AB ."),
        ("PL25016_IRs", "PL 25 016 . IRS ."),
        ("PL25016b_IRs", "PL 25 016 b IRS ."),
        ("PL25016_aBVa", "PL 25 016 a BV a"),
        ("PL25016_bKR", "PL 25 016 b KR ."),
        ("PL25016c_bKRa", "PL 25 016 c . ."),
        ("PL25016c_*KRa", "PL 25 016 c KR a"),
        ("PL25016_aBV", "PL 25 016 . AB v"),
        ("PL25016aBV", "PL 25 016 a BV ."),
        ("PL25016ABv", "PL 25 016 a BV ."),
        ("PL25016CCc", "PL 25 016 . CC c"),
        ("PL25016cCRa", "PL 25 016 c CR a"),
        ("PL25016KRi", "PL 25 016 . KR i"),
    ],
)
def test_letters_that_could_be_read_in_several_ways(text: str, expected: str) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "tail",
    [
        "_XYZa",
        "_XY",
        "-rev2",
        "_2",
        "_KRa2",
        "_KRab",
        "_KRa\N{CYRILLIC SMALL LETTER A}",
        "_",
        "_JWG-XYa",
        "_aa",
        "__KRa",
    ],
)
def test_unknown_letters_behind_a_sign_leave_the_agenda(tail: str) -> None:
    assert parts(f"PL25015{tail} title") == "PL 25 015 . . ."
    assert parts(f"PL25015c{tail}") == "PL 25 015 c . ."


@pytest.mark.parametrize(
    "sign", ["", " ", ":", " -", " - :", ",", ")", "]", ".", ";", "/", '"', "\n", "\N{FULLWIDTH COLON}"]
)
def test_what_may_follow_a_code(sign: str) -> None:
    assert parts(f"PL25015_KRa{sign}") == parts(f"(PL25015_KRa{sign} title") == "PL 25 015 . KR a"


@pytest.mark.parametrize(
    "text",
    [
        *("PL25015XYZ", "PL25015XYZa", "PL25015KRab", "PL25015KRa2", "PL25015a2", "PL25015ba", "PL25015*a"),
        *(
            "PL2501",
            "PL2501512",
            "JWG-SDT250011",
            "JWG-PL250151",
            "JWG-25001",
            "JWG25001",
            "P25015",
            "25015",
            "(25100e)",
        ),
        *(
            "APL25015",
            "1PS25015",
            "XJWG-SDT25001",
            "\N{CYRILLIC SMALL LETTER A}PL25015",
            "PL25015\N{CYRILLIC SMALL LETTER A}",
        ),
        *("PL25015-04", "4711-PL25015a-001", "PL25015\N{EN DASH}04", "PL19015", "PL30015", "JWG-CS00001"),
        *("https://files.example/PL25015_KRa.pdf", "HTTP://PL25015", "www.files.example/?id=PL25015&v=2"),
        *("PL  25015", "PL-25015", "PL\n25015", "PL 25 015", "PL_25015", "JWG SDT25001", "JWG-S-T25001", "PL2025-15/A"),
        *(
            "PL25015a\N{COMBINING ACUTE ACCENT}",
            "e\N{COMBINING ACUTE ACCENT}PL25015",
            "PL25015\N{LATIN SMALL LETTER E WITH ACUTE}",
        ),
        *(
            "\uff30\uff2c25015",
            "PL\uff12\uff1505",
            "PL\u0662\u0665\u0660\u0661\u0665",
            "PL25015\uff15",
            "PL25015\uff4b",
        ),
        *(
            "P\N{LATIN SMALL LETTER LONG S}25015",
            "PL25015\N{KELVIN SIGN}R",
            "JWG-S\u0131T25001",
        ),
        f"JWG-{'A' * 21}25001",
    ],
)
def test_what_is_no_code(text: str) -> None:
    assert find_codes(text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PS25003pPLa title (25100e) (PL25008e)", "PS25003pPLa PL25008e"),
        ("[EXT] [PL25015_KRa] and PS25001,JWG-CS25001b", "PL25015_KRa PS25001 JWG-CS25001b"),
        ("PL25015-PL25016", "PL25015 PL25016"),
        ("PL25015_PS25003_KRa", "PL25015 PS25003_KRa"),
        ("PL25015/PL25015", "PL25015 PL25015"),
        ("PL25015-JWG-SDT25001", "PL25015 JWG-SDT25001"),
        ("see file_PL25015_KRa_v2.docx", "PL25015_KRa"),
        (r"\\files\PL25015_KRa\PL25016", "PL25015_KRa PL25016"),
        ("PL25015 <http://files.example/PL25016> PL25017", "PL25015 PL25017"),
        ("20250614-PL25015_KRa", "PL25015_KRa"),
    ],
)
def test_all_codes_of_a_text_in_their_order(text: str, expected: str) -> None:
    assert " ".join(each.display for each in find_codes(text)) == expected


@pytest.mark.parametrize("text", ["{}에 대한 회신", "검토{}", "{}를", "关于{}的意见", "これは{}です"])
def test_scripts_without_blanks_do_not_hide_a_code(text: str) -> None:
    assert [each.display for each in find_codes(text.format("PL25015"))] == ["PL25015"]
    assert [each.display for each in find_codes(text.format("JWG-CS25001bKRa"))] == ["JWG-CS25001bKRa"]
    assert [each.display for each in find_codes(text.format("PL25015_KRa"))] == ["PL25015_KRa"]


@pytest.mark.parametrize(
    ("text", "display", "key"),
    [
        ("pl25015_kra", "PL25015_KRa", "PL25015_KRa"),
        ("PL25016A_irA", "PL25016aIRa", "PL25016a_IRSa"),
        ("PL25017dnvb", "PL25017_DNVb", "PL25017_DNVb"),
        ("PL25017_NVb", "PL25017_NVb", "PL25017_DNVb"),
        ("PL25017d_NVb", "PL25017d_NVb", "PL25017d_DNVb"),
        ("PL25016cCC", "PL25016_CCc", "PL25016_CCSc"),
        ("PL25016c_CC", "PL25016c_CC", "PL25016c_CCS"),
        ("PS25003pPLa", "PS25003pPLa", "PS25003p_ILa"),
        ("jwg-sdt25001B", "JWG-SDT25001b", "JWG-SDT25001b"),
        ("PL25015*KR*", "PL25015_KR", "PL25015_KR"),
    ],
)
def test_display_keeps_the_letters_and_the_key_does_not(text: str, display: str, key: str) -> None:
    (code,) = find_codes(text)
    assert (code.display, code.key) == (display, key)


def test_its_parts_have_names() -> None:
    (code,) = find_codes("PL25007b_NVc")
    assert (code.base, code.base_version, code.organization, code.is_chair) == ("PL25007", "PL25007b", "DNV", False)
    assert [(each.organization, each.is_chair) for each in find_codes("PL25007 PL25007_ILa PL25007_PSa")] == [
        (None, False),
        (None, True),
        (None, True),
    ]


def test_codes_are_equal_if_they_mean_the_same() -> None:
    same = find_codes("PL25017_DNVb pl25017nvB PL 25017-DNVB PL25017*_NVb")
    assert len(set(same)) == len({each.key for each in same}) == 1
    others = find_codes(
        "PL25017_DNVa PL25017_DNV PL25017 PL25017b_DNVb PS25017_DNVb PL25018_DNVb PL26017_DNVb PL25017_KRb"
    )
    assert len({*same, *others}) == len({each.key for each in (*same, *others)}) == 9


def test_the_letters_of_a_chair_are_one_author() -> None:
    assert len(set(find_codes("PL25017_ILb PL25017PSb"))) == 1


def test_codes_share_what_they_have_in_common() -> None:
    """Finding a code a second time costs no more than finding its place."""
    one, other = find_codes("PL25017_KRa pl25018-KRA")
    (again,) = find_codes("RE: PL25017_KRb")
    assert one.agenda is again.agenda is not other.agenda
    assert one.tail == other.tail != again.tail


@pytest.mark.parametrize(
    "change",
    [
        *(
            {"panel": "PX"},
            {"panel": "pl"},
            {"panel": "JWG-SDT", "number": "1234"},
            {"panel": "JWG-"},
            {"panel": "PL2"},
        ),
        *({"year": "5"}, {"year": "2"}, {"year": "255"}, {"number": "15"}, {"number": "\uff10\uff11\uff15"}),
        {"number": "015\n"},
    ],
)
def test_an_agenda_that_cannot_be_written_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        attrs.evolve(PLAIN.agenda, **change)


@pytest.mark.parametrize(
    "change",
    [
        *({"version": "A"}, {"version": "ab"}, {"version": "*"}, {"version": ""}),
        *({"author": "XY"}, {"author": "kr"}, {"author": ""}),
        *({"response_version": "a"}, {"author": "KR", "response_version": "A"}),
    ],
)
def test_letters_that_cannot_be_written_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        attrs.evolve(PLAIN.tail, **change)
