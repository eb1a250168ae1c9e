"""What mails are about, in a few words."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.offline_text.clauses import normalised
from adapters.offline_text.keyword_words import INSTRUMENT, MAYBE_INSTRUMENT
from adapters.offline_text.keywords import keywords_in
from domain.correspondence.analysis import LONGEST_KEYWORD, MOST_KEYWORDS, Analysis
from modules.simulator.correspondence.wording import CLOSINGS, DISCLAIMERS, GREETINGS, KOREAN_TITLES, TITLES

TEXT = (
    "The hatch covers of bulk carriers shall be checked against UR S26. The stiffness of the hatch covers is the"
    " subject of SOLAS II-1/3-8 and MSC.1/Circ.1572; stiffness was measured twice."
)


def words(subject: str, text: str = "") -> tuple[str, ...]:
    return keywords_in(normalised(subject, 1000), normalised(text, 100_000))


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (
            "Structural strength of hatch covers on bulk carriers",
            ("structural strength", "hatch covers"),
        ),
        ("MASS Code - safety aspects of remote control", ("MASS Code", "remote control")),
        ("Application of Unified Requirement S26", ("Unified Requirement S26",)),
        ("Amendments to UR S26 and UI SC 191, Rec. 10", ("UR S26", "UI SC 191", "Rec. 10")),
        ("Interpretation of SOLAS II-1/3-8 on mooring arrangements", ("SOLAS II-1/3-8", "mooring arrangements")),
        ("Noise levels on board ships (MSC.337(91))", ("MSC.337(91)", "noise levels")),
        ("Cyber resilience of on-board systems (UR E26)", ("UR E26", "cyber resilience")),
        ("MSC-MEPC.1/Circ.5 and A.1050(27)", ("MSC-MEPC.1/Circ.5", "A.1050(27)")),
        ("Unified Interpretation SC 191 - means of access", ("Unified Interpretation SC 191", "means of access")),
        ("산적화물선 창구덮개 구조강도", ("산적화물선", "창구덮개", "구조강도")),
        ("자율운항선박(MASS)의 안전 요건을 위한 검토", ("자율운항선박", "MASS", "요건")),
        ("배터리설비와 암모니아의 검사에 대한 의견", ("배터리설비", "암모니아", "검사")),
    ],
)
def test_terms_of_the_trade_are_phrases_and_korean_ones_have_no_particles(
    subject: str, expected: tuple[str, ...]
) -> None:
    assert set(expected) <= set(words(subject))


@pytest.mark.parametrize("subject", [*TITLES, *KOREAN_TITLES])
def test_every_topic_has_keywords_from_it_alone(subject: str) -> None:
    found = words(f"RE: [EXT] PL25015a_ILa: {subject}")
    assert found
    assert all(each.casefold() in subject.casefold() for each in found)


def test_what_is_said_often_or_in_the_subject_comes_first() -> None:
    assert words("", TEXT)[:2] == ("hatch covers", "UR S26")
    assert words("Fatigue of ballast tanks", TEXT)[:2] == ("fatigue", "ballast tanks")
    assert "stiffness" in words("", TEXT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("화물창 부식에 대한 의견을 6월 13일까지 회신해 주시면 감사하겠습니다.", ("화물창", "부식")),
        ("동의하는 것으로 간주되는 기준", ("기준",)),
        ("개정안을 검토하시어 5월 말까지 담당자께 송부드릴 예정", ("개정안",)),
    ],
)
def test_korean_numbers_particles_and_verbs_are_no_keywords(text: str, expected: tuple[str, ...]) -> None:
    assert set(words("", text)) - {"화물창 부식"} == set(expected)


def test_phrases_are_shown_once_and_not_their_parts_again() -> None:
    found = words("Hatch covers", "The hatch cover, a hatch cover and hatch covers. Covers and a hatch.")
    assert found == ("hatch covers",)


@pytest.mark.parametrize(("language", "own"), [("en", ("UR S26", "hatch covers")), ("ko", ("창구덮개", "통일규칙"))])
def test_greetings_closings_signatures_and_disclaimers_say_nothing(language: str, own: tuple[str, ...]) -> None:
    text = {
        "en": "Please review hatch covers and UR S26.",
        "ko": "창구덮개에 관한 통일규칙을 검토하여 주시기 바랍니다.",
    }[language]
    for greeting in GREETINGS["en" if language == "en" else "ko"]:
        for closing in CLOSINGS["en" if language == "en" else "ko"]:
            for disclaimer in DISCLAIMERS["en" if language == "en" else "ko"]:
                signed = f"{greeting}\n\n{text}\n\n{closing}\nPaweł Zielony\nPRS, Technical Committee\n\n{disclaimer}"
                assert set(words("", signed)) == set(own), (greeting, closing)


@pytest.mark.parametrize(
    "subject",
    [
        *("PL25015_ILa", "Re: Fwd: JWG-SDT25001aBVa", "[EXTERNAL] RE[2]: 답장: ps25003pPLa", "Reply", "", "  "),
        *(
            "please find attached our comments",
            "의견을 회신하여 주시기 바랍니다",
            "https://x.example/hatch/cover a.b@x.example",
        ),
        *("by 14 June 2025", "KR, BV and ClassNK", "<https://tracking.example/very/long>"),
    ],
)
def test_codes_prefixes_addresses_and_common_words_are_no_keywords(subject: str) -> None:
    assert words(subject) == ()


@given(st.from_regex(INSTRUMENT))
def test_every_line_with_an_instrument_looks_as_if_it_had_one(line: str) -> None:
    """Other lines are not searched."""
    assert MAYBE_INSTRUMENT.search(line)


@given(st.text(max_size=200), st.text(max_size=600))
def test_there_are_at_most_ten_short_ones_and_none_twice(subject: str, text: str) -> None:
    found = words(subject, text)
    assert len(found) <= MOST_KEYWORDS
    assert len({each.casefold() for each in found}) == len(found)
    assert all(0 < len(each) <= LONGEST_KEYWORD for each in found)
    assert Analysis(keywords=found, deadline=date(2025, 6, 14)).keywords == found


def test_a_long_text_has_ten() -> None:
    many = " ".join(f"UR S{number} is about cases." for number in range(1, 30))
    assert len(words("", many)) == MOST_KEYWORDS
