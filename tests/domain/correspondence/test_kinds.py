"""The table of kinds, row by row."""

import pytest

from domain.correspondence.email_info import EmailInfo
from domain.correspondence.vocabulary import MULTILATERAL, DecisionStatus, MailType, SenderType
from tests.domain.correspondence.made_mail import CHAIR, KR, SOMEBODY, judged

LR, SECRETARIAT = "gareth.pike@lr.org", "sdt@iacs.org.uk"

Outcome = tuple[MailType, str | None, str | None, DecisionStatus | None]
REQUEST: Outcome = (MailType.REQUEST, None, None, DecisionStatus.CREATED)
OTHER: Outcome = (MailType.OTHER, None, None, None)


def outcome(info: EmailInfo) -> Outcome:
    return info.mail_type, info.response_org, info.response_version, info.decision_status


def response(society: str, version: str | None) -> Outcome:
    return MailType.RESPONSE, society, version, DecisionStatus.COMMENT


@pytest.mark.parametrize(
    ("subject", "sender", "expected"),
    [
        ("PL25016_ILa: hatch covers", CHAIR, REQUEST),
        ("PL25016_ILa: hatch covers", SECRETARIAT, REQUEST),
        ("PS25003pPLa hatch covers (PL25008e)", CHAIR, REQUEST),
        ("PL25016: hatch covers", CHAIR, REQUEST),
        ("PL25016_KRb: hatch covers", KR, response("KR", "b")),
        ("pl25016_kr", KR, response("KR", None)),
        ("PL25017_DNVb", "kari.lund@mail.dnv.com", response("DNV", "b")),
        ("PL25016bCRa", "ivo.matic@crs.hr", response("CRS", "a")),
        ("PL25016: hatch covers", KR, response("KR", None)),
        ("RE: PL25016a: hatch covers", KR, response("KR", None)),
        ("PL25016_KRb", LR, OTHER),
        ("FW: PL25016_KRb", SOMEBODY, OTHER),
        ("RE: PL25016_KRb", CHAIR, OTHER),
        ("PL25016_LRa", CHAIR, OTHER),
        ("FW: PL25016_ILa", KR, OTHER),
        ("FW: PS25003pPLa", KR, OTHER),
        ("PL25016_ILa", SOMEBODY, OTHER),
        ("PL25016", SOMEBODY, OTHER),
        ("PL25015_XYZa: hatch covers", KR, OTHER),
        ("Automatic reply: PL25016_KRb", KR, OTHER),
        ("자동 회신: PL25016_ILa", CHAIR, OTHER),
        ("Undeliverable: PL25016", CHAIR, OTHER),
        ("Lunch on Thursday", KR, OTHER),
        ("Lunch on Thursday", CHAIR, OTHER),
        (None, None, OTHER),
    ],
)
def test_author_and_sender_decide_together(subject: str | None, sender: str | None, expected: Outcome) -> None:
    assert outcome(judged(subject, "", sender).info) == expected


@pytest.mark.parametrize("sender", [CHAIR, KR, SOMEBODY, None])
def test_a_multilateral_mail_without_a_code_is_a_notification(sender: str | None) -> None:
    info = judged("Multilateral - survey of battery rooms", "As in PL25016 ...", sender).info
    assert outcome(info) == (MailType.NOTIFICATION, None, None, None)
    assert (info.agenda_panel, info.agenda_code, info.agenda_base, info.references) == (MULTILATERAL, None, None, ())


def test_a_multilateral_mail_with_a_code_is_its_agenda_s() -> None:
    info = judged("Multilateral PL25016_KRa: hatch covers", "", KR).info
    assert (info.agenda_panel, outcome(info)) == ("PL", response("KR", "a"))


def test_a_machine_s_answer_to_a_multilateral_mail_is_other() -> None:
    info = judged("Automatic reply: Multilateral - survey", "", KR).info
    assert (info.agenda_panel, info.mail_type, info.is_auto_reply) == (MULTILATERAL, MailType.OTHER, True)


def test_what_is_nobody_s_response_keeps_its_code() -> None:
    info = judged("FW: PL25016bKRc", "", SOMEBODY).info
    assert (info.agenda_code, info.agenda_base_version, info.response_org) == ("PL25016bKRc", "PL25016b", None)


@pytest.mark.parametrize(
    ("text", "mail_type", "status"),
    [
        ("The text is approved.", MailType.COMPLETED, DecisionStatus.DECISION),
        ("For information only.", MailType.NOTIFICATION, None),
        ("All members have responded.", MailType.REQUEST, DecisionStatus.CONSOLIDATED),
    ],
)
def test_what_a_chair_says_counts_for_chairs_only(
    text: str, mail_type: MailType, status: DecisionStatus | None
) -> None:
    assert outcome(judged("PL25016", text, CHAIR).info) == (mail_type, None, None, status)
    assert outcome(judged("PL25016", text, KR).info) == response("KR", None)
    assert outcome(judged("PL25016", text, SOMEBODY).info) == OTHER


def test_what_the_chair_quotes_is_not_what_the_chair_says() -> None:
    text = "Noted.\n\nFrom: Kim <kim@kr.org>\nSent: Monday, 2 June 2025\nTo: All\n\nThe final text is approved."
    assert outcome(judged("RE: PL25016_ILa", text, CHAIR).info) == (MailType.REQUEST, None, None, None)


def test_a_chair_has_no_organization_wherever_the_mailbox_lives() -> None:
    info = judged("PL25016", "", CHAIR).info
    assert (info.sender_type, info.sender_organization) == (SenderType.CHAIR, None)
    info = judged("PL25016", "", LR).info
    assert (info.sender_type, info.sender_organization) == (SenderType.MEMBER, "LR")
