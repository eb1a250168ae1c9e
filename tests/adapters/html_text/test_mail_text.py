"""HTML as a person sees it, example by example."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.html_text.mail_text import HtmlMailText
from domain.mail import BodyFormat, MailBody
from modules.simulator.correspondence.generator import Generated

READ = HtmlMailText().read


def html(content: str) -> str:
    return READ(MailBody(format=BodyFormat.HTML, content=content))


def plain(content: str) -> str:
    return READ(MailBody(format=BodyFormat.TEXT, content=content))


EXAMPLES: dict[str, tuple[str, str]] = {
    "paragraphs stand apart": ("<p>one</p><p>two</p>three", "one\n\ntwo\nthree"),
    "lines do not": ("<div>one</div><div>two</div>", "one\ntwo"),
    "a break is a line": ("one<br>two<br/>three", "one\ntwo\nthree"),
    "a break at the end of a block is none": ("<p>one<br></p>two", "one\ntwo"),
    "two breaks leave a blank line": ("one<br><br>two", "one\n\ntwo"),
    "many breaks leave one": ("one<br><br><br> <br>two", "one\n\ntwo"),
    "an empty line of a web mail": ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
    "paragraphs without space": ('<p style="margin:0cm">one</p><p style="MARGIN: 0">two</p>', "one\ntwo"),
    "paragraphs of Outlook": (
        '<p class="MsoNormal">one<o:p></o:p></p>\r\n<p class="MsoNormal"><o:p>&nbsp;</o:p></p>\r\n<p class=xmso>two',
        "one\n\ntwo",
    ),
    "lines of Outlook": ("<p class=MsoNormal>one</p><p class=MsoNormal>two</p>", "one\ntwo"),
    "white space is one blank": ("<p>one \r\n\t two\n<b> three</b>\n</p>", "one two three"),
    "tags within a word": ("PL<b>25</b><i>015</i>_ILa", "PL25015_ILa"),
    "no blank where there is none": ("<b>one</b>two <i>three</i>", "onetwo three"),
    "headings": ("<h1>one</h1>two<h3>three</h3>four", "one\n\ntwo\n\nthree\n\nfour"),
    "a list": ("a<ul><li>b</li><li>c</li></ul>d", "a\n\n- b\n- c\n\nd"),
    "a list without ends": ("<ul><li>b<li>c</ul>d", "- b\n- c\n\nd"),
    "a list with numbers": ("<ol><li>b<li>c</ol>", "1. b\n2. c"),
    "a list that begins elsewhere": ("<ol start=7><li>b<li>c</ol>", "7. b\n8. c"),
    "a list in a list": ("<ul><li>a<ol><li>b</ol><li>c</ul>", "- a\n  1. b\n- c"),
    "paragraphs in a list": ("<ul><li><p>a</p></li></ul>b", "- a\n\nb"),
    "a list with nothing in it": ("<ul><li></ul>b", "b"),
    "a number that is none": ("<ol start=x><li>a</ol>", "1. a"),
    "a table": ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", "a | b\n1 | 2"),
    "a table of Word": (
        "<table><tr><td><p class=MsoNormal>a</p></td><td><p>b</p></td></tr><tr><td><p>c</p><td>d</table>e",
        "a | b\nc | d\n\ne",
    ),
    "an empty cell": ("<table><tr><td>a</td><td></td><td>c</td></tr></table>", "a |  | c"),
    "an empty first cell": ("<table><tr><td>&nbsp;</td><td>b</td></tr></table>", "b"),
    "a cell of several lines": ("<table><tr><td>a<br>b</td><td>c</td></tr></table>", "a\nb\nc"),
    "a table for layout": (
        "<table><tr><td><table><tr><td><p>one</p><p>two</p></td></tr></table></td></tr><tr><td>three</table>",
        "one\n\ntwo\n\nthree",
    ),
    "a cell without a table": ("a<td>b</td>c", "a\nbc"),
    "a link": ('see <a href="https://x.example/p">here</a>.', "see here <https://x.example/p>."),
    "a link that tells where it leads": ('<a href="https://www.x.example/">x.example</a>', "x.example"),
    "an address": ('<a href="mailto:a@x.example?subject=b">a@x.example</a>', "a@x.example"),
    "an address behind a name": ('<a href="mailto:a@x.example">Ann</a>', "Ann <a@x.example>"),
    "a link of a picture": ('<a href="https://x.example"><img src="cid:1" alt="logo"></a>b', "b"),
    "a link within the page": ('<a href="#top">top</a> <a href="javascript:x()">do</a> <a name=x>y</a>', "top do y"),
    "a link without an end": (
        '<a href="https://x.example/">one<a href="https://y.example/">two</a>',
        "one <https://x.example/>two <https://y.example/>",
    ),
    "a link too long for people": (f'<a href="https://x.example/{"y" * 3000}">one</a>', "one"),
    "a quotation": (
        "On 3 June, A wrote:<blockquote><p>b</p><p>c</p></blockquote>d",
        "On 3 June, A wrote:\n\n> b\n>\n> c\n\nd",
    ),
    "a quotation in a quotation": ("<blockquote>a<blockquote>b</blockquote>c</blockquote>", "> a\n> > b\n>\n> c"),
    "a quotation is not ended twice": ("<blockquote>a</blockquote></blockquote>b<blockquote>c", "> a\n\nb\n> c"),
    "a reply of Outlook": (
        "a<hr tabindex=-1><div id=divRplyFwdMsg><b>From:</b> B &lt;b@x.example&gt;<br><b>Sent:</b> 3 June</div><div>c",
        f"a\n{'_' * 32}\nFrom: B <b@x.example>\nSent: 3 June\nc",
    ),
    "a reply of Outlook for Windows": (
        (
            "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>From:</b> B"
            "<br><b>Sent:</b> 3 June"
            "</p></div><p class=MsoNormal>c</p>"
        ),
        "From: B\nSent: 3 June\nc",
    ),
    "two ruled lines": ("a<hr><hr>b", f"a\n{'_' * 32}\nb"),
    "text as it is": ("<pre>a  b\r\n  c\n\nd </pre>e", "a  b\n  c\n\nd\n\ne"),
    "character references": ("&lt;a&gt; &amp;amp; &#x41;&#66; &eacute; &auml &copy", "<a> &amp; AB é ä ©"),
    "references to nothing": ("&#0; &#99999999999; &nosuch; & &; &#;", "� � &nosuch; & &; &#;"),
    "a number of thousands of digits": (f"a&#{'1' * 6000};b", "a�b"),
    "blanks that do not break": ("14&nbsp;June&#160;2025 \u2003x", "14 June 2025 x"),
    "characters of no width": ("a\u200bb\u00adc&zwnj;d\ufeff&shy;e\u034f f", "abcde f"),
    "control characters": ("a\x00b\x07c&#7;d", "abcd"),
    "halves of characters": ("\ud83d\ude00 \ud83d a", "\U0001f600 � a"),
    "what is not shown by its style": ('<div style="display:none;font-size:1px">pre<b>x</b></div>a', "a"),
    "what is not shown by its attribute": ("<span hidden>pre</span>a<p HIDDEN=''>b<p>c", "a\n\nc"),
    "other ways not to show": (
        '<span style="visibility: hidden">a</span><i style="max-height:0px;x:y">b</i><b style="opacity:0">c</b>d',
        "d",
    ),
    "what is shown": (
        '<i style="max-height:0.5em">a</i><i style="opacity:0.9">b</i><i style="border:none">c</i>',
        "abc",
    ),
    "nested in what is not shown": ("<div hidden>a<div>b</div>c<br>d</div>e", "e"),
    "not shown, without an end": ("<table><tr><td><div hidden>a</td><td>b</td></tr></table>", "b"),
    "an empty element that is not shown": ('<o:p hidden/>a<img style="display:none">b<br hidden>c', "ab\nc"),
    "scripts, styles and titles": (
        "<title>a</title><STYLE>p {x:y}</STYLE>b<script>if (a<b) {'</scr'}</script >c<style></style>",
        "bc",
    ),
    "a script without an end": ("a<script>b<p>c", "a"),
    "comments": ("a<!-- b --> c<!--> d<!---> e<!-- -- > f --!> g", "a c d e g"),
    "a comment without an end": ("a<!-- b <p>c", "a"),
    "conditional comments": ("<!--[if mso]>a<![endif]--><![if !mso]>b<![endif]>", "b"),
    "declarations": ('<!DOCTYPE html><?xml version="1.0"?>a</>b</3>c', "abc"),
    "signs that are no tags": ("a < b <3 <- c<", "a < b <3 <- c<"),
    "a tag without an end": ("a <b c", "a"),
    "quoted signs in tags": ('<a title="a>b" href="x"><i title=\'"\'>c</i><i title=it\'s>d</i>', "cd"),
    "a quotation mark without another": ('<p title="x>a</p>b', "a\nb"),
    "tag soup": ("</p></b><b><p>a</b>b</p></div></td>c<li>d", "ab\nc\n- d"),
    "upper case": ("<P>A<BR>B</P><TABLE><TR><TD>C<TD>D</TABLE>", "A\nB\n\nC | D"),
    "nothing": ("", ""),
    "nothing to see": ("<html><head><title>x</title></head><body><p>&nbsp;</p><br><br></body></html>", ""),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_html_is_read_as_it_is_shown(name: str) -> None:
    content, expected = EXAMPLES[name]
    assert html(content) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\u2028b\x0bc\x85d", "a\nb\nc\nd"),
        ("\r\n\r\na  <b>&amp;\t x \r\n\r\n\r\n> b\r\n\r\n", "a  <b>&amp;\t x\n\n\n> b"),
        ("a\u200bb\x00c\ufeff", "abc"),
        ("\ud83d\ude00 \udc00", "\U0001f600 �"),
        ("", ""),
    ],
)
def test_plain_text_stays_but_for_line_ends_and_what_nobody_sees(content: str, expected: str) -> None:
    assert plain(content) == expected


class _Words(HTMLParser):
    """The words of a document, read by another parser."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - as the parser calls it
        self.unseen += tag in {"style", "script", "title"}

    def handle_endtag(self, tag: str) -> None:
        self.unseen -= tag in {"style", "script", "title"}

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.texts.append(data)


