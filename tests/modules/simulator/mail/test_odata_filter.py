"""What `$filter` finds, and what it refuses."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.content import Address
from modules.simulator.mail.mailbox import Message
from modules.simulator.mail.odata_filter import DEEPEST, parse_filter
from tests.modules.simulator.mail.one_message import BERG, LOGO, RECEIVED, REPORT, message

USUAL = message()
FLAGGED = message(
    is_read=True,
    importance="high",
    categories=("Class", "Yard's own"),
    attachments=(REPORT,),
    subject="RE: O'Brien",
    is_draft=True,
)


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(GraphError) as caught:
        parse_filter(text)
    assert caught.value.status == 400
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("text", "usual", "flagged"),
    [
        ("isRead eq false", True, False),
        ("isRead ne false", False, True),
        ("isRead", False, True),
        ("not isRead", True, False),
        ("isDraft eq true", False, True),
        ("hasAttachments eq true", False, True),
        ("importance eq 'high'", False, True),
        ("importance ne 'High'", True, False),
        ("importance eq 'normal'", True, False),
        ("flag/flagStatus eq 'flagged'", False, False),
        ("flag/flagStatus eq 'notFlagged'", True, True),
        ("subject eq 're: o''BRIEN'", False, True),
        ("subject ne 're: o''BRIEN'", True, False),
        ("subject ge 'm'", False, True),
        ("subject eq null", False, False),
        ("subject ne null", True, True),
        ("subject gt null", False, False),
        ("contains(subject,'SURVEY')", True, False),
        ("contains(subject,'hull panel')", False, False),
        ("startswith(subject, 're: ')", False, True),
        ("endswith(subject,'12')", True, False),
        ("startswith(subject,'survey')", False, False),
        ("from/emailAddress/address eq 'KIM@shipyard.example'", True, True),
        ("from/emailAddress/address eq 'kim'", False, False),
        ("contains(from/emailAddress/name,'jiwon')", True, True),
        ("sender/emailAddress/name eq 'kim jiwon'", True, True),
        ("internetMessageId eq '<abc@shipyard.example>'", True, True),
        ("categories/any(c:c eq 'CLASS')", False, True),
        ("categories/any(each:each eq 'yard''s own')", False, True),
        ("categories/any(c:c eq 'clas')", False, False),
        ("ISREAD eq false", True, False),
    ],
)
def test_a_condition_finds_what_it_says(text: str, usual: bool, flagged: bool) -> None:  # noqa: FBT001 - expected
    found = parse_filter(text)
    assert (found.matches(USUAL), found.matches(FLAGGED)) == (usual, flagged)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("eq 2024-03-05T10:00:00Z", True),
        ("eq 2024-03-05T10:00Z", True),
        ("eq 2024-03-05T12:00:00.000+02:00", True),
        ("ge 2024-03-05T10:00:00Z", True),
        ("gt 2024-03-05T10:00:00Z", False),
        ("lt 2024-03-05T10:00:00.0000001Z", False),
        ("lt 2024-03-05T10:00:00.001Z", True),
        ("le 2024-03-05T10:00:00Z", True),
        ("lt 2024-03-05T10:00:00Z", False),
        ("ge 2024-03-05", True),
        ("lt 2024-03-05", False),
        ("ge 1900-01-01T00:00:00Z", True),
        ("lt 0001-01-01T00:30:00-00:30", False),
    ],
)
def test_a_time_is_compared_as_a_moment(text: str, found: bool) -> None:  # noqa: FBT001 - expected
    """Down to microseconds; a date alone is its first moment in UTC."""
    assert parse_filter(f"receivedDateTime {text}").matches(USUAL) is found


def test_sent_and_changed_are_times_of_their_own() -> None:
    assert parse_filter("sentDateTime lt 2024-03-05T10:00:00Z").matches(USUAL)
    assert parse_filter("lastModifiedDateTime eq 2024-03-05T10:00:00Z").matches(USUAL)


def test_ids_are_compared_exactly() -> None:
    here = USUAL.folder.folder_id
    assert parse_filter(f"parentFolderId eq '{here}'").matches(USUAL)
    assert not parse_filter(f"parentFolderId eq '{here.swapcase()}'").matches(USUAL)
    assert parse_filter(f"conversationId eq '{USUAL.conversation_id}'").matches(USUAL)
    assert not parse_filter(f"conversationId eq '{USUAL.conversation_id.lower()}'").matches(USUAL)


def test_a_draft_without_a_sender_has_no_address() -> None:
    nobody = message(sender=None)
    assert parse_filter("from/emailAddress/address eq null").matches(nobody)
    assert not parse_filter("contains(from/emailAddress/address,'')").matches(nobody)
    assert not parse_filter("from/emailAddress/address gt 'a'").matches(nobody)


def test_the_sender_is_who_sent_it_for_another() -> None:
    both = message(sender=BERG, sent_by=Address("desk@class.example"))
    assert parse_filter("from/emailAddress/address eq 'anna.berg@class.example'").matches(both)
    assert parse_filter("sender/emailAddress/address eq 'desk@class.example'").matches(both)


def test_only_inline_files_are_no_attachments() -> None:
    assert not parse_filter("hasAttachments eq true").matches(message(attachments=(LOGO,)))
    assert parse_filter("hasAttachments eq true").matches(message(attachments=(LOGO, REPORT)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("isRead eq true and isRead eq true or isRead eq false", True),
        ("isRead eq false or isRead eq true and isRead eq true", True),
        ("(isRead eq false or isRead eq true) and isRead eq true", False),
        ("not isRead eq true and isRead eq true", False),
        ("not (isRead eq true and isRead eq true)", True),
    ],
)
def test_not_binds_stronger_than_and_and_that_than_or(text: str, expected: bool) -> None:  # noqa: FBT001 - expected
    assert parse_filter(text).matches(USUAL) is expected


def test_a_filter_says_what_it_looks_at_in_order_of_occurrence() -> None:
    found = parse_filter(
        "RECEIVEDdatetime ge 2024-01-01 and (contains(subject,'x') or FROM/emailaddress/address eq 'y') "
        "and receivedDateTime lt 2025-01-01 and categories/any(c:c eq 'z') and contains(subject,'y')"
    )
    assert found.properties == ("receivedDateTime", "subject", "from/emailAddress/address", "categories")
    assert found.functions == ("contains", "any")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "subject",
        "subject eq",
        "subject eq 'x",
        "subject eq 'x'y'",
        "subject = 'x'",
        'subject eq "x"',
        "subject EQ 'x'",
        "subject eq 'x' AND isRead",
        "isRead eq true isRead",
        "isRead and",
        "(isRead",
        "isRead)",
        "()",
        "not",
        "contains(subject)",
        "contains(subject,'x'",
        "subject in ('x')",
        "categories/any(c:d eq 'x')",
        "categories/any(c eq 'x')",
        "receivedDateTime ge 2024-02-30T00:00:00Z",
        "receivedDateTime ge 2024-01-01T00:00:00",
        "receivedDateTime ge 2024-01-01T00:00:00 02:00",
        "receivedDateTime ge 2024-01-01T00:00:00+99:00",
        "receivedDateTime ge yesterday",
        "isRead eq True",
    ],
)
def test_what_is_not_odata_is_a_syntax_error(text: str) -> None:
    code, said = refusal(text)
    assert code == "BadRequest"
    assert said.startswith("Invalid filter clause: Syntax error at position ")
    assert said.endswith(f" in '{text}'.")


@pytest.mark.parametrize(
    "text",
    [
        "receivedDateTime ge '2024-01-01T00:00:00Z'",
        "isRead eq 'true'",
        "isRead eq 1",
        "subject eq true",
        "subject eq 5.5",
        "importance eq 2",
        "categories eq 'x'",
    ],
)
def test_values_of_another_type_are_refused(text: str) -> None:
    code, said = refusal(text)
    assert (code, "incompatible types" in said) == ("BadRequest", True)


@pytest.mark.parametrize("text", ["contains(isRead,'x')", "contains(subject,5)", "startswith(categories,'x')"])
def test_functions_take_text_only(text: str) -> None:
    assert refusal(text)[0] == "BadRequest"


def test_a_property_that_is_not_there_is_named() -> None:
    expected = "Could not find a property named 'shoeSize' on type 'microsoft.graph.message'."
    assert refusal("shoeSize eq 5") == ("BadRequest", expected)
    assert refusal("from/shoeSize eq 'x'") == ("BadRequest", expected)


@pytest.mark.parametrize(
    "text", ["createdDateTime ge 2024-01-01", "contains(body/content,'x')", "id eq 'x'", "startswith(bodyPreview,'x')"]
)
def test_some_properties_do_not_support_filtering(text: str) -> None:
    code, said = refusal(text)
    assert (code, said.endswith("does not support filtering.")) == ("ErrorInvalidProperty", True)


@pytest.mark.parametrize(
    "text",
    [
        "toRecipients/any(r:r/emailAddress/address eq 'x')",
        "tolower(subject) eq 'x'",
        "'x' eq subject",
        "categories/all(c:c eq 'x')",
        "categories/any(c:c ne 'x')",
        "from eq 'x'",
        "contains(conversationId,'x')",
    ],
)
def test_what_odata_has_and_exchange_does_not_is_refused(text: str) -> None:
    assert refusal(text)[0] == "ErrorInvalidUrlQueryFilter"


def test_unknown_values_and_functions_are_refused() -> None:
    assert "not a valid enumeration" in refusal("importance eq 'urgent'")[1]
    assert "unknown function" in refusal("matches(subject,'x')")[1]


def test_parentheses_go_only_so_deep() -> None:
    assert parse_filter("(" * DEEPEST + "isRead" + ")" * DEEPEST).matches(FLAGGED)
    for deeper in ("(" * (DEEPEST + 1) + "isRead" + ")" * (DEEPEST + 1), "not " * 10_000 + "isRead", "(" * 10_000):
        assert "Recursion depth" in refusal(deeper)[1]


@pytest.mark.parametrize(
    "text",
    [
        "isRead eq false" + " or isRead eq false" * 5_000,
        "subject eq '" + "''" * 50_000 + "'",
        "isRead eq false" + " " * 100_000,
    ],
)
def test_long_filters_take_no_longer_than_they_are(text: str) -> None:
    """What took quadratic time would need minutes."""
    began = time.process_time()
    parse_filter(text)
    with pytest.raises(GraphError):
        parse_filter(text + "'" + text)
    assert time.process_time() - began < 5


def test_neither_text_nor_values_are_in_its_repr() -> None:
    assert "secret" not in repr(parse_filter("subject eq 'secret'"))


Judge = Callable[[Message], bool]
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
TEXTS = st.text(st.sampled_from("aB' ,)(é"), max_size=4)
MOMENTS = st.datetimes(datetime(2024, 3, 5, 9), datetime(2024, 3, 5, 11), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
SIGNS = st.sampled_from(sorted(COMPARED))


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def of_subject(sign: str, value: str) -> tuple[str, Judge]:
    return f"subject {sign} {quoted(value)}", lambda it: COMPARED[sign](it.subject.lower(), value.lower())


def of_time(sign: str, value: datetime) -> tuple[str, Judge]:
    return f"receivedDateTime {sign} {value.isoformat()}", lambda it: COMPARED[sign](it.draft.received_at, value)


def containing(value: str) -> tuple[str, Judge]:
    return f"contains(subject,{quoted(value)})", lambda it: value.lower() in it.subject.lower()


def negated(inner: tuple[str, Judge]) -> tuple[str, Judge]:
    return f"not ({inner[0]})", lambda it: not inner[1](it)


def joined(left: tuple[str, Judge], word: str, right: tuple[str, Judge]) -> tuple[str, Judge]:
    both = {"and": lambda it: left[1](it) and right[1](it), "or": lambda it: left[1](it) or right[1](it)}
    return f"({left[0]}) {word} ({right[0]})", both[word]


LEAVES = st.builds(of_subject, SIGNS, TEXTS) | st.builds(of_time, SIGNS, MOMENTS) | st.builds(containing, TEXTS)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.builds(negated, inner) | st.builds(joined, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=6,
)


@given(FILTERS, TEXTS, MOMENTS)
def test_a_filter_says_what_its_parts_say(written: tuple[str, Judge], subject: str, received_at: datetime) -> None:
    text, judge = written
    seen = message(subject=subject, received_at=received_at)
    assert parse_filter(text).matches(seen) is judge(seen)


WORDS = st.sampled_from(
    [
        *(
            "and",
            "or",
            "not",
            "(",
            ")",
            "subject",
            "isRead",
            "eq",
            "ge",
            "'x'",
            "true",
            "null",
            "contains",
            ",",
            "/any",
        ),
        *("categories", "c:c", "from/emailAddress", "2024-01-01", "5", "'", "/", ":", "importance", "all", "x", "\0"),
    ]
)


@given(st.text() | st.lists(WORDS, max_size=12).map(" ".join) | st.lists(WORDS, max_size=12).map("".join))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    with suppress(GraphError):
        found = parse_filter(text)
        assert found.matches(USUAL) in {True, False}
        assert found.properties


def test_the_moment_of_receipt_is_what_the_examples_say() -> None:
    assert USUAL.draft.received_at == RECEIVED
