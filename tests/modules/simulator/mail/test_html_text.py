"""The text of HTML bodies, and HTML around texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.simulator.mail.html_text import html_of_text, text_of_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one\r\n\r\ntwo"),
        ("<div>one<br>two</div>", "one\r\ntwo"),
        ("<DIV>one<BR/>two</DIV>", "one\r\ntwo"),
        ("<p>a  \r\n b&nbsp;&amp;&lt;c&gt;</p>", "a b &<c>"),
        ("<b>bo</b>ld", "bold"),
        ("<head><title>t</title></head><style>p{}</style><script>1 < 2</script><p>seen</p>", "seen"),
        ("<header>seen</header>", "seen"),
        ("<!-- hidden <p> -->seen<!DOCTYPE x><?xml y?>", "seen"),
        ("<!-- never closed", ""),
        ("<STYLE>a < b </b></Style >seen<head><!-- --></head>", "seen"),
        ("a<tr><TD>b</tR>c<o:p>d</o:p>", "a\r\nb\r\ncd"),
        ("<style>never closed", ""),
        ('<p title="a > b">seen</p>', "seen"),
        ('<p title=">seen', "seen"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("a < b and 3 <4", "a < b and 3 <4"),
        ("<p>한국어 😀</p>", "한국어 😀"),
        ("<![weird[x]]>seen", "seen"),
        ("cut off <p", "cut off"),
        ("<p>a</p>\n\n<p></p><p></p><p>b</p>", "a\r\n\r\nb"),
    ],
)
def test_examples(html: str, text: str) -> None:
    assert text_of_html(html) == text


WORDS = st.lists(st.sampled_from(["<p>", "</p>", "<br>", "<b>", "</b>", "word ", "&amp;", "<td>", "한국 ", "\r\n"]))


@given(WORDS.map("".join), st.integers(0, 300), st.integers(1, 60))
def test_the_beginning_of_a_long_body_gives_the_beginning_of_its_text(html: str, enough: int, times: int) -> None:
    assert text_of_html(html * times, enough) == text_of_html(html * times)[:enough]


@given(st.text(st.characters(exclude_categories=["C", "Z"])))
def test_a_text_comes_back_out_of_its_html(text: str) -> None:
    assert text_of_html(html_of_text(text)) == text


@given(st.text("<>!-/&;\"' psctyleri\0\n"))
def test_any_text_is_read(html: str) -> None:
    text = text_of_html(html)
    assert "\0" not in text
    assert text == text.strip()
