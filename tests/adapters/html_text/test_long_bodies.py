"""A call that works on one long text holds up all threads: long bodies are worked on in pieces, and read as ever."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.html_text.mail_text import HtmlMailText
from adapters.html_text.tokens import pieces, tokens
from domain.mail import BodyFormat, MailBody

LONG = 50_000
PIECE = 1 << 14


def read(content: str, body_format: BodyFormat) -> str:
    return HtmlMailText().read(MailBody(format=body_format, content=content))


@pytest.mark.parametrize("text", ["a", "word ", "\r\n", "\r", "a\r\nb\u2028 ", " ", "x\N{EM DASH}&amp; "])
def test_pieces_are_bounded_and_the_whole(text: str) -> None:
    found = list(pieces(text * LONG))
    assert "".join(found) == text * LONG
    assert max(map(len, found)) <= PIECE
    assert len(found) <= 2 * len(text) * LONG / PIECE + 2


@given(st.text("a& \r\n\t;", max_size=12), st.integers(1, 12))
def test_no_end_of_a_line_and_no_word_is_torn_apart(unit: str, before: int) -> None:
    text = "x" * before + unit * (3 * PIECE // max(len(unit), 1))
    found = list(pieces(text))
    assert "".join(found) == text
    assert not any(one[-1] == "\r" and other[0] == "\n" for one, other in pairwise(found))
    if " " in unit or "\n" in unit:
        assert all(other[0].isspace() for other in found[1:] if not other.isspace())


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("line", ["some words &amp; more", "  indented", "word " * 40, "\N{EM DASH} \u200bx"])
def test_a_long_text_is_read_as_a_short_one(line: str, ending: str) -> None:
    count = 4 * PIECE // len(line)
    lines = f".{ending}" + f"{line}{ending}" * count
    assert read(lines, BodyFormat.TEXT).split("\n") == [".", *[line.replace("\u200b", "").rstrip()] * count]
    shown = read(f".{line}", BodyFormat.HTML).removeprefix(".")
    as_is = read(f"<pre>{lines}</pre>", BodyFormat.HTML).split("\n")
    assert as_is[1:] == [shown if line.strip() == line else read(f"<pre>.\n{line}</pre>", BodyFormat.HTML)[2:]] * count
    assert read(f"<p>{lines}</p>", BodyFormat.HTML).split()[1:] == shown.split() * count


def test_one_tag_is_no_longer_than_a_tag_may_be() -> None:
    (_, name, raw), *_ = tokens(f"<img src='data:{'A' * 3_000_000}' alt='x'><p>seen</p>")
    assert name == "img"
    assert len(raw) <= 1 << 16
    assert read(f"<img src='data:{'A' * 3_000_000}'><p>seen</p>", BodyFormat.HTML) == "seen"
    assert max(len(raw) for _, _, raw in tokens("<p " + "a=b " * 750_000 + ">x</p>")) <= 1 << 16


@pytest.mark.parametrize("unit", ["<", "</", "-", "-x", "--!"])
@pytest.mark.parametrize("beginning", ["<script>", "<!--"])
def test_what_no_person_sees_takes_little_memory_however_long_it_is(beginning: str, unit: str) -> None:
    html = beginning + unit * 100_000
    tracemalloc.start()
    try:
        found = list(tokens(html))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found == []
    assert peak < 1 << 20
