"""What consumers of events were told, beside what the makers of the mail know: mail by mail, field by field."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from domain.account import AccountId
from domain.correspondence.agendas import MEMBERS, Standing
from domain.correspondence.vocabulary import DecisionStatus, MailType, SenderType
from domain.mail_sync import MailId, mail_id_of

OF_TRUTH: Final = {
    **{
        name: name
        for name in (
            *("agenda_code", "agenda_base", "agenda_version", "agenda_base_version", "response_org"),
            *("response_version", "sender_type", "sender_organization", "mail_type", "decision_status", "urgency"),
            *("deadline", "is_reply", "is_forward", "is_auto_reply", "references"),
        )
    },
    "agenda_panel": "panel",
    "agenda_year": "year",
    "agenda_number": "number",
}
"""Members of `event_info` that are found out, with what the generator calls them."""
OF_MESSAGE: Final = (
    *("subject", "sender", "sender_address", "sent_time", "received_time", "has_attachments", "web_link"),
    *("has_body", "body_truncated"),
)
"""Members that are taken over from the message; of the body, whether there is one and whether it is cut."""
USER_ID: Final = "user_id"
"""Whose mailbox it is in."""
RESULT, RESPONDED, STATUS, DEADLINE, DUPLICATE = "result", "responded", "status", "deadline", "duplicate_of"
_ORDER: Final = [each.value for each in DecisionStatus]


@attrs.frozen(kw_only=True)
class Known:
    """What is true about a mail. `dropped` is why it is unwanted; None: it is to be announced."""

    internet_message_id: str
    expected: Mapping[str, object] = attrs.field(repr=False)
    dropped: str | None

    @property
    def label(self) -> str:
        """Return the code in its subject."""
        return str(self.expected["agenda_code"] or "no code")

    @property
    def result(self) -> str:
        return "announced" if self.dropped is None else f"dropped: {self.dropped}"


@attrs.frozen(kw_only=True)
class Difference:
    """A field that is told otherwise than it is. `subject_code` is the mail's, or the agenda's."""

    field: str
    expected: object
    got: object
    subject_code: str
    mail_id: str | None = None


@attrs.frozen(kw_only=True)
class Comparison:
    """How much was compared, and what was not alike."""

    mails: int
    fields: int
    differences: Sequence[Difference]


def read_known(
    document: Sequence[Mapping[str, Any]], account_ids: Mapping[str, AccountId], excluded: Sequence[str]
) -> dict[MailId, Known]:
    """Return what is known of each mail that is to be synced; `account_ids` by user id, `excluded` are folders."""
    return {
        mail_id_of(account_ids[_user_id(each)], each["id"]): _known(each)
        for each in document
        if not {*each["within"]} & {*excluded}
    }


def compare(
    known: Mapping[MailId, Known], received: Mapping[MailId, Mapping[str, Any]], dropped: Mapping[MailId, str]
) -> Comparison:
    """Compare the announced (`event_info` by mail) and the dropped (reasons) with what is known."""
    differences, fields = [], 0
    for mail_id in {**known, **dict.fromkeys(received), **dict.fromkeys(dropped)}:
        each = known.get(mail_id)
        got = _result(mail_id, received, dropped)
        expected = "nothing" if each is None else each.result
        label = "unknown" if each is None else each.label
        fields += 1
        if got != expected:
            wrong = Difference(field=RESULT, expected=expected, got=got, subject_code=label, mail_id=mail_id)
            differences.append(wrong)
        if each is not None and mail_id in received:
            fields += len(each.expected)
            differences += _differences(mail_id, each, received[mail_id])
    copies = list(_wrong_copies(known, received))
    return Comparison(
        mails=len(known), fields=fields + len(known.keys() & received.keys()), differences=[*differences, *copies]
    )


def compare_agendas(known: Mapping[MailId, Known], standings: Mapping[str, Standing]) -> Comparison:
    """Compare how agendas are said to stand with what their mails say: who has responded, how far, until when."""
    mails: dict[str, list[Mapping[str, object]]] = defaultdict(list)
    for each in known.values():
        agenda = each.expected["agenda_base_version"]
        if each.dropped is None and isinstance(agenda, str):
            mails[agenda].append(each.expected)
    differences, agendas = [], {**mails, **standings}
    for agenda in agendas:
        expected, got = _stands(mails.get(agenda, [])), _said(standings.get(agenda, Standing()))
        differences += [
            Difference(field=name, expected=expected[name], got=got[name], subject_code=agenda)
            for name in expected
            if expected[name] != got[name]
        ]
    return Comparison(mails=len(mails), fields=3 * len(agendas), differences=differences)


def _stands(mails: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Return how an agenda stands, by what is true about its mails."""
    responses = (each["response_org"] for each in mails if each["mail_type"] == MailType.RESPONSE)
    answers = {organization for organization in responses if organization is not None}
    far = max((_ORDER.index(str(each["decision_status"])) for each in mails if each["decision_status"]), default=None)
    if answers >= MEMBERS:
        far = max(far or 0, _ORDER.index(DecisionStatus.CONSOLIDATED))
    stated = (
        (str(each["sent_time"] or each["received_time"]), str(each["deadline"]))
        for each in mails
        if each["deadline"] is not None and each["sender_type"] == SenderType.CHAIR
    )
    return {
        RESPONDED: sorted(map(str, answers)),
        STATUS: None if far is None else _ORDER[far],
        DEADLINE: max(stated, default=(None, None))[1],
    }


