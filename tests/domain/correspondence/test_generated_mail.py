"""Everything that is found out about generated mail is what its maker, who knows nothing of these rules, decided."""

from collections import Counter
from datetime import UTC, datetime
from typing import Final

import pytest

from adapters.html_text.mail_text import HtmlMailText
from adapters.offline_text.mail_analyst import OfflineMailAnalyst
from domain.correspondence.assessment import assess, wording_of
from domain.correspondence.senders import ChairRoster
from domain.correspondence.subjects import read_subject
from domain.mail import MailBody
from modules.simulator.correspondence.generator import Correspondence, Generated
from modules.simulator.mail.content import Address
from tests.domain.correspondence.made_mail import mail_of

UNTIL: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNERS: Final = (
    Address("kim.jiwon@contoso-class.example", "김지원"),
    Address("anna.berg@contoso-class.example", "Anna Berg"),
    Address("yoon.ba@krs.co.kr", "윤보아"),
    Address("dholloway@eagle.org", "Dean Holloway"),
    Address("sdt@iacs.org.uk", "Secretariat"),
)
EACH: Final = 160
SAME: Final = (
    *("agenda_code", "agenda_base", "agenda_version", "agenda_base_version", "response_org", "response_version"),
    *("sender_type", "sender_organization", "mail_type", "decision_status", "urgency", "deadline"),
    *("is_reply", "is_forward", "is_auto_reply", "references"),
)
TEXT: Final = HtmlMailText()
ANALYST: Final = OfflineMailAnalyst()


async def differences(mail: Generated, chairs: ChairRoster) -> list[tuple[str, object, object]]:
    """Return what was found and what is true, where these differ."""
    truth, told = mail.truth, mail_of(mail.draft)
    assert isinstance(told.body, MailBody)
    text = TEXT.read(told.body)
    verdict = assess(told, text, await ANALYST.analyse(wording_of(told, text)), chairs)
    info = verdict.info
    code = read_subject(told.subject or "").codes[:1]
    compared = [
        *((name, getattr(info, name), getattr(truth, name)) for name in SAME),
        ("panel", info.agenda_panel, truth.panel),
        ("year", info.agenda_year, truth.year),
        ("number", info.agenda_number, truth.number),
        ("reply_depth", read_subject(told.subject or "").replies, truth.reply_depth),
        ("unwanted_because", verdict.dropped, truth.unwanted_because),
        ("wanted", verdict.dropped is None, truth.wanted),
        *(("author", each.author, truth.author) for each in code),
    ]
    return [(name, found, true) for name, found, true in compared if found != true]


@pytest.mark.parametrize("seed", [1, 5, 11, 23])
async def test_there_is_no_difference_from_the_truth(seed: int) -> None:
    world = Correspondence(seed, owners=OWNERS, until=UNTIL)
    chairs = ChairRoster(addresses=frozenset(world.cast.chair_addresses))
    mails = [each for owner in OWNERS for each in world.mails(owner, EACH)]
    wrong = [
        (each.draft.subject, each.truth.kind, found) for each in mails if (found := await differences(each, chairs))
    ]
    assert wrong == []
    kinds = Counter(each.truth.mail_type for each in mails)
    assert len(mails) == EACH * len(OWNERS)
    assert min(kinds.values()) > len(mails) // 200, kinds
    assert sum(each.truth.deadline is not None for each in mails) > len(mails) // 30
