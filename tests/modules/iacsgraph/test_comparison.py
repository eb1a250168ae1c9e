"""Whatever is told otherwise than it is, the comparison names it."""

from datetime import UTC, date, datetime
from typing import Any

import attrs
import pytest

from domain.account import AccountId
from domain.correspondence.agendas import Response, Standing, StatedDeadline
from domain.correspondence.vocabulary import DecisionStatus
from domain.mail_sync import MailId, mail_id_of
from modules.iacsgraph.comparison import (
    OF_MESSAGE,
    OF_TRUTH,
    USER_ID,
    Comparison,
    Difference,
    Known,
    compare,
    compare_agendas,
    read_known,
)

FIRST, COPY, UNWANTED = MailId("first"), MailId("copy"), MailId("unwanted")
AGENDA = {
    "agenda_code": "PL25006_IRa",
    "agenda_base_version": "PL25006",
    "mail_type": "RESPONSE",
    "response_org": "IRS",
    "decision_status": "comment",
}
NOTHING: dict[str, Any] = dict.fromkeys((*OF_TRUTH, *OF_MESSAGE, USER_ID))


def known(message: str, dropped: str | None = None, **expected: object) -> Known:
    return Known(internet_message_id=message, expected={**NOTHING, **AGENDA, **expected}, dropped=dropped)


KNOWN = {FIRST: known("<1>"), COPY: known("<1>"), UNWANTED: known("<2>", dropped="newsletter", agenda_code=None)}
TOLD = {FIRST: {**NOTHING, **AGENDA, "duplicate_of": None}, COPY: {**NOTHING, **AGENDA, "duplicate_of": FIRST}}
DROPPED = {UNWANTED: "newsletter"}


def fields(comparison: Comparison) -> list[tuple[str, str | None]]:
    return [(each.field, each.mail_id) for each in comparison.differences]


def test_where_everything_is_as_it_is_there_is_no_difference() -> None:
    found = compare(KNOWN, TOLD, DROPPED)
    assert found == Comparison(mails=3, fields=3 + 2 + 2 * len(NOTHING), differences=[])


@pytest.mark.parametrize(
    "name", ["sender", "sender_address", "web_link", "has_body", "body_truncated", "user_id", "deadline"]
)
def test_what_people_rely_on_is_among_the_fields(name: str) -> None:
    assert name in NOTHING


@pytest.mark.parametrize("name", NOTHING)
def test_every_field_is_looked_at(name: str) -> None:
    told = {**TOLD, FIRST: {**TOLD[FIRST], name: "something else"}}
    found = compare(KNOWN, told, DROPPED)
    assert fields(found) == [(name, FIRST)]
    assert found.differences[0].subject_code == "PL25006_IRa"
    assert found.differences[0].got == "something else"


def test_white_space_in_a_subject_is_no_difference() -> None:
    spread = {**KNOWN, FIRST: known("<1>", subject="Re:  a\u3000b ")}
    assert fields(compare(spread, {**TOLD, FIRST: {**TOLD[FIRST], "subject": "Re: a b"}}, DROPPED)) == []


def test_a_mail_that_nobody_was_told_of_is_a_difference() -> None:
    found = compare(KNOWN, {FIRST: TOLD[FIRST]}, DROPPED)
    assert found.differences == [
        Difference(field="result", expected="announced", got="nothing", subject_code="PL25006_IRa", mail_id=COPY)
    ]


@pytest.mark.parametrize(
    ("dropped", "got"),
    [
        ({}, "nothing"),
        ({UNWANTED: "no_reply"}, "dropped: no_reply"),
        ({**DROPPED, FIRST: "newsletter"}, "announced and dropped: newsletter"),
        ({**DROPPED, MailId("made up"): "newsletter"}, "dropped: newsletter"),
    ],
)
def test_what_was_dropped_otherwise_is_a_difference(dropped: dict[MailId, str], got: str) -> None:
    (difference,) = compare(KNOWN, TOLD, dropped).differences
    assert (difference.field, difference.got) == ("result", got)


def test_a_mail_that_is_not_there_is_a_difference() -> None:
    made_up = MailId("made up")
    assert fields(compare(KNOWN, {**TOLD, made_up: TOLD[FIRST]}, DROPPED)) == [("result", made_up)]


@pytest.mark.parametrize(
    ("first", "copy", "wrong"),
    [
        (None, None, [COPY]),
        (FIRST, FIRST, [FIRST, COPY]),
        (None, UNWANTED, [COPY]),
    ],
)
def test_of_copies_one_is_the_first_and_the_others_name_it(
    first: MailId | None, copy: MailId | None, wrong: list[MailId]
) -> None:
    told = {FIRST: {**TOLD[FIRST], "duplicate_of": first}, COPY: {**TOLD[COPY], "duplicate_of": copy}}
    found = compare(KNOWN, told, DROPPED)
    assert len(found.differences) == len(wrong)
    assert {each.field for each in found.differences} == {"duplicate_of"}


