"""What is told of a mail: whole mails, and any text at all."""

from datetime import UTC, date, datetime, timedelta, timezone
from time import process_time

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.correspondence.analysis import Analysis
from domain.correspondence.assessment import assess, wording_of
from domain.correspondence.email_info import EmailInfo
from domain.correspondence.vocabulary import DecisionStatus, DropReason, MailType, SenderType, Urgency
from domain.mail import Mail, MailAddress
from tests.domain.correspondence.made_mail import CHAIR, CHAIRS, KR, NOTHING, SENT_AT, SOMEBODY, a_mail, judged

JUNE = date(2025, 6, 14)
STATED = Analysis(deadline=JUNE, keywords=("hatch covers", "UR S26"))
any_text = st.text(st.characters(categories=None))
turns = st.lists(
    st.sampled_from(
        [
            *(
                "PL25016_KRa",
                "PL25016",
                "RE: ",
                "FW:",
                "자동 회신: ",
                "Multilateral ",
                "[EXT]",
                "\n",
                "\n\n",
                "> ",
                ": ",
                ". ",
            ),
            *(
                "From: Kim",
                "Sent: today",
                "On 2 June, Kim wrote:",
                "the text is approved",
                "not ",
                "urgent",
                "긴급",
                "no reply",
            ),
            *(
                "members are invited to comment",
                "for information",
                "consolidated",
                "unsubscribe",
                "\ud83d",
                "\x00",
                "가",
                " ",
            ),
        ]
    )
    | any_text
).map("".join)


def found(subject: str | None, text: str, sender: str | None, analysis: Analysis = STATED) -> EmailInfo:
    return assess(a_mail(subject, sender), text, analysis, CHAIRS).info


def test_a_chair_s_request_is_told_with_all_its_parts() -> None:
    mail = attrs.evolve(
        a_mail("URGENT - PL25016bILa: hatch covers (PS25003a) (pl25015_kr)", "PL.Chair@lr.org", name="Henrik Aalto"),
        web_link="https://outlook.office365.com/owa/?ItemID=A",
        has_attachments=True,
        received_at=SENT_AT + timedelta(minutes=1),
    )
    text = "Dear all,\r\n\r\nplease comment by 14 June 2025."
    assert assess(mail, text, STATED, CHAIRS).info == EmailInfo(
        subject="URGENT - PL25016bILa: hatch covers (PS25003a) (pl25015_kr)",
        sender="Henrik Aalto",
        sender_address="PL.Chair@lr.org",
        sent_time=SENT_AT,
        received_time=SENT_AT + timedelta(minutes=1),
        has_attachments=True,
        web_link="https://outlook.office365.com/owa/?ItemID=A",
        body="Dear all,\n\nplease comment by 14 June 2025.",
        agenda_code="PL25016bILa",
        agenda_base="PL25016",
        agenda_version="b",
        agenda_base_version="PL25016b",
        agenda_panel="PL",
        agenda_year="25",
        agenda_number="016",
        sender_type=SenderType.CHAIR,
        mail_type=MailType.REQUEST,
        decision_status=DecisionStatus.CREATED,
        urgency=Urgency.HIGH,
        keywords=("hatch covers", "UR S26"),
        deadline=JUNE,
        references=("PS25003a", "PL25015_KR"),
    )


def test_a_society_s_reply_is_told() -> None:
    info = found("[EXT] RE: FW: jwg-cs25001_bva", "BV agrees.", "luc.perrin@fr.bureauveritas.com")
    assert (info.agenda_code, info.agenda_panel, info.agenda_number) == ("JWG-CS25001_BVa", "JWG-CS", "001")
    assert (info.response_org, info.response_version, info.sender_organization) == ("BV", "a", "BV")
    assert (info.is_reply, info.is_forward, info.is_auto_reply) == (True, True, False)


def test_a_mail_of_which_little_is_known_is_told_without_it() -> None:
    mail = attrs.evolve(a_mail(None, None, headers=None), sent_at=None)
    assert assess(mail, "", NOTHING, CHAIRS).info == EmailInfo(
        received_time=SENT_AT, has_attachments=False, sender_type=SenderType.OTHER, mail_type=MailType.OTHER
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("PL25016_KRa", "PL25016_KRa"),
        ("Dear all,\n\nAgenda: pl25016_kra\n\nKR agrees.", "PL25016_KRa"),
        ("Dear all,\n\nthis is about PL 25016-KRa (see PS25003).", "PL25016_KRa"),
        ("As in your mail.\n\n> PL25016_KRa", None),
        ("See below.\n\nFrom: Kim\nSent: Monday\nTo: All\nSubject: PL25016_KRa", None),
        ("\n\n".join([*["Further remarks."] * 20, "PL25016_KRa"]), None),
        ("x" * 2000 + " PL25016_KRa", None),
    ],
)
def test_a_code_in_the_first_lines_counts_if_the_subject_has_none(text: str, code: str | None) -> None:
    info = found("Our comments", text, KR)
    assert (info.agenda_code, info.references) == (code, ())
    assert info.response_org == (code and "KR")
    assert found("PL25017", text, KR).agenda_code == "PL25017"


def test_references_are_the_subject_s_further_codes_each_once() -> None:
    subject = "PL25016_DNVb: hatch covers (PL25016_NVb, PS25003a, ps25003A, PL25016)"
    assert found(subject, "PL25099", KR).references == ("PS25003a", "PL25016")


