"""What is searched for, as people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.mail_query.search_text import phrases


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("invoice", ("invoice",)),
        ("red  car", ("red", "car")),
        ('"red car" blue', ("red car", "blue")),
        ("\u201cred car\u201d", ("red car",)),
        ('a"b c"d', ("a", "b c", "d")),
        ('"" a a', ("a",)),
        ("2026-03-01 kim@office.example", ("2026-03-01", "kim@office.example")),
    ],
)
def test_words_stand_alone_and_quoted_ones_together(text: str, wanted: tuple[str, ...]) -> None:
    assert phrases(text) == wanted


@pytest.mark.parametrize(("text", "why"), [("", "nothing"), ('" "', "nothing"), ('a "b', "open"), ('"', "open")])
def test_what_cannot_be_searched_for_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        phrases(text)


@given(st.lists(st.text(st.characters(categories=("L", "N")), min_size=1), min_size=1, max_size=5, unique=True))
def test_no_word_is_lost(words: list[str]) -> None:
    assert phrases(" ".join(words)) == tuple(words)
    assert phrases('"' + " ".join(words) + '"') == (" ".join(words),)
