"""Searches in KQL, read back by the simulator's parser, which nobody wrote for them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.graph import kql
from adapters.graph.kql import Property
from domain.mail_filter import words
from modules.simulator.mail.content import Address
from modules.simulator.mail.kql import parse_kql
from tests.adapters.graph.letter_boxes import delivered
from tests.contracts.letters import draft
from tests.contracts.properties import QUICK, TEXT

NASTY = TEXT | st.text(st.sampled_from("'\"\\%&#+;:*\n\r\t\x00 ,()가선aA=/-\u2028“”"), max_size=12)
PHRASES = NASTY.filter(words)
LOCAL_PARTS = st.from_regex(r"[a-zA-Z0-9.!#$%&'+/=?^_`{|}~-]{1,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ([kql.phrase("hull survey")], '"\\"hull survey\\""'),
        ([kql.phrase('say "go" NOT*')], '"\\"say go NOT\\""'),
        ([kql.phrase("PL25016*", is_beginning=True)], '"PL25016*"'),
        ([kql.phrase("hull sur*", is_beginning=True)], '"\\"hull sur*\\""'),
        ([kql.phrase("C:\\temp\n")], '"\\"C: temp\\""'),
        (
            [kql.correspondent(Property.RECIPIENTS, "a@b.example"), kql.has_attachment()],
            '"recipients:\\"a@b.example\\" AND hasAttachment:true"',
        ),
        (
            [kql.received(">=", date(2024, 1, 31)), kql.received("<=", date(2024, 12, 1)), kql.importance("low")],
            '"received>=2024-01-31 AND received<=2024-12-01 AND importance:low"',
        ),
    ],
)
def test_a_search_is_written_so(terms: list[kql.Term], text: str) -> None:
    assert kql.search(terms) == text


@given(wanted=PHRASES, other=NASTY)
@QUICK
def test_whatever_a_phrase_holds_it_is_its_words_one_after_the_other(wanted: str, other: str) -> None:
    read = parse_kql(kql.search([kql.phrase(wanted)]))
    for subject in (wanted, f"{other} {wanted} {other}", other, " ".join(reversed(words(wanted))), f"{wanted}x"):
        message = delivered(draft(subject=subject, sender=None))
        meant = f" {' '.join(words(wanted))} " in f" {' '.join(words(subject))} "
        assert read.matches(message) == meant


@given(wanted=PHRASES, last=st.sampled_from(["hull", "PL25016_", "선", "not"]), more=NASTY)
@QUICK
def test_the_last_word_of_a_beginning_may_go_on(wanted: str, last: str, more: str) -> None:
    beginning = f"{wanted} {last}"
    read = parse_kql(kql.search([kql.phrase(f"{beginning}*", is_beginning=True)]))
    for subject in (f"{beginning}x", f"{beginning} {more}", f"{beginning}{more}", f"x{beginning}", more):
        meant = f" {' '.join(words(beginning))}" in f" {' '.join(words(subject))} "
        assert read.matches(delivered(draft(subject=subject, sender=None))) == meant


@given(one=PHRASES, two=PHRASES)
@QUICK
def test_all_phrases_are_sought(one: str, two: str) -> None:
    read = parse_kql(kql.search([kql.phrase(one), kql.phrase(two)]))
    assert read.matches(delivered(draft(subject=f"{one}\n{two}")))
    only = delivered(draft(subject=one, sender=None))
    assert read.matches(only) == (f" {' '.join(words(two))} " in f" {' '.join(words(one))} ")


@given(local=LOCAL_PARTS, other=LOCAL_PARTS, name=st.sampled_from(list(Property)[:2]))
@QUICK
def test_an_address_is_that_address(local: str, other: str, name: Property) -> None:
    address = f"{local}@yard.example"
    assert kql.is_address(address)
    assert name is Property.SENDER or name is Property.RECIPIENTS
    read = parse_kql(kql.search([kql.correspondent(name, address)]))
    for actual in (address, address.upper(), f"{other}@yard.example", f"{address}.org"):
        person = (Address(actual), Address("nobody@owner.example"))
        sender, recipient = person if name is Property.SENDER else reversed(person)
        for field in ("to", "cc", "bcc"):
            message = delivered(draft(**{"sender": sender, "to": (), field: (recipient,)}))
            assert read.matches(message) == (actual.casefold() == address.casefold())


@pytest.mark.parametrize(
    "text", ["kim", "kim@", 'a"b@c', "a\\b@c", "a b@c", "a*@c", "a@b@c", "선체@yard.example", "a@b c"]
)
def test_what_might_be_read_otherwise_is_no_address_to_search_for(text: str) -> None:
    assert not kql.is_address(text)


def test_no_representation_shows_what_a_person_asks_for() -> None:
    assert "canary" not in repr(kql.phrase("canary"))
