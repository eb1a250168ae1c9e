"""An event of a mail is bounded, whatever the mail is."""

import json
from datetime import date

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.correspondence.analysis import Analysis
from domain.correspondence.assessment import assess
from domain.correspondence.bounds import (
    LONGEST_ADDRESS,
    LONGEST_LINK,
    LONGEST_NAME,
    LONGEST_SUBJECT,
    MOST_REFERENCES,
    body_of,
    clean,
    line_of,
    link_of,
)
from domain.correspondence.email_info import LARGEST_BODY_BYTES, EmailInfo
from domain.mail import Mail, MailAddress
from domain.mail_results import LARGEST_EVENT_BYTES
from tests.domain.correspondence.made_mail import CHAIRS, a_mail

FAR_BELOW = LARGEST_EVENT_BYTES // 2
any_text = st.text(st.characters(categories=None))
# What grows most: quotes in JSON, letters in UTF-8, both if all but ASCII is escaped, and what has to be taken out.
worst_texts = st.builds(
    lambda part, times: part * times,
    st.sampled_from(
        ['"', "\\", "가", "é", "\U0001f6a2", "\ud83d", "\x00", "\r\n", "\n", "\x85", "ab", "\ud83d\udea2", " "]
    ),
    st.integers(0, 150_000),
)
texts = any_text | worst_texts


def as_json(info: EmailInfo, *, escaped: bool) -> bytes:
    return json.dumps(attrs.asdict(info), default=str, ensure_ascii=escaped).encode()


@st.composite
def worst_mails(draw: st.DrawFn) -> Mail:
    """Draw a mail with texts of any kind and length."""
    codes = draw(st.sampled_from(["", "PL25016_KRa (PL25017) " * 9000]))
    sender = MailAddress(draw(texts), draw(texts))
    return attrs.evolve(a_mail(codes + draw(texts)), sender=sender, web_link=draw(texts))


@settings(max_examples=60, deadline=None)
@given(worst_mails(), texts, st.lists(texts, max_size=20))
def test_no_mail_makes_a_large_event(mail: Mail, body: str, keywords: list[str]) -> None:
    analysis = Analysis(deadline=date(2025, 6, 14), keywords=tuple(keywords))
    info = assess(mail, body, analysis, CHAIRS).info
    assert max(len(as_json(info, escaped=True)), len(as_json(info, escaped=False))) < FAR_BELOW
    assert len((info.body or "").encode()) <= LARGEST_BODY_BYTES
    assert len(info.references) <= MOST_REFERENCES


@given(any_text)
def test_clean_text_is_unicode_without_controls_and_stays_what_it_is(text: str) -> None:
    found = clean(text)
    assert not {each for each in found if ord(each) < 32 or 127 <= ord(each) < 160} - {"\t", "\n"}
    assert clean(found) == found
    assert len(json.dumps(found, ensure_ascii=False).encode()) <= 2 * len(found.encode()) + 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\tb\x00c\x7fd\x85e", "a\tbcde"),
        ("\ud83d\udea2 \ud83d \udea2", "\U0001f6a2 \ufffd \ufffd"),
        ("한국선급 \u00a0\u200b\u3000", "한국선급 \u00a0\u200b\u3000"),
    ],
)
def test_text_is_made_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=4), st.integers(-4, 4))
def test_a_body_is_cut_before_the_character_that_is_too_much(end: str, more: int) -> None:
    text = "x" * (LARGEST_BODY_BYTES - len(end.encode()) + more) + end
    body, is_cut = body_of(text)
    assert body is not None
    assert text.startswith(body)
    assert is_cut == (more > 0) == (body != text)
    following = text[len(body) : len(body) + 1]
    assert not is_cut or len((body + following).encode()) > LARGEST_BODY_BYTES


def test_a_body_with_nothing_in_it_is_none() -> None:
    assert body_of("") == body_of(" \r\n\x00\t") == (None, False)


def test_a_line_has_no_line_ends_and_is_cut() -> None:
    assert line_of("Hatch\r\n covers\x00: é", 100) == "Hatch  covers : é"
    assert line_of("x" * 2000, LONGEST_SUBJECT) == "x" * LONGEST_SUBJECT
    assert line_of(" \n ", 10) is line_of("", 10) is line_of(None, 10) is None


@given(any_text, st.sampled_from([LONGEST_NAME, LONGEST_ADDRESS, 5]))
def test_a_line_is_clean_and_bounded(text: str, longest: int) -> None:
    found = line_of(text, longest)
    assert found is None or (found == clean(found).strip() and "\n" not in found and 0 < len(found) <= longest)


def test_half_a_link_leads_nowhere() -> None:
    link = "https://outlook.office365.com/owa/?ItemID=" + "A" * 200
    assert link_of(link) == link
    assert link_of("x" * LONGEST_LINK) == "x" * LONGEST_LINK
    assert link_of("x" * (LONGEST_LINK + 1)) is link_of(None) is None
