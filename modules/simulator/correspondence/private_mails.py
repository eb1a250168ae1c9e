"""What only one mailbox has of a thread: what its owner sends, colleagues pass on, and machines answer."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from modules.simulator.correspondence.cast import OTHER, Correspondent, colleague, member, party_of
from modules.simulator.correspondence.codes import Code
from modules.simulator.correspondence.dates import english, korean
from modules.simulator.correspondence.desk import Desk
from modules.simulator.correspondence.posting import NOTHING, Outline, Posted
from modules.simulator.correspondence.societies import AUTHORS, SOCIETIES
from modules.simulator.correspondence.subjects import answered_by_machine, forward, reply, returned
from modules.simulator.correspondence.timeline import NotYetError
from modules.simulator.correspondence.truth import judge
from modules.simulator.correspondence.wording import AWAY, FORWARDING, THANKING
from modules.simulator.mail.content import Address, Item

_AUTOMATIC: Final = (("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"))
_REPORT: Final = (("Auto-Submitted", "auto-generated"), ("X-Failed-Recipients", "old.address@panels.iacs.org.uk"))
# Of the mails of a thread, how many give rise to which; one is at most one of these.
_REPLIES, _DRAFTS, _FORWARDS, _MACHINES = 0.07, 0.10, 0.18, 0.5


def private(desk: Desk, owner: Correspondent, cause: Posted) -> Iterator[Posted]:
    """Yield what follows from a mail of a thread in the owner's mailbox alone."""
    if cause.code is None or not cause.subject.codes:
        return
    try:
        yield from _following(desk, owner, cause, cause.code)
    except NotYetError:
        return


def _following(desk: Desk, owner: Correspondent, cause: Posted, code: Code) -> Iterator[Posted]:
    is_own = cause.letter.sender == owner.address
    chance = desk.dice.random()
    if is_own:
        if chance < _MACHINES:
            yield _from_machine(desk, owner, cause, code)
    elif chance < _REPLIES:
        own = _reply(desk, owner, cause, code, is_draft=False)
        yield own
        if desk.dice.falls(0.5):
            yield _from_machine(desk, owner, own, code)
    elif chance < _DRAFTS:
        yield _reply(desk, owner, cause, code, is_draft=True)
    elif chance < _FORWARDS:
        yield from _forwarded(desk, owner, cause, code)


def _reply(desk: Desk, owner: Correspondent, cause: Posted, code: Code, *, is_draft: bool) -> Posted:
    """Return the owner's answer, sent or only begun; a new draft may have no sender yet."""
    dice, language = desk.dice, owner.language
    nobody = is_draft and dice.falls(0.3)
    sender = Correspondent(address=Address(""), party=OTHER, language=language) if nobody else owner
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="draft_reply" if is_draft else "own_reply",
            sender=sender,
            to=(cause.letter.sender,),
            cc=() if is_draft else (desk.cast.list_of(code.panel),),
            subject=reply(cause.subject, language, dice),
            sent_at=desk.timeline.beside(cause.draft.sent_at, dice.hours(0.5, 30)),
            paragraphs=(dice.pick(THANKING[language]),),
            language=language,
            code=code,
            verdict=judge(code, sender.party, "reminder"),
            answers=cause,
            private_to=owner.address.address,
            folder="drafts" if is_draft else "sentitems",
        )
    )


def _forwarded(desk: Desk, owner: Correspondent, cause: Posted, code: Code) -> Iterator[Posted]:
    """Yield a colleague's forward, and sometimes a member's of a mail that is not its own; or the owner's own one."""
    dice = desk.dice
    sender = colleague(owner.address, dice)
    if dice.falls(0.2) and code.author:
        sender = member(dice.pick([each for each in SOCIETIES if each.name != AUTHORS.get(code.author)]), 0)
    elif dice.falls(0.2):
        yield _forward(desk, owner, cause, code, to=sender.address)
        return
    first = _forward(desk, sender, cause, code, to=owner.address, mailbox=owner.address)
    yield first
    if dice.falls(0.3):
        yield _reply(desk, owner, first, code, is_draft=False)


def _forward(
    desk: Desk, sender: Correspondent, cause: Posted, code: Code, *, to: Address, mailbox: Address | None = None
) -> Posted:
    dice, language = desk.dice, sender.language
    whole = dice.falls(0.2)
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="attached_forward" if whole else "forward",
            sender=sender,
            to=(to,),
            subject=forward(cause.subject, language, dice),
            sent_at=desk.timeline.beside(cause.draft.sent_at, dice.hours(0.1, 20)),
            paragraphs=(dice.pick(FORWARDING[language]),),
            language=language,
            code=code,
            verdict=judge(code, sender.party, "reminder"),
            answers=cause,
            quotes=not whole,
            attachments=(Item(name=cause.draft.subject, draft=cause.draft),) if whole else (),
            private_to=(mailbox or sender.address).address,
            folder=None if mailbox else "sentitems",
        )
    )


def _from_machine(desk: Desk, owner: Correspondent, cause: Posted, code: Code) -> Posted:
    """Return the answer of somebody's machine to the owner: away, or not to be reached."""
    dice = desk.dice
    failed = dice.falls(0.2)
    away = member(dice.pick(SOCIETIES), dice.number(4))
    host = owner.address.address.rpartition("@")[2]
    postmaster = Address(f"postmaster@{host}", "Postmaster")
    sender = Correspondent(address=postmaster, party=party_of(postmaster)) if failed else away
    subject = returned(cause.subject) if failed else answered_by_machine(cause.subject, away.language)
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="undeliverable" if failed else "auto_reply",
            sender=sender,
            to=(owner.address,),
            subject=subject,
            sent_at=desk.timeline.beside(cause.draft.sent_at, timedelta(seconds=20 + dice.number(100))),
            paragraphs=(_machines_words(desk, cause, sender, failed=failed),),
            language=sender.language,
            code=code,
            verdict=NOTHING,
            answers=cause,
            quotes=failed,
            headers=_REPORT if failed else _AUTOMATIC,
            private_to=owner.address.address,
            is_signed=not failed,
        )
    )


def _machines_words(desk: Desk, cause: Posted, sender: Correspondent, *, failed: bool) -> str:
    if failed:
        return "Your message could not be delivered to old.address@panels.iacs.org.uk: 550 5.1.1 no such mailbox."
    day = cause.draft.sent_at.date() + timedelta(days=1 + desk.dice.number(20))
    language = sender.language
    return AWAY[language].format(korean(day, desk.dice) if language == "ko" else english(day, desk.dice))