@pytest.mark.parametrize(
    ("subject", "sender", "deadline"),
    [
        ("PL25016_ILa", CHAIR, JUNE),
        ("Reminder", "sdt@iacs.org.uk", JUNE),
        ("Automatic reply: PL25016_ILa", CHAIR, None),
        ("PL25016_KRa", KR, None),
        ("FW: PL25016_ILa", SOMEBODY, None),
    ],
)
def test_a_deadline_is_what_a_chair_states(subject: str, sender: str, deadline: date | None) -> None:
    assert found(subject, "", sender).deadline == deadline


def test_a_restored_mail_is_never_dropped() -> None:
    mail = a_mail("Your parcel", "no-reply@parcels.example")
    assert assess(mail, "", NOTHING, CHAIRS).dropped is DropReason.NO_REPLY
    restored = assess(mail, "", NOTHING, CHAIRS, is_restored=True)
    assert restored.dropped is None
    assert restored.info == assess(mail, "", NOTHING, CHAIRS).info


def test_the_words_to_be_analysed_are_the_sender_s_own() -> None:
    mail = a_mail("RE: [EXT] PL25016_ILa: hatch covers", CHAIR)
    wording = wording_of(mail, "By 14 June.\r\n\r\n> by 1 May")
    assert (wording.subject, wording.text, wording.sent_on) == (
        *("PL25016_ILa: hatch covers", "By 14 June.", date(2025, 6, 2)),
    )


def test_what_is_found_out_shows_nothing_of_the_mail() -> None:
    mail = a_mail("Canary subject", "canary@notdnv.com", name="Canary name")
    verdict = assess(mail, "Canary text", Analysis(keywords=("canary",)), CHAIRS)
    assert "canary" not in f"{verdict!r}{wording_of(mail, 'Canary text')!r}".lower()


def test_dates_count_from_the_day_of_sending_in_utc() -> None:
    seoul = timezone(timedelta(hours=9))
    mail = attrs.evolve(a_mail(""), sent_at=datetime(2025, 6, 3, 8, tzinfo=seoul).astimezone(UTC))
    assert wording_of(mail, "").sent_on == date(2025, 6, 2)
    assert wording_of(attrs.evolve(mail, sent_at=None), "").sent_on == SENT_AT.date()


@settings(deadline=None)
@given(turns, turns, st.none() | turns, st.none() | any_text, st.lists(st.tuples(any_text, any_text), max_size=3))
def test_no_mail_is_beyond_assessment(
    subject: str, text: str, address: str | None, name: str | None, headers: list[tuple[str, str]]
) -> None:
    mail = attrs.evolve(a_mail(subject, headers=tuple(headers)), sender=MailAddress(address, name))
    verdict = assess(mail, text, STATED, CHAIRS)
    info, wording = verdict.info, wording_of(mail, text)
    for told in (info.subject, info.sender, info.sender_address, info.body, wording.subject, wording.text):
        assert told is None or told.encode() is not None
    assert (info.mail_type is MailType.RESPONSE) == (info.response_org is not None)
    assert info.agenda_code is None or verdict.dropped is None
    assert (info.agenda_base is None) == (info.agenda_code is None)
    assert info.decision_status is None or info.agenda_code is not None


@given(turns, st.sampled_from([CHAIR, KR, SOMEBODY]))
def test_what_is_quoted_changes_nothing_that_is_found_out(text: str, sender: str) -> None:
    quoted = "\n\n-----Original Message-----\nPL25016_ILa urgent, final, closed, unsubscribe\nYou subscribed to this."
    one, other = (judged("Our comments", each, sender) for each in (text, text + quoted))
    assert attrs.evolve(one.info, body=None, body_truncated=False) == attrs.evolve(
        other.info, body=None, body_truncated=False
    )
    assert one.dropped == other.dropped


HEADINGS = "From: a\n"
SLOW = (
    *(
        "> ",
        ">\n",
        HEADINGS,
        "From: a\nTo: b\n",
        "On 1 June wrote:\n",
        "x\n1 wrote:\n\n\n",
        "-",
        "--mail",
        "PL25",
        "JWG-",
    ),
    *(
        "please ",
        "members ",
        "this ",
        "this is ",
        "is now ",
        "comments ",
        "for your ",
        "no ",
        "not ",
        "urgent ",
        "non-",
    ),
    *(
        "not urgent ",
        "urgent confidential ",
        "consolidated ",
        "all ",
        "you ",
        "unsubscribe ",
        "final ",
        "the text is ",
    ),
    *(
        "approved ",
        "agenda is not approved ",
        "if the text is approved ",
        "긴급 ",
        "긴급하지 않",
        "최종 의견 ",
        "아직 ",
        "의견 ",
    ),
    *(
        "have not ",
        "reply is not ",
        "\n",
        " ",
        "\r\n",
        "\x00",
        "\ud83d",
        "a",
        "1",
        "a:",
        "가",
        "(",
        "pl25016 ",
        ", ",
        "<",
    ),
)


@pytest.mark.parametrize("part", SLOW)
def test_time_grows_with_the_length_and_no_faster(part: str) -> None:
    """Ten times the length may take 30 times as long here; a square is 100. A busy machine gets further chances."""

    def seconds(length: int) -> float:
        text = part * (length // len(part))
        mail: Mail = a_mail(f"PL25016_ILa: {text}")
        taken = []
        for _ in range(3):
            begun = process_time()
            assess(mail, text, NOTHING, CHAIRS)
            taken.append(process_time() - begun)
        return min(taken)

    assert any(seconds(20_000) < 30 * seconds(2_000) + 0.005 for _ in range(10))
