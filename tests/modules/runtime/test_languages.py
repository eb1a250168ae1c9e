"""Which language a browser is answered in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.runtime.languages import best_language

OFFERED = ("en", "ko")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR", "ko"),
        ("KO-kr,EN;q=0.5", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
        ("en-US,en;q=0.9,ko;q=0.8", "en"),
        ("en;q=0.5,ko;q=0.9", "ko"),
        ("en;q=0.8,ko;q=0.8", "en"),
        ("ko;q=0.8,en;q=0.8", "ko"),
        ("fr,de;q=0.9", "en"),
        ("fr,ko;q=0.1", "ko"),
        ("*", "en"),
        ("*;q=0.5,ko", "ko"),
        ("en;q=0,*", "ko"),
        ("en;q=0", "ko"),
        ("en;q=0,ko;q=0", "en"),
        ("ko;q=0.000,en;q=0.001", "en"),
        ("ko ; q=0.9 , en;q=0.1", "ko"),
        ("ko;q=2,en;q=0.1", "en"),
        ("ko;q=nan,en;q=0.1", "en"),
        ("korean,en;q=0.1", "en"),
        (",,;q=1,ko", "ko"),
    ],
)
def test_the_highest_weight_wins_and_of_equals_the_earlier(accepted: str | None, language: str) -> None:
    assert best_language(accepted, OFFERED) == language


def test_only_the_beginning_of_an_endless_header_is_read() -> None:
    assert best_language("fr," * 1_000_000 + "ko", OFFERED) == "en"


@given(st.text(st.sampled_from("enko-*;q=01., \tKR"), max_size=60) | st.text(max_size=60))
def test_whatever_is_asked_for_the_answer_is_a_language_that_is_offered(accepted: str) -> None:
    assert best_language(accepted, OFFERED) in OFFERED
