"""Correspondents are read alike, however many they are and however often a page names them."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.graph.decoding import decode_page
from domain.mail import Mail, MailAddress, UnreadableMail
from tests.adapters.graph.graph_pages import message, page, recipient

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
