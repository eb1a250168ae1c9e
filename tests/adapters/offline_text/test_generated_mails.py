"""Thousands of generated mails: every deadline is found, and none where there is none."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final

from adapters.html_text.mail_text import HtmlMailText
from adapters.offline_text.mail_analyst import OfflineMailAnalyst
from domain.correspondence.analysis import Wording
from domain.correspondence.quotations import new_text
from domain.mail import BodyFormat, MailBody
from modules.simulator.correspondence.generator import Correspondence
from modules.simulator.correspondence.posting import Posted
from modules.simulator.mail.content import Address, Draft

OWNER: Final = Address("anna.berg@contoso-class.example", "Anna Berg")
UNTIL: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHAIRS: Final = 1500
LONG: Final = 30_000
MOST_LONG: Final = 10
"""Tables of comments: more of them would take most of the time."""
TEXT: Final = HtmlMailText()
ANALYST: Final = OfflineMailAnalyst()


def wording(draft: Draft) -> Wording:
    body_format = BodyFormat.HTML if draft.body_type == "html" else BodyFormat.TEXT
    text = TEXT.read(MailBody(format=body_format, content=draft.body))
    return Wording(subject=draft.subject, text=new_text(text), sent_on=draft.sent_at.date())


def made() -> Iterator[Posted]:
    """Yield the mails about agendas, each sent some hours after the one before."""
    moments = count()
    for seed in range(1, 100):
        world = Correspondence(seed, owners=(OWNER,), until=UNTIL)
        for turn in range(40):
            yield from world.beginning(turn, lambda: UNTIL + timedelta(hours=7 * next(moments) % 9000))


async def test_all_deadlines_are_right_and_there_are_no_others() -> None:
    """1,500 mails of chairs, and every seventh of the others, so that no day of theirs is taken for a deadline.

    A mail of which only a quotation states a deadline has none.
    """
    counts: Counter[str] = Counter()
    wrong: list[tuple[object, ...]] = []
    for number, mail in enumerate(made()):
        draft, truth = mail.draft, mail.truth
        is_chairs = truth.sender_type == "CHAIR"
        is_long = len(draft.body) > LONG
        if (not is_chairs and number % 7) or (is_long and counts["long"] == MOST_LONG):
            continue
        counts["long"] += is_long
        found = await ANALYST.analyse(wording(draft))
        counts["chairs" if is_chairs else "others"] += 1
        counts["deadlines"] += truth.deadline is not None
        if found.deadline != truth.deadline:
            wrong.append((truth.kind, truth.deadline, found.deadline, draft.subject))
        if counts["chairs"] == CHAIRS:
            break
    assert wrong == []
    assert counts["chairs"] == CHAIRS
    assert counts["long"] == MOST_LONG
    assert counts["others"] > CHAIRS // 10
    assert counts["deadlines"] > CHAIRS // 4
