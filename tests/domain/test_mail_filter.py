"""Which mails a filter lets through."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ValidationError
from domain.mail import BodyFormat, Importance, Mail, MailAddress, MailBody
from domain.mail_filter import MailFilter, is_meant, is_whole_address, plain, words

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
KIM = MailAddress("kim.lee@yard.example", "Kim Lee (Yard)")
MAIL = Mail(
    message_id="m",
    folder_id="inbox",
    subject="Re: Hull survey: 선체 점검",
    sender=KIM,
    to=(MailAddress("office@owner.example", "Office"),),
    cc=(MailAddress(None, "Master"),),
    bcc=(MailAddress("archive@owner.example"),),
    received_at=NOON,
    is_read=False,
    is_draft=False,
    importance=Importance.HIGH,
    has_attachments=True,
    preview="The survey begins",
)
TEXT = st.text(st.sampled_from("aAßsS<>&;/ .-_@ÄäİiΣς가"), max_size=12)
VISIBLE = TEXT.filter(lambda text: text == text.strip() and bool(text))


def _with_body(content: str, body_format: BodyFormat = BodyFormat.TEXT) -> Mail:
    return attrs.evolve(MAIL, body=MailBody(format=body_format, content=content))


def _matches(mail: Mail = MAIL, **conditions: Any) -> bool:  # noqa: ANN401 - the fields of the filter
    return MailFilter(**conditions).matches(mail)


@pytest.mark.parametrize(
    ("conditions", "met"),
    [
        ({}, True),
        ({"since": NOON}, True),
        ({"since": NOON + TICK}, False),
        ({"before": NOON}, False),
        ({"before": NOON + TICK}, True),
        ({"since": NOON, "before": NOON + TICK}, True),
        ({"sender": "kim.lee@yard.example"}, True),
        ({"sender": "KIM.Lee@Yard.Example"}, True),
        ({"sender": "lee@yard.example"}, False),
        ({"sender": "lee@"}, True),
        ({"sender": "lee (YARD"}, True),
        ({"sender": "office"}, False),
        ({"recipient": "OFFICE@owner.example"}, True),
        ({"recipient": "archive@owner.example"}, True),
        ({"recipient": "master"}, True),
        ({"recipient": "fice"}, True),
        ({"recipient": "kim"}, False),
        ({"subject": "hull SURVEY"}, True),
        ({"subject": "선체"}, True),
        ({"subject": "ull sur"}, True),
        ({"subject": "survey hull"}, False),
        ({"unread": True}, True),
        ({"unread": False}, False),
        ({"has_attachments": True}, True),
        ({"has_attachments": False}, False),
        ({"importance": Importance.HIGH}, True),
        ({"importance": Importance.NORMAL}, False),
        ({"folder_id": "inbox"}, True),
        ({"folder_id": "Inbox"}, False),
        ({"phrases": ("hull survey",)}, True),
        ({"phrases": ("HULL-survey",)}, True),
        ({"phrases": ("survey hull",)}, False),
        ({"phrases": ("ull survey",)}, False),
        ({"phrases": ("hull sur*",)}, True),
        ({"phrases": ("hull sur",)}, False),
        ({"phrases": ("hul* survey",)}, False),
        ({"phrases": ("ull*",)}, False),
        ({"phrases": ("hull *",)}, True),
        ({"phrases": ("선체 점검",)}, True),
        ({"phrases": ("선체", "lee yard")}, True),
        ({"phrases": ("선체", "owner")}, False),
        ({"phrases": ("kim.lee@yard.example",)}, True),
        ({"phrases": ("survey begins",)}, True),
        ({"phrases": ("점검 kim",)}, False),
        ({"subject": "hull", "unread": False}, False),
        ({"subject": "hull", "unread": True, "sender": "kim"}, True),
    ],
)
def test_a_mail_meets_all_conditions_or_is_not_meant(conditions: dict[str, Any], met: bool) -> None:  # noqa: FBT001 - expected
    assert _matches(**conditions) == met


def test_nobody_is_meant_where_nobody_is_named() -> None:
    bare = attrs.evolve(MAIL, sender=None, to=(), cc=(), bcc=(), subject=None)
    assert _matches(bare)
    for conditions in ({"sender": "kim"}, {"recipient": "kim"}, {"subject": "hull"}, {"phrases": ("hull",)}):
        assert not _matches(bare, **conditions)
    assert not is_meant("kim", MailAddress(None))
    assert not is_meant("kim@yard.example", MailAddress(None, "kim@yard.example"))


def test_a_body_that_was_fetched_is_searched_instead_of_the_preview() -> None:
    mail = _with_body("Docking on Monday")
    assert _matches(mail, phrases=("docking on monday",))
    assert not _matches(mail, phrases=("survey begins",))


def test_words_in_tags_are_not_words_of_a_body_and_entities_are_what_they_stand_for() -> None:
    mail = _with_body('<p class="urgent">M&uuml;ller<br>Docking</p>', BodyFormat.HTML)
    assert _matches(mail, phrases=("müller docking",))
    assert not _matches(mail, phrases=("urgent",))
    assert not _matches(mail, phrases=("uuml",))


def test_a_text_body_has_no_tags() -> None:
    assert _matches(_with_body("a <urgent> matter"), phrases=("a urgent matter",))


@given(subject=TEXT, phrase=VISIBLE)
def test_what_is_not_in_the_body_can_be_judged_without_it(subject: str, phrase: str) -> None:
    mail = attrs.evolve(MAIL, subject=subject)
    wanted = MailFilter(subject=phrase)
    assert wanted.matches(mail) == wanted.matches_apart_from_phrases(mail)
    if words(phrase):
        assert attrs.evolve(wanted, phrases=(phrase,)).matches_apart_from_phrases(mail) == wanted.matches(mail)


@given(before=TEXT, wanted=VISIBLE, after=TEXT)
def test_a_part_of_a_subject_is_found_in_any_case(before: str, wanted: str, after: str) -> None:
    mail = attrs.evolve(MAIL, subject=f"{before}{wanted}{after}")
    for asked in (wanted, wanted.upper(), wanted.casefold()):
        if asked == asked.strip():
            assert _matches(mail, subject=asked)


@given(before=TEXT, wanted=VISIBLE, after=TEXT)
def test_a_phrase_is_found_between_gaps(before: str, wanted: str, after: str) -> None:
    if words(wanted):
        mail = attrs.evolve(MAIL, subject=f"{before} {wanted}\n{after}")
        assert _matches(mail, phrases=(wanted,))


@given(text=TEXT)
def test_the_words_of_a_text_are_those_of_the_text_made_of_them(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)


@given(wanted=VISIBLE, address=st.none() | TEXT, name=st.none() | TEXT)
def test_whom_a_text_means(wanted: str, address: str | None, name: str | None) -> None:
    key = wanted.casefold()
    expected = (
        (address or "").casefold() == key
        if is_whole_address(wanted)
        else any(key in (text or "").casefold() for text in (address, name))
    )
    assert is_meant(wanted, MailAddress(address, name)) == expected


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("kim@yard.example", True),
        ("o'neil+a@b", True),
        ("kim@", False),
        ("@yard.example", False),
        ("kim", False),
        ("kim lee@yard.example", False),
        ("Kim <kim@yard.example>", False),
    ],
)
def test_a_whole_address_is_a_local_part_and_a_domain(text: str, whole: bool) -> None:  # noqa: FBT001 - expected
    assert is_whole_address(text) == whole


@given(body=st.text(st.sampled_from("a<>&;!-/ \n"), max_size=40))
def test_no_body_is_too_strange_to_be_searched(body: str) -> None:
    for body_format in BodyFormat:
        plain(MailBody(format=body_format, content=body))


@pytest.mark.parametrize("field", ["sender", "recipient", "subject", "folder_id"])
@pytest.mark.parametrize("refused", ["", "  ", " kim", "kim\n", "k\x00im", "k\rim", "\ud800"])
def test_a_condition_is_a_line_of_text(field: str, refused: str) -> None:
    with pytest.raises(ValidationError) as caught:
        _matches(MAIL, **{field: refused})
    assert caught.value.details["field"] == field


@pytest.mark.parametrize("phrases", [("",), ("hull", " "), "hull", ["hull"]])
def test_phrases_are_a_tuple_of_lines_of_text(phrases: Any) -> None:  # noqa: ANN401 - wrong on purpose
    with pytest.raises(ValidationError):
        MailFilter(phrases=phrases)


@pytest.mark.parametrize("phrase", ["!", "--", "*", '"'])
def test_a_phrase_has_a_word(phrase: str) -> None:
    with pytest.raises(ValidationError) as caught:
        MailFilter(phrases=("hull", phrase))
    assert caught.value.error_code == "NO_WORD"


@pytest.mark.parametrize("gap", [timedelta(0), -TICK, timedelta(days=-1)])
def test_a_period_ends_after_it_begins(gap: timedelta) -> None:
    with pytest.raises(ValidationError) as caught:
        MailFilter(since=NOON, before=NOON + gap)
    assert caught.value.error_code == "EMPTY_PERIOD"


@pytest.mark.parametrize("moment", [NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=9)))])
def test_times_are_in_utc(moment: datetime) -> None:
    for field in ("since", "before"):
        with pytest.raises(ValidationError):
            _matches(MAIL, **{field: moment})
