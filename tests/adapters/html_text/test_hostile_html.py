"""Bodies made to stop the reader: time grows with their length alone."""

import time
from collections.abc import Callable

import pytest

from adapters.html_text.mail_text import HtmlMailText
from domain.mail import BodyFormat, MailBody

READ = HtmlMailText().read
DEEP = 100_000
MADE: dict[str, Callable[[int], str]] = {
    "elements": lambda n: "<div>" * n,
    "lists": lambda n: "<ul><li>" * n,
    "quotations": lambda n: "<blockquote>x" * n,
    "tables": lambda n: "<table><tr><td>x" * n,
    "ends of what never began": lambda n: "<div>" * n + "</p></x></table>" * n,
    "links": lambda n: "<a href='http://x.example'>x" * n,
    "a link around everything": lambda n: "<a href='http://x.example'>" + "x " * n + "<br>y</a>" * n,
    "what is not shown": lambda n: "<div hidden><p>x" * n,
    "signs": lambda n: "<" * n,
    "tags without an end": lambda n: "<a " * n,
    "quotation marks without another": lambda n: '<a x="' * n,
    "quotation marks of the other kind": lambda n: "<a x='\"" * n,
    "attributes": lambda n: "<p " + "style='display:none' " * n + ">x",
    "equals signs": lambda n: "<a " + "=" * n,
    "comments": lambda n: "<!--" * n,
    "almost ended comments": lambda n: "<!--" + "--!" * n + "- ->" * n,
    "scripts": lambda n: "<script>" + "</scrip" * n,
    "references": lambda n: "&" * n + "&#" + "1" * n + "&x" * n,
    "blanks": lambda n: " \n" * n + "<b>" + "\xa0" * n,
    "lines of text as it is": lambda n: "<pre>" + "\n" * n + "<pre>x\n" * n,
    "separators": lambda n: "<tr><td>x" + "<td>" * n + "x",
}


def seconds(content: str) -> float:
    """Return the processor time that it takes at best: what else the machine does is not in it."""
    best = float("inf")
    for _ in range(3):
        begun = time.thread_time()
        text = READ(MailBody(format=BodyFormat.HTML, content=content))
        best = min(best, time.thread_time() - begun)
        assert len(text) <= 16 * len(content)
    return best


@pytest.mark.parametrize("name", MADE)
def test_eight_times_as_much_takes_some_eight_times_as_long(name: str) -> None:
    """Were it the square of the length, it would be 64 times."""
    small, large = seconds(MADE[name](DEEP // 160)), seconds(MADE[name](DEEP // 20))
    assert large < max(small * 30, 0.05)


@pytest.mark.parametrize("name", ["elements", "lists", "quotations"])
def test_a_hundred_thousand_levels_are_read(name: str) -> None:
    READ(MailBody(format=BodyFormat.HTML, content=MADE[name](DEEP)))


def test_ten_megabytes_are_read() -> None:
    content = f"<p>{'word ' * 100}</p>\r\n" * 20_000
    assert len(content) > 10_000_000
    assert READ(MailBody(format=BodyFormat.HTML, content=content)).count("word") == 2_000_000
