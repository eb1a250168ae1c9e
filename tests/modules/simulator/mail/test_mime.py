"""Messages as MIME: they can be read by anybody, hold what was sent, and are always the same bytes."""

from datetime import UTC
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.simulator.mail.content import Address, Draft, File, Item, Link
from modules.simulator.mail.mime import media_type, mime
from tests.modules.simulator.mail.reading import ITEM, LINK, MOMENT, PICTURE, REPORT, draft

ODD_TEXT = st.text(st.characters(codec=None, categories=("L", "N", "P", "S", "Z", "C")), max_size=60)
ADDRESSES = st.builds(Address, ODD_TEXT | st.emails(), ODD_TEXT)
FILES = st.builds(
    File,
    name=ODD_TEXT,
    content_type=ODD_TEXT | st.sampled_from(["text/plain", "message/rfc822", "multipart/mixed", "image/png"]),
    content=st.binary(max_size=200),
    is_inline=st.booleans(),
    content_id=st.none() | ODD_TEXT,
)
DRAFTS = st.builds(
    Draft,
    subject=ODD_TEXT,
    sender=st.none() | ADDRESSES,
    sent_by=st.none() | ADDRESSES,
    to=st.lists(ADDRESSES, max_size=2).map(tuple),
    body=ODD_TEXT,
    body_type=st.sampled_from(["html", "text"]),
    sent_at=st.datetimes(timezones=st.just(UTC)),
    received_at=st.just(MOMENT),
    internet_message_id=ODD_TEXT,
    importance=st.sampled_from(["low", "normal", "high"]),
    headers=st.lists(st.tuples(ODD_TEXT | st.sampled_from(["Subject", "Date", "X-Odd"]), ODD_TEXT), max_size=2).map(
        tuple
    ),
    attachments=st.lists(FILES | st.builds(Link, name=ODD_TEXT, url=ODD_TEXT), max_size=2).map(tuple),
)


def read(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=SMTP)
    assert isinstance(found, EmailMessage)
    return found


def content(part: MIMEPart | None) -> object:
    assert part is not None
    return part.get_content()


def test_a_message_holds_its_body_twice_and_all_that_is_attached() -> None:
    found = read(mime(draft("긴 제목 " * 20, PICTURE, REPORT, ITEM, LINK), "key"))
    types = [part.get_content_type() for part in found.walk()]
    assert types == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"),
        *("application/pdf", "message/rfc822", "multipart/mixed", "text/plain", "application/pdf", "text/uri-list"),
    ]
    assert str(found["Subject"]) == ("긴 제목 " * 20).strip()
    assert content(found.get_body(("plain",))) == "See annex 2.\r\n"
    assert content(found.get_body(("html",))) == "<p>See <b>annex 2</b>.</p>\r\n"
    attached = list(found.iter_attachments())
    assert [part.get_filename() for part in attached] == ["보고서.pdf", "Forwarded.eml", "minutes"]
    assert isinstance(attached[0], EmailMessage)
    assert attached[0].get_content() == REPORT.content
    inner = content(attached[1])
    assert isinstance(inner, EmailMessage)
    assert (inner["Subject"], content(inner.get_body())) == ("An attached message", "plain words\r\n")


def test_headers_say_who_when_and_what() -> None:
    found = read(
        mime(
            draft(
                "Hull",
                sent_by=Address("office@panel.example", "Office"),
                cc=(Address("/O=PANEL/CN=BERG", "Berg, Anna"),),
                importance="high",
                headers=(("Received", "from a"), ("Received", "from b"), ("Subject", "other"), ("Content-Type", "x/y")),
            ),
            "key",
        )
    )
    assert found["From"] == "Kim Jiwon <kim.jiwon@panel.example>"
    assert (found["Sender"], found["Importance"]) == ("Office <office@panel.example>", "high")
    assert found.get_all("Subject") == ["Hull"]
    assert found.get_all("Received") == ["from a", "from b"]
    assert "/O=PANEL/CN=BERG" in found["Cc"]
    assert found["Date"].datetime == MOMENT
    assert found.get_content_type() == "multipart/alternative"


def test_the_same_message_is_always_the_same_and_boundaries_are_its_own() -> None:
    sent = draft("Hull", REPORT, ITEM)
    assert mime(sent, "a") == mime(sent, "a") != mime(sent, "b")
    boundaries = [part.get_boundary() for part in read(mime(sent, "a")).walk() if part.get_boundary()]
    assert len(set(boundaries)) == len(boundaries) == 3


def test_no_text_can_add_a_header() -> None:
    found = read(
        mime(draft("Hull\r\nBcc: thief@evil.example", File(name="a\r\nX: y", content_type="a/b", content=b"")), "k")
    )
    assert found["Bcc"] is None
    assert all(part["X"] is None for part in found.walk())


@settings(max_examples=25)  # making and reading one takes a while
@given(DRAFTS, ODD_TEXT)
def test_any_message_can_be_written_and_read(sent: Draft, key: str) -> None:
    raw = mime(attrs.evolve(sent, attachments=(*sent.attachments, Item(name="inner", draft=sent))), key)
    found = message_from_bytes(raw)  # by the lenient rules: the strict ones stumble over odd message ids
    parts = [part for part in found.walk() if part.get_content_type() == "message/rfc822"]
    assert len(parts) == 1
    assert raw.replace(b"\r\n", b"").count(b"\n") == 0


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ("image/PNG", ("image", "png")),
        ("", ("application", "octet-stream")),
        ("text/plain; charset=x", ("application", "octet-stream")),
        ("a/b\r\nX: y", ("application", "octet-stream")),
        ("multipart/mixed", ("application", "octet-stream")),
        ("message/rfc822", ("application", "octet-stream")),
    ],
)
def test_a_type_that_is_none_becomes_that_of_any_bytes(declared: str, found: tuple[str, str]) -> None:
    assert media_type(declared) == found