LATER = datetime(2025, 2, 1, tzinfo=UTC)
RESPONDED = Standing(
    stated=DecisionStatus.COMMENT, responses=(Response(organization="IRS", at=datetime(2025, 1, 1, tzinfo=UTC)),)
)


def test_an_agenda_stands_as_its_mails_say() -> None:
    assert compare_agendas(KNOWN, {"PL25006": RESPONDED}).differences == []


@pytest.mark.parametrize(
    ("standing", "wrong"),
    [
        (attrs.evolve(RESPONDED, stated=DecisionStatus.DECISION), ["status"]),
        (attrs.evolve(RESPONDED, responses=()), ["responded"]),
        (attrs.evolve(RESPONDED, stated_deadline=StatedDeadline(at=LATER, deadline=date(2025, 3, 1))), ["deadline"]),
        (Standing(), ["responded", "status"]),
    ],
)
def test_an_agenda_that_is_said_to_stand_otherwise_is_a_difference(standing: Standing, wrong: list[str]) -> None:
    found = compare_agendas(KNOWN, {"PL25006": standing})
    assert [each.field for each in found.differences] == wrong
    assert {each.subject_code for each in found.differences} == {"PL25006"}


REQUESTED = {"sender_type": "CHAIR", "mail_type": "REQUEST", "response_org": None}
ASKED = {
    MailId("third"): known("<3>", **REQUESTED, sent_time="2025-01-03T00:00:00.000000Z"),
    MailId("second"): known("<2>", **REQUESTED, sent_time="2025-01-02T00:00:00.000000Z", deadline="2025-03-01"),
    MailId("first"): known("<1>", **REQUESTED, sent_time="2025-01-01T00:00:00.000000Z", deadline="2025-04-01"),
    MailId("member's"): known("<4>", sent_time="2025-01-04T00:00:00.000000Z", deadline="2025-05-01"),
    MailId("unwanted"): known(
        "<5>", "newsletter", **REQUESTED, sent_time="2025-01-05T00:00:00.000000Z", deadline="2025-06-01"
    ),
}


@pytest.mark.parametrize(
    ("stated", "wrong"),
    [
        (date(2025, 3, 1), []),
        (date(2025, 4, 1), ["deadline"]),
        (date(2025, 5, 1), ["deadline"]),
        (date(2025, 6, 1), ["deadline"]),
        (None, ["deadline"]),
    ],
)
def test_an_agendas_deadline_is_the_one_that_the_chair_stated_last(stated: date | None, wrong: list[str]) -> None:
    standing = attrs.evolve(
        RESPONDED, stated_deadline=None if stated is None else StatedDeadline(at=LATER, deadline=stated)
    )
    found = compare_agendas(ASKED, {"PL25006": standing})
    assert [each.field for each in found.differences] == wrong
    assert [(each.expected, each.got) for each in found.differences] == [
        ("2025-03-01", stated and stated.isoformat()) for _ in wrong
    ]
    assert found.fields == 3


def test_an_agenda_that_nobody_wrote_about_is_a_difference() -> None:
    assert [each.subject_code for each in compare_agendas({}, {"PL25006": RESPONDED}).differences] == ["PL25006"] * 2


def test_mail_of_folders_that_are_left_out_is_not_expected() -> None:
    truth = {**dict.fromkeys(OF_TRUTH.values()), "internet_message_id": "<1>", "unwanted_because": None}
    here = {"mailbox": "kim@x", "id": "A", "within": ["inbox", "msgfolderroot"], "truth": truth, **NOTHING}
    left_out = {**here, "id": "B", "within": ["sub", "junkemail", "msgfolderroot"]}
    found = read_known([here, left_out], {"kim": AccountId("1")}, ["junkemail"])
    assert found.keys() == {mail_id_of(AccountId("1"), "A")}
    (expected,) = (each.expected for each in found.values())
    assert expected["user_id"] == "kim"


@pytest.mark.parametrize("name", OF_MESSAGE)
def test_what_is_known_of_a_message_is_expected(name: str) -> None:
    truth = {**dict.fromkeys(OF_TRUTH.values()), "internet_message_id": "<1>", "unwanted_because": None}
    document = {"mailbox": "kim@x", "id": "A", "within": ["inbox"], "truth": truth, **NOTHING, name: "its own"}
    (found,) = read_known([document], {"kim": AccountId("1")}, []).values()
    assert found.expected == {**NOTHING, "user_id": "kim", name: "its own"}
