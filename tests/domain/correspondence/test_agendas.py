"""How an agenda stands, told in any order."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.correspondence.agendas import MEMBERS, Response, standing_of
from domain.correspondence.email_info import EmailInfo
from domain.correspondence.vocabulary import DecisionStatus, MailType, SenderType
from tests.domain.correspondence.made_mail import SENT_AT

JUNE, JULY = date(2025, 6, 14), date(2025, 7, 1)


def at(hours: int) -> datetime:
    return SENT_AT + timedelta(hours=hours)


def from_chair(hours: int, status: DecisionStatus | None, deadline: date | None = None) -> EmailInfo:
    mail_type = MailType.COMPLETED if status is DecisionStatus.DECISION else MailType.REQUEST
    return EmailInfo(
        sent_time=at(hours),
        received_time=at(hours),
        has_attachments=False,
        sender_type=SenderType.CHAIR,
        mail_type=mail_type,
        decision_status=status,
        deadline=deadline,
    )


def response(hours: int, society: str, version: str | None = "a") -> EmailInfo:
    return EmailInfo(
        sent_time=at(hours),
        received_time=at(hours + 1),
        has_attachments=False,
        sender_type=SenderType.MEMBER,
        sender_organization=society,
        mail_type=MailType.RESPONSE,
        decision_status=DecisionStatus.COMMENT,
        response_org=society,
        response_version=version,
    )


OPENED = from_chair(0, DecisionStatus.CREATED, JUNE)
everybody = tuple(response(hours, society) for hours, society in enumerate(sorted(MEMBERS), 1))
infos = st.one_of(
    st.builds(
        from_chair, st.integers(0, 99), st.none() | st.sampled_from(DecisionStatus), st.sampled_from([None, JUNE, JULY])
    ),
    st.builds(response, st.integers(0, 99), st.sampled_from(sorted(MEMBERS)), st.none() | st.sampled_from("abc")),
)


def test_nothing_is_known_of_an_agenda_without_mails() -> None:
    standing = standing_of([])
    assert (standing.status, standing.deadline, standing.latest, standing.missing) == (None, None, {}, MEMBERS)


def test_an_agenda_is_created_and_commented() -> None:
    assert standing_of([OPENED]).status is DecisionStatus.CREATED
    assert standing_of([OPENED, response(1, "KR")]).status is DecisionStatus.COMMENT


def test_it_is_consolidated_once_every_member_has_responded() -> None:
    assert standing_of([OPENED, *everybody[:-1]]).status is DecisionStatus.COMMENT
    assert standing_of([OPENED, *everybody]).status is DecisionStatus.CONSOLIDATED
    assert standing_of([OPENED, from_chair(1, DecisionStatus.CONSOLIDATED)]).status is DecisionStatus.CONSOLIDATED


def test_a_response_moves_nothing_backwards() -> None:
    decided = from_chair(9, DecisionStatus.DECISION)
    assert standing_of([OPENED, decided, response(10, "KR"), *everybody]).status is DecisionStatus.DECISION


def test_later_versions_supersede_and_none_is_discarded() -> None:
    standing = standing_of([response(5, "KR", "b"), response(9, "KR", "a"), response(1, "KR", None), response(2, "LR")])
    assert standing.latest["KR"] == Response(organization="KR", version="b", at=at(5))
    assert [(each.organization, each.version) for each in standing.responses] == [
        *(("KR", ""), ("KR", "a"), ("KR", "b"), ("LR", "a"))
    ]
    assert standing.missing == MEMBERS - {"KR", "LR"}


def test_the_same_mail_in_several_mailboxes_is_one_response() -> None:
    assert standing_of([response(1, "KR"), response(1, "KR")]) == standing_of([response(1, "KR")])


def test_a_later_mail_without_a_deadline_leaves_it() -> None:
    reminder = from_chair(5, None)
    assert standing_of([OPENED, reminder]).deadline == JUNE
    assert standing_of([OPENED, reminder, from_chair(6, None, JULY)]).deadline == JULY
    assert standing_of([from_chair(6, None, JUNE), from_chair(2, DecisionStatus.CREATED, JULY)]).deadline == JUNE


@given(st.lists(infos, max_size=12).flatmap(lambda mails: st.tuples(st.just(mails), st.permutations(mails))))
def test_the_order_of_telling_does_not_matter(orders: tuple[Sequence[EmailInfo], Sequence[EmailInfo]]) -> None:
    one, other = orders
    assert standing_of(one) == standing_of(other)


@given(st.lists(infos, max_size=12), infos)
def test_nothing_is_forgotten(mails: Sequence[EmailInfo], further: EmailInfo) -> None:
    before = standing_of(mails)
    after = before.after(further)
    order = [None, *DecisionStatus]
    assert order.index(after.status) >= order.index(before.status)
    assert set(after.responses) >= set(before.responses)
    assert after.missing <= before.missing
    assert before.deadline is None or after.deadline is not None
    assert after.after(further) == after
