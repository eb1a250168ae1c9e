"""Halves of surrogate pairs are replaced wherever they stand, and nothing else changes."""

import attrs
from hypothesis import given
from hypothesis import strategies as st

from domain.mail import MailAddress
from domain.mail_sync import Departure, FolderNews
from domain.unicode_text import REPLACEMENT, as_unicode
from tests.contracts.mail_samples import MAILS, mail
from tests.contracts.properties import QUICK

HALF = "a\ud800\udfffb"
WHOLE = f"a{REPLACEMENT}{REPLACEMENT}b"


@given(st.text())
def test_what_is_returned_can_be_encoded_and_differs_only_in_halves(text: str) -> None:
    found = as_unicode(text)
    assert found.encode().decode() == found
    assert len(found) == len(text)
    assert all(new in (old, REPLACEMENT) for new, old in zip(found, text, strict=True))


@QUICK
@given(MAILS)
def test_what_is_unicode_is_returned_as_it_is(told: object) -> None:
    assert as_unicode(told) is told


def test_a_pair_that_is_whole_is_no_half() -> None:
    assert as_unicode("\U0001f600") == "\U0001f600"


def test_texts_are_found_in_values_of_values() -> None:
    news = FolderNews(
        mails=[mail("m1", subject=HALF, to=(MailAddress(HALF, None),), headers=((HALF, "x"),))],
        departures=[Departure(message_id=HALF, folder_id=None)],
        paths={HALF: HALF},
    )
    found = as_unicode(news)
    assert found == attrs.evolve(
        news,
        mails=[mail("m1", subject=WHOLE, to=(MailAddress(WHOLE, None),), headers=((WHOLE, "x"),))],
        departures=[Departure(message_id=WHOLE, folder_id=None)],
        paths={WHOLE: WHOLE},
    )


def test_what_holds_no_text_is_returned_as_it_is() -> None:
    for value in (None, 1, b"\xff", (1, None), [b""], {1: 2}):
        assert as_unicode(value) == value
