"""Correspondents are read alike, however many they are and however often a page names them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.graph import decoding
from adapters.graph.decoding import DecodedPage, decode_page
from adapters.graph.salvage import NoPageError
from domain.mail import Mail, MailAddress, UnreadableMail
from tests.adapters.graph.graph_pages import message, page, page_of, recipient, without, written

NOTHING: frozenset[str] = frozenset()
LISTS = {"toRecipients": "to", "ccRecipients": "cc", "bccRecipients": "bcc", "replyTo": "reply_to"}
PEOPLE = st.lists(st.text('ab@.é"{}[]\\', min_size=1, max_size=12), max_size=12)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(LISTS, PEOPLE)), min_size=1, max_size=4))
def test_every_list_of_every_mail_has_those_that_were_told(told: list[dict[str, list[str]]]) -> None:
    """Also if a page names the same again, in lists short and long."""
    messages = [
        message(number, **{name: list(map(recipient, people)) for name, people in lists.items()})
        for number, lists in enumerate([*told, *told])
    ]
    entries = decode_page(page(*messages), NOTHING).entries
    assert len(entries) == len(messages)
    for mail, lists in zip(entries, [*told, *told], strict=True):
        assert isinstance(mail, Mail)
        for name, people in lists.items():
            assert getattr(mail, LISTS[name]) == tuple(MailAddress(each, each) for each in people)


@given(st.permutations(list(message())))
def test_the_order_of_fields_does_not_matter(names: list[str]) -> None:
    told = message()
    shuffled = {name: told[name] for name in names}
    assert decode_page(page(shuffled), NOTHING).entries == decode_page(page(told), NOTHING).entries


@given(st.lists(PEOPLE, min_size=1, max_size=3), PEOPLE)
def test_a_list_that_does_not_fit_is_its_own_mail_s_misfortune(lists: list[list[str]], short: list[str]) -> None:
    """Whether a page's lists are long, or so short that they are read with the page."""
    unfit: tuple[object, ...] = ([*map(recipient, short), 5], [{"emailAddress": {"address": 7}}], {})
    for damaged in unfit:
        sound = [message(number, toRecipients=[*map(recipient, people)]) for number, people in enumerate(lists)]
        entries = decode_page(page(*sound, message(99, toRecipients=damaged)), NOTHING).entries
        *mails, unreadable = entries
        assert [each.to for each in mails if isinstance(each, Mail)] == [
            tuple(MailAddress(each, each) for each in people) for people in lists
        ]
        assert isinstance(unreadable, UnreadableMail)
        assert unreadable.problem == "toRecipients does not fit"


def test_a_recipient_without_an_address_is_nobody() -> None:
    told = message(toRecipients=[recipient("a"), {"emailAddress": None}, {}], ccRecipients=[{}] * 20)
    (mail,) = decode_page(page(told), NOTHING).entries
    assert isinstance(mail, Mail)
    assert (mail.to, mail.cc) == ((MailAddress("a", "a"), MailAddress(), MailAddress()), (MailAddress(),) * 20)
    (mail,) = decode_page(page({**told, "ccRecipients": []}), NOTHING).entries
    assert isinstance(mail, Mail)
    assert mail.to == (MailAddress("a", "a"), MailAddress(), MailAddress())


ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, 5, "", "a", [], [None], {}, {"name": None}, {"emailAddress": None}, {"emailAddress": []}]
)
TOLD = PEOPLE.map(lambda people: [*map(recipient, people)])
VALUES = st.one_of(TOLD, st.tuples(TOLD, ODD).map(lambda told: [*told[0], told[1]]), ODD)
MESSAGES = st.dictionaries(
    st.sampled_from([*LISTS, "from", "sender", "@removed", "id", "receivedDateTime", "categories"]), VALUES, max_size=3
)


@given(st.lists(st.tuples(MESSAGES, st.sets(st.sampled_from([*LISTS, "subject"]), max_size=1)), max_size=4), st.data())
def test_read_with_the_page_or_by_themselves_lists_come_out_the_same(
    told: list[tuple[dict[str, object], set[str]]], data: st.DataObject
) -> None:
    """Whatever stands in a page: fields that are wrong, missing or told twice, bytes that are no text."""
    items = []
    for number, (odd, missing) in enumerate(told):
        item = written(without(message(number, **odd), *missing))
        twice = data.draw(VALUES)
        items.append(item[:-1] + b',"toRecipients":' + written(twice) + b"}" if data.draw(st.booleans()) else item)
    body = bytearray(page_of(*items))
    if data.draw(st.booleans()):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    for updates in (False, True):
        with pytest.MonkeyPatch.context() as patched:
            outcomes = []
            for few in (-1, 1000):
                patched.setattr(decoding, "_FEW", few)
                outcomes.append(outcome(bytes(body), updates=updates))
        assert outcomes[0] == outcomes[1]


def outcome(body: bytes, *, updates: bool) -> DecodedPage | None:
    """Return what a page tells; None: it is none."""
    try:
        return decode_page(body, NOTHING, updates=updates)
    except NoPageError:
        return None
