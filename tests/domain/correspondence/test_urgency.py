"""Words that press, and the same letters where they do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.correspondence.urgency import urgency_of
from domain.correspondence.vocabulary import Urgency
from tests.domain.correspondence.made_mail import judged


@pytest.mark.parametrize(
    "text",
    [
        *(
            "This matter is urgent.",
            "URGENT - PL25016",
            "urgent",
            "(urgent)",
            "*urgent*",
            "_urgent_",
            "We need it ASAP!",
        ),
        *("Please answer immediately.", "The schedule is critical for us", "time-critical question", "ASAP으로 부탁"),
        *(
            "긴급: 확인 부탁드립니다",
            "[긴급] 회신 요청",
            "긴급한 사항입니다",
            "긴급히 회신",
            "매우긴급",
            "긴급회신 요청",
        ),
        *("This is not only urgent, it is late", "Important and urgent", "non-urgent points, and one urgent one"),
        *("It is not a question of rules but urgent", "urgent\u3002", "re:urgent", "PL25016-urgent"),
    ],
)
def test_these_press_hard(text: str) -> None:
    assert urgency_of(text.lower()) is Urgency.HIGH


@pytest.mark.parametrize(
    "text",
    [
        *("This is an important item.", "IMPORTANT - PL25016", "This has priority.", "Attention: annex 2."),
        *(
            "Please review the annex.",
            "please\n  review",
            "[중요] 부속서",
            "중요: 부속서 2",
            "중요한 내용입니다",
            "중요사항",
        ),
        *("for the attention of the members", "high-priority item", "Not urgent, but important."),
    ],
)
def test_these_press(text: str) -> None:
    assert urgency_of(text.lower()) is Urgency.MEDIUM


@pytest.mark.parametrize(
    "text",
    [
        *("non-urgent", "This is non-urgent.", "non urgent", "nonurgent", "non\u2011urgent question", "not urgent"),
        *("The order is not important.", "This isn't very important", "It is not so urgent", "not an urgent matter"),
        *("no longer urgent", "This is not considered critical", "It is of no importance", "low priority"),
        *("has no priority", "not a top priority", "less important", "neither urgent nor important", "never critical"),
        *("insurgents", "criticality analysis", "unimportant", "importantly", "prioritise", "inattention", "asapp"),
        *("mediately", "safety-critical systems", "reviewed", "Please send your review", "urgency", "resurgent"),
        *(
            "긴급차단밸브 배치",
            "비긴급",
            "긴급하지 않습니다",
            "긴급한 사항은 아닙니다",
            "중요도 평가",
            "중요성",
            "중요하지 않은",
        ),
        *("", "일정은 여유가 있습니다.", "Bulk carriers, MASS"),
    ],
)
def test_these_do_not_press(text: str) -> None:
    assert urgency_of(text.lower()) is Urgency.NORMAL


def test_what_stands_below_every_mail_presses_nobody() -> None:
    disclaimer = "IMPORTANT: this e-mail is confidential; if you are not the addressee, delete it immediately."
    assert urgency_of(f"dear all,\n\nwe agree.\n\n{disclaimer.lower()}") is Urgency.NORMAL
    assert urgency_of(f"dear all,\n\nthis is urgent.\n\n{disclaimer.lower()}") is Urgency.HIGH
    warning = "attention: this mail originated from outside of the organisation."
    assert urgency_of(f"{warning}\n\nwe agree.") is Urgency.NORMAL
    assert urgency_of(f"{warning}\n\nthis is important.") is Urgency.MEDIUM


def test_the_subject_presses_as_the_new_text_does_and_quoted_text_does_not() -> None:
    quoted = "We agree.\n\nFrom: Kim <kim@kr.org>\nSent: Monday, June 2, 2025 9:00 AM\nTo: All\n\nThis is urgent."
    assert judged("RE: PL25016: urgent", "We agree.").info.urgency is Urgency.HIGH
    assert judged("RE: PL25016: deck openings", "This is important.").info.urgency is Urgency.MEDIUM
    assert judged("RE: PL25016: deck openings", quoted).info.urgency is Urgency.NORMAL
    assert judged("RE: PL25016: deck openings", "> This is urgent.\nWe agree.").info.urgency is Urgency.NORMAL


@given(st.text())
def test_any_text_has_an_urgency(text: str) -> None:
    assert urgency_of(text.lower()) in Urgency
