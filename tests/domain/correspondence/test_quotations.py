"""What was written now, among what was written before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.correspondence.quotations import new_text

NEW = "Dear all,\n\nKR agrees."
ENGLISH = "From: Anna Berg <anna@lr.org>\nSent: Monday, June 2, 2025 9:00 AM\nTo: IACS PL\nSubject: PL25016\n\nOld."
KOREAN = "보낸 사람: 김지원 <kim@kr.org>\n보낸 날짜: 2025년 6월 2일 월요일\n받는 사람: IACS PL\n제목: PL25016\n\n전"


@pytest.mark.parametrize(
    "older",
    [
        ENGLISH,
        KOREAN,
        ENGLISH.replace("\n", "\r\n"),
        ENGLISH.replace("From:", "*From:*").replace("Sent:", "*Sent:*"),
        ENGLISH.replace("From:", "FROM :"),
        ENGLISH.replace("\n", "\n\n"),
        "________________________________\n" + ENGLISH,
        "Von: Berg\nGesendet: Montag, 2. Juni 2025\nAn: PL\nBetreff: PL25016\n\nAlt.",
        "De : Berg\nEnvoyé : lundi 2 juin 2025\nÀ : PL\nObjet : PL25016\n\nVieux.",
        "发件人: Berg\n发送时间: 2025年6月2日\n收件人: PL\n主题: PL25016\n\n旧",
        "差出人: Berg\n送信日時: 2025年6月2日\n宛先: PL\n件名: PL25016\n\n古い",
        "From: Berg\nDate: 2 June 2025\nSubject: PL25016\n\nOld.",
        "-----Original Message-----\nFrom: Berg\n\nOld.",
        "----- Original message -----\nOld.",
        "-----원본 메시지-----\n보낸 사람: 김지원\n\n전",
        "---------- Forwarded message ---------\nFrom: Berg\n\nOld.",
        "Begin forwarded message:\n\nOld.",
        "On Mon, 2 Jun 2025 at 09:00, Anna Berg <anna@lr.org> wrote:\n\nOld.",
        "On Mon, 2 Jun 2025 at 09:00, Anna Berg\n<anna@lr.org> wrote:\n\n> Old.\n> Older.",
        "Am 02.06.2025 um 09:00 schrieb Anna Berg:\n> Alt.",
        "Le 2 juin 2025 à 09:00, Anna Berg a écrit :\n> Vieux.",
        "2025년 6월 2일 (월) 오전 9:00, 김지원 <kim@kr.org>님이 작성:\n> 전",
        "Den man. 2. juni 2025 kl. 09:00 skrev Anna Berg <anna@lr.org>:\n> Gammel.",
        "> Old.\n>> Older.",
    ],
)
def test_what_is_older_is_left_out(older: str) -> None:
    assert new_text(f"{NEW}\n\n{older}") == NEW


def test_answers_between_marked_lines_stay() -> None:
    text = "On 2 June 2025, Anna Berg wrote:\n> Is it clear?\nYes.\n\n> And this?\n\nNo.\n> Bye."
    assert new_text(text).split() == ["Yes.", "No."]


@pytest.mark.parametrize(
    "text",
    [
        "To: All members\nFrom: The chair\nDate: 2 June 2025\nSubject: PL25016\n\nPlease comment.",
        "From: 1 July the new rules apply.\nPlease comment.",
        "From our side:\n\nno objection.",
        "As KR wrote: we agree.",
        "KR wrote:\nwe agree.",
        "Options are:\n- one\n- two\n--\nChair",
        "----------\nSee the table:\n----------\nPlease comment.",
        "Date: 2 June 2025\nPlace: Busan\nSubject: meeting",
    ],
)
def test_what_only_looks_like_a_quotation_stays(text: str) -> None:
    assert new_text(text) == text


def test_a_forward_without_a_word_has_no_new_text() -> None:
    assert new_text(ENGLISH) == new_text(KOREAN) == new_text("") == ""


@given(st.text(st.sampled_from("> \n:-_*From To Sent wrote 2보낸 사람제목"), max_size=300) | st.text())
def test_every_line_of_the_new_text_is_a_line_of_the_text(text: str) -> None:
    lines = {line.strip() for line in text.split("\n")}
    assert {line.strip() for line in new_text(text).split("\n")} <= lines | {""}


@given(st.lists(st.sampled_from([NEW, ENGLISH, "> Old.", "On 2 June 2025, Kim wrote:"])).map("\n\n".join))
def test_nothing_of_the_new_text_is_a_quotation(text: str) -> None:
    found = new_text(text)
    assert new_text(found) == found