def test_every_generated_mail_has_the_words_that_another_parser_finds(
    generated: Callable[[int], list[Generated]],
) -> None:
    bodies = [each.draft.body for each in generated(400) if each.draft.body_type == "html"]
    assert len(bodies) > 200
    for body in bodies:
        other = _Words()
        other.feed(body)
        assert re.findall(r"\w+", html(body)) == re.findall(r"\w+", " ".join(other.texts))


_PIECES = st.sampled_from(
    [
        *(
            "<p>",
            "</p>",
            "<br>",
            "<blockquote>",
            "</blockquote>",
            "<table>",
            "<tr>",
            "<td>",
            "</td>",
            "</tr>",
            "</table>",
        ),
        *(
            "<ul>",
            "<ol>",
            "<li>",
            "</ul>",
            "<hr>",
            "<div hidden>",
            "</div>",
            "<pre>",
            "</pre>",
            "<!--",
            "-->",
            "<style>",
        ),
        *(
            "</style>",
            "<a href='http://x.example/'>",
            "</a>",
            "&nbsp;",
            "&#x",
            "<",
            ">",
            '"',
            "'",
            "=",
            "\n",
            "x",
            "한글",
        ),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=60).map("".join))
def test_whatever_it_is_there_is_a_clean_and_bounded_text(content: str) -> None:
    text = html(content)
    assert len(text) <= 16 * len(content)
    assert text.encode().decode() == text
    assert not re.search(r"[\x00-\x08\x0b-\x1f]|\n\n\n", text.replace(">", "")) or "<pre>" in content
    assert not text.endswith("\n")


@given(st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=30))
def test_escaped_text_comes_back(text: str) -> None:
    escaped = "".join(f"&#{ord(letter)};" for letter in text)
    shown = html(f"<p><b>{escaped}</b></p>")
    assert shown == html(f"<p>{escaped}</p>")
    assert [each for each in text if each.isalnum() and each.isascii()] == [
        each for each in shown if each.isalnum() and each.isascii()
    ]
