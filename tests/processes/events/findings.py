"""What a storm left behind: what was appended, published and done, and what is wrong with it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import attrs

from tests.processes.driver import WorkerProcess
from tests.processes.events.way import Way

Step = tuple[str, int]
"""The version to which an event led an account: user and number."""

UNFINISHED = "something is left to do"
LOST_CHANGE = "acknowledged change lost"
LOST_EVENT = "change without its event"
INVENTED_EVENT = "event without its change, or told twice"
LOST_MESSAGE = "published event not on the log"
LOST_EFFECT = "event without effect"
INVENTED_EFFECT = "effect without its change"
DOUBLED_EFFECT = "effect made twice"
DOUBLED_MESSAGE = "event published twice by relays that lived"
DISORDER = "effect out of order"

_PUBLISHED = "SELECT event_id FROM outbox JOIN outbox_published USING (position)"


@attrs.frozen(kw_only=True)
class Traces:
    """Everything that is written down somewhere: in the database, on the log, in the files of the processes."""

    finished: bool
    appended: AbstractSet[Step]
    acknowledged: AbstractSet[Step]
    stored: Mapping[str, Step]
    """The events of the outbox by id."""
    published: AbstractSet[str]
    log: Sequence[str]
    settled: Sequence[str]
    effects: Sequence[Step]


@attrs.frozen(kw_only=True)
class Findings:
    """Figures, and how often what went wrong."""

    appended: int
    on_the_log: int
    effects: int
    wrong: Mapping[str, int]


def find(way: Way, observer: WorkerProcess, *, finished: bool) -> Findings:
    """Collect and compare. The log must be there; nobody may be at work."""
    effects = [(user, number) for user, number in way.rows("SELECT user_id, number FROM effects ORDER BY position")]
    return judge(
        Traces(
            finished=finished,
            appended={
                (user, number)
                for user, version in way.rows("SELECT user_id, version FROM accounts")
                for number in range(1, version + 1)
            },
            acknowledged=set(acknowledged(way.directory / "acknowledged")),
            stored={event_id: step(value) for event_id, value in way.rows("SELECT event_id, value FROM outbox")},
            published={event_id for (event_id,) in way.rows(_PUBLISHED)},
            log=[event_id for event_id, *_ in observer.call("log")],
            settled=lines(way.directory / "settled"),
            effects=effects,
        )
    )


def judge(traces: Traces) -> Findings:
    """Compare everything with everything."""
    told = Counter(traces.stored.values())
    wrong = {
        UNFINISHED: 0 if traces.finished else 1,
        LOST_CHANGE: len(traces.acknowledged - traces.appended),
        LOST_EVENT: len(traces.appended - told.keys()),
        INVENTED_EVENT: sum((told - Counter(traces.appended)).values()),
        LOST_MESSAGE: len(traces.published - set(traces.log)),
        LOST_EFFECT: len(traces.appended - set(traces.effects)),
        INVENTED_EFFECT: len(set(traces.effects) - traces.appended),
        DOUBLED_EFFECT: doubled(traces.effects),
        DOUBLED_MESSAGE: doubled(traces.settled),
        DISORDER: disorder(traces.effects),
    }
    return Findings(
        appended=len(traces.appended),
        on_the_log=len(traces.log),
        effects=len(traces.effects),
        wrong={name: number for name, number in wrong.items() if number},
    )


def step(value: bytes) -> Step:
    """Return to which version the event led."""
    told = json.loads(value)
    return told["user_id"], int((told.get("reason") or "1").split(maxsplit=1)[0])


def acknowledged(path: Path) -> list[Step]:
    """Return what appenders were told to be stored."""
    return [(user, int(number)) for user, number in map(str.split, lines(path))]


def lines(path: Path) -> list[str]:
    """Return the lines of a file that may not be there."""
    return path.read_text().splitlines() if path.exists() else []


def doubled(things: Iterable[object]) -> int:
    """Return how many there are more than once."""
    return sum(1 for number in Counter(things).values() if number > 1)


def disorder(steps: Iterable[Step]) -> int:
    """Return how many first effects of a user came behind one of a later version."""
    highest: defaultdict[str, int] = defaultdict(int)
    seen: set[Step] = set()
    found = 0
    for user, number in steps:
        found += (user, number) not in seen and number < highest[user]
        seen.add((user, number))
        highest[user] = max(highest[user], number)
    return found
