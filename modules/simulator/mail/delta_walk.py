"""The changes of a folder, page by page.

A first round goes through the messages, newest first; a later one through the folder's history. Both tell of everything
up to the change at which they began. What changes meanwhile is told as it is now, and again in the next round. What
comes to the folder while a first round goes on is left to the next one, whenever it was received.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal, get_args

import attrs

from modules.simulator.graph_error import GraphError
from modules.simulator.mail.delta_cursor import Cursor, Place
from modules.simulator.mail.mailbox import Folder, Message, Removal
from modules.simulator.mail.odata_filter import parse_filter
from modules.simulator.mail.ordering import Position

MOST_FILTERED: Final = 5000
"""A first round with a filter tells of no more messages than these, the newest."""

Kind = Literal["created", "updated", "deleted"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_BOUND: Final = re.compile(r"\s*receivedDateTime\s+(ge|gt)\s+([0-9T:.Z+-]+)\s*", re.IGNORECASE | re.ASCII)
_BY_TIME: Final = re.compile(r"\s*receivedDateTime\s+desc\s*", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Change:
    """`removed`: the usual id of a message that is gone. `whole`: the client may never have seen it."""

    message: Message
    kind: Kind
    removed: str | None = None
    whole: bool = True


@attrs.frozen(kw_only=True)
class Step:
    """A page of changes, where the next one begins, and whether there is none."""

    changes: Sequence[Change]
    place: Place
    done: bool


@attrs.frozen(kw_only=True)
class Scope:
    """Which changes of which messages are to be told. `since`: of those received then or later, or (`strictly`) later.

    `immutable`: by ids that a message keeps when it leaves and comes back.
    """

    kinds: frozenset[Kind] = frozenset(KINDS)
    since: datetime | None = None
    strictly: bool = False
    immutable: bool = False

    @property
    def lowest(self) -> Position | None:
        """The place in time before everything that is told."""
        if self.since is None:
            return None
        return (self.since, 2**63 if self.strictly else 0)

    def includes(self, position: Position) -> bool:
        return self.lowest is None or position >= self.lowest


def scope_of(options: Mapping[str, str], *, immutable: bool) -> Scope:
    """Raises: GraphError 400 for a filter, an order or a type of change that changes are not told by."""
    if "$orderby" in options and not _BY_TIME.fullmatch(options["$orderby"]):
        raise GraphError(400, "ErrorInvalidUrlQuery", "Changes can only be sorted by receivedDateTime desc.")
    kinds = frozenset(kind for kind in KINDS if kind in _words(options.get("changetype", "")))
    if not kinds.issuperset(_words(options.get("changetype", ""))):
        raise GraphError(400, "BadRequest", "The query parameter 'changeType' is one of created, updated, deleted.")
    since, strictly = _bound(options["$filter"]) if "$filter" in options else (None, False)
    return Scope(kinds=kinds or frozenset(KINDS), since=since, strictly=strictly, immutable=immutable)


def _words(text: str) -> set[str]:
    return {each.strip().lower() for each in text.split(",") if each.strip()}


def _bound(text: str) -> tuple[datetime, bool]:
    parse_filter(text)
    match = _BOUND.fullmatch(text)
    if match is None:
        raise GraphError(
            400, "ErrorInvalidUrlQueryFilter", "Changes can only be filtered by receivedDateTime ge or gt."
        )
    moment = datetime.fromisoformat(match[2])
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC), match[1].lower() == "gt"


def begun(folder: Folder, cursor: Cursor, scope: Scope, revision: int) -> Cursor:
    """A round that begins now, at this count of the mailbox's changes."""
    if cursor.since is not None:
        return attrs.evolve(cursor, target=revision, place=cursor.since)
    low: Position | None = None
    if scope.lowest is not None:
        first = max(folder.messages.older_than(scope.lowest), folder.total - MOST_FILTERED)
        low = folder.messages.ascending[first].position if first < folder.total else scope.lowest
    return attrs.evolve(cursor, target=revision, low=low)


def walk(folder: Folder, cursor: Cursor, scope: Scope, place: Place, size: int) -> Step:
    """Up to `size` changes from this place on, of a round that has begun."""
    if isinstance(place, int):
        return _later(folder, cursor, scope, place, size)
    return _first(folder, cursor, scope, place, size)


def _first(folder: Folder, cursor: Cursor, scope: Scope, place: Position | None, size: int) -> Step:
    if "created" not in scope.kinds:
        return Step(changes=(), place=place, done=True)
    end = folder.total if place is None else folder.messages.older_than(place)
    lowest = 0 if cursor.low is None else folder.messages.older_than(cursor.low)
    found = folder.messages.ascending[max(lowest, end - size) : max(lowest, end)][::-1]
    known = [each for each in found if each.arrived <= (cursor.target or 0)]
    changes = [Change(message=each, kind="created") for each in known]
    return Step(changes=changes, place=found[-1].position if found else place, done=end - size <= lowest)


def _later(folder: Folder, cursor: Cursor, scope: Scope, place: int, size: int) -> Step:
    history, target = folder.history, cursor.target or 0
    index, end = history.after(place), history.after(target)
    found: list[Change] = []
    while index < end and len(found) < size:
        place, entry = history.at(index)
        change = (
            _of_removal(folder, entry, scope)
            if isinstance(entry, Removal)
            else _of_message(folder, cursor, place, entry)
        )
        if change and change.kind in scope.kinds and scope.includes(change.message.position):
            found.append(change)
        index += 1
    return Step(changes=found, place=place, done=index >= end)


def _of_removal(folder: Folder, entry: Removal, scope: Scope) -> Change | None:
    """Nothing, if it is there again under the same id."""
    if scope.immutable and entry.message.folder is folder and not entry.message.is_gone:
        return None
    return Change(message=entry.message, kind="deleted", removed=entry.id)


def _of_message(folder: Folder, cursor: Cursor, revision: int, message: Message) -> Change | None:
    """Nothing, if another entry tells of what it is now: a later one of this round, or one about its removal."""
    is_there = message.folder is folder and not message.is_gone
    if not is_there or revision < message.touched <= (cursor.target or 0):
        return None
    is_new = message.arrived > (cursor.since or 0)
    unseen = cursor.low is not None and message.position < cursor.low
    return Change(message=message, kind="created" if is_new else "updated", whole=is_new or unseen)
