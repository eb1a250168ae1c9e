"""What a chair wants, by words that end an agenda, inform or ask."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.correspondence import chair_phrases
from domain.correspondence.chair_words import ChairWords, read_chair
from domain.correspondence.phrases import Phrases
from domain.correspondence.vocabulary import DecisionStatus, MailType

TITLE = "PL25016_ILa: Structural strength of hatch covers"
PHRASES = {name: value for name, value in vars(chair_phrases).items() if isinstance(value, Phrases)}


def read(text: str, headline: str = TITLE, *, opens: bool = True, has_deadline: bool = False) -> ChairWords:
    return read_chair(headline, text, opens=opens, has_deadline=has_deadline)


def words(mail_type: MailType, status: DecisionStatus | None) -> ChairWords:
    return ChairWords(mail_type=mail_type, status=status)


COMPLETED = words(MailType.COMPLETED, DecisionStatus.DECISION)
CREATED = words(MailType.REQUEST, DecisionStatus.CREATED)
REQUEST = words(MailType.REQUEST, None)
NOTIFICATION = words(MailType.NOTIFICATION, None)


@pytest.mark.parametrize(
    "text",
    [
        "The final text is attached.",
        "This agenda is now closed.",
        "As all members agree, the text is approved.",
        "The Unified Interpretation was adopted by the panel.",
        "The work on this agenda has been completed.",
        "UR S26 Rev.5 has been adopted by the GPG with effect from 1 July.",
        "Please note that PL25016 is hereby closed. Thank you for your comments.",
        "There being no objection, the proposal is considered approved.\nPlease send editorial corrections to me.",
        "I am closing this agenda.",
        "Agenda completed.",
        "Dear all,\n\nApproved.\n\nBest regards",
        "The panel has unanimously approved the proposal.",
        "Please find attached the adopted text.",
        "The draft was discussed in three rounds and\nis now approved.",
        "본 의제는 종료되었습니다.",
        "문안이 승인되었음을 알려드립니다.",
        "최종 문안을 첨부합니다.",
    ],
)
def test_these_words_complete_an_agenda(text: str) -> None:
    assert read(text) == COMPLETED


@pytest.mark.parametrize(
    "headline",
    [
        *(
            "PL25016_ILd: Final",
            "PL25016_ILd - final text",
            "PL25016_ILd Approved",
            "[PL25016] hatch covers - completed",
        ),
        *("PL25016: Closed", "Adopted: UI SC 191 (PL25016_ILd)", "PL25016 의제 종료", "PL25016_ILd 최종안"),
    ],
)
def test_these_subjects_complete_an_agenda(headline: str) -> None:
    assert read("", headline) == COMPLETED


@pytest.mark.parametrize(
    "text",
    [
        "Final comments are invited by 5 June.",
        "Please send your final comments by 5 June 2025.",
        "This is the final reminder before the final date.",
        "Members are asked for a final review of the draft.",
        "Once the text is approved, the agenda will be closed.",
        "The agenda will be closed on 5 June unless members object.",
        "This is not final.",
        "The text has not been approved yet.",
        "Resolution MSC.337(91) was adopted in 2012.",
        "The interpretation was adopted in 2012, the requirement was approved by MSC 98.",
        "The amendments were adopted by MSC 107. Members are invited to comment on the draft.",
        "Closed vehicle spaces and closed-loop systems are covered.",
        "Type approved equipment need not be tested again.",
        "Please return the completed questionnaire.",
        "The semi-final of the tournament",
        "The draft is to be finalised at the next meeting.",
        "최종 의견을 6월 5일까지 회신하여 주시기 바랍니다.",
        "문안이 승인되면 공지하겠습니다. 의견을 주시기 바랍니다.",
        "의제는 6월에 종료 예정입니다.",
    ],
)
def test_these_words_complete_nothing(text: str) -> None:
    assert read(text).mail_type is MailType.REQUEST


@pytest.mark.parametrize(
    "headline",
    [
        *("PL25016_ILa: closed vehicle spaces", "PL25016_ILa: type approved cables", "PL25016_ILc: final comments"),
        *("PL25016_ILa: final draft for comments", "PL25016_ILa: to be approved", "PL25016 승인 절차"),
    ],
)
def test_these_subjects_complete_nothing(headline: str) -> None:
    assert read("", headline).mail_type is MailType.REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "This is for information only; no reply is needed.",
        "Please find attached the minutes of the web meeting.",
        "The report of the project team is attached.",
        "For your information, the IMO paper is attached.",
        "No reply asked.",
        "There is no need to reply. The draft is attached for comments at a later time.",
        "A response is not required.",
        "Reply not needed.",
        "There is no need for a reply.",
        "FYI: the paper that went to IMO.",
        "회의록을 첨부합니다.",
        "회신은 필요하지 않습니다.",
        "회신 불요",
        "참고용으로 보내드립니다.",
    ],
)
def test_these_words_only_inform(text: str) -> None:
    assert read(text) == NOTIFICATION


@pytest.mark.parametrize(
    "text",
    [
        "The meeting lasted 30 minutes.",
        "Please report any damage found.",
        "Members should report to the chair.",
        "For information on the tool see the annex.",
        "No reply has been received from NK so far.",
        "If no reply is received by 5 June, the text is considered approved.",
        "The IMO paper is attached for information. Members are invited to comment on the draft.",
        "The report is attached. Your comments are requested.",
        "The minutes are attached. Deadline for comments: see above.",
        "보고서를 첨부하오니 의견을 주시기 바랍니다.",
    ],
)
def test_these_words_ask_although_they_inform(text: str) -> None:
    assert read(text).mail_type is MailType.REQUEST


def test_a_deadline_makes_a_request_of_what_reports_or_encloses() -> None:
    text = "The final report is attached; by 5 June, please."
    assert read(text).mail_type is MailType.COMPLETED
    assert read(text, has_deadline=True).mail_type is MailType.REQUEST
    assert read("This agenda is closed.", has_deadline=True) == COMPLETED
    assert read("No reply is needed.", has_deadline=True) == NOTIFICATION


@pytest.mark.parametrize(
    "text",
    [
        "All members have responded. The consolidated comments are attached for information.",
        "The responses have been consolidated in the attached table.",
        "All replies have been received.",
        "모든 회원의 의견을 취합하여 첨부하였습니다.",
    ],
)
def test_the_chair_says_that_comments_are_consolidated(text: str) -> None:
    assert read(text).status is DecisionStatus.CONSOLIDATED


@pytest.mark.parametrize(
    "text",
    [
        "Not all members have responded.",
        "The comments will be consolidated.",
        "Reference is made to the SOLAS Consolidated Edition.",
        "의견을 취합할 예정입니다.",
    ],
)
def test_nothing_is_consolidated_yet(text: str) -> None:
    assert read(text).status is not DecisionStatus.CONSOLIDATED


@pytest.mark.parametrize(
    "text", ["The text is now under review.", "The draft is circulated for review.", "의견은 검토 중입니다."]
)
def test_an_agenda_is_in_review(text: str) -> None:
    assert read(text).status is DecisionStatus.REVIEW


def test_to_ask_for_a_review_begins_an_agenda() -> None:
    assert read("Please review the annex.") == CREATED


def test_a_request_begins_an_agenda_unless_it_answers_forwards_or_reminds() -> None:
    assert read("Members are invited to comment.") == CREATED == read("")
    assert read("Noted with thanks.", opens=False) == REQUEST
    assert read("FYI - see below.", opens=False) == REQUEST
    assert read("This is a friendly reminder.") == REQUEST
    assert read("Not all members have replied so far.") == REQUEST
    assert read("아직 회신하지 않은 회원께서는 회신하여 주시기 바랍니다.") == REQUEST
    assert read("", "Reminder: PL25016_ILb") == REQUEST


@pytest.mark.parametrize("name", PHRASES)
def test_whatever_a_pattern_matches_begins_as_is_looked_for(name: str) -> None:
    """Otherwise the phrase would be overlooked."""
    phrases = PHRASES[name]

    @settings(max_examples=25)
    @given(st.from_regex(phrases.pattern, fullmatch=True))
    def check(text: str) -> None:
        assert text.startswith(phrases.beginnings)
        assert any(hint in text for hint in phrases.hints)
        assert phrases.are_in(text)

    check()


@given(st.text(), st.text(), st.booleans(), st.booleans())
def test_any_text_wants_something(text: str, headline: str, opens: bool, has_deadline: bool) -> None:  # noqa: FBT001 - drawn
    assert read(text, headline, opens=opens, has_deadline=has_deadline).mail_type is not MailType.OTHER
