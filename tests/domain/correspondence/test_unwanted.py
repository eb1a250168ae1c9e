"""Newsletters and senders that read no answer, and mail that looks like theirs."""

from collections.abc import Sequence

import pytest

from domain.correspondence.unwanted import transport_facts
from domain.correspondence.vocabulary import DropReason
from tests.domain.correspondence.made_mail import CHAIR, KR, SOMEBODY, judged

UNSUBSCRIBE = ("List-Unsubscribe", "<https://lists.example/u>")
BULK = ("Precedence", "bulk")
POST = ("List-Post", "<mailto:panel@lists.example>")
FOOTER = "You receive this mail because you subscribed to it.\nUnsubscribe or change your settings here."
DIGEST = "Weekly shipping digest"

Headers = tuple[tuple[str, str], ...]


def reason(subject: str, text: str, sender: str | None, headers: Headers = ()) -> DropReason | None:
    return judged(subject, text, sender, headers=headers).dropped


@pytest.mark.parametrize(
    ("sender", "headers", "text"),
    [
        (SOMEBODY, (UNSUBSCRIBE,), ""),
        (SOMEBODY, (("LIST-UNSUBSCRIBE-POST", "List-Unsubscribe=One-Click"),), ""),
        (SOMEBODY, (BULK,), ""),
        (SOMEBODY, (("precedence", " Junk "),), ""),
        (SOMEBODY, (UNSUBSCRIBE, ("List-Post", "NO")), ""),
        ("newsletter@news.dnv.com", (UNSUBSCRIBE, BULK), FOOTER),
        ("kim@dnv.com", (UNSUBSCRIBE,), ""),
        ("news@rina.org", (BULK,), ""),
        ("news@rina.org", (), FOOTER),
        (SOMEBODY, (), FOOTER),
        ("marketing@portware.example", (), "Register today.\nUnsubscribe"),
        ("news@events.example", (("List-Id", "<events.example>"),), ""),
        ("no-reply@events.example", (UNSUBSCRIBE,), ""),
        ("newsletter@events.example", (), ""),
        (SOMEBODY, (), "본 메일의 수신거부를 원하시면 여기를 누르십시오.\nTo unsubscribe click here."),
    ],
)
def test_newsletters_are_dropped(sender: str, headers: Headers, text: str) -> None:
    assert reason(DIGEST, text, sender, headers) is DropReason.NEWSLETTER


@pytest.mark.parametrize(
    "subject", ["(광고) 조선 해운 소식", "[뉴스레터] 조선 해운 소식", "[Newsletter] June", "Newsletter: June"]
)
def test_a_headline_of_newsletters_needs_another_sign(subject: str) -> None:
    assert reason(subject, "무료 수신거부", SOMEBODY) is DropReason.NEWSLETTER
    assert reason(subject, "", "news@events.example") is DropReason.NEWSLETTER
    assert reason(subject, "어제 말씀하신 초안입니다.", SOMEBODY) is None


@pytest.mark.parametrize(
    "address",
    [
        *(
            "no-reply@it.example",
            "noreply@it.example",
            "NoReply@it.example",
            "do-not-reply@it.example",
            "no_reply@it.example",
        ),
        *("donotreply@it.example", "no.reply@it.example", "notifications-noreply@it.example", "noreply+7f@it.example"),
        *("noreply-orders@it.example", "<no-reply@it.example>", "never-reply@it.example", "noreply2@it.example"),
    ],
)
def test_who_reads_no_answer_is_dropped(address: str) -> None:
    assert reason("Your parcel", "It leaves the depot today.", address) is DropReason.NO_REPLY


def test_a_name_may_say_that_nobody_reads_answers() -> None:
    assert judged("안내", "", "info@it.example", name="포털 (발신전용)").dropped is DropReason.NO_REPLY


@pytest.mark.parametrize(
    "address",
    [
        *("postmaster@it.example", "mailer-daemon@it.example", "norbert.reply@it.example", "reply@it.example"),
        *("nora.reply@it.example", "casino-replies@it.example", "info@no-reply.example", "noreplying@it.example"),
    ],
)
def test_who_only_looks_like_that_is_heard(address: str) -> None:
    assert reason("Your parcel", "It leaves the depot today.", address) is None


def test_a_member_s_machines_read_no_answer_either() -> None:
    assert reason("회의실 예약 알림", "예약되었습니다.", "noreply@krs.co.kr") is DropReason.NO_REPLY
    assert reason("PL25016: new document", "", "noreply@krs.co.kr") is None


