"""What a storm leaves behind is judged rightly."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from tests.processes.mail.findings import (
    CHANGED_EVENT,
    DELETED,
    DISORDER,
    DOUBLE_WORK,
    DOUBLED_DELETION,
    DOUBLED_EVENT,
    DOUBLED_MAIL,
    DROPPED,
    DROPPED_EVENT,
    GHOST,
    INVENTED_EVENT,
    INVENTED_MAIL,
    LOST_EVENT,
    LOST_MAIL,
    LOST_MESSAGE,
    LOST_NEWS,
    MISPLACED_MAIL,
    MISSED_MAIL,
    MOVED,
    NEW,
    NO_FIRST,
    OPEN_SECRET,
    UNFINISHED,
    UNPROCESSED,
    UNTOLD_DELETION,
    WRONG_MOVE,
    Claim,
    Kept,
    Real,
    Told,
    Traces,
    double_work,
    judge,
)

HERE = Real(folder="inbox")
GONE = Real(folder="inbox", is_gone=True)
BINNED = Real(folder="bin", is_synced=False)
STORED = {
    "plain": Kept(folder="inbox", copy_of="<1>"),
    "copy": Kept(folder="inbox", copy_of="<1>"),
    "filed": Kept(folder="archive", told=2, copy_of="<2>"),
    "gone": Kept(folder="inbox", is_deleted=True, told=1, copy_of="<3>"),
    "unwanted": Kept(folder="inbox", state=DROPPED),
    "binned": Kept(folder="bin", is_in_synced=False, told=1, copy_of="<4>"),
}
REAL = {
    "plain": HERE,
    "copy": HERE,
    "filed": Real(folder="archive"),
    "gone": GONE,
    "unwanted": HERE,
    "binned": BINNED,
    "came and went": GONE,
    "drafted": Real(folder="drafts", is_synced=False, was_synced=False),
}
LOG = [
    Told(event_id="p", mail_id="plain"),
    Told(event_id="c", mail_id="copy", duplicate_of="plain"),
    Told(event_id="f", mail_id="filed"),
    Told(event_id="f1", mail_id="filed", kind=MOVED, to_folder="elsewhere"),
    Told(event_id="f", mail_id="filed"),
    Told(event_id="f1", mail_id="filed", kind=MOVED, to_folder="elsewhere"),
    Told(event_id="f2", mail_id="filed", kind=MOVED, to_folder="archive"),
    Told(event_id="g", mail_id="gone"),
    Told(event_id="g1", mail_id="gone", kind=DELETED),
    Told(event_id="b", mail_id="binned"),
    Told(event_id="b1", mail_id="binned", kind=MOVED, to_folder="bin"),
]
GOOD = Traces(
    finished=True,
    real=REAL,
    kept=list(STORED.items()),
    log=LOG,
    published={each.event_id for each in LOG},
    claims=[],
)


def kept(**others: Kept | None) -> Sequence[tuple[str, Kept]]:
    """Return what is good, with other mails; None: one is not there."""
    found: dict[str, Kept | None] = {**STORED, **others}
    return [(name, mail) for name, mail in found.items() if mail is not None]


def log(*more: Told, without: str = "") -> Sequence[Told]:
    """Return what is good, with more at the end."""
    return [*(each for each in LOG if each.event_id != without), *more]


def without(event_id: str) -> dict[str, Any]:
    """Return what is good, but for an event."""
    return {"log": log(without=event_id), "published": GOOD.published - {event_id}}


def test_what_is_sent_again_and_told_once_is_right() -> None:
    findings = judge(GOOD)
    assert findings.wrong == {}
    assert (findings.mails, findings.announced, findings.dropped, findings.deleted) == (6, 5, 1, 1)
    assert (findings.sent, findings.events) == (11, 9)


def test_a_mail_that_is_deleted_where_nobody_looks_stays_where_it_was_seen_last() -> None:
    assert judge(attrs.evolve(GOOD, real={**REAL, "binned": attrs.evolve(BINNED, is_gone=True)})).wrong == {}


@pytest.mark.parametrize(
    ("trace", "wrong"),
    [
        ({"finished": False}, {UNFINISHED}),
        ({"secrets": 1}, {OPEN_SECRET}),
        ({"real": {**REAL, "new": HERE}}, {LOST_MAIL}),
        ({"kept": [*STORED.items(), ("plain", STORED["plain"])]}, {DOUBLED_MAIL}),
        ({"kept": kept(other=Kept(folder="inbox", state=DROPPED))}, {INVENTED_MAIL}),
        ({"kept": kept(drafted=Kept(folder="drafts", state=DROPPED, is_in_synced=False))}, {INVENTED_MAIL}),
        ({"kept": kept(unwanted=Kept(folder="archive", state=DROPPED))}, {MISPLACED_MAIL}),
        ({"real": {**REAL, "unwanted": BINNED}}, {MISPLACED_MAIL}),
        ({"real": {**REAL, "unwanted": GONE}}, {GHOST}),
        ({"kept": kept(unwanted=Kept(folder="inbox", state=DROPPED, is_deleted=True))}, {MISSED_MAIL}),
        ({"kept": kept(unwanted=Kept(folder="inbox", state=NEW))}, {UNPROCESSED}),
        (without("c"), {LOST_EVENT}),
        ({"log": log(Told(event_id="p2", mail_id="plain"))}, {DOUBLED_EVENT}),
        ({"log": log(Told(event_id="u", mail_id="unwanted"))}, {DROPPED_EVENT}),
        ({"log": log(Told(event_id="x", mail_id="nobody"))}, {INVENTED_EVENT}),
        (without("g1"), {UNTOLD_DELETION, LOST_NEWS}),
        (
            {
                "kept": kept(gone=Kept(folder="inbox", is_deleted=True, told=2, copy_of="<3>")),
                "log": log(Told(event_id="g2", mail_id="gone", kind=DELETED)),
            },
            {DOUBLED_DELETION, DISORDER},
        ),
        ({"log": log(Told(event_id="p1", mail_id="plain", kind=MOVED, to_folder="inbox"))}, {LOST_NEWS}),
        ({"log": [LOG[-1], *LOG[:-1]]}, {DISORDER}),
        ({"kept": kept(filed=Kept(folder="inbox", told=2)), "real": {**REAL, "filed": HERE}}, {WRONG_MOVE}),
        ({"log": log(Told(event_id="p", mail_id="plain", value="other"))}, {CHANGED_EVENT}),
        ({"published": {*GOOD.published, "z"}}, {LOST_MESSAGE}),
        ({"log": log(Told(event_id="c", mail_id="copy"), without="c")}, {NO_FIRST}),
    ],
)
def test_each_kind_of_wrong_is_seen(trace: Mapping[str, Any], wrong: set[str]) -> None:
    assert judge(attrs.evolve(GOOD, **trace)).wrong.keys() == wrong


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def claimed(owner: str, after: int) -> Claim:
    """Return a claim of ten seconds, begun so many after noon."""
    at = NOON + timedelta(seconds=after)
    return Claim(mail_id="plain", owner=owner, at=at, until=at + timedelta(seconds=10))


@pytest.mark.parametrize(
    ("claims", "number"),
    [
        ([claimed("a", 0), claimed("b", 10)], 0),
        ([claimed("a", 0), claimed("b", 9)], 1),
        ([claimed("a", 0), claimed("a", 9)], 0),
        ([claimed("a", 0), Claim(mail_id="plain", owner="a"), claimed("b", 9)], 0),
        ([claimed("a", 0), Claim(mail_id="*", owner="a"), claimed("b", 9)], 0),
        ([claimed("a", 0), Claim(mail_id="*", owner="b"), claimed("b", 9)], 1),
        ([claimed("a", 0), attrs.evolve(claimed("b", 9), mail_id="copy")], 0),
    ],
)
def test_work_is_double_while_somebody_else_s_claim_holds(claims: Sequence[Claim], number: int) -> None:
    assert double_work(claims) == number
    assert judge(attrs.evolve(GOOD, claims=claims)).wrong == ({DOUBLE_WORK: number} if number else {})
