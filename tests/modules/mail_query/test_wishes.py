"""From the command line to the question."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import ValidationError
from domain.mail import Importance, MailPart
from domain.mail_filter import MailFilter
from modules.mail_query.cli import FIELD_NAMES
from modules.mail_query.fields import FIELDS
from modules.mail_query.wishes import UnfitOptionError, Wishes, wishes
from tests.modules.mail_query.desk import NOON, SEOUL, options


def wished(*users: str, **given: Any) -> Wishes:  # noqa: ANN401 - of QueryOptions
    return wishes(options(*users, **given), NOON, SEOUL)


def names(found: Wishes) -> list[str]:
    return [field.name for field in found.fields]


def test_without_options_everything_is_asked_for() -> None:
    found = wished("kim")
    assert found.question.mail_filter == MailFilter()
    assert (found.question.folder, found.question.newest, found.question.parts) == (None, None, frozenset())


def test_every_option_is_a_condition() -> None:
    found = wished(
        "kim",
        since="2026-02-01",
        until="2026-02-28",
        sender=" park@office.example ",
        recipient="team",
        subject="invoice",
        search='"red car" blue',
        unread=True,
        has_attachments=False,
        importance="high",
        folder=" Inbox/Projects ",
        top=10,
    )
    assert found.question.mail_filter == MailFilter(
        since=datetime(2026, 1, 31, 15, tzinfo=UTC),
        before=datetime(2026, 2, 28, 15, tzinfo=UTC),
        sender="park@office.example",
        recipient="team",
        subject="invoice",
        phrases=("red car", "blue"),
        unread=True,
        has_attachments=False,
        importance=Importance.HIGH,
    )
    assert (found.question.folder, found.question.newest) == ("Inbox/Projects", 10)


def test_a_single_day_is_a_day_long() -> None:
    found = wished("kim", since="2026-02-01", until="2026-02-01").question.mail_filter
    assert found.since is not None
    assert found.before is not None
    assert (found.before - found.since).days == 1


def test_the_user_is_a_column_if_there_are_several() -> None:
    assert "user" not in names(wished("kim"))
    assert "user" not in names(wished("kim", "kim"))
    assert names(wished("kim", "lee"))[0] == "user"
    everybody = wished()
    assert names(everybody)[0] == "user"
    assert everybody.users is None


def test_programs_get_all_that_costs_nothing_and_sheets_a_choice() -> None:
    for form in ("json", "csv"):
        found = wished("kim", form=form)
        assert found.question.parts == frozenset()
        assert not found.question.with_folders
        assert {"user", "id", "subject", "received"} <= set(names(found))


@pytest.mark.parametrize(
    ("select", "parts"),
    [
        ("subject", set()),
        ("body", {MailPart.BODY}),
        ("text subject", {MailPart.TEXT_BODY}),
        ("headers,attachments", {MailPart.HEADERS, MailPart.ATTACHMENTS}),
    ],
)
def test_only_what_is_selected_is_fetched(select: str, parts: set[MailPart]) -> None:
    assert wished("kim", select=select).question.parts == parts


def test_folders_are_asked_for_only_if_their_names_are_selected() -> None:
    assert wished("kim", select="folder").question.with_folders
    assert not wished("kim", select="folder_id").question.with_folders


def test_the_help_names_every_field_in_their_order() -> None:
    assert [name.strip() for name in FIELD_NAMES.split(",")] == list(FIELDS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"since": "soon"}, "--since: 'soon' is not a date"),
        ({"until": ""}, "--until"),
        ({"search": '"a'}, "--search: leaves a quotation mark open"),
        ({"select": "subjct,id"}, "'subjct' is no field; there are: user, received"),
        ({"select": " "}, "nothing is no field"),
        ({"select": "body,text"}, "choose one"),
        ({"sender": " "}, "--from is empty"),
        ({"folder": ""}, "--folder is empty"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_option(given: dict[str, str], said: str) -> None:
    with pytest.raises(UnfitOptionError) as caught:
        wished("kim", **given)
    assert said in str(caught.value)


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="must be before"):
        wished("kim", since="1d", until="2d")