@pytest.mark.parametrize("sender", [CHAIR, KR, "noreply@iacs.org.uk", "info@dnv.com"])
def test_a_chair_or_member_is_dropped_as_a_newsletter_only(sender: str) -> None:
    assert reason("MASS: bulk carriers", "Our newsletter says how to unsubscribe.", sender) is None
    assert reason("MASS: bulk carriers", "", sender, (BULK, POST, UNSUBSCRIBE)) is None
    assert reason("MASS: bulk carriers", FOOTER, sender, (BULK,)) is None


@pytest.mark.parametrize(
    "headers", [(UNSUBSCRIBE, POST), (UNSUBSCRIBE, POST, BULK), (UNSUBSCRIBE, ("Precedence", "list"))]
)
def test_a_list_to_which_its_members_write_is_no_newsletter(headers: Headers) -> None:
    assert reason("Survey of battery rooms", "We see it the same way.", SOMEBODY, headers) is None


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("MASS trial: notes of the call", "The MASS trial went well."),
        ("Bulk carrier survey schedule", "The surveyor boards the bulk carrier at berth 4."),
        ("Bulk email tool", "IT asks who still uses the bulk e-mail tool for invitations."),
        ("Newsletter draft", "Could you read my draft? How to unsubscribe is on page two."),
        ("Mass mailing of certificates", "Do not reply to all, please. Precedence is given to bulk cargo."),
        ("RE: Weekly digest", f"I can not find how to leave this list.\n\n> {FOOTER.replace(chr(10), chr(10) + '> ')}"),
        ("FW: Weekly digest", f"FYI\n\nFrom: News\nSent: Monday, 2 June 2025\nTo: All\n\n{FOOTER}"),
        ("벌크선 검사 일정", "부산항 검사 일정을 확인 부탁드립니다."),
        ("", ""),
    ],
)
def test_words_in_other_contexts_drop_nothing(subject: str, text: str) -> None:
    assert reason(subject, text, SOMEBODY) is None


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("PL25016: new document", FOOTER),
        ("[EXT] pl25016_kra", FOOTER),
        ("New document", f"About PS25003pPLa\n{FOOTER}"),
        ("Digest (JWG-SDT25001)", FOOTER),
    ],
)
def test_mail_with_an_agenda_code_is_never_dropped(subject: str, text: str) -> None:
    assert reason(subject, text, "no-reply@portal.example", (UNSUBSCRIBE, BULK)) is None


def test_a_code_far_below_or_in_a_quotation_saves_nothing() -> None:
    below = "\n\n".join(["One more story."] * 12 + ["About PL25016", FOOTER])
    quoted = f"{FOOTER}\n\n> PL25016"
    assert [reason(DIGEST, text, SOMEBODY, (UNSUBSCRIBE,)) for text in (below, quoted)] == [DropReason.NEWSLETTER] * 2


def test_a_machine_s_answer_is_dropped_only_if_nobody_reads_what_is_written_to_it() -> None:
    automatic = (("Auto-Submitted", "auto-replied"), BULK, UNSUBSCRIBE)
    assert reason("Automatic reply: Lunch", "I am away.", SOMEBODY, automatic) is None
    assert reason("Automatic reply: Lunch", "I am away.", "no-reply@it.example", automatic) is DropReason.NO_REPLY


@pytest.mark.parametrize(
    ("headers", "is_automatic"),
    [
        ((("Auto-Submitted", "auto-replied"),), True),
        ((("auto-submitted", "Auto-Replied (vacation)"),), True),
        ((("X-Autoreply", "yes"),), True),
        ((("Precedence", "auto_reply"),), True),
        ((("X-Failed-Recipients", "old@it.example"),), True),
        ((("Content-Type", 'multipart/report; report-type="delivery-status"'),), True),
        ((("Auto-Submitted", "no"),), False),
        ((("Auto-Submitted", "auto-generated"),), False),
        ((("X-Auto-Response-Suppress", "All"),), False),
        ((("Content-Type", "text/plain"),), False),
        ((), False),
    ],
)
def test_headers_tell_whether_a_machine_answered(headers: Sequence[tuple[str, str]], is_automatic: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert transport_facts(tuple(headers)).is_automatic is is_automatic
    info = judged("PL25016: hatch covers", "", KR, headers=tuple(headers)).info
    assert info.is_auto_reply is is_automatic
    assert info.mail_type == ("OTHER" if is_automatic else "RESPONSE")


def test_headers_that_were_not_asked_for_say_nothing() -> None:
    assert transport_facts(None) == transport_facts(())
