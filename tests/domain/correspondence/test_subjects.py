"""What subjects say, by examples."""

from unicodedata import normalize

import pytest

from domain.correspondence.subjects import read_subject


def chain(subject: str) -> tuple[int, int, bool]:
    line = read_subject(subject)
    return line.replies, line.forwards, line.is_automatic


@pytest.mark.parametrize(
    "prefix",
    [
        *(
            "RE:",
            "Re:",
            "re:",
            "rE :",
            "RE\N{NO-BREAK SPACE}:",
            "RE\N{FULLWIDTH COLON}",
            "  RE:",
            "RE[1]:",
            "RE:\t",
            "R\u200bE:",
        ),
        *(
            "AW:",
            "aw :",
            "SV:",
            "답장:",
            "답장 :",
            "회신:",
            "回复:",
            "回复\N{FULLWIDTH COLON}",
            "Reply:",
            "REPLY :",
            "Re[0]:",
        ),
    ],
)
def test_every_sign_of_a_reply(prefix: str) -> None:
    assert chain(f"{prefix} title") == chain(f"{prefix}title") == (1, 0, False)
    assert read_subject(f"{prefix} title").topic == "title"


@pytest.mark.parametrize(
    "prefix", ["FW:", "Fw :", "FWD:", "fwd:", "전달:", "转发:", "转发\N{FULLWIDTH COLON}", "Forward:", "FORWARD :"]
)
def test_every_sign_of_a_forward(prefix: str) -> None:
    assert chain(f"{prefix} title") == chain(f"{prefix}title") == (0, 1, False)


@pytest.mark.parametrize(
    "prefix", ["Automatic reply:", "AUTOMATIC REPLY :", "자동 회신:", "자동회신:", "Undeliverable:"]
)
def test_every_sign_of_a_machine(prefix: str) -> None:
    """It is no reply of anybody."""
    assert chain(f"{prefix} title") == (0, 0, True)
    assert chain(f"{prefix} RE: title") == (1, 0, True)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("title", (0, 0, False)),
        ("", (0, 0, False)),
        ("RE:", (1, 0, False)),
        ("RE: RE: re: title", (3, 0, False)),
        ("RE:RE:FW:title", (2, 1, False)),
        ("Re[2]: title", (2, 0, False)),
        ("Re[12]: AW: title", (13, 0, False)),
        ("RE: FW: Fwd: title", (1, 2, False)),
        ("FW: RE: title", (1, 1, False)),
        ("[EXT] RE: [EXTERNAL] FW: title", (1, 1, False)),
        ("IACS SDTP RE: [IACS SDTP] RE: title", (2, 0, False)),
        ("Bilateral - RE: title", (1, 0, False)),
        ("Multilateral: FW: title", (0, 1, False)),
        ("[긴급] RE: title", (1, 0, False)),
        ("RE: [PL25015_KRa] FW: title", (1, 1, False)),
        ("Automatic reply: Re[3]: FW: title", (3, 1, True)),
        ("[EXT] Undeliverable: FW: title", (0, 1, True)),
        ("FW: Undeliverable: title", (0, 1, False)),
        ("RE: Automatic reply: title", (1, 0, False)),
        ("Pre: title", (0, 0, False)),
        ("Reference: title", (0, 0, False)),
        ("RE title", (0, 0, False)),
        ("Re[1234]: title", (0, 0, False)),
        ("Re[\uff12]: title", (0, 0, False)),
        ("title RE: other", (0, 0, False)),
        ("title - FW: other", (0, 0, False)),
        ("Forwarder: other", (0, 0, False)),
        ("Automatic reply of pumps", (0, 0, False)),
    ],
)
def test_the_chain_is_counted_as_it_is_shown(subject: str, expected: tuple[int, int, bool]) -> None:
    assert chain(subject) == expected


@pytest.mark.parametrize(
    ("subject", "topic"),
    [
        (" title ", "title"),
        ("RE: FW: title: more", "title: more"),
        ("[EXT] [External email] [IACS  SDTP] [bilateral] title", "title"),
        ("EXTERNAL: RE: title", "title"),
        ("IACS SDTP - title", "title"),
        ("Multilateral - exchange on rooms", "exchange on rooms"),
        ("Bilaterally agreed", "Bilaterally agreed"),
        ("Multilaterals", "Multilaterals"),
        ("External survey", "External survey"),
        ("IACS SDTPs", "IACS SDTPs"),
        ("RE: [PL25015] title", "[PL25015] title"),
        ("[PL25015] RE: [x] FW: [y] title", "[PL25015] [x] [y] title"),
        ("[RE: x] title", "[RE: x] title"),
        ("RE: PL25015_KRa: title", "PL25015_KRa: title"),
    ],
)
def test_the_topic_has_neither_prefixes_nor_tags(subject: str, topic: str) -> None:
    assert read_subject(subject).topic == topic


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Multilateral - exchange", True),
        ("RE: multilateral question", True),
        ("[EXT] FW: [Multilateral] question", True),
        ("Multilateral PL25015: title", False),
        ("Multilaterals", False),
        ("exchange", False),
    ],
)
def test_a_mail_is_multilateral_if_it_says_so_and_has_no_code(subject: str, *, expected: bool) -> None:
    assert read_subject(subject).is_multilateral is expected


def test_the_first_code_is_what_the_mail_is_about() -> None:
    line = read_subject("RE: [EXT] PS25003pPLa machinery (25100e) (PL25008e)")
    assert [each.display for each in line.codes] == ["PS25003pPLa", "PL25008e"]


def test_syllables_that_are_taken_apart_are_read() -> None:
    """Programs on some systems write each Korean letter for itself."""
    subject = "답장: 전달: 긴급 PL25015_KRa"
    assert normalize("NFD", subject) != subject
    assert read_subject(normalize("NFD", subject)) == read_subject(subject)


def test_the_text_is_not_in_what_is_printed() -> None:
    assert "secret" not in repr(read_subject("[secret] RE: secret PL25015"))


def test_a_long_chain_is_read_and_not_remembered() -> None:
    assert read_subject("RE: " * 500 + "title").replies == 500
