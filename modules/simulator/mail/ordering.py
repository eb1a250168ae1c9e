"""How a folder keeps its messages: in the order of time, and by what came, changed and went."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

Position = tuple[datetime, int]
"""Where something is in time; the number decides between equal moments."""


class Positioned(Protocol):
    """What has a place in time."""

    @property
    def position(self) -> Position: ...


_P = TypeVar("_P", bound=Positioned)
_E = TypeVar("_E")


class Ordered(Generic[_P]):
    """Things by their time. What is newest is appended; any other order is sorted when it is next read."""

    __slots__ = ("_ascending", "_is_sorted")

    def __init__(self) -> None:
        self._ascending: list[_P] = []
        self._is_sorted = True

    def __len__(self) -> int:
        return len(self._ascending)

    def add(self, thing: _P) -> None:
        if self._ascending and self._ascending[-1].position > thing.position:
            self._is_sorted = False
        self._ascending.append(thing)

    def remove(self, thing: _P) -> None:
        """It must be there."""
        del self._ascending[self.older_than(thing.position)]

    @property
    def ascending(self) -> Sequence[_P]:
        """Oldest first. The list itself: it changes with the next addition."""
        if not self._is_sorted:
            self._ascending.sort(key=_position)
            self._is_sorted = True
        return self._ascending

    @property
    def newest_first(self) -> list[_P]:
        return list(self.ascending[::-1])

    def older_than(self, position: Position) -> int:
        """How many are older."""
        return bisect_left(self.ascending, position, key=_position)


def _position(thing: Positioned) -> Position:
    return thing.position


class History(Generic[_E]):
    """What happened in a folder, by the mailbox's count of changes: one entry per event, newest last."""

    __slots__ = ("_entries", "_revisions")

    def __init__(self) -> None:
        self._revisions: list[int] = []
        self._entries: list[_E] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, revision: int, entry: _E) -> None:
        self._revisions.append(revision)
        self._entries.append(entry)

    def after(self, revision: int) -> int:
        """The index of the first entry beyond this count."""
        return bisect_right(self._revisions, revision)

    def at(self, index: int) -> tuple[int, _E]:
        """The entry and its count. Raises: IndexError beyond the end."""
        return self._revisions[index], self._entries[index]
