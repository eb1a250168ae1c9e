"""What `$search` finds, and what it refuses."""

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.content import Address, Item, Link
from modules.simulator.mail.kql import DEEPEST, parse_kql
from tests.modules.simulator.mail.one_message import BERG, KIM, LEE, LOGO, RECEIVED, REPORT, message

MAIL = message(cc=(BERG,), bcc=(Address("boss@owner.example"),), attachments=(REPORT,))


def quoted(kql: str) -> str:
    """The KQL as the value of `$search`."""
    return json.dumps(kql, ensure_ascii=False) if "\n" not in kql else f'"{kql}"'


def finds(kql: str) -> bool:
    return parse_kql(quoted(kql)).matches(MAIL)


def refusal(text: str) -> str:
    with pytest.raises(GraphError) as caught:
        parse_kql(text)
    assert (caught.value.status, caught.value.code) == (400, "BadRequest")
    return caught.value.message


FOUND = [
    *("hull", "HULL survey", "survey hull", "Kim", "shipyard", "kim@shipyard.example", "welding", "drawings", "pan*"),
    *('"hull survey"', '"survey panel 12"', '"hull sur*"', '"please see the welding"', "jiwon welding"),
    *("hull AND survey", "hull OR nothing", "nothing OR hull", "NOT nothing", "hull -nothing", "+hull", "hull NOT no"),
    *(
        "(nothing OR hull) AND survey",
        "nothing OR (hull survey)",
        "-(nothing)",
        "hull AND NOT nothing",
        "hull & survey",
    ),
    *(
        "subject:hull",
        'subject:"survey panel"',
        "subject=surv*",
        "subject<>weld",
        "body:report",
        'body:"report drawings"',
    ),
    *("from:kim", "from:KIM@shipyard.example", 'from:"Kim Jiwon"', "from:shipyard.example", "from:jiw*"),
    *("to:lee", "cc:anna.berg@class.example", "bcc:boss", "recipients:lee", "recipients:berg", "recipients:boss"),
    *("participants:kim", "participants:lee", "from<>lee"),
    *("hasAttachment:true", "hasattachments:TRUE", "attachment:report", "attachment:pdf", 'attachment:"report 7.pdf"'),
    *("importance:normal", "importance:medium", "kind:email", "size>5000", "size:1..100000", "size<>5"),
]
NOT_FOUND = [
    *("hul", "survey*x", '"hull panel"', '"panel hull"', '"12 kim"', "nothing", "p", "b", "amp", "lee", "ull*"),
    *("hull AND nothing", "NOT hull", "-hull", "hull nothing", "hull -survey", "nothing OR none", "NOT (hull OR none)"),
    *("subject:welding", "subject:kim", "body:hull", "subject<>hull", "from:lee", "from:kim@shipyard", "from:im"),
    *("from:kim@other.example", "to:kim", "cc:lee", "bcc:lee", "recipients:kim", "participants:nobody", "from<>kim"),
    *("hasAttachment:false", "attachment:rep", "importance:high", "importance<>normal", "kind:contacts", "size<5000"),
]


@pytest.mark.parametrize("kql", FOUND)
def test_it_is_found_by(kql: str) -> None:
    assert finds(kql)


@pytest.mark.parametrize("kql", NOT_FOUND)
def test_it_is_not_found_by(kql: str) -> None:
    assert not finds(kql)


@pytest.mark.parametrize(
    ("kql", "found"),
    [
        ("received:2024-03-05", True),
        ("received=3/5/2024", True),
        ("received:2024-03-06", False),
        ("received<>2024-03-05", False),
        ("received>=2024-03-05", True),
        ("received>2024-03-05", False),
        ("received>2024-03-04", True),
        ("received<=2024-03-05", True),
        ("received<2024-03-05", False),
        ("received<03/06/2024", True),
        ("received:2024-03-05T10:00:00Z", True),
        ("received:2024-03-05T11:00+01:00", True),
        ("received:2024-03-05T09:59:30Z", False),
        ("received>2024-03-05T10:00:00Z", False),
        ("received>2024-03-05T09:59:59Z", True),
        ("received>=2024-03-05T10:00:00", True),
        ("received<2024-03-05T10:00:01Z", True),
        ("received:2024-03-01..2024-03-05", True),
        ("received:2024-03-01..2024-03-04", False),
        ("received:2024-03-05..2024-03-31", True),
        ("sent<2024-03-05T10:00:00Z", True),
        ("sent:2024-03-05T10:00:00Z", False),
        ("received>=2024-03-01 AND received<2024-03-05", False),
    ],
)
def test_times_are_days_in_utc_or_moments(kql: str, found: bool) -> None:  # noqa: FBT001 - expected
    assert finds(kql) is found


