"""Subjects that people wrote down with what they say, read by the rules; the file was made without the rules."""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from adapters.offline_text.mail_analyst import OfflineMailAnalyst
from domain.correspondence.agenda_codes import AgendaCode, find_codes
from domain.correspondence.assessment import Verdict, assess, wording_of
from domain.correspondence.senders import ChairRoster
from domain.correspondence.subjects import read_subject
from tests.domain.correspondence.made_mail import a_mail

Entry = dict[str, Any]

ENTRIES: Final[list[Entry]] = yaml.load(
    Path(__file__).with_name("subjects.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
)
MAILS: Final = [each for each in ENTRIES if "mail" in each]
FEWEST: Final = 300
FEWEST_MAILS: Final = 300
FEWEST_DEADLINES: Final = 40

REQUIRED: Final = {"subject", "codes", "replies", "forwards", "is_automatic", "is_multilateral"}
CODE_KEYS: Final = {
    *("agenda_code", "base", "version", "base_version", "panel", "year", "number", "author", "organization"),
    *("is_chair", "response_version"),
}
GIVEN: Final = {"sender_address", "new_text", "chairs"}
EXPECTED: Final = {
    *("sender_type", "sender_organization", "mail_type", "response_org", "response_version", "decision_status"),
    *("urgency", "drop_reason", "deadline"),
}


def subject_of(entry: Entry) -> str:
    return str(entry["subject"])


def told_of(code: AgendaCode) -> Entry:
    return {
        "agenda_code": code.display,
        "base": code.base,
        "version": code.version,
        "base_version": code.base_version,
        "panel": code.panel,
        "year": code.year,
        "number": code.number,
        "author": code.author,
        "organization": code.organization,
        "is_chair": code.is_chair,
        "response_version": code.response_version,
    }


def is_complete(entry: Entry) -> bool:
    given = entry.get("mail", dict.fromkeys(GIVEN | EXPECTED))
    return (
        REQUIRED <= entry.keys() <= REQUIRED | {"why", "mail"}
        and all(code.keys() == CODE_KEYS for code in entry["codes"])
        and GIVEN | EXPECTED <= given.keys() <= GIVEN | EXPECTED | {"agenda_code", "agenda_panel"}
    )


@pytest.mark.parametrize("entry", ENTRIES, ids=subject_of)
def test_a_subject_has_the_codes_that_a_person_sees(entry: Entry) -> None:
    assert [told_of(code) for code in find_codes(entry["subject"])] == entry["codes"]


@pytest.mark.parametrize("entry", ENTRIES, ids=subject_of)
def test_a_subject_line_is_read_as_a_person_reads_it(entry: Entry) -> None:
    line = read_subject(entry["subject"])
    assert [told_of(code) for code in line.codes] == entry["codes"]
    assert {
        "replies": line.replies,
        "forwards": line.forwards,
        "is_automatic": line.is_automatic,
        "is_multilateral": line.is_multilateral,
    } == {key: entry[key] for key in ("replies", "forwards", "is_automatic", "is_multilateral")}


async def verdict_on(entry: Entry) -> Verdict:
    """Return what is found out about an entry's mail, analysed by rules."""
    given = entry["mail"]
    mail = a_mail(entry["subject"], given["sender_address"])
    analysis = await OfflineMailAnalyst().analyse(wording_of(mail, given["new_text"]))
    return assess(mail, given["new_text"], analysis, ChairRoster(addresses=frozenset(given["chairs"])))


@pytest.mark.parametrize("entry", MAILS, ids=subject_of)
async def test_a_mail_is_what_a_person_takes_it_for(entry: Entry) -> None:
    verdict = await verdict_on(entry)
    found = {key: getattr(verdict.info, key) for key in EXPECTED - {"drop_reason"}}
    assert found | {"drop_reason": verdict.dropped} == {key: entry["mail"][key] for key in EXPECTED}


@pytest.mark.parametrize("entry", MAILS, ids=subject_of)
async def test_a_mail_is_told_under_the_code_that_it_is_about(entry: Entry) -> None:
    given = entry["mail"]
    first = entry["codes"][0] if entry["codes"] else {"agenda_code": None, "panel": None}
    info = (await verdict_on(entry)).info
    assert info.agenda_code == given.get("agenda_code", first["agenda_code"])
    assert info.agenda_panel == given.get("agenda_panel", first["panel"])
    assert info.is_reply is (entry["replies"] > 0)
    assert info.is_forward is (entry["forwards"] > 0)
    assert info.is_auto_reply is entry["is_automatic"]


@pytest.mark.parametrize("entry", MAILS, ids=subject_of)
async def test_a_mail_refers_to_the_other_codes_of_its_subject_once_each(entry: Entry) -> None:
    shown = dict.fromkeys(code["agenda_code"] for code in entry["codes"])
    assert (await verdict_on(entry)).info.references == tuple(shown)[1:]


def test_there_are_at_least_300_subjects_and_none_twice() -> None:
    times = Counter(map(subject_of, ENTRIES))
    assert [subject for subject, count in times.items() if count > 1] == []
    assert len(times) >= FEWEST
    assert len(MAILS) >= FEWEST_MAILS
    assert len([each for each in MAILS if each["mail"]["deadline"]]) >= FEWEST_DEADLINES


def test_every_entry_says_everything_and_nothing_else() -> None:
    assert [subject_of(each) for each in ENTRIES if not is_complete(each)] == []
