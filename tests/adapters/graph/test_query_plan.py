"""How filters are asked of Graph: what the server must be asked for, and what is left to be judged here."""

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import example, given

from adapters.graph.query_plan import QueryPlan, plan
from domain.mail import Importance
from domain.mail_filter import MailFilter
from modules.simulator.mail.content import Draft
from modules.simulator.mail.kql import parse_kql
from modules.simulator.mail.mailbox import Message
from modules.simulator.mail.odata_filter import parse_filter
from modules.simulator.mail.odata_options import parse_order_by
from modules.simulator.mail.restrictions import check
from tests.adapters.graph.letter_boxes import delivered
from tests.contracts.letters import DRAFTS, NOON, draft, filters, mail_of
from tests.contracts.properties import QUICK

NEWEST_FIRST = "receivedDateTime desc"
ALWAYS = "receivedDateTime ge 1900-01-01T00:00:00Z"
TICK = timedelta(microseconds=1)


def _plan(**conditions: Any) -> QueryPlan:  # noqa: ANN401 - the fields of a filter
    return plan(MailFilter(**conditions))


def _server(options: dict[str, str], message: Message) -> bool:
    """Judge a message as the simulator does. Raises: GraphError for options that Graph refuses."""
    assert options.keys() <= {"$filter", "$orderby", "$search"}
    where = parse_filter(options["$filter"]) if "$filter" in options else None
    orders = parse_order_by(options["$orderby"]) if "$orderby" in options else ()
    search = parse_kql(options["$search"]) if "$search" in options else None
    check(where, orders, search)
    return (where is None or where.matches(message)) and (search is None or search.matches(message))


@pytest.mark.parametrize(
    ("conditions", "where"),
    [
        ({}, None),
        ({"folder_id": "f"}, None),
        ({"unread": True}, f"{ALWAYS} and isRead eq false"),
        ({"unread": False}, f"{ALWAYS} and isRead eq true"),
        ({"has_attachments": False}, f"{ALWAYS} and hasAttachments eq false"),
        ({"importance": Importance.LOW}, f"{ALWAYS} and importance eq 'low'"),
        ({"sender": "o'neil@a"}, f"{ALWAYS} and from/emailAddress/address eq 'o''neil@a'"),
        ({"since": NOON}, "receivedDateTime ge 2024-05-01T12:00:00Z"),
        ({"before": NOON, "unread": True}, "receivedDateTime lt 2024-05-01T12:00:00Z and isRead eq false"),
        (
            {"since": NOON, "before": NOON + TICK},
            "receivedDateTime ge 2024-05-01T12:00:00Z and receivedDateTime lt 2024-05-01T12:00:01Z",
        ),
        ({"since": NOON + TICK}, "receivedDateTime ge 2024-05-01T12:00:00Z"),
    ],
)
def test_what_the_server_can_sort_comes_newest_first(conditions: dict[str, Any], where: str | None) -> None:
    made = _plan(**conditions)
    assert made.options == {**({"$filter": where} if where else {}), "$orderby": NEWEST_FIRST}
    assert (made.ordered, made.searched) == (True, False)


@pytest.mark.parametrize(
    ("conditions", "where"),
    [
        ({"subject": "50% & more"}, "contains(subject,'50% & more')"),
        (
            {"sender": "kim"},
            "(contains(from/emailAddress/address,'kim') or contains(from/emailAddress/name,'kim'))",
        ),
        (
            {"subject": "a", "since": NOON, "sender": "k@y"},
            "receivedDateTime ge 2024-05-01T12:00:00Z and from/emailAddress/address eq 'k@y' and contains(subject,'a')",
        ),
    ],
)
def test_what_is_sought_inside_texts_comes_in_any_order(conditions: dict[str, Any], where: str) -> None:
    made = _plan(**conditions)
    assert made.options == {"$filter": where}
    assert (made.ordered, made.searched) == (False, False)