def test_terms_of_one_property_with_nothing_between_them_are_alternatives() -> None:
    """As KQL has it, even for times: only AND makes a period of two comparisons."""
    assert finds("from:lee from:kim")
    assert finds("from:lee hull from:kim")
    assert not finds("from:lee AND from:kim")
    assert not finds("from:lee from:kim nothing")
    assert not finds("from:kim subject:nothing")
    assert not finds("from:kim -from:kim")
    assert not finds("(from:kim) from:lee")
    assert finds("received>=2024-03-06 received<2024-03-31")


def test_and_binds_stronger_than_or() -> None:
    assert finds("hull OR nothing AND nothing")
    assert not finds("(hull OR nothing) AND nothing")
    assert finds("nothing AND nothing OR hull")
    assert finds("nothing none OR hull survey")


def test_operators_are_in_capitals_only() -> None:
    assert not finds("hull and survey")
    assert parse_kql('"hull and survey"').matches(message(subject="survey and hull"))


def test_a_phrase_is_within_one_text() -> None:
    assert not finds('"12 please"')
    assert not finds('"jiwon kim"')


def test_tags_are_not_searched_and_part_words() -> None:
    """`<b>weld</b>ing` is two words to a search that strips tags, and welding to nobody else."""
    split = message(body="<p>one<b>two</b>three &eacute;t&eacute;</p>")
    assert parse_kql('"two"').matches(split)
    assert parse_kql("été").matches(split)
    assert not parse_kql('"onetwothree"').matches(split)
    assert parse_kql('"eacute"').matches(message(body="a &eacute;", body_type="text"))
    assert parse_kql('"b"').matches(message(body="a <b>", body_type="text"))


def test_case_is_that_of_the_whole_world() -> None:
    german = message(subject="Große Straße", body="ΟΔΟΣ")
    assert parse_kql('"GROSSE STRASSE"').matches(german)
    assert parse_kql("οδος").matches(german)


def test_a_changed_subject_is_what_is_searched() -> None:
    changed = message()
    changed.subject = "Rudder"
    assert parse_kql('"subject:rudder"').matches(changed)
    assert not parse_kql('"hull"').matches(changed)


def test_items_and_links_are_found_by_their_names_too() -> None:
    attached = (Item(name="Old mail", draft=MAIL.draft), Link(name="Plan", url="https://files.example/p"), LOGO)
    with_them = message(attachments=attached)
    assert all(parse_kql(f'"attachment:{name}"').matches(with_them) for name in ("old", "plan", "logo"))
    assert not parse_kql('"hasattachment:true"').matches(message(attachments=(LOGO,)))


def test_a_message_without_a_sender_can_be_searched() -> None:
    nobody = message(sender=None)
    assert parse_kql('"hull"').matches(nobody)
    assert not parse_kql('"from:kim"').matches(nobody)


def test_quotes_and_backslashes_are_escaped_inside_the_quotes() -> None:
    assert parse_kql(r'"\"hull survey\" from:kim"').matches(MAIL)
    assert not parse_kql(r'"\"survey hull\" from:kim"').matches(MAIL)
    assert parse_kql(r'"from:\"Kim Jiwon\""').matches(MAIL)
    assert parse_kql(r'"hull \\ survey"').matches(MAIL)


def test_words_need_no_quotes_around_them() -> None:
    assert parse_kql("hull survey").matches(MAIL)
    assert refusal("from:kim") == "Syntax error: character ':' is not valid at position 4 in 'from:kim'."
    assert "character '(' is not valid at position 0" in refusal("(hull)")
    assert "character '*' is not valid" in refusal("hul*")


@pytest.mark.parametrize(
    "text", ["", " ", '""', '" "', '"', '"hull', 'hull"', '"a" "b"', '"a"b"', '"hull\\"', '"&"', '"-"']
)
def test_a_search_is_one_text_with_a_word_in_it(text: str) -> None:
    refusal(text)


