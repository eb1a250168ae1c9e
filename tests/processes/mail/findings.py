"""What a storm left behind: what mailboxes have, what is stored, and what was told; and what is wrong with it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

import attrs

UNFINISHED = "something is left to do"
LOST_MAIL = "mail in a synced folder not stored"
DOUBLED_MAIL = "mail stored twice"
INVENTED_MAIL = "mail stored that was in no synced folder"
MISPLACED_MAIL = "mail stored elsewhere than it is"
GHOST = "mail stored that is deleted"
MISSED_MAIL = "mail marked as deleted that is there"
UNPROCESSED = "mail neither announced nor dropped"
LOST_EVENT = "announced mail without email.received"
DOUBLED_EVENT = "mail with several distinct email.received"
DROPPED_EVENT = "event of a dropped mail"
INVENTED_EVENT = "event without its mail"
UNTOLD_DELETION = "announced mail deleted and not told so"
DOUBLED_DELETION = "deletion told twice, or of a mail that is there"
WRONG_MOVE = "last move told leads elsewhere"
LOST_NEWS = "number of later events is not what was counted"
DISORDER = "events of a mail out of order"
CHANGED_EVENT = "event sent again with another content"
LOST_MESSAGE = "published event not on the log"
NO_FIRST = "copies of which none, or several, are the first"
DOUBLE_WORK = "mail claimed while somebody else's claim held"
OPEN_SECRET = "token readable in the database"

RECEIVED, MOVED, DELETED = "email_received", "mail_moved", "mail_deleted"
NEW, ANNOUNCED, DROPPED = "new", "announced", "dropped"


@attrs.frozen(kw_only=True)
class Real:
    """A message that ever was in a mailbox. `folder`: where it is, or was last, and whether that is synced;
    `was_synced`: it may have been in a folder that is.
    """

    folder: str
    is_synced: bool = True
    is_gone: bool = False
    was_synced: bool = True


@attrs.frozen(kw_only=True)
class Kept:
    """A mail as the store has it. `is_in_synced`: its folder is followed, so that it cannot be there without being
    met; `told` counts events after the first; `copy_of` is the internetMessageId.
    """

    folder: str
    is_in_synced: bool = True
    is_deleted: bool = False
    state: str = ANNOUNCED
    told: int = 0
    copy_of: str = ""


@attrs.frozen(kw_only=True)
class Told:
    """A message on the log."""

    event_id: str
    mail_id: str
    kind: str = RECEIVED
    value: str = ""
    to_folder: str = ""
    duplicate_of: str | None = None


@attrs.frozen(kw_only=True)
class Claim:
    """What somebody wrote down: that he claimed a mail, or (`until` None) is about to give it up; `*`: all he had."""

    mail_id: str
    owner: str
    at: datetime | None = None
    until: datetime | None = None


@attrs.frozen(kw_only=True)
class Traces:
    """Everything that is written down somewhere, by mail id."""

    finished: bool
    real: Mapping[str, Real]
    kept: Sequence[tuple[str, Kept]]
    log: Sequence[Told]
    published: AbstractSet[str]
    claims: Sequence[Claim]
    secrets: int = 0
    """How many tokens were found."""


@attrs.frozen(kw_only=True)
class Findings:
    """Figures, and how often what went wrong. `sent` counts messages, `events` distinct ones."""

    mails: int
    announced: int
    dropped: int
    deleted: int
    sent: int
    events: int
    wrong: Mapping[str, int]


def judge(traces: Traces) -> Findings:
    """Compare everything with everything."""
    kept = dict(traces.kept)
    events = {each.event_id: each for each in reversed(traces.log)}
    wrong = Counter({UNFINISHED: not traces.finished, OPEN_SECRET: traces.secrets})
    wrong[DOUBLED_MAIL] = len(traces.kept) - len(kept)
    wrong.update(_stored_wrongly(traces.real, kept))
    wrong.update(_told_wrongly(kept, _by_mail(traces.log)))
    wrong[INVENTED_EVENT] = sum(each.mail_id not in kept for each in events.values())
    wrong[CHANGED_EVENT] = len({(each.event_id, each.value) for each in traces.log}) - len(events)
    wrong[LOST_MESSAGE] = len(traces.published - events.keys())
    wrong[NO_FIRST] = _without_first(kept, events.values())
    wrong[DOUBLE_WORK] = double_work(traces.claims)
    states = Counter(each.state for each in kept.values())
    return Findings(
        mails=len(kept),
        announced=states[ANNOUNCED],
        dropped=states[DROPPED],
        deleted=sum(each.is_deleted for each in kept.values()),
        sent=len(traces.log),
        events=len(events),
        wrong={name: number for name, number in wrong.items() if number},
    )


def _stored_wrongly(real: Mapping[str, Real], kept: Mapping[str, Kept]) -> Iterator[str]:
    yield from (
        LOST_MAIL for mail_id, each in real.items() if each.is_synced and not each.is_gone and mail_id not in kept
    )
    for mail_id, mail in kept.items():
        message = real.get(mail_id)
        if message is None or not message.was_synced:
            yield INVENTED_MAIL
        elif mail.is_deleted and not message.is_gone:
            yield MISSED_MAIL
        elif not mail.is_deleted and message.is_gone and mail.is_in_synced:
            yield GHOST
        elif not mail.is_deleted and _is_elsewhere(mail, message):
            yield MISPLACED_MAIL


def _is_elsewhere(mail: Kept, message: Real) -> bool:
    """Return whether the mail is not where it is stored: among folders that are left out it goes unseen."""
    differs = not message.is_gone and mail.folder != message.folder
    return differs and (message.is_synced or mail.is_in_synced)


def _told_wrongly(kept: Mapping[str, Kept], told: Mapping[str, Sequence[Told]]) -> Iterator[str]:
    for mail_id, mail in kept.items():
        events = told.get(mail_id, ())
        if mail.state == NEW:
            yield UNPROCESSED
        elif mail.state == DROPPED and events:
            yield DROPPED_EVENT
        elif mail.state == ANNOUNCED:
            yield from _of_announced(mail, events)


def _of_announced(mail: Kept, events: Sequence[Told]) -> Iterator[str]:
    kinds = Counter(each.kind for each in events)
    if kinds[RECEIVED] != 1:
        yield DOUBLED_EVENT if kinds[RECEIVED] else LOST_EVENT
    if kinds[DELETED] != mail.is_deleted:
        yield DOUBLED_DELETION if kinds[DELETED] else UNTOLD_DELETION
    if len(events) - kinds[RECEIVED] != mail.told:
        yield LOST_NEWS
    order = [each.kind for each in events]
    if order and (order[0] != RECEIVED or DELETED in order[:-1]):
        yield DISORDER
    moves = [each.to_folder for each in events if each.kind == MOVED]
    if moves and moves[-1] != mail.folder:
        yield WRONG_MOVE


def _by_mail(log: Iterable[Told]) -> Mapping[str, Sequence[Told]]:
    """Return the events of each mail, each once, as they came first."""
    found: defaultdict[str, dict[str, Told]] = defaultdict(dict)
    for each in log:
        found[each.mail_id].setdefault(each.event_id, each)
    return {mail_id: list(events.values()) for mail_id, events in found.items()}


def _without_first(kept: Mapping[str, Kept], events: Iterable[Told]) -> int:
    """Return of how many copies it is not so that one is the first and all others name it."""
    copies: defaultdict[str, dict[str, str | None]] = defaultdict(dict)
    for each in events:
        if each.kind == RECEIVED and each.mail_id in kept and kept[each.mail_id].copy_of:
            copies[kept[each.mail_id].copy_of][each.mail_id] = each.duplicate_of
    return sum(not _has_first(each) for each in copies.values())


def _has_first(copies: Mapping[str, str | None]) -> bool:
    firsts = [mail_id for mail_id, original in copies.items() if original is None]
    return len(firsts) == 1 and all(original in (None, firsts[0]) for original in copies.values())


def double_work(claims: Iterable[Claim]) -> int:
    """Return how many claims were given of mails that somebody else had."""
    held: dict[str, dict[str, datetime]] = defaultdict(dict)
    found = 0
    for each in claims:
        if each.until is None or each.at is None:
            for mail_id in list(held) if each.mail_id == "*" else [each.mail_id]:
                held[mail_id].pop(each.owner, None)
            continue
        at = each.at
        found += any(until > at for owner, until in held[each.mail_id].items() if owner != each.owner)
        held[each.mail_id][each.owner] = each.until
    return found
