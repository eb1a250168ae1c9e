"""The promises of `MailText`."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.html_text.mail_text import HtmlMailText
from domain.correspondence.quotations import new_text
from domain.mail import BodyFormat, MailBody
from ports.mail_text import MailText

READERS: dict[str, Callable[[], MailText]] = {"HTML": HtmlMailText}
MULTIPLE = 16
BODIES = st.builds(MailBody, format=st.sampled_from(BodyFormat), content=st.text(max_size=400))
HTML_QUOTED = {
    "a quotation": "<p>new</p><p>On 3 June 2025, A wrote:</p><blockquote><p>old</p></blockquote>",
    "a heading": "<p>new<hr><div><b>From:</b> A<br><b>Sent:</b> 3 June<br><b>To:</b> B<br><b>Subject:</b> C</div>old",
    "marked lines": "new<br>On 3 June 2025, A wrote:<br>&gt; old",
}
TEXT_QUOTED = {
    "marked lines": "new\r\n\r\nOn 3 June 2025, A wrote:\r\n> old\r\n",
    "a divider": "new\r\n-----Original Message-----\r\nFrom: A\r\nSent: 3 June\r\nTo: B\r\nSubject: C\r\n\r\nold",
}


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> MailText:
    return READERS[request.param]()


def html(content: str) -> MailBody:
    return MailBody(format=BodyFormat.HTML, content=content)


def text(content: str) -> MailBody:
    return MailBody(format=BodyFormat.TEXT, content=content)


def test_what_a_person_sees_is_there_line_by_line(reader: MailText) -> None:
    assert reader.read(html("<style>x</style><p>one &amp; <b>two</b></p><p>three<br>four</p>")).split("\n") == [
        "one & two",
        "",
        "three",
        "four",
    ]
    assert reader.read(text("one <b>&amp; two\r\n\r\nthree")) == "one <b>&amp; two\n\nthree"


@pytest.mark.parametrize("body", [*map(html, HTML_QUOTED.values()), *map(text, TEXT_QUOTED.values())])
def test_what_is_quoted_can_be_told_from_what_is_new(reader: MailText, body: MailBody) -> None:
    read = reader.read(body)
    assert "old" in read
    assert new_text(read).strip("_ \n") == "new"


@given(body=BODIES)
@pytest.mark.parametrize("name", READERS)
def test_whatever_the_body_holds_there_is_a_bounded_text_that_stays_the_same(name: str, body: MailBody) -> None:
    read = READERS[name]().read(body)
    assert len(read) <= MULTIPLE * len(body.content)
    assert "\r" not in read
    assert read.encode().decode() == read
    assert READERS[name]().read(body) == read


@pytest.mark.parametrize(
    "piece", ["<blockquote>", "<ul><li>x", "<table><tr><td>", "&#", "<hr>x", "<p>\n", "\u200b", "\ud800"]
)
@pytest.mark.parametrize("as_body", [html, text])
def test_no_body_is_too_deep_or_too_long(reader: MailText, piece: str, as_body: Callable[[str], MailBody]) -> None:
    body = as_body(piece * 20_000)
    assert len(reader.read(body)) <= MULTIPLE * len(body.content)
