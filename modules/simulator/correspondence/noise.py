"""Everything else that comes: office mail, newsletters, machines, and matters outside of any agenda."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from modules.simulator.correspondence import noise_wording as words
from modules.simulator.correspondence.cast import OTHER, Correspondent, colleague, member
from modules.simulator.correspondence.dates import english, korean
from modules.simulator.correspondence.desk import Desk
from modules.simulator.correspondence.posting import Outline, Posted
from modules.simulator.correspondence.societies import SOCIETIES
from modules.simulator.correspondence.subjects import Subject, answered_by_machine, forward, reply, subject_about
from modules.simulator.correspondence.timeline import NotYetError
from modules.simulator.correspondence.truth import Party, Verdict, judge
from modules.simulator.correspondence.wording import AWAY, BACKGROUND, THANKING
from modules.simulator.mail.content import Address

_PORTAL: Final = Correspondent(address=Address("no-reply@panel-portal.example", "Panel portal"), party=OTHER)
_FROM_SOCIETY: Final = Correspondent(
    address=words.SOCIETYS_NEWS, party=Party(sender_type="MEMBER", organization=words.SOCIETYS_NEWS_OF)
)
_UNSUBSCRIBE: Final = (
    ("List-Unsubscribe", "<https://lists.example/unsubscribe>, <mailto:unsubscribe@lists.example>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ("Precedence", "bulk"),
)
_SCENES_FOR_ALL, _SCENES_FOR_OWNER = 5, 4

_Scene = Callable[[Desk, datetime], Posted]


def noise_for_all(desk: Desk, span: timedelta) -> Iterator[Posted]:
    """Yield mails that everybody gets, at any time of the span."""
    for _ in range(_SCENES_FOR_ALL):
        scene = desk.dice.weighted(_FOR_ALL)
        try:
            yield scene(desk, _any_time(desk, span))
        except NotYetError:
            continue


def noise_for_owner(desk: Desk, owner: Correspondent, span: timedelta) -> Iterator[Posted]:
    """Yield the office mail of one mailbox, at any time of the span, with answers to some of it."""
    for _ in range(_SCENES_FOR_OWNER):
        try:
            yield from _office(desk, owner, _any_time(desk, span))
        except NotYetError:
            continue


def _any_time(desk: Desk, span: timedelta) -> datetime:
    return desk.timeline.before_end(timedelta(seconds=int(span.total_seconds() * desk.dice.random())))


def _news(desk: Desk, sent_at: datetime) -> Posted:
    dice = desk.dice
    topic, text = dice.pick(words.NEWS)
    address = dice.pick(words.PROMOTERS)
    sender = _FROM_SOCIETY if dice.falls(0.2) else Correspondent(address=address, party=OTHER)
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="newsletter",
            sender=sender,
            to=(Address("subscribers@lists.example", "Subscribers"),),
            subject=Subject(topic=topic),
            sent_at=sent_at,
            paragraphs=(text, *dice.some(BACKGROUND["en"], 3), words.UNSUBSCRIBE),
            language="ko" if topic.startswith(words.KOREAN_NEWS) else "en",
            unwanted_because="newsletter",
            headers=_UNSUBSCRIBE,
            is_signed=False,
        )
    )


def _notice(desk: Desk, sent_at: datetime) -> Posted:
    topic, text = desk.dice.pick(words.NOTICES)
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="no_reply",
            sender=Correspondent(address=desk.dice.pick(words.MACHINES), party=OTHER),
            to=(Address("staff@lists.example", "Staff"),),
            subject=Subject(topic=topic),
            sent_at=sent_at,
            paragraphs=(text, "This mailbox is not read."),
            unwanted_because="no_reply",
            is_signed=False,
        )
    )


def _portal(desk: Desk, _: datetime) -> Posted:
    """Return what looks like mass mail and is about an agenda: nobody may drop it."""
    dice, agenda = desk.dice, desk.agenda
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="portal",
            sender=_PORTAL,
            to=(desk.cast.list_of(agenda.code.panel),),
            subject=subject_about(agenda.code, "new document", dice),
            sent_at=desk.timeline.beside(agenda.start, dice.hours(1, 200)),
            paragraphs=("A document was added to the folder of this agenda.", words.UNSUBSCRIBE),
            code=agenda.code,
            verdict=judge(agenda.code, OTHER, "notification"),
            headers=_UNSUBSCRIBE,
            is_signed=False,
        )
    )


def _multilateral(desk: Desk, sent_at: datetime) -> Posted:
    dice = desk.dice
    sender = member(dice.pick(SOCIETIES), dice.number(4))
    subject = Subject(topic=dice.pick(words.MULTILATERAL_TOPICS))
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="multilateral",
            sender=sender,
            to=desk.cast.copied,
            subject=reply(subject, "en", dice) if dice.falls(0.3) else subject,
            sent_at=sent_at,
            paragraphs=dice.some(BACKGROUND["en"], 2),
            verdict=Verdict(mail_type="NOTIFICATION"),
            is_multilateral=True,
        )
    )


_FOR_ALL: Final[tuple[tuple[float, _Scene], ...]] = (
    (0.45, _news),
    (0.22, _notice),
    (0.15, _portal),
    (0.18, _multilateral),
)


def _office(desk: Desk, owner: Correspondent, sent_at: datetime) -> Iterator[Posted]:
    """Yield a mail to or from a colleague, or from a member about something else, and perhaps an answer."""
    dice = desk.dice
    other = member(dice.pick(SOCIETIES), dice.number(4)) if dice.falls(0.15) else colleague(owner.address, dice)
    sender, receiver = (owner, other) if dice.falls(0.25) else (other, owner)
    first = _office_mail(desk, owner, sender, receiver, sent_at)
    yield first
    if dice.falls(0.35):
        yield _office_answer(desk, owner, receiver, sender, first)


def _office_mail(
    desk: Desk, owner: Correspondent, sender: Correspondent, receiver: Correspondent, sent_at: datetime
) -> Posted:
    dice, language = desk.dice, sender.language
    topic, text = dice.pick(words.KOREAN_OFFICE if language == "ko" else words.OFFICE)
    subject, pressing, urgency = desk.press(Subject(topic=topic), language)
    is_draft = sender is owner and dice.falls(0.15)
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="draft" if is_draft else "office",
            sender=sender,
            to=(receiver.address,),
            subject=forward(subject, language, dice) if dice.falls(0.08) else subject,
            sent_at=sent_at,
            paragraphs=(text, *pressing),
            language=language,
            urgency=urgency,
            attachments=(desk.pool.photo,) if dice.falls(0.06) else (),
            private_to=owner.address.address,
            folder=_place(sender, owner, is_draft=is_draft),
        )
    )


def _office_answer(
    desk: Desk, owner: Correspondent, sender: Correspondent, receiver: Correspondent, first: Posted
) -> Posted:
    """Return a person's answer, or a machine's."""
    dice, language = desk.dice, sender.language
    automatic = sender is not owner and dice.falls(0.3)
    day = first.draft.sent_at.date() + timedelta(days=1 + dice.number(9))
    away = AWAY[language].format(korean(day, dice) if language == "ko" else english(day, dice))
    return desk.send(
        Outline(
            key=desk.next_key(),
            kind="office_auto_reply" if automatic else "office_reply",
            sender=sender,
            to=(receiver.address,),
            subject=(
                answered_by_machine(first.subject, language) if automatic else reply(first.subject, language, dice)
            ),
            sent_at=desk.timeline.beside(first.draft.sent_at, dice.hours(0.1, 10)),
            paragraphs=(away if automatic else dice.pick(THANKING[language]),),
            language=language,
            answers=first,
            headers=(("Auto-Submitted", "auto-replied"),) if automatic else (),
            private_to=owner.address.address,
            folder=_place(sender, owner, is_draft=False),
        )
    )


def _place(sender: Correspondent, owner: Correspondent, *, is_draft: bool) -> str | None:
    return "drafts" if is_draft else "sentitems" if sender is owner else None