def _said(standing: Standing) -> dict[str, object]:
    """Return how it is said to stand."""
    deadline = standing.deadline
    return {
        RESPONDED: sorted(standing.latest),
        STATUS: standing.status,
        DEADLINE: None if deadline is None else deadline.isoformat(),
    }


def _user_id(each: Mapping[str, Any]) -> str:
    return str(each["mailbox"]).partition("@")[0]


def _known(each: Mapping[str, Any]) -> Known:
    truth = each["truth"]
    expected = {name: truth[of_truth] for name, of_truth in OF_TRUTH.items()}
    return Known(
        internet_message_id=truth["internet_message_id"],
        expected={**expected, **{name: each[name] for name in OF_MESSAGE}, USER_ID: _user_id(each)},
        dropped=truth["unwanted_because"],
    )


def _result(mail_id: MailId, received: Mapping[MailId, Mapping[str, Any]], dropped: Mapping[MailId, str]) -> str:
    told = ["announced"] if mail_id in received else []
    told += [f"dropped: {dropped[mail_id]}"] if mail_id in dropped else []
    return " and ".join(told) or "nothing"


def _differences(mail_id: MailId, known: Known, info: Mapping[str, Any]) -> Iterator[Difference]:
    for name, expected in known.expected.items():
        if _plain(name, info.get(name)) != _plain(name, expected):
            yield Difference(
                field=name, expected=expected, got=info.get(name), subject_code=known.label, mail_id=mail_id
            )


def _plain(name: str, value: object) -> object:
    """White space in a subject is no news."""
    return " ".join(str(value or "").split()) if name == "subject" else value


def _wrong_copies(known: Mapping[MailId, Known], received: Mapping[MailId, Mapping[str, Any]]) -> Iterator[Difference]:
    """Of all mails with one internetMessageId, one was the first, and the others name it."""
    copies: dict[str, list[MailId]] = defaultdict(list)
    for mail_id in received.keys() & known.keys():
        copies[known[mail_id].internet_message_id].append(mail_id)
    for ids in copies.values():
        named = {mail_id: received[mail_id][DUPLICATE] for mail_id in ids}
        first = next((mail_id for mail_id, original in named.items() if original is None), None)
        for mail_id, got in named.items():
            expected = None if mail_id == first else first
            if first is None or got != expected:
                label = known[mail_id].label
                yield Difference(field=DUPLICATE, expected=expected, got=got, subject_code=label, mail_id=mail_id)
