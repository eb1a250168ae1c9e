"""How query options other than `$filter` and `$search` are read."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.odata_options import (
    Expanded,
    parse_expand,
    parse_number,
    parse_order_by,
    parse_select,
    parse_truth,
    read_options,
    sort,
)
from tests.modules.simulator.mail.one_message import RECEIVED, message

NAMES = ["id", "subject", "receivedDateTime"]


def code(error: pytest.ExceptionInfo[GraphError]) -> tuple[int, str]:
    return error.value.status, error.value.code


def test_names_are_read_in_any_case_and_others_are_left_alone() -> None:
    found = read_options([("$Top", "5"), ("top", "7"), ("$filter", "x"), ("api", "y")])
    assert found == {"$top": "5", "$filter": "x"}


def test_an_option_comes_once() -> None:
    with pytest.raises(GraphError, match="BadRequest") as caught:
        read_options([("$top", "5"), ("$TOP", "5")])
    assert "more than once" in caught.value.message


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(GraphError) as caught:
        read_options([("$compute", "x")])
    assert code(caught) == (400, "RequestBroker--ParseUri")


def test_numbers_have_bounds() -> None:
    assert [parse_number("$top", text, 1, 1000) for text in ("1", " 20 ", "1000")] == [1, 20, 1000]


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "0", "1001", "9" * 5000, "\N{ARABIC-INDIC DIGIT FIVE}", "0x5"])
def test_what_is_no_number_in_the_bounds_is_refused(text: str) -> None:
    with pytest.raises(GraphError) as caught:
        parse_number("$top", text, 1, 1000)
    assert caught.value.status == 400


def test_count_is_true_or_false() -> None:
    assert [parse_truth("$count", text) for text in ("true", "False")] == [True, False]
    with pytest.raises(GraphError):
        parse_truth("$count", "yes")


def test_messages_are_sorted_by_each_property_in_its_direction() -> None:
    sent = [
        message(subject=subject, received_at=RECEIVED + timedelta(hours=hour))
        for subject, hour in (("b", 1), ("A", 2), ("B", 3), ("a", 4))
    ]
    orders = parse_order_by("subject, receivedDateTime DESC")
    assert [(each.path, each.descending) for each in orders] == [("subject", False), ("receivedDateTime", True)]
    assert [each.subject for each in sort(sent, orders)] == ["a", "A", "B", "b"]
    assert [each.subject for each in sort(sent, parse_order_by("subject desc"))] == ["b", "B", "A", "a"]


def test_without_a_sender_comes_first() -> None:
    sent = [message(), message(sender=None)]
    assert sort(sent, parse_order_by("from/emailAddress/address")) == sent[::-1]


@pytest.mark.parametrize("text", ["", "subject up", "subject desc asc", ",subject", "subject;isRead"])
def test_nonsense_is_no_order(text: str) -> None:
    with pytest.raises(GraphError, match="BadRequest"):
        parse_order_by(text)


def test_nothing_is_sorted_by_what_is_a_collection_or_a_body() -> None:
    for path in ("toRecipients", "body", "categories", "flag/flagStatus", "from"):
        with pytest.raises(GraphError, match="ErrorInvalidProperty"):
            parse_order_by(path)


def test_selected_names_are_spelt_as_graph_does_and_come_once() -> None:
    assert parse_select("Subject, id,subject", NAMES) == ("subject", "id")


@pytest.mark.parametrize("text", ["", "id,", "id;subject", "shoeSize", "id subject"])
def test_what_is_not_there_cannot_be_selected(text: str) -> None:
    with pytest.raises(GraphError) as caught:
        parse_select(text, NAMES)
    assert code(caught) == (400, "BadRequest")
    assert "Could not find a property named" in caught.value.message


def test_a_relationship_comes_with_options_of_its_own() -> None:
    assert parse_expand("attachments", ["attachments"]) == (Expanded("attachments"),)
    found = parse_expand("Attachments($Select=id, name;$expand=x($top=1)), b", ["attachments", "b"])
    assert found == (Expanded("attachments", {"$select": "id, name", "$expand": "x($top=1)"}), Expanded("b"))


@pytest.mark.parametrize(
    "text",
    [
        *("", "shoes", "attachments(", "attachments)", "attachments($top=1", "attachments($top=1))", ")("),
        *("attachments($top=1;$top=2)", "attachments($shoes=1)", "attachments($top=1)x", "attachments,"),
    ],
)
def test_what_is_not_a_relationship_is_refused(text: str) -> None:
    with pytest.raises(GraphError) as caught:
        parse_expand(text, ["attachments"])
    assert caught.value.status == 400


@given(st.text() | st.text(st.sampled_from("a,;()$= "), max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (
        parse_order_by,
        lambda it: parse_select(it, ["a"]),
        lambda it: parse_expand(it, ["a"]),
        lambda it: parse_number("$top", it),
        lambda it: parse_truth("$count", it),
    ):
        with suppress(GraphError):
            read(text)