@pytest.mark.parametrize(
    "kql",
    [
        *("AND hull", "hull AND", "hull OR", "OR", "NOT", "hull AND OR survey", "hull NOT", "()", "(hull", "hull)"),
        *('"hull', "subject:", "from: kim", "subject:(hull OR survey)", "shoes:5", "https://a.example", "subject>x"),
        *(
            "from>=kim",
            "importance:urgent",
            "importance>low",
            "kind:shoes",
            "hasattachment:maybe",
            "hasattachment>true",
        ),
        *(
            "received:yesterday",
            "received:2024-02-30",
            "received:13/13/2024",
            "received:2024",
            "received>1/1/2024..2/1/2024",
        ),
        *("received:1/1/2024..", "received:..", "size:big", "size>1KB", "size:1..x", "subject:***", "hull NEAR survey"),
        *("received<=9999-12-31", "received:0001-01-01T00:00:00+10:00", "size:" + "9" * 5000),
    ],
)
def test_nonsense_is_refused(kql: str) -> None:
    assert refusal(quoted(kql)).startswith(("Syntax error", "The operator"))


def test_parentheses_go_only_so_deep() -> None:
    assert finds("(" * DEEPEST + "hull" + ")" * DEEPEST)
    for deeper in ("(" * (DEEPEST + 1) + "hull" + ")" * (DEEPEST + 1), "NOT " * 10_000 + "hull", "-" * 10_000 + "x"):
        refusal(f'"{deeper}"')


@pytest.mark.parametrize(
    "text",
    [
        '"' + "hull " * 10_000 + '"',
        '"' + "from:kim OR " * 5_000 + 'hull"',
        '"' + "\\\\" * 50_000 + ' hull"',
        '"' + "a" * 100_000 + ' OR hull"',
        '"' + " " * 100_000 + 'hull"',
    ],
)
def test_long_searches_take_no_longer_than_they_are(text: str) -> None:
    """What took quadratic time would need minutes."""
    began = time.process_time()
    assert parse_kql(text).matches(MAIL)
    refusal(text[:-1])
    assert time.process_time() - began < 5


def test_neither_text_nor_words_are_in_its_repr() -> None:
    assert "secret" not in repr(parse_kql('"secret from:secret"'))


PARTS = st.sampled_from(
    [
        *("hull", "AND", "OR", "NOT", "(", ")", '"', '\\"', "\\", "-", "+", "*", "from:", "from:kim", "received>="),
        *("2024-03-05", "received:2024-03-05..", "size:1", ":", "<>", "hasattachment:true", " ", "&", "3/5/2024", "\0"),
        *("é", "subject:x*"),
    ]
)
TEXTS = st.text() | st.lists(PARTS, max_size=12).map(" ".join) | st.lists(PARTS, max_size=12).map("".join)


@given(TEXTS)
def test_any_text_is_a_search_or_refused(text: str) -> None:
    for value in (text, f'"{text}"', quoted(text)):
        with suppress(GraphError):
            assert parse_kql(value).matches(MAIL) in {True, False}


WORDS = st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=6)


@given(st.lists(WORDS, min_size=1, max_size=6), st.data())
def test_any_words_in_a_row_are_found_in_the_body_that_has_them(words: list[str], data: st.DataObject) -> None:
    """Whatever stands around them, in a body of text as in one of HTML."""
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    phrase = f'"\\"{" ".join(words[start:end])}\\""'
    body = data.draw(st.sampled_from([" ", ", ", " <br/> ", "&nbsp;"])).join(words)
    assert parse_kql(phrase).matches(message(sender=None, subject="", body=f"<p>{body}</p>"))


@given(st.lists(WORDS, min_size=1, max_size=3), st.lists(WORDS, min_size=1, max_size=3))
def test_words_that_are_nowhere_are_not_found(there: list[str], sought: list[str]) -> None:
    text = " ".join(there)
    expected = all(each.casefold() in text.casefold().split() for each in sought)
    written = " ".join(f'\\"{each}\\"' for each in sought)
    assert parse_kql(f'"{written}"').matches(message(sender=None, subject=text, body="")) is expected


def test_the_mail_of_these_examples_is_what_it_is() -> None:
    assert (MAIL.draft.sender, MAIL.draft.to, MAIL.draft.received_at) == (KIM, (LEE,), RECEIVED)