@pytest.mark.parametrize(
    ("conditions", "search"),
    [
        ({"phrases": ("hull survey", "선체")}, '"hull survey" AND "선체"'),
        ({"recipient": "o'neil+a@b.example"}, 'recipients:"o\'neil+a@b.example"'),
        ({"phrases": ("a",), "sender": "k@y", "subject": "b", "unread": True}, '"a" AND from:"k@y"'),
        ({"phrases": ("a",), "sender": "kim", "recipient": "kim"}, '"a"'),
        (
            {"phrases": ("a",), "since": NOON, "before": NOON + TICK},
            '"a" AND received>=2024-04-30 AND received<=2024-05-03',
        ),
        (
            {"phrases": ("a",), "has_attachments": True, "importance": Importance.HIGH},
            '"a" AND hasAttachment:true AND importance:high',
        ),
        ({"phrases": ("a",), "has_attachments": False, "importance": Importance.NORMAL}, '"a"'),
        ({"phrases": ("a",), "folder_id": "f"}, '"a"'),
    ],
)
def test_phrases_and_recipients_are_searched_for(conditions: dict[str, Any], search: str) -> None:
    made = _plan(**conditions)
    escaped = search.replace('"', '\\"')
    assert made.options == {"$search": f'"{escaped}"'}
    assert (made.ordered, made.searched) == (False, True)
    assert made.residual is not None


@pytest.mark.parametrize("recipient", ["kim", "kim@", "선체@yard.example", 'a"b@c', "a*b@c"])
def test_a_recipient_that_words_cannot_say_is_sought_here(recipient: str) -> None:
    made = _plan(recipient=recipient, unread=True)
    assert made.options == {"$filter": f"{ALWAYS} and isRead eq false", "$orderby": NEWEST_FIRST}
    assert made.ordered
    assert made.residual is not None
    assert not made.residual(mail_of(draft(), "m", "f"))


def test_nothing_is_left_where_the_server_judges_exactly() -> None:
    exact = _plan(since=NOON, before=NOON + timedelta(hours=1), unread=True, has_attachments=True, folder_id="f")
    assert exact.residual is None
    assert exact.folder_id == "f"


@pytest.mark.parametrize("conditions", [{"since": NOON + TICK}, {"before": NOON + TICK}])
def test_parts_of_a_second_are_judged_here(conditions: dict[str, Any]) -> None:
    assert _plan(**conditions).residual is not None


def test_a_folder_may_be_asked_for_by_its_well_known_name() -> None:
    """The mails in it then have another folder id."""
    made = _plan(folder_id="inbox", subject="letter")
    assert made.folder_id == "inbox"
    assert made.residual is not None
    assert made.residual(mail_of(draft(), "m", "AQMkAD"))


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 30, 23, tzinfo=UTC),
    ],
)
def test_the_ends_of_time_can_be_asked_for(moment: datetime) -> None:
    for since, before in ((moment, None), (None, moment)):
        for phrases in ((), ("letter",)):
            mail_filter = MailFilter(since=since, before=before, phrases=phrases)
            assert _is_found(mail_filter, draft()) == mail_filter.matches(mail_of(draft(), "m", "f"))


@given(mail_filter=filters(), letter=DRAFTS)
@example(mail_filter=MailFilter(recipient='"kim lee"@yard.example'), letter=draft())
@QUICK
def test_server_and_residual_together_let_through_what_the_filter_does(mail_filter: MailFilter, letter: Draft) -> None:
    """And the server never refuses to be asked so."""
    assert _is_found(mail_filter, letter) == mail_filter.matches(mail_of(letter, "m", "f"))


def _is_found(mail_filter: MailFilter, letter: Draft) -> bool:
    made = plan(mail_filter)
    judged = _server(dict(made.options), delivered(letter))
    return judged and (made.residual is None or made.residual(mail_of(letter, "m", "f")))


def test_no_representation_shows_what_a_person_asks_for() -> None:
    assert "canary" not in repr(_plan(phrases=("canary",)).options.keys())
    assert "canary" not in f"{attrs.evolve(_plan(subject='canary'), residual=None)!r}"
