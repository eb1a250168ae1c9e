"""The truth about each mail agrees with what can be seen of it, as far as simple means go.

The truths are decided before the mails are written; here they are compared with the written mails.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from itertools import chain

import pytest

from modules.simulator.correspondence.agenda import agenda
from modules.simulator.correspondence.codes import Code
from modules.simulator.correspondence.dates import english, korean
from modules.simulator.correspondence.desk import Desk
from modules.simulator.correspondence.dice import Dice
from modules.simulator.correspondence.generator import YEAR, Correspondence, Generated
from modules.simulator.correspondence.subjects import Subject
from modules.simulator.correspondence.timeline import Timeline
from modules.simulator.correspondence.truth import MailType, Party, Tone, judge
from modules.simulator.mail.content import Address
from tests.modules.simulator.correspondence.conftest import UNTIL
from tests.modules.simulator.correspondence.reading import codes_in, new_text, organization

HIGH = re.compile(r"(?<!non-)\b(?:urgent|asap|immediately|critical|긴급)\b", re.IGNORECASE)
MEDIUM = re.compile(r"(?<!not )\b(?:important|priority|attention|please review|중요)\b", re.IGNORECASE)
COMPLETED = re.compile(r"\b(?:final|approved|completed|closed|adopted)\b", re.IGNORECASE)
NOTIFICATION = re.compile(r"\b(?:for information|report|minutes|no reply)\b", re.IGNORECASE)
REPLY = re.compile(r"\b(?<!Automatic )(?:RE|AW|SV|Reply)(?:\[(\d+)\])? ?:|답장:|回复:", re.IGNORECASE)
FORWARD = re.compile(r"\b(?:FWD?|Forward) ?:|전달:|转发:", re.IGNORECASE)
AUTOMATIC = re.compile(r"^(?:Automatic reply|자동 회신|Undeliverable):")
CHAIR, OTHER, KR = (
    Party(sender_type="CHAIR"),
    Party(sender_type="OTHER"),
    Party(sender_type="MEMBER", organization="KR"),
)
PLAIN = Code(panel="PL", year="25", number="015")
BY_CHAIR, BY_PANEL, BY_KR, BY_LR = (PLAIN.by("IL", "a"), PLAIN.by("PS", "a"), PLAIN.by("KR", "b"), PLAIN.by("LR", "a"))


@cache
def forms(day: date) -> set[str]:
    return {make(day, Dice(seed)).replace("\xa0", " ") for make in (english, korean) for seed in range(100)}


def wrong(mails: Sequence[Generated], is_right: Callable[[Generated], bool]) -> Sequence[tuple[str, object]]:
    return [(each.draft.subject, each.truth) for each in mails if not is_right(each)][:3]


@pytest.mark.parametrize(
    ("code", "sender", "tone", "mail_type", "society", "version"),
    [
        (BY_CHAIR, CHAIR, "request", "REQUEST", None, None),
        (BY_CHAIR, CHAIR, "reminder", "REQUEST", None, None),
        (BY_CHAIR, CHAIR, "completed", "COMPLETED", None, None),
        (BY_CHAIR, CHAIR, "notification", "NOTIFICATION", None, None),
        (BY_PANEL, CHAIR, "request", "REQUEST", None, None),
        (BY_CHAIR, KR, "request", "OTHER", None, None),
        (BY_CHAIR, OTHER, "request", "OTHER", None, None),
        (BY_KR, KR, "request", "RESPONSE", "KR", "b"),
        (BY_LR, KR, "request", "OTHER", None, None),
        (BY_KR, OTHER, "request", "OTHER", None, None),
        (BY_KR, CHAIR, "request", "OTHER", None, None),
        (PLAIN, CHAIR, "request", "REQUEST", None, None),
        (PLAIN, KR, "request", "RESPONSE", "KR", None),
        (PLAIN, OTHER, "request", "OTHER", None, None),
    ],
)
def test_author_and_sender_must_agree(
    code: Code, sender: Party, tone: Tone, mail_type: MailType, society: str | None, version: str | None
) -> None:
    verdict = judge(code, sender, tone)
    assert (verdict.mail_type, verdict.response_org, verdict.response_version) == (mail_type, society, version)


def test_a_response_never_decides_more_than_that_comments_come_in() -> None:
    assert [
        judge(PLAIN, CHAIR, tone).decision_status for tone in ("request", "reminder", "consolidated", "completed")
    ] == [
        *("created", None, "consolidated", "decision"),
    ]
    assert judge(BY_KR, KR, "completed").decision_status == "comment"


def test_the_first_code_of_the_subject_is_the_mails_and_the_others_are_references(mails: Sequence[Generated]) -> None:
    def is_right(mail: Generated) -> bool:
        truth, read = mail.truth, codes_in(mail.draft.subject)
        if not read:
            return not truth.references
        first = read[0]
        base = f"{first.panel}{first.year}{first.number}"
        written = {f"{each.panel}{each.year}{each.number}{each.version}" for each in read[1:]}
        return (
            (base, first.version) == (truth.agenda_base, truth.agenda_version or "")
            and (truth.panel, truth.year, truth.number) == (first.panel, first.year, first.number)
            and first.letters == (truth.author or "")
            and written == set(truth.references)
        )

    assert wrong(mails, is_right) == []
    assert sum(bool(each.truth.references) for each in mails) > 50


def test_a_mail_without_a_code_in_its_subject_has_it_in_its_first_lines_or_nowhere(mails: Sequence[Generated]) -> None:
    def is_right(mail: Generated) -> bool:
        read = codes_in(new_text(mail.draft)[:400])
        return bool(codes_in(mail.draft.subject)) or [each.panel for each in read] == (
            [mail.truth.panel] if mail.truth.agenda_code else []
        )

    assert wrong(mails, is_right) == []
    assert sum(each.truth.kind == "response_in_body" for each in mails) > 20


def test_responses_come_from_the_society_whose_letters_they_bear(mails: Sequence[Generated]) -> None:
    responses = [each for each in mails if each.truth.mail_type == "RESPONSE"]

    def is_right(mail: Generated) -> bool:
        truth, sender = mail.truth, mail.draft.sender
        read = codes_in(mail.draft.subject) or codes_in(new_text(mail.draft)[:400])
        return (
            sender is not None
            and truth.response_org == truth.sender_organization == organization(sender.address)
            and read[0].author in {truth.response_org, None}
            and (truth.response_version or "") == read[0].response_version
        )

    assert wrong(responses, is_right) == []
    assert {each.truth.response_org for each in responses} == {
        *("ABS", "BV", "CCS", "CRS", "DNV", "IRS", "KR", "LR", "NK", "PRS", "RINA", "TL")
    }
    assert {each.truth.response_version for each in responses} == {None, "a", "b", "c"}


def test_senders_are_chairs_members_or_nobody(world: Correspondence, mails: Sequence[Generated]) -> None:
    chairs = world.cast.chair_addresses

    def is_right(mail: Generated) -> bool:
        address = mail.draft.sender.address if mail.draft.sender else ""
        if address in chairs:
            return (mail.truth.sender_type, mail.truth.sender_organization) == ("CHAIR", None)
        society = organization(address)
        return (mail.truth.sender_type, mail.truth.sender_organization) == ("MEMBER" if society else "OTHER", society)

    assert wrong(mails, is_right) == []
    assert any(organization(chair) for chair in chairs), "a chair may live in a member's domain"


@pytest.mark.parametrize(
    ("domain", "sender_type", "society"),
    [
        ("krs.co.kr", "MEMBER", "KR"),
        ("Mail.LR.com", "MEMBER", "LR"),
        ("bv.com", "MEMBER", "BV"),
        ("iacs.org.uk", "CHAIR", None),
        ("notdnv.com", "OTHER", None),
    ],
)
def test_owners_and_their_colleagues_are_what_their_domain_says(
    domain: str, sender_type: str, society: str | None
) -> None:
    owners = (Address("chair@contoso-class.example", "Chair"), Address(f"kim@{domain}", "김지원"))
    mails = list(Correspondence(3, owners=owners, until=UNTIL).mails(owners[1], 600))
    own = [each for each in mails if each.draft.sender and each.draft.sender.address.endswith(f"@{domain}")]
    assert {each.truth.kind for each in own} >= {"office", "forward", "own_reply"}
    assert {(each.truth.sender_type, each.truth.sender_organization) for each in own} == {(sender_type, society)}
    responses = [each.truth for each in own if each.truth.mail_type == "RESPONSE"]
    assert {each.response_org for each in responses} == ({society} if society else set())


def test_a_word_that_calms_takes_nothing_back(world: Correspondence) -> None:
    """`Not important: [긴급] PS25029`: a reminder may answer a subject that presses already."""
    it, timeline = agenda(5, 1, world.cast, until=UNTIL, span=YEAR), Timeline(start=UNTIL, until=UNTIL)
    desk = Desk(name="test", agenda=it, cast=world.cast, pool=world.pool, dice=Dice("test"), timeline=timeline)
    pressed = [desk.press(Subject(topic="URGENT - PS25029", urgency="HIGH"), "en")[0] for _ in range(500)]
    assert any("non-urgent: URGENT" in each.topic for each in pressed)
    assert {each.urgency for each in pressed} == {"HIGH"}


def test_urgency_follows_from_the_words_of_subject_and_new_text(mails: Sequence[Generated]) -> None:
    def is_right(mail: Generated) -> bool:
        text = f"{mail.draft.subject}\n{new_text(mail.draft)}"
        return mail.truth.urgency == ("HIGH" if HIGH.search(text) else "MEDIUM" if MEDIUM.search(text) else "NORMAL")

    assert wrong(mails, is_right) == []
    calm = [each.truth for each in mails if re.search("non-urgent|not important", new_text(each.draft))]
    assert "NORMAL" in {each.urgency for each in calm}


def test_the_words_of_a_chair_fit_the_type_of_the_mail(mails: Sequence[Generated]) -> None:
    chairs = [each for each in mails if each.truth.sender_type == "CHAIR" and each.truth.agenda_code]

    def is_right(mail: Generated) -> bool:
        text = f"{mail.draft.subject}\n{new_text(mail.draft)}"
        said = "COMPLETED" if COMPLETED.search(text) else "NOTIFICATION" if NOTIFICATION.search(text) else "REQUEST"
        return mail.truth.mail_type in {said, "OTHER"}

    assert wrong(chairs, is_right) == []
    assert {each.truth.mail_type for each in chairs} == {"REQUEST", "NOTIFICATION", "COMPLETED", "OTHER"}


def test_a_deadline_is_stated_in_the_new_text_and_only_in_requests(mails: Sequence[Generated]) -> None:
    def is_right(mail: Generated) -> bool:
        day, text = mail.truth.deadline, new_text(mail.draft)
        if day is None:
            return not re.search("[Dd]eadline|[Rr]eply by|회신 기한|제출 기한|까지 회신|no later than", text)
        return mail.truth.mail_type == "REQUEST" and any(form in text.replace("\xa0", " ") for form in forms(day))

    assert wrong(mails, is_right) == []
    stated = [each for each in mails if each.truth.deadline]
    assert {each.truth.language for each in stated} == {"en", "ko"}
    assert all(each.truth.deadline and each.truth.deadline > each.draft.sent_at.date() for each in stated)


def test_a_date_is_written_in_many_ways() -> None:
    day = date(2025, 6, 14)
    assert {korean(day, Dice(seed)) for seed in range(200)} == {
        *("2025년 6월 14일", "2025. 6. 14.", "2025.06.14", "2025-06-14", "2025년 6월 14일(토)")
    }
    assert {english(day, Dice(seed)) for seed in range(200)} == {
        *("14 June 2025", "14\xa0June\xa02025", "June 14, 2025", "14 Jun 2025", "2025-06-14", "14th June 2025"),
        *("Saturday, 14 June 2025", "14-JUN-2025"),
    }


def test_replies_and_forwards_are_counted_as_the_subject_shows_them(mails: Sequence[Generated]) -> None:
    def is_right(mail: Generated) -> bool:
        subject, truth = mail.draft.subject, mail.truth
        depth = sum(int(found[1] or 1) for found in REPLY.finditer(subject))
        shown = (depth, bool(depth), bool(FORWARD.search(subject)), bool(AUTOMATIC.match(subject)))
        return shown == (truth.reply_depth, truth.is_reply, truth.is_forward, truth.is_auto_reply)

    assert wrong(mails, is_right) == []
    assert {each.truth.reply_depth for each in mails} >= {0, 1, 2, 3}


@pytest.mark.parametrize(
    "prefix",
    [
        *("RE: ", "Re: ", "re: ", "AW: ", "SV: ", "RE : ", "Reply: ", "회신: ", "Re[2]: ", "답장: ", "回复: "),
        *("FW: ", "Fwd: ", "전달: ", "转发: ", "Automatic reply: ", "자동 회신: ", "Undeliverable: "),
        *("[EXT] ", "[EXTERNAL] ", "[IACS SDTP] ", "IACS SDTP ", "Bilateral ", "Multilateral "),
    ],
)
def test_every_prefix_that_real_mail_has_occurs(mails: Sequence[Generated], prefix: str) -> None:
    assert any(prefix in each.draft.subject for each in mails)


def test_what_machines_answer_says_so_in_its_headers_and_is_no_response(mails: Sequence[Generated]) -> None:
    machines = [each for each in mails if dict(each.draft.headers).get("Auto-Submitted", "no") != "no"]
    assert {each.truth.kind for each in machines} == {"auto_reply", "undeliverable", "office_auto_reply"}
    assert all(each.truth.is_auto_reply and each.truth.mail_type == "OTHER" for each in machines)
    assert sum(each.truth.is_auto_reply for each in mails) == len(machines)
    assert any(each.truth.agenda_code and each.truth.sender_type == "MEMBER" for each in machines)


def test_mass_mail_is_unwanted_unless_it_is_about_an_agenda(mails: Sequence[Generated]) -> None:
    unwanted = [each for each in mails if not each.truth.wanted]
    assert {each.truth.unwanted_because for each in unwanted} == {"newsletter", "no_reply"}
    assert not any(each.truth.agenda_code for each in unwanted)
    letters = [each for each in unwanted if each.truth.unwanted_because == "newsletter"]
    assert all("List-Unsubscribe" in dict(each.draft.headers) for each in letters)
    robots = [each.draft.sender.address for each in unwanted if each.draft.sender and each not in letters]
    assert all(re.match("no-?reply@|do-?not-?reply@", address) for address in robots)
    listed = [each.truth for each in mails if each.truth.wanted and "List-Unsubscribe" in dict(each.draft.headers)]
    assert {each.kind for each in listed} == {"portal"}
    assert all(each.agenda_code for each in listed)


def test_words_of_the_trade_occur_in_wanted_and_in_unwanted_mail(mails: Sequence[Generated]) -> None:
    for word in ("MASS", "bulk carrier", "unsubscribe"):
        having = [
            each.truth for each in mails if word.casefold() in f"{each.draft.subject} {each.draft.body}".casefold()
        ]
        assert {each.wanted for each in having} == {True, False}, word


def test_a_mail_outside_any_agenda_is_multilateral_only_without_a_code(mails: Sequence[Generated]) -> None:
    named = [each.truth for each in mails if "Multilateral" in each.draft.subject and not each.truth.is_auto_reply]
    without = [each for each in named if each.agenda_code is None]
    assert {(each.panel, each.mail_type) for each in without} == {("MULTILATERAL", "NOTIFICATION")}
    assert len(without) < len(named)
    assert not any(each.panel == "MULTILATERAL" for each in named if each not in without)


def test_the_language_is_that_of_the_new_text(mails: Sequence[Generated]) -> None:
    def is_right(mail: Generated) -> bool:
        if mail.truth.kind in {"newsletter", "undeliverable"}:
            return True
        lines = [each for each in re.split(r"\s{2,}|\n", new_text(mail.draft)) if each.strip()]
        return (mail.truth.language == "ko") == any("가" <= letter <= "힣" for letter in lines[0])

    assert wrong(mails, is_right) == []


def test_every_scene_is_played(mails: Sequence[Generated]) -> None:
    scenes = "request reminder new_version notification consolidated completed panel_request response response_in_body "
    scenes += (
        "plain_reply quotation discussion own_reply draft_reply forward attached_forward auto_reply undeliverable "
    )
    scenes += "office office_reply office_auto_reply draft newsletter no_reply portal multilateral"
    assert {each.truth.kind for each in mails} == set(chain(scenes.split()))
